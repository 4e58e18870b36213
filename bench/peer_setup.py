"""What the peers stand on: an environment of its own for each, and Multi30k cut into pieces."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sentencepiece

from bench.peer_base import Places, run
from mt.errors import MTError

CORPUS = "multi30k"
TEST = "test_2016_flickr"
SPECIAL = {"<unk>", "<s>", "</s>", "<pad>"}


@dataclass(frozen=True)
class Patch:
    """A text to replace, wherever it occurs, in a file of an installed package."""

    file: str
    old: str
    new: str


def make_environment(folder: Path, steps: Sequence[Sequence[str]], patches: Sequence[Patch]) -> None:
    """A virtual environment with what `pip install` of each step brings, patched; kept if it is there.

    Raises MTError that names the log of a step that fails.
    """
    recipe = json.dumps([steps, [asdict(patch) for patch in patches]])
    stamp = folder / "recipe.json"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == recipe:
        return
    if folder.exists():
        shutil.rmtree(folder)
    logs = folder.parent / "logs"
    run([sys.executable, "-m", "venv", str(folder)], logs / f"{folder.name}-0.log")
    for number, step in enumerate(steps, start=1):
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", *step]
        run(command, logs / f"{folder.name}-{number}.log")
    for patch in patches:
        _apply(patch, folder)
    stamp.write_text(recipe, encoding="utf-8")


def _apply(patch: Patch, folder: Path) -> None:
    for file in folder.glob(f"lib/python*/site-packages/{patch.file}"):
        text = file.read_text(encoding="utf-8")
        if patch.old in text:
            file.write_text(text.replace(patch.old, patch.new), encoding="utf-8")
            return
    raise MTError(f"{patch.file} in {folder} is not as expected: it lacks {patch.old.strip()!r}")


def check_shared(shared: Path) -> None:
    """Raises MTError if the corpus or the peers' settings are not there."""
    for part in (f"data/{CORPUS}/train.en.gz", "peers/joey/rnn.yaml", "peers/onmt/rnn.yaml"):
        if not (shared / part).is_file():
            raise MTError(f"there is no {shared / part}; name the folder that has it with --shared DIR")


def make_data(places: Places, sentences: int) -> None:
    """The corpus as plain text with the first of the test sentences, the model of joint BPE pieces, and a
    vocabulary file for each peer."""
    data = places.data
    data.mkdir(parents=True, exist_ok=True)
    for packed in sorted((places.shared / "data" / CORPUS).glob("*.*.gz")):
        name = packed.name.removesuffix(".gz")
        if name.rsplit(".", 1)[1] in ("en", "de"):
            (data / name).write_bytes(gzip.decompress(packed.read_bytes()))
    for language in ("en", "de"):
        write_lines(data / f"test.{language}", read_lines(data / f"{TEST}.{language}")[:sentences])
    train = [data / "train.en", data / "train.de"]
    sentencepiece.SentencePieceTrainer.train(
        input=[str(file) for file in train],
        model_prefix=str(places.pieces.with_suffix("")),
        model_type="bpe",
        vocab_size=8000,
        character_coverage=1.0,
        minloglevel=2,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
    )
    make_vocabularies(places, train)


def make_vocabularies(places: Places, train: Sequence[Path]) -> None:
    """A vocabulary file for each peer: the pieces, those that are frequent in the training text first.

    Without those that are white space, such as a no-break space: OpenNMT-py stops where it reads one.
    """
    data = places.data
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(places.pieces))
    every = map(pieces.id_to_piece, range(pieces.get_piece_size()))
    known = {piece for piece in every if piece.strip()} - SPECIAL
    counts = Counter(piece for file in train for row in cut(file, places.pieces) for piece in row)
    ranked = sorted(known, key=lambda piece: (-counts[piece], piece))
    write_lines(data / "joey_vocab.txt", ranked)
    write_lines(data / "onmt.vocab", [f"{piece}\t{counts[piece]}" for piece in ranked])


def cut(file: Path, model: Path) -> Iterator[list[str]]:
    """The pieces of each line of a file."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    for line in read_lines(file):
        yield pieces.encode(line, out_type=str)


def count_pieces(file: Path, model: Path) -> int:
    """All pieces of a file, without </s>."""
    return sum(len(row) for row in cut(file, model))


def read_lines(file: Path) -> list[str]:
    """The lines of a file; only a line feed ends one."""
    return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def write_lines(file: Path, lines: Sequence[str]) -> None:
    """A file of these lines."""
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

"""Sizes of vocabularies: what the text does not allow gives way to the nearest that it does, and is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import datasets
import pytest

from mt import cli
from mt.checkpoint import read_config, read_tokenizers
from mt.config import Config, DataConfig
from mt.console import Console
from mt.data.corpus import Corpus, read_whole
from mt.tokenizer import Tokenizer
from mt.training.vocabulary import Vocabulary
from tests.reading import write

RARE = [(chr(0x4E00 + 2 * n) + chr(0x4E01 + 2 * n), f"w{n} x") for n in range(1500)]
"""Many characters and nothing that recurs: 3,000 of them, in 1,500 pairs."""
PLAIN = [(f"der Hund {n} rennt", f"the dog {n} runs") for n in range(1000)]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def corpus(tmp_path: Path, pairs: list[tuple[str, str]]) -> Corpus:
    path = write(tmp_path / "p.tsv", "".join(f"{src}\t{tgt}\n" for src, tgt in pairs))
    return read_whole([str(path)], DataConfig())


def learn(
    tmp_path: Path, pairs: list[tuple[str, str]], capsys: pytest.CaptureFixture[str], **settings: Any
) -> tuple[tuple[Tokenizer, Tokenizer], list[str]]:
    """The tokenizers of both sides, and what was said of them."""
    config = Config.model_validate({"tokenizer": {"character_coverage": 1.0, **settings}})
    found = Vocabulary(config.tokenizer).learn(corpus(tmp_path, pairs), Console())
    return found, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("settings", "source", "target"),
    [
        # 3,000 characters, ▁, 4 special pieces, 256 bytes; unigram finds nothing that recurs, so no more fit.
        ({}, "3,261 tokens (unigram) instead of 1,000: fewer than 3,261 cannot spell its text", ""),
        ({"vocab_size": 8000}, "3,261 tokens (unigram) instead of 8,000: its text fills no more", ""),
        ({"byte_fallback": False}, "3,005 tokens (unigram) instead of 1,000: fewer than 3,005", ""),
        ({"algorithm": "bpe"}, "3,761 tokens (bpe) instead of 1,000: fewer than 3,261", "1,000 tokens (bpe)"),
        ({"vocab_size": 4}, "3,261 tokens (unigram) instead of 4:", "273 tokens (unigram) instead of 4:"),
        ({"vocab_size": 300}, "3,261 tokens (unigram) instead of 300:", "300 tokens (unigram)"),
        ({"vocab_size": 3500, "algorithm": "bpe"}, "3,500 tokens (bpe)", ""),
    ],
)  # fmt: skip
def test_each_side_takes_the_nearest_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: Any, source: str, target: str
) -> None:
    tokenizers, (of_source, of_target) = learn(tmp_path, RARE, capsys, **settings)
    assert of_source.startswith(f"source vocabulary: {source}")
    assert of_target.startswith(f"target vocabulary: {target}")
    for tokenizer, said in zip(tokenizers, (of_source, of_target), strict=True):
        assert re.findall(r"[\d,]+(?= tokens)", said) == [f"{tokenizer.vocab_size:,}"]
    texts = [text for pair in RARE[:20] for text in pair]
    assert tokenizers[0].decode(tokenizers[0].encode(texts)) == texts or not settings.get(
        "byte_fallback", True
    )


def test_a_size_that_fits_is_said_without_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = learn(tmp_path, PLAIN, capsys, vocab_size=300)
    assert said == ["source vocabulary: 300 tokens (unigram)", "target vocabulary: 300 tokens (unigram)"]


def test_shared_pieces_take_the_nearest_size_of_both_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (src, tgt), (said,) = learn(tmp_path, RARE, capsys, shared=True, vocab_size=20)
    assert src is tgt
    assert said.startswith(f"shared vocabulary: {src.vocab_size:,} tokens (unigram) instead of 20:")


def test_a_lower_coverage_needs_fewer_pieces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (all_of_them, _), _ = learn(tmp_path, RARE, capsys, vocab_size=4)
    (most_of_them, _), _ = learn(tmp_path, RARE, capsys, vocab_size=4, character_coverage=0.98)
    assert most_of_them.vocab_size < all_of_them.vocab_size


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
@pytest.mark.parametrize("byte_fallback", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("vocab_size", [None, 4, 270, 100_000])
def test_the_smallest_corpora_have_a_vocabulary(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    algorithm: str,
    byte_fallback: bool,
    count: int,
    vocab_size: int | None,
) -> None:
    pairs = [("我", "I"), ("a", "aaa aaa"), ("你好吗", "How are you?"), ("😀", "1"), ("ab ab ab", "x")][
        :count
    ]
    tokenizers, _ = learn(
        tmp_path, pairs, capsys, algorithm=algorithm, byte_fallback=byte_fallback, vocab_size=vocab_size
    )
    for side, tokenizer in enumerate(tokenizers):
        texts = [pair[side] for pair in pairs]
        assert tokenizer.decode(tokenizer.encode(texts)) == texts


SMALL = ["--embedding", "8", "--encoder-hidden", "8", "--decoder-hidden", "8", "--batch-tokens", "64"]


@pytest.mark.parametrize("options", [[], ["--vocab-size", "100000"]])
def test_a_corpus_of_many_rare_characters_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    path = write(tmp_path / "p.tsv", "".join(f"{src}\t{tgt}\n" for src, tgt in RARE))
    run = tmp_path / "run"
    arguments = ["--train", str(path), "--src", "zh", "--tgt", "en", "--out", str(run), *SMALL, *options]
    assert cli.main(["train", *arguments, "--max-steps", "1", "--validation-pairs", "3"]) == 0
    assert " instead of " in capsys.readouterr().err
    # Another run may take its pieces by the size that was wanted, and by the one that came of it.
    config, metadata = read_config(run)
    for size in (config.tokenizer.vocab_size, read_tokenizers(run, config, metadata)[0].vocab_size):
        again = config.tokenizer.model_copy(update={"tokenizer_from": str(run), "vocab_size": size})
        assert Vocabulary(again).take(Console()) is not None


def test_learning_pieces_of_a_large_corpus_shows_how_far_it_is(tmp_path: Path) -> None:
    class Listener(Console):
        def __init__(self) -> None:
            super().__init__()
            self.shown: list[str] = []

        def progress(self, text: str) -> None:
            self.shown.append(text)

    listener = Listener()
    config = Config.model_validate({"tokenizer": {"vocab_size": 300, "sample_sentences": 101}})
    pairs = [(f"Satz {n}", f"sentence {n}") for n in range(10_001)]
    Vocabulary(config.tokenizer).learn(corpus(tmp_path, pairs), listener)
    assert listener.shown == [
        f"{side} vocabulary: {text}"
        for side in ("source", "target")
        for text in ("10,000 of 10,001 sentences read", "10,001 sentences read, now learning the vocabulary")
    ]
    listener.shown.clear()
    Vocabulary(config.tokenizer).learn(corpus(tmp_path, pairs[:10_000]), listener)
    assert listener.shown == [], "a small corpus is not worth a line"

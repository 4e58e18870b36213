"""What mt, OpenNMT-py and Joey NMT reach in the same time: `python -m bench.peer_quality`.

Trains mt first, to the end of a preset or for `--minutes` or `--max-epochs`; then each peer, with its own
settings, on the same pairs and the same pieces for as long or `--times` as long, start-up included. Prints
what greedy search scores on the validation pairs after how many minutes, when `--pass` was passed, and the
test by beam 5. The peers' checkpoints are scored afterwards, so that they lose no time by it; mt's
validations are a part of its time. All processes get `--threads`. Nothing else should keep those cores busy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sacrebleu

from bench.peer_base import Places, flags, run
from bench.peer_joey import Joey
from bench.peer_onmt import OpenNMT
from bench.peer_ours import Ours
from bench.peer_setup import check_shared, make_vocabularies, read_lines, write_lines
from bench.peers import PEERS
from mt.config import DataConfig
from mt.console import Console
from mt.data.corpus import Corpus, read_whole
from mt.data.formats.pairs import Split
from mt.data.spec import check_files
from mt.errors import MTError
from mt.text.bleu_tokenizer import tokenizer_for

# The peers' settings call the source en and the target de, whatever languages they are.
SIDES = {"src": "en", "tgt": "de"}


@dataclass
class Learner:
    """What one tool reached. curve: minutes, updates, and BLEU of greedy search on the validation pairs."""

    minutes: float
    curve: list[tuple[float, int, float]] = field(default_factory=list)
    test: float = 0.0

    def passed(self, bleu: float) -> float | None:
        """The minutes until validation BLEU was above that."""
        return next((minutes for minutes, _, found in self.curve if found > bleu), None)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.peer_quality", description=__doc__)
    parser.add_argument("--train", required=True, help="SPEC, as of mt train")
    parser.add_argument("--validation", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--src", required=True)
    parser.add_argument("--tgt", required=True)
    parser.add_argument("--swap", action="store_true")
    parser.add_argument("--preset", default="attention")
    parser.add_argument("--vocab-size", type=int, default=5000)
    parser.add_argument("--minutes", type=float, help="for mt; without it as long as its preset takes")
    parser.add_argument("--max-epochs", type=int, help="for mt, instead of its preset's")
    parser.add_argument("--times", type=float, default=1.0, help="a peer's time, in those of mt")
    parser.add_argument("--pass", dest="goal", type=float, default=33.0, help="validation BLEU to pass")
    parser.add_argument("--every", type=int, default=200, help="updates between a peer's checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--work", type=Path, default=Path("checkpoints/peers-quality"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="the peers' settings")
    options = parser.parse_args(argv)
    try:
        measure(options, Console())
    except MTError as problem:
        print(f"peer_quality: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0


def measure(options: argparse.Namespace, console: Console) -> None:
    """The whole of it."""
    check_files((options.train, options.validation, options.test))
    places = Places(options.shared.resolve(), options.work.resolve())
    check_shared(places.shared)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    places.data.mkdir(parents=True, exist_ok=True)
    peers = [PEERS[name](places) for name in options.peers]
    for peer in peers:
        console.note(f"{peer.title}: preparing")
        peer.install()
        peer.prepare()
    write_data(places, options)
    console.note("mt: training")
    ours = Ours(places, "mt", "auto", "fp32")
    ours.prepare()
    found = {"mt": train_ours(ours, places, options)}
    shutil.copy(ours.pieces(), places.pieces)
    make_vocabularies(places, [places.data / f"train.{side}" for side in SIDES.values()])
    minutes = options.times * found["mt"].minutes
    for peer in peers:
        console.note(f"{peer.title}: training for {minutes:.1f} minutes")
        found[peer.title] = train_peer(peer, places, options, minutes, console)
    report(found, options, console)


def write_data(places: Places, options: argparse.Namespace) -> None:
    """The pairs as plain text, as the peers read them: those that mt learns from, and those that score."""
    languages = DataConfig(src=options.src, tgt=options.tgt, swap=options.swap)
    splits: tuple[Split, ...] = ("train", "validation", "test")
    for name in splits:
        corpus = read_whole([getattr(options, name)], languages, name)
        write_pairs(places.data / {"validation": "val"}.get(name, name), corpus)
    for side in SIDES.values():  # the peers' settings name it
        shutil.copy(places.data / f"test.{side}", places.data / f"test_2016_flickr.{side}")


def write_pairs(stem: Path, corpus: Corpus) -> None:
    """The two sides as files beside each other."""
    for column, suffix in SIDES.items():
        write_lines(stem.with_name(f"{stem.name}.{suffix}"), corpus.dataset[column][:])


def specs(places: Places, name: str) -> str:
    """What a part of the corpus is to mt."""
    return ",".join(str(places.data / f"{name}.{side}") for side in SIDES.values())


def train_ours(ours: Ours, places: Places, options: argparse.Namespace) -> Learner:
    """By `mt train`; the curve is that of its own validations."""
    settings = {
        "preset": options.preset,
        "shared": True,
        "vocab-size": options.vocab_size,
        "src": options.src,
        "tgt": options.tgt,
        "train": specs(places, "train"),
        "validation": specs(places, "val"),
        "threads": options.threads,
        "device": "cpu",
        "out": ours.run_dir,
    }
    command = [sys.executable, "-m", "mt", "train", *flags(settings)]
    if options.minutes:
        command += ["--time-budget", f"{60 * options.minutes:.0f}s"]
    if options.max_epochs:
        command += ["--max-epochs", str(options.max_epochs)]
    minutes = run(command, ours.folder / "train.log").seconds / 60
    entries = [json.loads(line) for line in read_lines(ours.run_dir / "metrics.jsonl")]
    shift = (
        minutes - max(entry.get("seconds", 0) for entry in entries) / 60
    )  # start-up, reading, learning the vocabulary
    learner = Learner(options.minutes or minutes)
    learner.curve = [
        (entry["seconds"] / 60 + shift, entry["step"], entry["bleu"])
        for entry in entries
        if entry["kind"] == "validation"
    ]
    learner.test = test_bleu(ours, places, options.tgt)
    return learner


def train_peer(
    peer: OpenNMT | Joey, places: Places, options: argparse.Namespace, minutes: float, console: Console
) -> Learner:
    """Its checkpoints are scored in turn; the test is translated by the one that scored best."""
    learner, best = Learner(minutes), -1.0
    for snapshot in peer.train_for(60 * minutes, options.every):
        peer.checkpoint = snapshot.checkpoint
        output = peer.folder / "validation.out"
        peer.translate(places.data / "val.en", output, beam=1)
        found = bleu(output, places.data / "val.de", options.tgt)
        learner.curve.append((snapshot.seconds / 60, snapshot.updates, found))
        console.note(f"{peer.title}: {snapshot.seconds / 60:.1f} minutes, BLEU {found:.2f}")
        if found > best:
            best, chosen = found, snapshot.checkpoint
    if not learner.curve:
        raise MTError(f"{peer.title} saved nothing in {minutes:.1f} minutes: give --every a smaller number")
    peer.checkpoint = chosen
    learner.test = test_bleu(peer, places, options.tgt)
    return learner


def test_bleu(tool: Ours | OpenNMT | Joey, places: Places, tgt: str) -> float:
    """Of the test by beam 5."""
    output = tool.folder / "test.out"
    tool.translate(places.data / "test.en", output, beam=5)
    return bleu(output, places.data / "test.de", tgt)


def bleu(output: Path, references: Path, tgt: str) -> float:
    """Cased sacreBLEU of a file of translations."""
    lines = read_lines(output), [read_lines(references)]
    return float(sacrebleu.corpus_bleu(*lines, tokenize=tokenizer_for(tgt)).score)


def report(found: dict[str, Learner], options: argparse.Namespace, console: Console) -> None:
    """For people and for programs."""
    for title, learner in found.items():
        passed = learner.passed(options.goal)
        when = "not passed" if passed is None else f"passed after {passed:.1f} minutes"
        console.note(
            f"{title}: {learner.minutes:.1f} minutes; validation BLEU, greedy: best "
            f"{max(score for *_, score in learner.curve):.2f}, {options.goal} {when}; test, beam 5: "
            f"{learner.test:.2f}"
        )
    print(json.dumps({title: vars(learner) for title, learner in found.items()}))


if __name__ == "__main__":
    sys.exit(main())

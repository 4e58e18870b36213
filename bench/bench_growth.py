"""What a corpus costs by its size: time to read and encode it, memory, and time to learn from a token.

The pairs of the corpus are repeated up to the size, with a number behind each repetition, so that none is a
duplicate. The model is the preset `tiny`, its vocabulary is always the same, so that nothing grows but the
number of pairs. All is done in one process.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.bench_base import Columns, Numbers, Settings, answer, forget_peak, held_mb, peak_mb
from bench.bench_model import BareTrainer, choose, settings_of, timed_steps
from mt.config import Config
from mt.config.files import load_preset
from mt.console import Console
from mt.data.corpus import overlap, read_train, read_validation
from mt.data.encoded import PiecePairs, cut
from mt.model import Seq2Seq, build
from mt.training.vocabulary import Vocabulary

STEPS, WARM_UP, VOCABULARY, VALIDATION = 200, 20, 600, 1000


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """words: the file with the pairs, and how many there shall be."""
    file, count = Path(words[0]), int(words[1])
    where = choose(settings)
    grown = repeat(file, settings.work / "grown.tsv", count)
    held = repeat(file, settings.work / "validation.tsv", VALIDATION)
    found: Numbers = {"memory with nothing read, MB": peak_mb()}
    config = growing(settings, grown, held)
    model, pairs = read(config, found)
    trainer = BareTrainer(config, model, pairs, where, "fp32")
    forget_peak()
    began = time.perf_counter()
    plan = trainer.plan(1)
    found["planning an epoch, s"] = time.perf_counter() - began
    note_memory("planning", found)
    steps = 30 if settings.quick else STEPS
    timed = timed_steps(trainer, list(itertools.islice(itertools.cycle(plan), WARM_UP + steps)), WARM_UP)
    note_memory("training", found)
    micro = [(1e6 * step.seconds / step.target, 1e6 * step.made / step.target) for step in timed]
    found["training, µs a target token"] = statistics.median(whole for whole, _ in micro)
    found["of that making the batch"] = statistics.median(made for _, made in micro)
    return {f"{count:,} pairs": found}


def repeat(file: Path, grown: Path, count: int) -> Path:
    """So many lines, those of a file again and again, with a number on both sides from the second time on."""
    with file.open(encoding="utf-8") as lines:
        pairs = [line.rstrip("\n").split("\t") for line in lines]
    with grown.open("w", encoding="utf-8") as output:
        for index in range(count):
            times, row = divmod(index, len(pairs))
            number = f" {times}" if times else ""
            output.write(f"{pairs[row][0]}{number}\t{pairs[row][1]}{number}\n")
    return grown


def growing(settings: Settings, grown: Path, held: Path) -> Config:
    """The preset `tiny` on these files."""
    languages, config = settings_of(settings).data, load_preset("tiny")
    data = config.data.model_copy(
        update={
            "train": (str(grown),),
            "validation": (str(held),),
            "src": languages.src,
            "tgt": languages.tgt,
            "drop_identical": False,
        }
    )
    tokenizer = config.tokenizer.model_copy(update={"vocab_size": VOCABULARY, "character_coverage": 0.99})
    return config.model_copy(update={"data": data, "tokenizer": tokenizer})


def read(config: Config, found: Numbers) -> tuple[Seq2Seq, PiecePairs]:
    """What `mt train` does before its first step; notes seconds and memory of each part of it."""
    forget_peak()
    began = time.perf_counter()
    train = read_train(config.data)
    found["reading, s"] = time.perf_counter() - began
    note_memory("reading", found)
    began = time.perf_counter()
    overlap(train, read_validation(config.data))
    found["overlap with validation, s"] = time.perf_counter() - began
    note_memory("overlap", found)
    began = time.perf_counter()
    src, tgt = Vocabulary(config.tokenizer, config.data.languages.tags).learn(train, Console())
    found["learning the vocabulary, s"] = time.perf_counter() - began
    note_memory("learning the vocabulary", found)
    began = time.perf_counter()
    pairs = cut(train, src, tgt)
    found["encoding, s"] = time.perf_counter() - began
    note_memory("encoding", found)
    torch.manual_seed(config.training.seed)
    return build(config, src, tgt), pairs


def note_memory(part: str, found: Numbers) -> None:
    """The peak of a part of the work, and what is held after it."""
    found[f"{part}: peak memory, MB"] = peak_mb()
    found |= {f"{part}: then {name}": value for name, value in held_mb().items()}
    forget_peak()


if __name__ == "__main__":
    answer(main)

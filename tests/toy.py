"""A toy language for tests: words spelt in capitals, in the same order; sentences of one to four words."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

WORDS = ["ba", "de", "fi", "go", "ku", "la", "mo", "ne"]

SETTINGS = shlex.split(
    "--preset tiny --embedding 24 --encoder-hidden 32 --decoder-hidden 32 --batch-tokens 256 "
    "--learning-rate 1e-2 --warmup-steps 10 --no-drop-duplicates --src aa --tgt bb --threads 1"
)


def toy_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Seeded pairs such as ("ba mo", "BA MO")."""
    generator = random.Random(seed)
    sentences = (" ".join(generator.choices(WORDS, k=generator.randint(1, 4))) for _ in range(count))
    return [(sentence, sentence.upper()) for sentence in sentences]


def write_tsv(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """The pairs as a file that `--train` reads."""
    path.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in pairs), encoding="utf-8")
    return path


def train_arguments(folder: Path, *, pairs: int) -> list[str]:
    """`mt train` on freshly written toy corpora, still without --out."""
    train = write_tsv(folder / "train.tsv", toy_pairs(pairs, seed=1))
    validation = write_tsv(folder / "validation.tsv", toy_pairs(40, seed=2))
    return ["train", *SETTINGS, "--train", str(train), "--validation", str(validation)]

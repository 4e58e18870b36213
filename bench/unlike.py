"""A second validation part that is unlike the first: the training pairs with the rarest words, held out.

`python -m bench.unlike --train train.en,train.de --src en --tgt de --out parts` writes `parts/train.tsv`,
to be trained on, and `parts/unlike.tsv`. `mt evaluate -m RUN --test parts/unlike.tsv` then scores a recipe
on text that differs from the training's. The usual validation part goes on choosing the best weights.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.bench_base import as_tsv, run
from mt.config import DataConfig
from mt.data.corpus import read_train
from mt.errors import ConfigError
from mt.storage.atomic import write_bytes
from mt.text.spacing import is_unspaced

FREQUENT = 100  # words that are taken for function words
FEWEST = 3  # content words, without which a text says little
_WORD = re.compile(r"[^\W\d_]+")


def rarest(sources: Sequence[str], count: int) -> list[int]:
    """The row numbers of the `count` texts with the rarest content words, in the order of the rows.

    A text counts as the mean of -log2 of the proportion of texts that have each of its words. The FREQUENT
    commonest words and those of a single text, often misspelt, do not count. Equal texts stay together as far
    as `count` allows.
    """
    words = [set(_WORD.findall(text.lower())) for text in sources]
    having = Counter(word for row in words for word in row)
    common = {word for word, _ in sorted(having.items(), key=lambda pair: (-pair[1], pair[0]))[:FREQUENT]}
    scores = []
    for row, text in enumerate(sources):
        rarities = sorted(
            math.log2(len(sources) / having[word]) for word in words[row] - common if having[word] > 1
        )
        if len(rarities) >= FEWEST:
            scores.append((-sum(rarities) / len(rarities), text, row))
    return sorted(row for _, _, row in sorted(scores)[:count])


def main() -> None:
    """Write both parts. Raises ConfigError where too few pairs would be left to train on."""
    parser = argparse.ArgumentParser(prog="python -m bench.unlike", description=__doc__)
    parser.add_argument("--train", nargs="+", required=True, metavar="SPEC")
    parser.add_argument("--src", required=True, metavar="CODE")
    parser.add_argument("--tgt", required=True, metavar="CODE")
    parser.add_argument("--pairs", type=int, default=1000, metavar="N", help="of the second part")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    given = parser.parse_args()
    if is_unspaced(given.src):
        raise ConfigError(f"--src {given.src}: words are told apart by spaces, which this language has not")
    corpus = read_train(DataConfig(train=tuple(given.train), src=given.src, tgt=given.tgt)).dataset
    sources, targets = corpus["src"][:], corpus["tgt"][:]
    held_out = set(rarest(sources, given.pairs))
    if not 0 < len(held_out) <= len(sources) // 2:
        raise ConfigError(f"--pairs {given.pairs}: {len(sources):,} pairs allow 1 to {len(sources) // 2:,}")
    given.out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("unlike", held_out), ("train", set(range(len(sources))) - held_out)):
        text = as_tsv((sources[row], targets[row]) for row in sorted(rows))
        write_bytes(given.out / f"{name}.tsv", text.encode())
        print(f"{given.out / name}.tsv: {len(rows):,} pairs", file=sys.stderr)


if __name__ == "__main__":
    run(main)

"""Scores by length of the source: a vector of fixed size loses most in long sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mt.metrics import Score, Scoring, score

WIDTHS = (1, 2, 3, 5, 10, 20, 50, 100, 200)
MOST_BUCKETS = 8


@dataclass(frozen=True)
class Bucket:
    """The rows of a test set whose sources have `shortest` to `longest` pieces."""

    shortest: int
    longest: int
    rows: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.shortest}" if self.shortest == self.longest else f"{self.shortest}–{self.longest}"


@dataclass(frozen=True)
class BucketScore:
    """A bucket's BLEU with its interval, and its chrF2++."""

    bucket: Bucket
    bleu: Score
    chrf: Score


def cut_by_length(lengths: Sequence[int]) -> list[Bucket]:
    """Lengths (N,) -> up to eight buckets of equal width, each with 20 rows or 2 % of N (the larger) or more.

    The last one takes the few longest; one with too few rows joins its longer neighbour, the last one its
    shorter. `shortest` and `longest` are those that occur.
    """
    least = min(len(lengths), max(20, len(lengths) // 50))
    most = float(np.percentile(lengths, 98))
    width = next((width for width in WIDTHS if most <= width * MOST_BUCKETS), WIDTHS[-1])
    indices = np.minimum((np.array(lengths) - 1) // width, MOST_BUCKETS - 1)
    groups: list[list[int]] = [[]]
    for index in range(MOST_BUCKETS):
        groups[-1] += np.flatnonzero(indices == index).tolist()
        if len(groups[-1]) >= least:
            groups.append([])
    if left := groups.pop():
        groups[-1] += left
    return [
        Bucket(min(lengths[row] for row in rows), max(lengths[row] for row in rows), tuple(rows))
        for rows in groups
    ]


def score_buckets(
    buckets: Sequence[Bucket],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    scoring: Scoring,
) -> list[BucketScore]:
    """BLEU and chrF2++ of each bucket; its interval is BLEU's alone."""
    scores = []
    for bucket in buckets:
        ours = [hypotheses[row] for row in bucket.rows]
        theirs = [[stream[row] for row in bucket.rows] for stream in references]
        (bleu,) = score(ours, theirs, scoring, metrics=["bleu"])
        (chrf,) = score(ours, theirs, replace(scoring, bootstrap=0), metrics=["chrf"])
        scores.append(BucketScore(bucket, bleu, chrf))
    return scores

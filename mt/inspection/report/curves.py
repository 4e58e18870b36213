"""metrics.jsonl, which training writes, as curves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_POINTS = 300


@dataclass(frozen=True)
class Learned:
    """The loss since the point before, in nats per target token, after so many steps and seconds."""

    step: float
    seconds: float
    loss: float


@dataclass(frozen=True)
class Validated:
    """A look at the validation pairs: bleu is 0-100, greedy. best: better than any before."""

    step: float
    seconds: float
    perplexity: float
    bleu: float
    best: bool


@dataclass(frozen=True)
class Curves:
    """How a training went; empty where nothing of it is left."""

    learned: tuple[Learned, ...] = ()
    validated: tuple[Validated, ...] = ()

    def seconds_at(self, step: float) -> float:
        """How long training had lasted at a step, between two points in proportion."""
        points: list[Learned | Validated] = [*self.learned, *self.validated]
        known = sorted({(point.step, point.seconds) for point in points})
        before = max((point for point in known if point[0] <= step), default=(0.0, 0.0))
        after = min((point for point in known if point[0] >= step), default=before)
        if after[0] <= before[0]:
            return before[1]
        return before[1] + (after[1] - before[1]) * (step - before[0]) / (after[0] - before[0])


def read_curves(path: Path) -> Curves:
    """The file's points; a line that is none (a crash can cut the last one) is passed over."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return Curves()
    learned: list[Learned] = []
    validated: list[Validated] = []
    for line in lines:
        point = _point(line)
        if isinstance(point, Learned):
            learned.append(point)
        elif isinstance(point, Validated):
            validated.append(point)
    return Curves(tuple(_thinned(learned)), tuple(validated[-MOST_POINTS:]))


def _point(line: str) -> Learned | Validated | None:
    try:
        entry: dict[str, Any] = json.loads(line)
        at = float(entry["step"]), float(entry["seconds"])
        if entry["kind"] == "training":
            values: tuple[float, ...] = (float(entry["loss"]),)
            return Learned(*at, *values) if all(map(math.isfinite, values)) else None
        values = float(entry["perplexity"]), float(entry["bleu"])
        # A perplexity beyond all bounds is written as Infinity; no curve goes there.
        return Validated(*at, *values, bool(entry["best"])) if all(map(math.isfinite, values)) else None
    except (ValueError, KeyError, TypeError):
        return None


def _thinned(points: Sequence[Learned]) -> list[Learned]:
    """At most 300 points, each the mean of as many neighbours: a curve of 100,000 is noise and bytes."""
    size = math.ceil(len(points) / MOST_POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), max(1, size))]
    return [
        Learned(rows[-1].step, rows[-1].seconds, sum(row.loss for row in rows) / len(rows)) for rows in groups
    ]

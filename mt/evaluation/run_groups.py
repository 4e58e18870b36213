"""Systems that were trained several times: each run's scores, their mean and standard deviation."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mt.evaluation.scores import Evaluation
from mt.evaluation.table import Row, Table

PERPLEXITY = "perplexity"


@dataclass(frozen=True)
class Spread:
    """The mean of a metric over runs, and its sample standard deviation (n - 1); None for a single run."""

    name: str
    mean: float
    sd: float | None

    @classmethod
    def of(cls, name: str, values: Sequence[float]) -> Spread:
        """Of one value or more."""
        return cls(name, statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)

    def __str__(self) -> str:
        values = [self.mean] if self.sd is None else [self.mean, self.sd]
        return " ± ".join(rounded(self.name, value) for value in values)


def rounded(name: str, value: float) -> str:
    """A metric with one decimal; perplexity with two."""
    return f"{value:.2f}" if name == PERPLEXITY else f"{value:.1f}"


@dataclass(frozen=True)
class RunGroup:
    """Runs that differ in their seeds."""

    runs: tuple[Evaluation, ...]

    @property
    def name(self) -> str:
        """What the names of the runs begin with: checkpoints/x of checkpoints/x-1 and checkpoints/x-2."""
        if len(self.runs) == 1:
            return self.runs[0].system
        names = [run.system for run in self.runs]
        return os.path.commonprefix(names).rstrip("-_./0") or names[0]  # noqa: RUF071 (characters are meant)

    def spreads(self) -> list[Spread]:
        """BLEU, chrF2++ and TER over the runs, and the perplexity of the references."""
        columns = zip(*(run.scores for run in self.runs), strict=True)
        spreads = [Spread.of(scores[0].name, [score.value for score in scores]) for scores in columns]
        perplexities = [run.perplexity for run in self.runs if run.perplexity is not None]
        return [*spreads, Spread.of(PERPLEXITY, perplexities)]


@dataclass(frozen=True)
class RunGroups:
    """Systems on the same test, each a group of runs."""

    groups: tuple[RunGroup, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        first = self.groups[0].runs[0]
        systems = [
            {
                "system": group.name,
                "runs": [run.as_dict() for run in group.runs],
                "spread": {spread.name: {"mean": spread.mean, "sd": spread.sd} for spread in group.spreads()},
            }
            for group in self.groups
        ]
        return {"test": first.test, "segments": first.segments, "systems": systems}

    def table(self) -> Table:
        """A group for each system: its runs, then their mean ± standard deviation."""
        first = self.groups[0].runs[0]
        header = ("run", *(spread.name for spread in self.groups[0].spreads()))
        notes = [f"{score.name} {score.signature}" for score in first.scores]
        rows = tuple(tuple(_rows(group)) for group in self.groups)
        return Table(header, rows, (*notes, "±: sample standard deviation over the runs"))

    def __str__(self) -> str:
        return self.table().text()


def _rows(group: RunGroup) -> list[Row]:
    rows = [_row(run) for run in group.runs]
    if len(rows) > 1:
        rows.append((f"{group.name}: mean of {len(rows)}", *map(str, group.spreads())))
    return rows


def _row(run: Evaluation) -> Row:
    values = [(score.name, score.value) for score in run.scores] + [(PERPLEXITY, run.perplexity)]
    return (run.system, *("" if value is None else rounded(name, value) for name, value in values))

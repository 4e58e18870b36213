"""The results of an evaluation: as text, as JSON, as rows of a table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from mt.config import SearchConfig
from mt.evaluation.length_classes import LengthClass
from mt.evaluation.table import Table
from mt.metrics import PairedResult, Score
from mt.text.glossary import TermCount
from mt.text.placeholders import Survival

TERMS_SHOWN = 20


@dataclass(frozen=True)
class Segment:
    """One sentence of the test; number counts from 1, chrf is 0-100."""

    number: int
    source: str
    references: tuple[str, ...]
    hypothesis: str
    chrf: float

    def __str__(self) -> str:
        rows = [
            ("source", self.source),
            *(("reference", text) for text in self.references),
            ("hypothesis", self.hypothesis),
        ]
        # What ends a line on some screen is a space here; the JSON has the text as it is.
        shown = (f"\n  {title:<10}  {' '.join(text.splitlines())}".rstrip(" ") for title, text in rows)
        return f"segment {self.number}, chrF {self.chrf:.1f}" + "".join(shown)


@dataclass(frozen=True)
class Comparison:
    """Another system on the same test, by BLEU and chrF2++: its scores beside the first one's, and p."""

    against: str
    results: tuple[PairedResult, ...]


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    system: run directory or file of translations.
    hypotheses: the file that holds the system's; None if it could not be written.
    markup: see `placeholders.survival`. terms: of a glossary, those that occur in the test.
    by_length: none where all sources are of one class.
    perplexity: of the references under the model, teacher-forced, per target token, the end counted as one.
    datastore: what was recalled, and how; None if nothing was.
    sentences_per_second: search alone. perplexity, speed and search are None where there was no model.
    """

    test: str
    segments: int
    system: str
    hypotheses: str | None
    search: SearchConfig | None
    datastore: dict[str, Any] | None
    scores: tuple[Score, ...]
    perplexity: float | None
    sentences_per_second: float | None
    markup: Survival
    terms: tuple[TermCount, ...]
    by_length: tuple[LengthClass, ...]
    worst: tuple[Segment, ...]
    comparisons: tuple[Comparison, ...] = ()
    real_time_factor: float | None = None
    """Seconds that a second of sound takes; None of text."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which has no infinity: a perplexity beyond all bounds is null there."""
        finite = self.perplexity is not None and math.isfinite(self.perplexity)
        return {
            **asdict(self),
            "search": None if self.search is None else self.search.model_dump(),
            "perplexity": self.perplexity if finite else None,
        }

    def table(self) -> Table:
        """The system, and those that it is compared with."""
        return self._compared() if self.comparisons else self._alone()

    def __str__(self) -> str:
        lines = [str(score) for score in self.scores]
        if self.perplexity is not None:
            lines.append(f"perplexity {self.perplexity:.2f} per target token")
        if self.sentences_per_second is not None:
            spoken = f", real-time factor {self.real_time_factor:.4f}" if self.real_time_factor else ""
            lines.append(f"speed {self.sentences_per_second:.1f} sentences/s{spoken}, search only")
        if self.markup.marked:
            lines.append(f"markup and numbers intact: {self.markup}")
        lines += self._terms()
        if self.by_length:
            lines += ["", "by length of the source:", *map(str, self.by_length)]
        if self.comparisons:
            lines += ["", self._compared().text()]
        if self.worst:
            lines += ["", "worst segments:", *map(str, self.worst)]
        return "\n".join(lines)

    def _terms(self) -> list[str]:
        """How many terms came through, and each of those that came through least."""
        if not self.terms:
            return []
        wanted, used = (sum(getattr(count, name) for count in self.terms) for name in ("wanted", "used"))
        worst = sorted(self.terms, key=lambda count: (count.used / count.wanted, -count.wanted))
        rest = len(worst) - TERMS_SHOWN
        more = [f"  and {rest:,} more: --json has all"] if rest > 0 else []
        return [
            f"terms used: {100 * used / wanted:.1f} % ({used:,} of {wanted:,}, {len(worst):,} different)",
            *(f"  {count}" for count in worst[:TERMS_SHOWN]),
            *more,
        ]

    def _alone(self) -> Table:
        header, row = ["system"], [self.system]
        for score in self.scores:
            header += [score.name, "95 % interval"]
            row += [f"{score.value:.1f}", score.bounds]
        notes = tuple(f"{score.name} {score.signature}" for score in self.scores)
        return Table(tuple(header), ((tuple(row),),), notes)

    def _compared(self) -> Table:
        """Each system's BLEU and chrF2++; how the others differ from the first, and the p of that."""
        first = self.comparisons[0].results
        header = ["system"]
        rows = [[self.system], *([comparison.against] for comparison in self.comparisons)]
        for metric, result in enumerate(first):
            header += [result.system.name, "95 % interval", "difference", "p"]
            rows[0] += [f"{result.system.value:.1f}", result.system.bounds, "", ""]
            for row, comparison in zip(rows[1:], self.comparisons, strict=True):
                other = comparison.results[metric]
                difference = other.baseline.value - other.system.value
                row += [f"{other.baseline.value:.1f}", other.baseline.bounds]
                row += [f"{difference:+.1f}", f"{other.p_value:.4f}"]
        notes = [f"{result.system.name} {result.system.signature}" for result in first]
        notes.append("p: paired bootstrap, each system against the first")
        return Table(tuple(header), (tuple(map(tuple, rows)),), tuple(notes))

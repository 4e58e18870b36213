"""What was read of a corpus, what was dropped and why, and what the sentences look like."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import datasets
import numpy as np
import pyarrow.compute as pc

from mt.text.counted import counted
from mt.text.languages import untagged
from mt.text.scripts import script_of_letter
from mt.text.sentences import split

_BATCH = 10_000  # pairs
_SENTENCE_SAMPLE = 5_000  # pairs whose sources are cut into sentences
_SCRIPT_SAMPLE = 20_000  # pairs whose letters are counted
_SHOWN_PROPORTION = 0.001  # of the letters: rarer scripts are in as_dict only


@dataclass(frozen=True)
class SourceReport:
    """Counts of one SPEC: read = kept + dropped; skipped and bad lines were no pairs."""

    spec: str
    read: int
    kept: int
    dropped: Mapping[str, int]  # by reason, as are
    skipped: Mapping[str, int]  # entries that the format itself marks, such as fuzzy ones
    bad_lines: int
    bad_examples: tuple[str, ...]  # the first few: file, line, cause
    warnings: tuple[str, ...] = ()  # signs that it is not what the languages asked for say
    times: int = 1  # that its pairs are learned from


@dataclass(frozen=True)
class SideReport:
    """One side of the pairs kept. Lengths are in characters; scripts are proportions of letters, 0 to 1."""

    mean: float
    median: int
    p95: int
    longest: int
    scripts: Mapping[str, float]


@dataclass(frozen=True)
class Report:
    """What `corpus` did to its sources.

    set_aside: pairs moved from here to the validation part.
    related: pairs dropped because they share a sentence with one of those.
    """

    sources: tuple[SourceReport, ...]
    pairs: int
    src: SideReport
    tgt: SideReport
    set_aside: int = 0
    related: int = 0

    def lines(self) -> list[str]:
        """The report for people: one line a source, one for what was set aside, one a side."""
        total = sum(source.kept * source.times for source in self.sources)
        lines = [_source_line(source, total) for source in self.sources]
        if self.set_aside:
            lines.append(
                f"set aside for validation: {self.set_aside:,}; dropped for sharing a sentence with them: "
                f"{self.related:,}"
            )
        pairs = counted(self.pairs, "pair")
        return [*lines, f"{pairs}: source {_side(self.src)}", f"{' ' * len(pairs)}  target {_side(self.tgt)}"]

    @property
    def warnings(self) -> list[str]:
        """Signs that the sources are not what they are taken for, each in one line."""
        return [warning for source in self.sources for warning in source.warnings]

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        return dataclasses.asdict(self)


def _source_line(source: SourceReport, total: int) -> str:
    """total: pairs that all sources give together."""
    parts = [f"read {source.read:,}, kept {source.kept:,}"]
    given = source.kept * source.times
    if given != total:
        times = f" {source.times} times," if source.times > 1 else ","
        parts[0] += f"{times} {_percent(given / total)} of all pairs"
    if source.dropped:
        parts.append(f"dropped {_counts(source.dropped)}")
    if source.skipped:
        parts.append(f"skipped {_counts(source.skipped)}")
    if source.bad_lines:
        more = "" if source.bad_lines == len(source.bad_examples) else ", the first"
        parts.append(f"bad lines {source.bad_lines:,}{more}: {' | '.join(source.bad_examples)}")
    return f"{source.spec}: {'; '.join(parts)}"


def _counts(counts: Mapping[str, int]) -> str:
    """{"fuzzy": 3, "empty": 7} as "7 empty, 3 fuzzy"."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {reason}" for reason, count in ordered)


def _side(side: SideReport) -> str:
    shown = [
        (name, proportion) for name, proportion in side.scripts.items() if proportion >= _SHOWN_PROPORTION
    ]
    scripts = [f"{name} {_percent(proportion)}" for name, proportion in shown]
    return (
        f"{side.mean:.1f} characters on average, median {side.median}, 95 % up to {side.p95}, "
        f"longest {side.longest:,}; {', '.join(scripts) or 'no letters'}"
    )


def _percent(proportion: float) -> str:
    return f"{100 * proportion:.0f} %" if proportion >= 0.005 else "<1 %"


def describe(dataset: datasets.Dataset, column: str) -> SideReport:
    """Measure one side of a corpus of at least one pair, batch by batch."""
    lengths: Counter[int] = Counter()
    letters: Counter[str] = Counter()
    seen = 0
    for table in dataset.with_format("arrow").iter(batch_size=_BATCH):
        texts = table.column(column)
        values, counts = np.unique(pc.utf8_length(texts).to_numpy(), return_counts=True)
        lengths.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        if seen < _SCRIPT_SAMPLE:
            letters.update("".join(texts.to_pylist()))
        seen += len(texts)
    values = np.array(sorted(lengths))
    counts = np.array([lengths[value] for value in values.tolist()])
    # The length below which (and at which) a proportion of the sentences lies.
    median, p95 = (
        int(values[np.searchsorted(counts.cumsum(), proportion * seen)]) for proportion in (0.5, 0.95)
    )
    mean = float((values * counts).sum() / seen)
    return SideReport(mean, median, p95, int(values[-1]), count_scripts(letters))


def several_sentences(dataset: datasets.Dataset, language: str | None) -> float:
    """The proportion (0 to 1) of the sources of a corpus that hold more than one sentence, by a sample."""
    rows = np.linspace(0, len(dataset) - 1, min(len(dataset), _SENTENCE_SAMPLE)).astype(int)
    sources = map(untagged, dataset[rows]["src"])
    several = sum(
        len(split(text, language=language, max_chars=len(text) + 1, by_sentence=True).texts) > 1
        for text in sources
    )
    return round(several / len(rows), 4)


def count_scripts(letters: Counter[str]) -> dict[str, float]:
    """Proportions of the scripts among letters, largest first."""
    found: Counter[str] = Counter()
    for letter, count in letters.items():
        script = script_of_letter(letter)
        if script is not None:
            found[script] += count
    return {name: count / found.total() for name, count in found.most_common()}

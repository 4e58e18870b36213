"""One SPEC to clean pairs, with counts of what was read and dropped and warnings of what looks wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mt.config import BUILT_IN, DataConfig
from mt.console import time_left
from mt.data.cache import BATCH, folder
from mt.data.cleaning import Cleaned, Rules
from mt.data.formats import read_pairs
from mt.data.formats.aligned import aligned_paths
from mt.data.formats.lines import part_read
from mt.data.formats.pairs import BadLine, Pair, Record, Remark, Skipped, Split
from mt.data.kept_pairs import KeptRules
from mt.data.sanity import Sample
from mt.data.statistics import SourceReport
from mt.data.workers import ordered_map
from mt.errors import CorpusError
from mt.release import __version__
from mt.text.languages import split_direction, split_weight, tag

WhyDrop = Callable[[str, str], str | None]
"""(source, target) -> the name of a reason against a pair, or None."""

_EXAMPLES = 5  # bad lines and remarks shown
_STEP = 10_000  # pairs between two reports of progress
_PARTS = {"train", "validation"}


def check_files(specs: Iterable[str]) -> None:
    """Raise CorpusError for the first file or folder that SPECs name and that is not there.

    For before the first one is read, or a model is loaded, which may take long.
    """
    for spec in specs:
        name = split_direction(split_weight(spec)[0])[1]
        if name.partition("@")[0] == BUILT_IN or name.startswith("hub:"):
            continue
        whole = Path(name).expanduser()
        for path in (whole,) if whole.exists() or "," not in name else aligned_paths(name):
            if not path.exists():
                raise CorpusError(f"{path}: no such file; check the path")


class Reading(NamedTuple):
    """How sources are read."""

    data: DataConfig  # which says src, tgt, swap and on_bad_line
    split: Split
    # Whether sources are as a model reads them: without marks that nobody sees, and of a SPEC that names its
    # languages with the target's tag before them.
    as_read: bool
    progress: Callable[[str], None] | None = None  # is told now and then how far a large source is
    workers: int = 1  # processes


@dataclass
class Tally:
    """The counts of one source while it is read."""

    spec: str
    read: int = 0
    bad_lines: int = 0
    bad_examples: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    more_remarks: int = 0
    kept: list[Path] = field(default_factory=list)  # files with cleaned pairs
    warnings: list[str] = field(default_factory=list)

    def report(self) -> SourceReport:
        """The counts as they are now."""
        kept = self.read - self.dropped.total()
        more = [f"{self.spec}: {self.more_remarks:,} more like these"] if self.more_remarks else []
        return SourceReport(
            self.spec,
            self.read,
            kept,
            dict(self.dropped),
            dict(self.skipped),
            self.bad_lines,
            tuple(self.bad_examples),
            (*self.remarks, *more, *self.warnings),
            split_weight(self.spec)[1],
        )

    def count_bad(self, line: BadLine) -> None:
        """Count a bad line; the first few are kept as examples."""
        self.bad_lines += 1
        if self.bad_lines <= _EXAMPLES:
            self.bad_examples.append(f"{line.where}: {line.cause}")

    def add_remark(self, remark: Remark) -> None:
        """Keep a remark, or count it if there are many."""
        if len(self.remarks) < _EXAMPLES:
            self.remarks.append(f"{remark.where}: {remark.text}")
        else:
            self.more_remarks += 1


def clean_pairs(tally: Tally, how: Reading, why_drop: WhyDrop) -> Iterator[Cleaned]:
    """Yield the tidied pairs of the source that `tally` names, but for those with a reason against them.

    Raises CorpusError for a source that cannot be read, and for bad lines where they are to stop it.
    """
    direction, spec = split_direction(split_weight(tally.spec)[0])
    languages = direction or (how.data.src, how.data.tgt)
    rules = Rules(why_drop, how.as_read, tag(direction.tgt) if direction and how.as_read else "")
    key = f"{__version__} {how.split} {how.as_read} {rules.mark} {how.data.model_dump_json(exclude=_PARTS)}"
    keeping = KeptRules(rules, key, folder())
    # The other way round and exchanged below, names still say which side is which, and order is turned.
    src_code, tgt_code = reversed(languages) if how.data.swap else languages
    pairs = _take_pairs(read_pairs(spec, src=src_code, tgt=tgt_code, split=how.split), tally, how)
    sample = Sample(rules.tidy)
    chunks = enumerate(_chunks(pairs, sample, how.data.swap))
    for cleaned in ordered_map(keeping.clean, chunks, how.workers):
        tally.dropped.update(cleaned.dropped)
        tally.kept += [cleaned.kept] if cleaned.kept else []
        yield cleaned
    tally.warnings = [f"{tally.spec}: {warning}" for warning in sample.warnings(*languages)]


def _chunks(pairs: Iterator[Pair], sample: Sample, swap: bool) -> Iterator[tuple[list[str], list[str]]]:
    """Sources and targets of some pairs at a time; a sample of them is kept."""
    while chunk := list(islice(pairs, BATCH)):
        sources, targets = [pair.src for pair in chunk], [pair.tgt for pair in chunk]
        sides = (targets, sources) if swap else (sources, targets)
        for src, tgt in zip(*sides, strict=True):
            sample.add(src, tgt)
        yield sides


def _take_pairs(records: Iterable[Record], tally: Tally, how: Reading) -> Iterator[Pair]:
    """Pass the pairs on and count the rest; stop at the fifth bad line, or at the end if there were fewer."""
    began = time.monotonic()
    for record in records:
        if isinstance(record, Pair):
            tally.read += 1
            if how.progress is not None and tally.read % _STEP == 0:
                left = time_left(time.monotonic() - began, part_read())
                how.progress(f"reading {tally.spec}: {tally.read:,} pairs{left}")
            yield record
        elif isinstance(record, Skipped):
            tally.skipped[record.reason] += 1
        elif isinstance(record, Remark):
            tally.add_remark(record)
        else:
            tally.count_bad(record)
            if how.data.on_bad_line == "stop" and tally.bad_lines == _EXAMPLES:
                break
    if how.data.on_bad_line == "stop" and tally.bad_lines:
        # Only training has the flag: a test without a line would be another test.
        advice = "mend them" if how.split == "test" else "mend them or leave them out by --on-bad-line skip"
        raise CorpusError(f"{'; '.join(tally.bad_examples)}; {advice}")

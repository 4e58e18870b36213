"""CSV as rows of cells: which character separates them, and quotes that are open or misplaced."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from mt.data.formats.lines import read_lines
from mt.data.formats.pairs import Row, find_columns, is_unicode
from mt.errors import CorpusError
from mt.text.counted import counted

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "TABs", "|": "bars"}
_NAMED = re.compile(r'"?sep=(.)"?\s*')  # a first line that spreadsheets write
_SAMPLE = 200  # lines by which the separator is known


def read_csv_rows(path: Path, src: str | None, tgt: str | None) -> Iterator[Row]:
    """Yield the rows of a table with the number of the line that each begins in.

    Raises CorpusError where the first lines do not show what separates the cells.
    """
    # Bytes that are not UTF-8 pass through the reader as surrogates, to be found after.
    lines = (line.decode(errors="surrogateescape") + "\n" for line in read_lines(path))
    head = list(islice(lines, _SAMPLE))
    named = _NAMED.fullmatch(head[0])
    separator = named[1] if named else _separator(path, head, src, tgt)
    source = _Lines(chain(head, lines))
    if named:
        next(source)
    yield from _rows(source, separator)


class _Lines(Iterator[str]):
    """Lines of which those of the record that is read can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self.number = 0  # of lines passed on

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        self.number += 1
        return line

    def begin(self) -> int:
        """Begin a record; return the number of its first line."""
        self._record = []
        return self.number + 1

    def give_back(self) -> int:
        """Let all lines of the record but its first come again; return their number."""
        rest = self._record[1:]
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        return len(rest)


def _rows(lines: _Lines, separator: str) -> Iterator[Row]:
    """A quote that is never closed costs its own line only: the lines that it swallowed are read again."""
    rows = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=separator != "\t")
    width = 0  # of the first row that may be a pair
    while True:
        number = lines.begin()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"not CSV: {_cause(error, lines.give_back())}"
            continue
        width = width or len(row) * (len(row) > 1)
        if len(row) != width and (more := lines.give_back()):
            left = counted(len(row), "column")
            yield number, f"quotes join it with {more} more, and leave {left} where {width} should be"
        else:
            yield number, row if all(map(is_unicode, row)) else "not UTF-8"


def _cause(error: csv.Error, more_lines: int) -> str:
    """What is wrong with a record that began in one line and went on for some more."""
    cause = str(error)
    if "end of data" in cause or (more_lines and "field larger" in cause):
        return "a quote opened here is never closed"
    return "a line end of CR alone" if "new-line character" in cause else cause


def _separator(path: Path, head: list[str], src: str | None, tgt: str | None) -> str:
    """What makes a header of the first line, else what cuts all lines into the same number of cells."""
    cut = {separator: _cut(head, separator) for separator in _SEPARATORS}
    for separator, rows in cut.items():
        if rows and find_columns(rows[0], src, tgt):
            return separator
    scores = {separator: _regularity(rows) for separator, rows in cut.items()}
    best = max(scores.values())
    candidates = [separator for separator, score in scores.items() if score == best > 0]
    if len(candidates) > 1:  # prose has a space behind its commas, a separator has none
        tight = [separator for separator in candidates if _is_tight(head, separator)]
        candidates = tight or candidates
    if len(candidates) > 1:
        names = " or ".join(_SEPARATORS[separator] for separator in candidates)
        raise CorpusError(
            f"{path}: separated by {names}? Give it a header line that names the columns, as src,tgt"
        )
    return candidates[0] if candidates else ","


def _cut(head: list[str], separator: str) -> list[list[str]]:
    """The first lines as rows, without blank ones; what is not CSV is a row without cells."""
    return [row if isinstance(row, list) else [] for _, row in _rows(_Lines(head), separator) if row]


def _regularity(rows: list[list[str]]) -> float:
    """The proportion of rows with the commonest number of cells above 1."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return widths.most_common(1)[0][1] / len(rows) if widths else 0.0


def _is_tight(head: list[str], separator: str) -> bool:
    return any(re.search(re.escape(separator) + r"\S", line) for line in head)

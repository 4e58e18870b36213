"""Tables of text: rows of cells to pairs, by the first row's width and the header, if there is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mt.data.formats.csv_rows import read_csv_rows
from mt.data.formats.lines import not_utf8, read_lines
from mt.data.formats.pairs import (
    BLANK_LINE,
    BadLine,
    Pair,
    Record,
    Remark,
    Row,
    find_columns,
    find_name,
    normal_code,
)
from mt.errors import CorpusError
from mt.text.counted import counted
from mt.text.scripts import is_language

# A cell that names a language. Two letters: longer codes look like words ("en, one" is a Danish pair).
_CODE = re.compile(r"[A-Za-z]{2}([-_][A-Za-z0-9]+)*")


def read_tsv(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a table whose columns are cut at TABs. Quotes are text."""
    return _pairs_of_rows(path, _tsv_rows(path), src, tgt, ragged=True)


def read_csv(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a table with quotes and a separator; a quoted field may run over several lines.

    Raises CorpusError where the first rows do not show which separator it is.
    """
    return _pairs_of_rows(path, read_csv_rows(path, src, tgt), src, tgt, ragged=False)


def _tsv_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            yield number, not_utf8(error)
            continue
        # A line of blanks is no pair; a line with a TAB is one, empty though it may be.
        yield number, text.split("\t") if "\t" in text or text.strip() else []


def _pairs_of_rows(
    path: Path, rows: Iterable[Row], src: str | None, tgt: str | None, *, ragged: bool
) -> Iterator[Record]:
    """Yield a record for each row but the header.

    ragged: whether rows of a table without a header may lack cells behind the two sides, as in TSV.
    """
    table: _Table | None = None
    for number, row in rows:
        where = f"{path}, line {number}"
        if isinstance(row, str):
            yield BadLine(where, row)
        elif not row:
            yield BLANK_LINE
        elif len(row) == 1 and (table is None or not table.header):
            separators = "a TAB" if ragged else "a comma, semicolon, TAB or bar"
            yield BadLine(where, f"has 1 column, needs 2, separated by {separators}")
        elif table is not None:
            yield table.record(where, row)
        elif columns := _header(where, row, src, tgt):
            table = _Table(len(row), columns, header=True, ragged=False)
        elif len(row) > 2 and (joined := _joined_by_cr(row)):
            yield BadLine(where, joined)
        else:
            table = _Table(len(row), (0, 1), header=False, ragged=ragged)
            yield from _remarks(where, row, src, tgt)
            yield table.record(where, row)


class _Table:
    """The shape of a table, which its first row decides."""

    def __init__(self, width: int, columns: tuple[int, int], *, header: bool, ragged: bool) -> None:
        self._src, self._tgt = columns
        self._fewest, self._most = 2 if ragged else width, width
        self.header = header

    def record(self, where: str, row: list[str]) -> Pair | BadLine:
        """The pair of a row; one cut into more or fewer cells than the first row is a bad line."""
        if self._fewest <= len(row) <= self._most:
            return Pair(row[self._src], row[self._tgt])
        cells = f"has {counted(len(row), 'column')}"
        model = "the header" if self.header else "the first row"
        return BadLine(where, _joined_by_cr(row) or f"{cells}, {model} has {self._most}")


def _joined_by_cr(row: list[str]) -> str:
    """Why a row has so many cells, if line ends of CR alone, which are text, hold several rows together."""
    return "holds line ends of CR alone; save the file with LF" if any("\r" in cell for cell in row) else ""


def _header(where: str, row: list[str], src: str | None, tgt: str | None) -> tuple[int, int] | None:
    """Which cells are the two sides, if the first row names them; None if it is a pair like any other."""
    found = find_columns(row, src, tgt)
    if found is not None:
        return row.index(found[0]), row.index(found[1])
    # One language that was asked for, among cells that all look like codes: a header.
    known = [name for code in (src, tgt) if code is not None and (name := find_name(code, row)) is not None]
    if len(known) != 1 or not _may_be_header(row):
        return None
    columns = f"{where}: has the columns {', '.join(row)}"
    if src is not None and tgt is not None:
        missing = tgt if find_name(src, row) else src
        raise CorpusError(f"{columns}, but no {missing}; check --src, --tgt")
    raise CorpusError(f"{columns}; which are the two sides? give both --src and --tgt")


def _may_be_header(row: list[str]) -> bool:
    names = [normal_code(cell) for cell in row]
    return len(row) >= 2 and len(set(names)) == len(names) and all(map(_CODE.fullmatch, names))


def _remarks(where: str, row: list[str], src: str | None, tgt: str | None) -> Iterator[Remark]:
    """What is odd about a first row that is read as a pair."""
    if _may_be_header(row) and all(map(is_language, map(normal_code, row))):
        other = f" of other languages than {src} and {tgt}" if src and tgt else ""
        yield Remark(
            where,
            f"{', '.join(row)} looks like a header{other}, but is read as a pair; give --src and --tgt as it "
            "names them, or take it out",
        )
    if len(row) >= 2 and all(len(cell) >= 2 and cell[0] == cell[-1] == '"' for cell in row):
        yield Remark(where, "each cell is in quotes, which are part of the text in .tsv; name the file .csv")

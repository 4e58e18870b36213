"""CSV and TSV: the columns that --column names; other cells, quotes and line ends stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Reading, Spliced, Unit, in_place

Cell = tuple[int, int]
"""Where a cell begins and ends, its quotes included."""

_DELIMITERS = ",;\t|"
_FORMULA = re.compile(r"=[A-Z][A-Z0-9.]*\(")


def read(file: Reading) -> Spliced:
    """A table. Columns by name have the first row as their header; by number, from 1, all rows are text.

    Raises Broken.
    """
    decoded = decode(file.data)
    text = decoded.text
    told = re.match(r"sep=([^\r\n])(?=[\r\n])", text)  # for spreadsheets
    delimiter = "\t" if file.format == "tsv" else told[1] if told else _delimiter(text)
    rows = list(_rows(decoded, delimiter, quotes=file.format == "csv"))[bool(told) :]
    if not rows:
        raise Broken("is empty; name a file that holds a table")
    columns, first = _columns(text, rows, file.columns)
    return Spliced(decoded, _units(text, rows[first:], columns, delimiter if file.format == "csv" else None))


def _delimiter(text: str) -> str:
    """What the first row has most of, outside quotes."""
    line = re.sub(r'"(?:[^"]|"")*"', "", text.partition("\n")[0])
    return max(_DELIMITERS, key=line.count)


def _rows(decoded: Decoded, delimiter: str, *, quotes: bool) -> Iterator[list[Cell]]:
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    quoted = re.compile(r'"(?:[^"]|"")*"')
    text, at, row = decoded.text, 0, list[Cell]()
    while at <= len(text):
        is_quoted = quotes and text.startswith('"', at)
        found = (quoted if is_quoted else plain).match(text, at)
        if found is None:
            raise Broken("a cell's opening quote is never closed", decoded.line(at))
        row.append(found.span())
        at = found.end()
        if text.startswith(delimiter, at):
            at += 1
            continue
        end = re.compile(r"\r\n|\r|\n|\Z").match(text, at)
        if end is None:
            raise Broken("text behind a cell's closing quote", decoded.line(at))
        if row != [(at, at)]:
            yield row
        at, row = end.end() if end.end() > at else len(text) + 1, []


def _columns(text: str, rows: Sequence[Sequence[Cell]], wanted: Sequence[str]) -> tuple[list[int], int]:
    """The indices of the columns, and that of the first row which is no header."""
    header = [_value(text, cell).strip() for cell in rows[0]]
    if not wanted:
        if len(header) == 1:
            return [0], 0
        names = ", ".join(header)
        raise Broken(f"which column is to be translated? name it by --column, or its number: {names}", 1)
    indices, first = [], 0
    for name in wanted:
        if name in header:
            indices.append(header.index(name))
            first = 1
        elif name.isdecimal() and 0 < int(name) <= len(header):
            indices.append(int(name) - 1)
        else:
            raise Broken(f"has no column {name}; it has {', '.join(header)}", 1)
    return indices, first


def _units(
    text: str, rows: Sequence[Sequence[Cell]], columns: Sequence[int], delimiter: str | None
) -> Iterator[Unit]:
    for row in rows:
        for index in columns:
            if index < len(row) and not _FORMULA.match(_value(text, row[index])):
                begin, end = row[index]
                quoted = delimiter is not None and text.startswith('"', begin)
                yield in_place(
                    begin,
                    end,
                    _value(text, row[index]) if quoted else text[begin:end],
                    _writer(delimiter, quoted),
                )


def _value(text: str, cell: Cell) -> str:
    raw = text[cell[0] : cell[1]]
    return raw[1:-1].replace('""', '"') if raw.startswith('"') and raw.endswith('"') and len(raw) > 1 else raw


def _writer(delimiter: str | None, quoted: bool) -> Callable[[str], str]:
    """Quotes a cell where it was quoted, or where it must be; without a delimiter cells have no quotes."""

    def written(value: str) -> str:
        if delimiter is None:
            return re.sub(r"[\t\r\n]+", " ", value)
        if quoted or any(mark in value for mark in (delimiter, '"', "\n", "\r")):
            return '"' + value.replace('"', '""') + '"'
        return value

    return written

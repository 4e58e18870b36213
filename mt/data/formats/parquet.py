"""Pairs from Arrow tables: Parquet files here, data sets of the hub in `hub`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mt.data.formats.pairs import BadLine, Pair, Record, find_columns, no_columns
from mt.errors import CorpusError

_ROWS = 1000  # rows decoded at a time


class Columns(NamedTuple):
    """Where a table keeps its two sides: two columns, or two fields of one struct."""

    src: str
    tgt: str
    struct: str | None

    @property
    def top(self) -> list[str]:
        """The columns to read from the file."""
        return [self.struct] if self.struct is not None else [self.src, self.tgt]


def table_columns(schema: pa.Schema, src: str | None, tgt: str | None, *, source: str) -> Columns:
    """Find the two sides in a schema: {"translation": {code: text}}, or columns by code or by role.

    Raises CorpusError, naming `source` and what it has, if they are not there or not text.
    """
    fields = {field.name: field.type for field in schema}
    struct = "translation" if pa.types.is_struct(fields.get("translation", pa.null())) else None
    if struct is not None:
        fields = {field.name: field.type for field in fields[struct]}
    found = find_columns(fields, src, tgt)
    if found is None:
        raise CorpusError(f"{source}: {no_columns(src, tgt, has=fields)}")
    for name in found:
        if not _is_text(fields[name]):
            raise CorpusError(f"{source}: the column {name} is {fields[name]}, not text; name another file")
    return Columns(*found, struct)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def read_tables(tables: Iterable[Any], columns: Columns, *, source: str) -> Iterator[Pair | BadLine]:
    """Yield the pairs of record batches or tables, row by row. Rows are counted from 1."""
    first = 1  # the table's first row, counted over all tables
    for table in tables:
        sides = [_texts(table, name, columns.struct) for name in (columns.src, columns.tgt)]
        for row, (src, tgt) in enumerate(zip(*sides, strict=True), start=first):
            if isinstance(src, str) and isinstance(tgt, str):
                yield Pair(src, tgt)
            else:
                name, value = (columns.tgt, tgt) if isinstance(src, str) else (columns.src, src)
                cause = "null, not text" if value is None else "not UTF-8: damaged, or written wrongly"
                yield BadLine(f"{source}, row {row}", f"{name} is {cause}")
        first += len(sides[0])


def _texts(table: Any, name: str, struct: str | None) -> list[str | bytes | None]:
    """One column as Python strings; a cell that is not UTF-8 stays bytes, null is None."""
    column = table.column(name) if struct is None else pc.struct_field(table.column(struct), name)
    try:
        texts: list[str | bytes | None] = column.to_pylist()
    except UnicodeDecodeError:
        texts = [_cell(cell) for cell in column]
    return texts


def _cell(cell: pa.Scalar) -> str | bytes | None:
    try:
        text: str | None = cell.as_py()
    except UnicodeDecodeError:
        return b""
    return text


def read_parquet(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a Parquet file. Raises CorpusError for a damaged file and for missing columns."""
    try:
        # Where the writer left checksums of the pages, damage inside of texts is known too.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            columns = table_columns(file.schema_arrow, src, tgt, source=str(path))
            batches = file.iter_batches(batch_size=_ROWS, columns=columns.top)
            yield from read_tables(batches, columns, source=str(path))
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file; check the path") from None
    except PermissionError as error:
        raise CorpusError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CorpusError(
            f"{path}: damaged, or not a whole Parquet file ({first_line(error)}); fetch it again"
        ) from error


def first_line(error: BaseException) -> str:
    """What an error of another library says, cut to the one line that a message here may have."""
    lines = str(error).strip().split("\n")
    return lines[0].strip().rstrip(".:") or type(error).__name__

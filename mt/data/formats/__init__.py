"""A SPEC ("pairs.tsv", "train.zh,train.en", "hub:org/name", …) to the pairs it names, streaming."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast, get_args

from mt.data.formats.hub import read_hub
from mt.data.formats.lines import not_utf8, read_lines, uncompressed_suffix
from mt.data.formats.pairs import (
    BLANK_LINE,
    BadLine,
    Pair,
    Record,
    Split,
    code_matches,
    find_code,
    find_columns,
    no_columns,
)
from mt.data.formats.po import read_po, read_po_folder
from mt.data.formats.tables import read_parquet
from mt.data.formats.tmx import read_tmx
from mt.errors import CorpusError

__all__ = ["read_csv", "read_jsonl", "read_moses", "read_pairs", "read_tsv"]

# A cell that names a language. Two letters: longer codes look like words ("en, one" is a Danish pair).
_CODE = re.compile(r"[A-Za-z]{2}([-_][A-Za-z0-9]+)*")
_NEUTRAL_NAMES = {"src", "tgt", "source", "target"}

# A row of a table with its line number: its cells, or why it has none.
Row = tuple[int, list[str] | str]


def read_pairs(spec: str, *, src: str | None, tgt: str | None, split: Split) -> Iterator[Record]:
    """Yield what the source named `spec` holds, in order, without keeping it in memory.

    `src` and `tgt` are language codes; None where the source alone shows which side is which. `split` is the
    part read from sources that have parts of their own (phrasebook, hub), unless SPEC names one with `@`.
    Raises CorpusError, here or while reading, for a fault of the whole source; a line at fault is a BadLine.
    """
    name, _, named_split = spec.partition("@")
    if name == "phrasebook":
        return _read_phrasebook(named_split or split, src, tgt)
    if spec.startswith("hub:"):
        return read_hub(spec, src=src, tgt=tgt, split=split)
    path = Path(spec).expanduser()
    if spec.strip() and path.is_dir():
        return read_po_folder(path, src, tgt)
    if "," in spec and not path.exists():
        return read_moses(spec, src, tgt)
    suffix = uncompressed_suffix(path)
    if suffix in _READERS:
        return _READERS[suffix](path, src, tgt)
    if spec.strip() and not path.exists():
        raise CorpusError(f"{spec}: no such file; check the path")
    raise CorpusError(
        f"{spec!r}: not a form that can be read; name {', '.join(sorted(_READERS))}, a folder of .po, "
        "two aligned files as train.zh,train.en, hub:org/name or phrasebook"
    )


def read_tsv(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a table whose columns are cut at TABs. Quotes are text."""
    return _pairs_of_rows(path, _tsv_rows(path), src, tgt)


def read_csv(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a table with commas and quotes; a quoted field may run over several lines."""
    return _pairs_of_rows(path, _csv_rows(path), src, tgt)


def _tsv_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            yield number, not_utf8(error)
            continue
        # A line of blanks is no pair; a line with a TAB is one, empty though it may be.
        yield number, text.split("\t") if "\t" in text or text.strip() else []


def _csv_rows(path: Path) -> Iterator[Row]:
    # The reader wants whole lines; bytes that are not UTF-8 pass through it as surrogates, to be found after.
    lines = (line.decode(errors="surrogateescape") + "\n" for line in read_lines(path))
    rows = csv.reader(lines, strict=True)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            cause = "a quote opened here is never closed" if "end of data" in str(error) else error
            yield number, f"not CSV: {cause}"
            continue
        yield number, row if all(map(_is_unicode, row)) else "not UTF-8"


def _is_unicode(text: str) -> bool:
    """Whether text can be written as UTF-8: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pairs_of_rows(path: Path, rows: Iterable[Row], src: str | None, tgt: str | None) -> Iterator[Record]:
    columns = (0, 1)
    for number, row in rows:
        if isinstance(row, str):
            yield BadLine(f"{path}, line {number}", row)
        elif not row:
            yield BLANK_LINE
        elif number == 1 and (header := _header(path, row, src, tgt)) is not None:
            columns = header
        elif len(row) <= max(columns):
            cause = f"has {len(row)} column{'s' * (len(row) > 1)}, needs {max(columns) + 1}"
            yield BadLine(f"{path}, line {number}", cause)
        else:
            yield Pair(row[columns[0]], row[columns[1]])


def _header(path: Path, row: list[str], src: str | None, tgt: str | None) -> tuple[int, int] | None:
    """Where the two sides are, if the first row names them; None if it is a pair like any other."""
    found = find_columns(row, src, tgt)
    if found is not None:
        return row.index(found[0]), row.index(found[1])
    # One language that was asked for, among cells that all look like codes: a header.
    known = [name for code in (src, tgt) if code is not None and (name := find_code(code, row)) is not None]
    if len(known) != 1 or len(row) < 2 or len(set(row)) < len(row) or not all(map(_CODE.fullmatch, row)):
        return None
    columns = f"{path}, line 1: has the columns {', '.join(row)}"
    if src is not None and tgt is not None:
        missing = tgt if find_code(src, row) else src
        raise CorpusError(f"{columns}, but no {missing}; check --src, --tgt")
    raise CorpusError(f"{columns}; which are the two sides? give both --src and --tgt")


def read_moses(spec: str, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of two aligned files, "train.zh,train.en": line n translates line n.

    The first file is the source, unless the suffixes are the two codes in the other order.
    """
    names = [name.strip() for name in spec.split(",")]
    if len(names) != 2 or not all(names):
        raise CorpusError(
            f"{spec!r}: names {len(names)} files; aligned files come in twos, as train.zh,train.en"
        )
    first, second = (Path(name).expanduser() for name in names)
    if src is not None and tgt is not None:
        suffixes = [uncompressed_suffix(path).removeprefix(".") for path in (first, second)]
        if (
            code_matches(tgt, suffixes[0])
            and code_matches(src, suffixes[1])
            and not code_matches(src, suffixes[0])
        ):
            first, second = second, first
    return _aligned(first, second)


def _aligned(src_path: Path, tgt_path: Path) -> Iterator[Record]:
    counts = [0, 0]
    for number, (src, tgt) in enumerate(zip_longest(read_lines(src_path), read_lines(tgt_path)), start=1):
        counts = [counts[0] + (src is not None), counts[1] + (tgt is not None)]
        if src is None or tgt is None:
            continue  # one has ended: count the other to its end
        path = src_path
        try:
            src_text = src.decode()
            path = tgt_path
            yield Pair(src_text, tgt.decode())
        except UnicodeDecodeError as error:
            yield BadLine(f"{path}, line {number}", not_utf8(error))
    if counts[0] != counts[1]:
        raise CorpusError(
            f"{src_path} has {counts[0]:,} lines but {tgt_path} has {counts[1]:,}; "
            "line n of one must translate line n of the other: align them again"
        )


def read_jsonl(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a file with one JSON object a line, flat or with a "translation" object inside.

    Raises CorpusError if the first object shows that the file has other columns or languages.
    """
    columns: tuple[str, str] | None = None
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        if not line.strip():
            yield BLANK_LINE
            continue
        fields = _json_fields(line)
        if isinstance(fields, str):
            yield BadLine(where, fields)
            continue
        if columns is None or not (columns[0] in fields and columns[1] in fields):
            found = find_columns(fields, src, tgt)
            # src without tgt is this line's fault; neither is the file's.
            if found is None and columns is None and not _NEUTRAL_NAMES & set(fields):
                raise CorpusError(f"{where}: {no_columns(src, tgt, has=fields)}")
            if found is None:
                yield BadLine(where, f"has the fields {', '.join(fields) or 'none'}: one side is missing")
                continue
            columns = found
        yield _pair_of_fields(fields, columns, where)


def _json_fields(line: bytes) -> dict[str, Any] | str:
    """The object that holds the two sides, or why there is none."""
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return not_utf8(error)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        return f"not JSON that can be read: {error}"
    if isinstance(value, dict):
        value = value.get("translation", value)
    return value if isinstance(value, dict) else "not a JSON object"


def _pair_of_fields(fields: dict[str, Any], columns: tuple[str, str], where: str) -> Pair | BadLine:
    for column in columns:
        value = fields[column]
        if not isinstance(value, str):
            return BadLine(where, f"{column} is {json.dumps(value, ensure_ascii=False)[:40]}, not text")
        if not _is_unicode(value):
            return BadLine(where, f"{column} holds half a surrogate pair, which is no character")
    return Pair(fields[columns[0]], fields[columns[1]])


def _read_phrasebook(split: str, src: str | None, tgt: str | None) -> Iterator[Pair]:
    from mt.data.phrasebook import grammar  # its grammar is not needed to read files

    if split not in get_args(Split):
        raise CorpusError(f"phrasebook@{split}: no such part; it has {', '.join(get_args(Split))}")
    bases = [code and re.split("[-_]", code.lower())[0] for code in (src, tgt)]
    if bases[0] in (None, "zh") and bases[1] in (None, "en"):
        swap = False
    elif bases[0] in (None, "en") and bases[1] in (None, "zh"):
        swap = True
    else:
        raise CorpusError(f"phrasebook: has zh and en, not {src} and {tgt}; set --src and --tgt to zh and en")
    pairs = grammar.pairs(cast(Split, split), seed=grammar.DEFAULT_SEED)
    return (Pair(en, zh) if swap else Pair(zh, en) for zh, en in pairs)


_READERS: dict[str, Callable[[Path, str | None, str | None], Iterator[Record]]] = {
    ".tsv": read_tsv,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
    ".tmx": read_tmx,
    ".po": read_po,
}

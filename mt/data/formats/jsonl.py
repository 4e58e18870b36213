"""Pairs from JSON lines: one object a line, flat or with a "translation" object inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mt.data.formats.lines import not_utf8, read_lines
from mt.data.formats.pairs import (
    BLANK_LINE,
    NEUTRAL_NAMES,
    BadLine,
    Pair,
    Record,
    find_columns,
    is_unicode,
    no_columns,
)
from mt.errors import CorpusError


def read_jsonl(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a file with one JSON object a line.

    Raises CorpusError if the first object shows that the file has other columns or languages.
    """
    columns: tuple[str, str] | None = None
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        if not line.strip():
            yield BLANK_LINE
            continue
        fields = _fields(line)
        if isinstance(fields, str):
            yield BadLine(where, fields)
            continue
        if columns is None or not (columns[0] in fields and columns[1] in fields):
            found = find_columns(fields, src, tgt)
            # src without tgt is this line's fault; neither is the file's.
            if found is None and columns is None and not NEUTRAL_NAMES & set(fields):
                raise CorpusError(f"{where}: {no_columns(src, tgt, has=fields)}")
            if found is None:
                yield BadLine(where, f"has the fields {', '.join(fields) or 'none'}: one side is missing")
                continue
            columns = found
        yield _pair(fields, columns, where)


def _fields(line: bytes) -> dict[str, Any] | str:
    """The object that holds the two sides, or why there is none."""
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return not_utf8(error)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        return f"not JSON that can be read: {error}"
    if not isinstance(value, dict):
        return "not a JSON object"
    inner = value.get("translation")
    return inner if isinstance(inner, dict) else value


def _pair(fields: dict[str, Any], columns: tuple[str, str], where: str) -> Pair | BadLine:
    for column in columns:
        value = fields[column]
        if not isinstance(value, str):
            return BadLine(where, f"{column} is {json.dumps(value, ensure_ascii=False)[:40]}, not text")
        if not is_unicode(value):
            return BadLine(where, f"{column} holds half a surrogate pair, which is no character")
    return Pair(fields[columns[0]], fields[columns[1]])

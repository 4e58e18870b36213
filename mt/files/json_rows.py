"""JSONL: a JSON object in each line gets the translation of its text, in a key of its own; all else stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from mt.files.decoding import Broken, decode
from mt.files.document import Edit, Reading, Result, Spliced, Unit

SOURCES = ("source", "src", "text")
"""Keys whose text is translated; the first of them that the first object has."""
TRANSLATION = "translation"


def read(file: Reading) -> Spliced:
    """The objects; --column names the key where it is none of `SOURCES`. Raises Broken."""
    decoded = decode(file.data)
    return Spliced(decoded, _units(decoded.text, file.columns))


def _units(text: str, columns: Sequence[str]) -> Iterator[Unit]:
    begin, key = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _row(line, number)
            key = key or _key(row, columns, number)
            if not isinstance(row.get(key), str | None):
                raise Broken(f"{key} is no text", number)
            yield _beside(begin + line.rindex("}"), row.get(key) or "", ", " if row else "")
        begin += len(line) + 1


def _row(line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_int=float)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise Broken('no JSON object; each line is one, such as {"source": "…"}', number)
    if TRANSLATION in row:
        raise Broken(f"has a key {TRANSLATION} already; give it another name", number)
    return row


def _key(row: dict[str, Any], columns: Sequence[str], number: int) -> str:
    if len(columns) > 1:
        raise Broken("one key is translated: name one by --column", number)
    key = next((name for name in columns or SOURCES if name in row), None)
    if key is None:
        raise Broken(f"has no key {' or '.join(columns or SOURCES)}; it has {', '.join(row)}", number)
    return key


def _beside(end: int, source: str, comma: str) -> Unit:
    """end: where the object's last brace is. comma: what is between the translation and the other keys."""

    def edits(results: Sequence[Result]) -> list[Edit]:
        (result,) = results
        written = json.dumps(result.text, ensure_ascii=False)
        return [Edit(end, end, f'{comma}"{TRANSLATION}": {written}')]

    return Unit((source,), edits)

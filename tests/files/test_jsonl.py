"""JSONL: each object keeps its bytes and gets a translation."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from mt.errors import DocumentError
from mt.files.decoding import Broken
from mt.files.document import Reading, Result
from mt.files.json_rows import read
from mt.files.registry import format_of

ROWS = '{"id": 1, "source": "ba \\u0064e"}\r\n\n{"source":"","n":[1]}\n{"id": 3, "source": null }\n{}'


def test_every_row_gets_a_translation_and_keeps_its_bytes() -> None:
    document = read(Reading("x.jsonl", ROWS.encode(), "jsonl"))
    assert document.segments == ["ba de", "", "", ""]
    written = document.write([Result('B "A"\n'), *[Result("")] * 3]).decode()
    first, blank, *others = written.split("\n")
    assert first == '{"id": 1, "source": "ba \\u0064e", "translation": "B \\"A\\"\\n"}\r'
    assert blank == ""
    assert [json.loads(line)["translation"] for line in others] == ["", "", ""]
    assert document.write([None] * 4) == ROWS.encode()


def test_a_key_may_be_named() -> None:
    document = read(Reading("x.jsonl", b'{"text": "a", "title": "b"}', "jsonl", columns=("title",)))
    assert document.segments == ["b"]


@pytest.mark.parametrize(
    ("rows", "columns", "line", "cause"),
    [
        ('{"source": "a"}\n{"source": ', (), 2, "no JSON object"),
        ('"a"', (), 1, "no JSON object"),
        ('{"words": "a"}', (), 1, "has no key source or src or text; it has words"),
        ('{"source": "a"}', ("title",), 1, "has no key title"),
        ('{"source": "a", "translation": "b"}', (), 1, "already"),
        ('{"source": "a"}\n{"source": 2}', (), 2, "source is no text"),
        ('{"source": "a"}', ("source", "text"), 1, "one key"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    rows: str, columns: tuple[str, ...], line: int, cause: str
) -> None:
    with pytest.raises(Broken, match=cause) as caught:
        read(Reading("x.jsonl", rows.encode(), "jsonl", columns=columns))
    assert caught.value.line == line


@pytest.mark.parametrize(("name", "advice"), [("a.parquet", "--ray local"), ("a.jsonl.gz", "decompress it")])
def test_what_is_translated_otherwise_says_how(name: str, advice: str) -> None:
    with pytest.raises(DocumentError, match=advice):
        format_of(PurePath(name))

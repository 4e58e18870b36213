"""What the tests of every format do with a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mt.errors import DocumentError
from mt.files.document import Document, Reading, Result, Source, rendered
from mt.files.registry import read_document

HOW = Reading(name="sample", data=b"", format="", src="en", tgt="de")


def document(data: bytes | str, format_name: str, how: Reading = HOW) -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return read_document(replace(how, data=raw, format=format_name))


def segments(data: bytes | str, format_name: str, how: Reading = HOW) -> list[Source]:
    return list(document(data, format_name, how).segments)


def translated(
    data: bytes | str,
    format_name: str,
    translate: Callable[[str], str] = str.upper,
    how: Reading = HOW,
) -> str:
    """The document with each segment translated, as text."""
    read = document(data, format_name, how)
    return read.write([Result(mapped(source, translate)) for source in read.segments]).decode()


def mapped(source: Source, translate: Callable[[str], str]) -> Source:
    """The source with its texts translated, one by one."""
    if isinstance(source, str):
        return translate(source)
    return tuple(translate(part) if isinstance(part, str) else part for part in source)


def check_unchanged(data: bytes, format_name: str, how: Reading = HOW) -> None:
    """Without results, and if each segment is its own translation, all bytes are as they were."""
    read = document(data, format_name, how)
    assert read.write([None] * len(read.segments)) == data
    assert read.write([Result(source) for source in read.segments]) == data


def check_read_again(data: bytes | str, format_name: str, how: Reading = HOW) -> None:
    """What is written is what is read from there again, whatever characters it has."""
    read = document(data, format_name, how)
    texts = [
        f"{rendered(source, str)} é中 & <b> \"q\" 's' \\ {index}"
        for index, source in enumerate(read.segments)
    ]
    again = document(read.write([Result(text) for text in texts]), format_name, how)
    assert [rendered(source, str) for source in again.segments] == texts


def check_broken(data: bytes | str, format_name: str, said: str, how: Reading = HOW) -> None:
    """It is refused in one line that names the file."""
    with pytest.raises(DocumentError) as caught:
        document(data, format_name, how)
    assert str(caught.value).startswith("sample")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)

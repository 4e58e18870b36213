"""Plain text: by lines, or by paragraphs with blank lines between."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mt.files.decoding import decode
from mt.files.document import Reading, Spliced, Unit, in_place
from mt.files.flow import wrapped
from mt.files.registry import LINES

_LINE = re.compile(r"[^\r\n]+")
_PARAGRAPH = re.compile(r"[^\S\r\n]*\S[^\r\n]*(?:\r?\n[^\S\r\n]*\S[^\r\n]*)*")
_ITEM = re.compile(r"\s*(?:[-*•·–—]|\d{1,3}[.)]|[A-Za-z][.)])\s+|\s{2,}|\t")
_SHORT = 40  # characters; a paragraph whose lines are all shorter is a list, a poem, an address


def read(file: Reading) -> Spliced:
    """Text whose lines, or whose paragraphs, are units. Raises Broken."""
    decoded = decode(file.data)
    units = _lines if file.format == LINES else _paragraphs
    return Spliced(decoded, units(decoded.text))


def _lines(text: str) -> Iterator[Unit]:
    for found in _LINE.finditer(text):
        yield in_place(found.start(), found.end(), found[0], _on_one_line)


def _paragraphs(text: str) -> Iterator[Unit]:
    """Hard-wrapped lines are joined to one text, whose translation is wrapped as widely."""
    for found in _PARAGRAPH.finditer(text):
        lines = found[0].splitlines()
        wraps = len(lines) > 1 and max(map(len, lines)) >= _SHORT and not any(map(_ITEM.match, lines[1:]))
        if wraps:
            yield _wrapped(found, lines)
        else:
            for line in _LINE.finditer(text, found.start(), found.end()):
                yield in_place(line.start(), line.end(), line[0], _on_one_line)


def _wrapped(found: re.Match[str], lines: list[str]) -> Unit:
    newline = "\r\n" if "\r\n" in found[0] else "\n"
    width = max(map(len, lines))

    source = " ".join(line.strip() for line in lines)
    return in_place(found.start(), found.end(), source, lambda text: newline.join(wrapped(text, width)))


def _on_one_line(text: str) -> str:
    return " ".join(text.splitlines()) if len(text.splitlines()) > 1 else text

"""HTML: the text of blocks and of attributes that hold some; everything else stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mt.files.decoding import Decoded, decode
from mt.files.document import Reading, Result, Source, parts_of
from mt.inline.html import parse_html
from mt.inline.prepared import Placed
from mt.inline.segment import merged

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_HEAD = 2048  # bytes in which a page says its charset


def read(file: Reading) -> Html:
    """A page, whole or a fragment, however broken. Raises Broken for what is no text."""
    found = _XML.match(file.data) or _CHARSET.search(file.data[:_HEAD])
    decoded = decode(file.data, declared=found[1].decode() if found else None, errors="xmlcharrefreplace")
    is_xml = decoded.text.lstrip().startswith("<?xml") or file.name.lower().endswith(".xhtml")
    return Html(decoded, is_xml=is_xml)


class Html:
    """A page as a document."""

    def __init__(self, decoded: Decoded, *, is_xml: bool) -> None:
        self._decoded = decoded
        self._page = parse_html(decoded.text, attributes=True, xml=is_xml)

    @property
    def segments(self) -> list[Source]:
        """Text with codes, of attributes text alone."""
        return [tuple(segment) for segment in self._page.segments]

    def write(self, results: Sequence[Result | None]) -> bytes:
        """The page; what has no result stays."""
        parts = (
            merged(segment) if result is None else parts_of(result.translation)
            for segment, result in zip(self._page.segments, results, strict=True)
        )
        return self._decoded.encode(self._page.fill([Placed(tuple(one), "edges") for one in parts]))

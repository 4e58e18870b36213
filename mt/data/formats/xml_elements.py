"""Elements of large XML files, one at a time (lxml); no entity is expanded, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from mt.data.formats.lines import open_bytes
from mt.errors import CorpusError
from mt.text.encoding import wide_encoding

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
"""The attribute xml:lang."""


def read_elements(path: Path, tags: Sequence[str]) -> Iterator[Any]:
    """Yield the elements with these tags and let go of what has been read.

    Raises CorpusError that names the line for broken XML.
    """
    with open_bytes(path) as stream:
        wide = wide_encoding(stream.peek())
        events = etree.iterparse(
            stream,
            events=("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        try:
            yield from _released(events)
        except etree.XMLSyntaxError as error:
            if wide is None:
                raise CorpusError(f"{path}, line {error.lineno or 1}: {_broken(error)}") from error
            cause = (
                f"is {wide}, which cannot be read here; save it as UTF-8"  # XML may be in it if it says so
            )
            raise CorpusError(f"{path}: {cause}") from error


def _released(events: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    for _, element in events:
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _broken(error: etree.XMLSyntaxError) -> str:
    cause = str(error.msg).partition(", line ")[0]
    if "XML_PARSE_HUGE" in cause or "limit" in cause.lower():
        cause = cause.replace(", try XML_PARSE_HUGE", "")
        return f"beyond a limit of the XML reader ({cause}); split the unit or the file"
    return f"broken XML ({cause}); mend the file or export it again"

"""OpenDocument text (.odt): paragraphs and headings as text with codes for spans, links, notes, pictures."""

from __future__ import annotations

from mt.files.document import Reading, Source, Spliced, rendered
from mt.files.paragraphs import Raw, paragraph_units
from mt.files.xml import Element, Text, decode_xml, escape, parse
from mt.inline.segment import Code, merged

_INSIDE = ("span", "a", "ruby", "ruby-base", "meta")  # whose text belongs to the sentence
_BREAKS = ("line-break", "tab", "s")


def read(file: Reading) -> Spliced:
    """A part of a document. Raises Broken."""
    decoded = decode_xml(file.data)
    text = decoded.text
    units = paragraph_units(text, parse(text), ("p", "h"), lambda element: _Paragraph(text, element))
    return Spliced(decoded, units)


class _Paragraph:
    """A paragraph. The texts of codes are where they stand: `BEGIN END`."""

    def __init__(self, text: str, element: Element) -> None:
        self._text, self.begin, self.end = text, element.inner, element.outer
        self.source: Source = tuple(merged(self._parts(element)))

    def _parts(self, element: Element) -> list[str | Code]:
        parts: list[str | Code] = []
        for child in element.children:
            if isinstance(child, Text) and child.kind != "other":
                parts.append(child.value)
            elif isinstance(child, Element) and child.name in _INSIDE and child.children:
                name = str(child.begin)
                parts.append(Code(f"{child.begin} {child.inner}", "open", name))
                parts += self._parts(child)
                parts.append(Code(f"{child.outer} {child.end}", "close", name))
            else:
                separates = isinstance(child, Element) and child.name in _BREAKS
                parts.append(Code(f"{child.begin} {child.end}", separates=separates))
        return parts

    def written(self, translation: Source, raw: Raw) -> str:
        """Text and codes."""
        return rendered(translation, escape, lambda where: raw(*map(int, where.split())))

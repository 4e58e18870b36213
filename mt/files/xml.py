"""XML as a tree whose nodes know where they are in the text, by expat: what is not edited stays as it is.

lxml parses as well, but it forgets how things were written: quotes, entities, CDATA, white space in tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Edit
from mt.inline.segment import Code, merged

_DECLARED = re.compile(rb"""^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DEEPEST = 500  # elements inside each other
_Role = tuple[Literal["open", "close", "single"], tuple[str, ...]]
"""What an inline code does, and the attributes that name its pair."""
_ALONE: _Role = "single", ()
_PAIRED: dict[str, _Role] = {
    **dict.fromkeys(("bpt", "bx", "sc", "sm"), ("open", ("i", "rid", "id"))),
    **dict.fromkeys(("ept", "ex", "ec", "em"), ("close", ("i", "rid", "startRef", "id"))),
}
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass
class Text:
    """Characters, a CDATA section, or what is no text: a comment, a processing instruction, an entity."""

    begin: int
    end: int
    value: str = ""
    kind: str = "text"  # text, cdata, other


@dataclass
class Element:
    """An element. text[begin:inner] is its start tag, [inner:outer] its content, [outer:end] its end tag.

    Of <a/> inner, outer and end are equal. name: without its prefix; tag: with it.
    """

    tag: str
    attributes: dict[str, str]
    begin: int
    line: int
    parent: Element | None = None
    inner: int = 0
    outer: int = 0
    end: int = 0
    children: list[Element | Text] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.tag.rpartition(":")[2]

    def with_prefix(self, name: str) -> str:
        """A tag of another name with this one's prefix."""
        prefix, colon, _ = self.tag.rpartition(":")
        return f"{prefix}{colon}{name}"

    @property
    def elements(self) -> list[Element]:
        """The child elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def child(self, name: str) -> Element | None:
        """The first child element of that name."""
        return next((child for child in self.elements if child.name == name), None)

    def iterate(self, *names: str) -> Iterator[Element]:
        """The elements below of those names, in order, this one too; without names all."""
        if not names or self.name in names:
            yield self
        for child in self.elements:
            yield from child.iterate(*names)

    @property
    def text(self) -> str:
        """All characters in it."""
        return "".join(child.text if isinstance(child, Element) else child.value for child in self.children)


def decode_xml(data: bytes) -> Decoded:
    """The text of an XML file, in the encoding that it declares. Raises Broken."""
    declared = _DECLARED.match(data)
    return decode(data, declared=declared[1].decode() if declared else None, errors="xmlcharrefreplace")


def parse(text: str, name: str = "") -> Element:
    """The root element. No entity is expanded and nothing is fetched.

    name: what the root must be, if given. Raises Broken with the line.
    """
    builder = _Builder(text)
    try:
        builder.parse()
    except expat.ExpatError as error:
        cause = expat.errors.messages.get(error.code, "") or str(error)
        raise Broken(f"broken XML: {cause}; mend it there", error.lineno) from None
    if name and builder.root.name != name:
        raise Broken(f"its root is <{builder.root.tag}>, not <{name}>", builder.root.line)
    return builder.root


def content_of(
    text: str, element: Element, opaque: Callable[[Element], bool] = lambda _: False
) -> tuple[str | Code, ...]:
    """The content of an element as text and codes. An `opaque` element is one code with all in it.

    Those of XLIFF and TMX that begin and end what they are about, such as <bpt> and <ept>, are pairs.
    """
    parts: list[str | Code] = []
    for child in element.children:
        if isinstance(child, Text):
            parts.append(child.value if child.kind != "other" else Code(text[child.begin : child.end]))
        elif opaque(child) or not child.children:
            kind, partners = _PAIRED.get(child.name, _ALONE)
            name = next((value for key in partners if (value := child.attributes.get(key))), "")
            parts.append(Code(text[child.begin : child.end], kind, f"code {name}"))
        else:
            name = str(child.begin)  # of no other element
            parts.append(Code(text[child.begin : child.inner], "open", name))
            parts += content_of(text, child, opaque)
            parts.append(Code(text[child.outer : child.end], "close", name))
    return tuple(merged(parts))


def set_attribute(text: str, element: Element, name: str, value: str) -> Edit:
    """The edit that gives an element an attribute, or the attribute another value."""
    start = text[element.begin : element.inner]
    found = re.search(rf"""(\s{re.escape(name)}\s*=\s*)("[^"]*"|'[^']*')""", start)
    quoted = f'"{escape(value)}"'
    if found:
        return Edit(element.begin + found.start(2), element.begin + found.end(2), quoted)
    at = element.begin + 1 + len(element.tag)
    attributes = re.compile(r"""(?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*""").match(text, at)
    at = attributes.end() if attributes else at
    return Edit(at, at, f" {name}={quoted}")


def indent_of(text: str, element: Element) -> str:
    """The line break and white space before an element, "" if something else stands there."""
    found = re.compile(r"(?:\r\n|\n|\r)[ \t]*$").search(text, max(0, element.begin - 200), element.begin)
    return found[0] if found else ""


def escape(text: str) -> str:
    """Text as the content of an element."""
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


class _Builder:
    """Builds the tree. expat counts bytes of UTF-8; here they become characters."""

    def __init__(self, text: str) -> None:
        self.root: Element
        self._data = text.encode("utf-8", "surrogatepass")
        self._byte = self._character = 0
        self._open: list[Element] = []
        self._last: Element | Text | None = None  # whose end is where the next thing begins
        self._cdata = False
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = lambda value: self._text(value, "cdata" if self._cdata else "text")
        parser.StartCdataSectionHandler = self._start_cdata
        parser.EndCdataSectionHandler = self._end_cdata
        parser.CommentHandler = lambda _: self._text("", "other")
        parser.ProcessingInstructionHandler = lambda _target, _data: self._text("", "other")
        parser.DefaultHandler = lambda _: self._text("", "other")  # entities: not expanded

    def parse(self) -> None:
        self._parser.Parse(self._data, True)

    def _here(self) -> int:
        """Where the present event begins, in characters; what came before it ends there."""
        at = self._parser.CurrentByteIndex
        self._character += len(self._data[self._byte : at].decode("utf-8", "surrogatepass"))
        self._byte = at
        if isinstance(self._last, Element) and self._last.end:
            pass
        elif isinstance(self._last, Element):
            self._last.inner = self._character
        elif self._last is not None and self._last.kind != "cdata":
            self._last.end = self._character
        return self._character

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        here = self._here()
        parent = self._open[-1] if self._open else None
        element = Element(tag, attributes, here, self._parser.CurrentLineNumber, parent)
        if parent is None:
            self.root = element
        else:
            parent.children.append(element)
        self._open.append(element)
        if len(self._open) > _DEEPEST:
            raise Broken("elements are nested too deeply", element.line)
        self._last = element

    def _finish(self, _: str) -> None:
        here = self._here()
        element = self._open.pop()
        element.outer = here
        alone = element.inner == here and self._data.endswith(b"/>", 0, self._byte)
        end = self._data.index(b">", self._byte) + 1 if not alone else self._byte
        element.end = here + len(self._data[self._byte : end].decode())
        self._last = element

    def _text(self, value: str, kind: str) -> None:
        here = self._here()
        if not self._open:
            self._last = None
            return
        children = self._open[-1].children
        last = children[-1] if children else None
        if isinstance(last, Text) and last.kind == kind and kind != "other" and last is self._last:
            last.value += value
            return
        if kind == "cdata":
            return  # of an open section: `_end_cdata` has its text
        self._last = Text(here, here, value, kind)
        children.append(self._last)

    def _start_cdata(self) -> None:
        here = self._here()
        self._cdata = True
        self._last = Text(here, here, "", "cdata")
        self._open[-1].children.append(self._last)

    def _end_cdata(self) -> None:
        here = self._here()
        self._cdata = False
        assert isinstance(self._last, Text)
        self._last.end = here + len("]]>")

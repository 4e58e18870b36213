"""A text as what is translated and what is kept: lines of plain text, text nodes of HTML.

    我爱北京\\n\\n你好                 -> 我爱北京, 你好
    <p class="x">我<b>爱</b>北京</p>   -> 我, 爱, 北京

Everything else, tags, attributes, comments, white space, comes back character by character.
"""

# ruff: noqa: ARG002 - the parser gives its handlers more than they need
from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from typing import NamedTuple

_LINE = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_ENTITY = r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);"
_TOKEN = re.compile(rf"{_ENTITY}|.", re.DOTALL)
_SPACES = re.compile("[ \t\n\r\f]+")  # what HTML shows as one space; no-break spaces are not among them

_VOID = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)
# Whose text is no language, or may be markup that the parser does not look into.
_UNTOUCHED = frozenset(
    {"script", "style", "template", "svg", "math", "iframe", "noscript", "noembed", "noframes", "xmp"}
)
# In these each line is a text by itself: HTML shows the line breaks.
_LINE_BY_LINE = frozenset({"pre", "textarea", "listing", "plaintext"})
_LINE_END = re.compile(r"\r\n|[\n\r]|&\#(?:0*1[03]|[xX]0*[aAdD]);|&NewLine;")
# An end tag of these may be left out: the next one of its kind ends it.
_IMPLIED = frozenset({"p", "li", "dt", "dd", "td", "th", "tr", "option"})


@dataclass(frozen=True)
class Template:
    """`kept[0] + texts[0] + kept[1] + texts[1] + … + kept[-1]` is the text itself, but for `escape`."""

    kept: tuple[str, ...]
    texts: tuple[str, ...]
    escaped: bool = False
    """Whether the texts stand in HTML: they are plain here and escaped when they are put back."""

    def fill(self, translations: Sequence[str]) -> str:
        """The text with its parts translated. Raises ValueError if there are more or fewer of them."""
        if len(translations) != len(self.texts):
            raise ValueError(f"{len(translations)} translations for {len(self.texts)} texts")
        parts = [self.kept[0]]
        for translation, kept in zip(translations, self.kept[1:], strict=True):
            parts += [html.escape(translation, quote=False) if self.escaped else translation, kept]
        return "".join(parts)


def plain(text: str) -> Template:
    """Line by line; blank lines are kept."""
    kept, texts = [""], []
    for part in _LINE.split(text):
        if part.strip():
            texts.append(part)
            kept.append("")
        else:
            kept[-1] += part
    return Template(tuple(kept), tuple(texts))


def markup(text: str) -> Template:
    """Text nodes of HTML, whole or a fragment, however broken; not those marked translate="no"."""
    kept, texts, end = [""], [], 0
    for begin, finish in _Nodes(text).spans:
        node = text[begin:finish]
        first, last = _core(node)
        kept[-1] += text[end : begin + first]
        if first < last:
            texts.append(_SPACES.sub(" ", html.unescape(node[first:last])))
            kept.append("")
        kept[-1] += node[last:]
        end = finish
    kept[-1] += text[end:]
    return Template(tuple(kept), tuple(texts), escaped=True)


def _core(node: str) -> tuple[int, int]:
    """Where a node has something to translate: without white space and symbols such as &nbsp; around it."""
    first = last = 0
    for token in _TOKEN.finditer(node):
        letters = any(character.isalnum() for character in html.unescape(token[0]))
        symbol = token[0].isspace() or (len(token[0]) > 1 and not letters)
        if not symbol:
            first = token.start() if last == 0 else first
            last = token.end()
    return (first, last) if any(map(str.isalnum, html.unescape(node[first:last]))) else (0, 0)


class _Element(NamedTuple):
    """An open element: whether what is in it is translated, and whether line by line."""

    tag: str
    translated: bool
    by_line: bool


class _Nodes(HTMLParser):
    """Where the text nodes of a document are that may be translated, of preformatted text their lines.

    The parser says only where things begin; what it calls data is text until the next thing.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._open: list[_Element] = []
        self._begins: list[tuple[int, bool, bool]] = []  # where things begin; are they text; line by line
        self.feed(text)
        self.close()
        self._begins.append((len(text), False, False))
        found = [
            (here, there, by_line)
            for (here, is_text, by_line), (there, *_) in pairwise(self._begins)
            if is_text
        ]
        self.spans = [
            span
            for begin, end, by_line in _merged(found)
            for span in (_cut_lines(text, begin, end) if by_line else [(begin, end)])
        ]

    def _note(self, *, text: bool) -> None:
        line, column = self.getpos()
        inside = self._inside
        self._begins.append((self._lines[line - 1] + column, text and inside.translated, inside.by_line))

    @property
    def _inside(self) -> _Element:
        """The innermost open element."""
        return self._open[-1] if self._open else _Element("", translated=True, by_line=False)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(text=False)
        if tag in _VOID:
            return
        if tag in _IMPLIED and self._inside.tag == tag:
            self._open.pop()
        by_line = tag in _LINE_BY_LINE or self._inside.by_line
        self._open.append(_Element(tag, self._may_be_translated(tag, dict(attrs)), by_line))

    def _may_be_translated(self, tag: str, attributes: dict[str, str | None]) -> bool:
        """As the element says, or the one around it; `notranslate` is a class of Google's."""
        if tag in _UNTOUCHED or "notranslate" in (attributes.get("class") or "").split():
            return False
        said = (attributes.get("translate", "?") or "").strip().lower()
        return {"no": False, "yes": True, "": True}.get(said, self._inside.translated)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(text=False)

    def handle_endtag(self, tag: str) -> None:
        self._note(text=False)
        names = [element.tag for element in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._note(text=True)

    def handle_entityref(self, name: str) -> None:
        self._note(text=True)

    def handle_charref(self, name: str) -> None:
        self._note(text=True)

    def handle_comment(self, data: str) -> None:
        self._note(text=False)

    def handle_decl(self, decl: str) -> None:
        self._note(text=False)

    def handle_pi(self, data: str) -> None:
        self._note(text=False)

    def unknown_decl(self, data: str) -> None:
        self._note(text=False)


def _merged(spans: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """Spans that touch as one: an entity does not cut a sentence."""
    merged: list[tuple[int, int, bool]] = []
    for begin, end, by_line in spans:
        if merged and merged[-1][1] == begin:
            merged[-1] = (merged[-1][0], end, by_line)
        else:
            merged.append((begin, end, by_line))
    return merged


def _cut_lines(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """The lines of text[begin:end], without their ends."""
    ends = [found.span() for found in _LINE_END.finditer(text, begin, end)]
    begins = [begin, *(after for _, after in ends)]
    return list(zip(begins, [*(before for before, _ in ends), end], strict=True))

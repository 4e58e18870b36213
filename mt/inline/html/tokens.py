"""HTML as tokens: text, tags, comments, with where each begins and ends.

As the standard's tokeniser (https://html.spec.whatwg.org/multipage/parsing.html#tokenization), but for what
has no bearing on where things end, and for the code of templates. It takes time in proportion to the length
of any input: nothing is read twice, and what has no end is the last token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["text", "start", "end", "other"]

_SPACE = " \t\n\f\r"
_NAME = re.compile(rf"[^{_SPACE}/>]*")
_BETWEEN = re.compile(rf"[{_SPACE}/]*")
_ATTRIBUTE = re.compile(rf"([^{_SPACE}/>][^{_SPACE}/>=]*)(?:[{_SPACE}]*=[{_SPACE}]*)?")
_UNQUOTED = re.compile(rf"[^{_SPACE}>]*")
_MARKUP = re.compile(r"<(?=[A-Za-z!?/%])")
_TEMPLATES = (("<%", "%>"), ("<?php", "?>"), ("<?=", "?>"))  # no HTML, but pages are made from it
_LONGEST_TEMPLATE = 2000  # characters
_LETTER = re.compile("[A-Za-z]")
_COMMENT_END = re.compile(r"--!?>")
_RAW = frozenset({"textarea", "title", "style", "xmp", "iframe", "noembed", "noframes", "script"})
"""Elements in which nothing but their own end tag is markup."""
_SCRIPT_PARTS = re.compile(rf"<!--|-->|<(/?)script(?=[{_SPACE}/>])", re.IGNORECASE)


class Attribute(NamedTuple):
    """name: in small letters. value: text[begin:end]. quote: what stands around it, or nothing."""

    name: str
    value: str
    begin: int
    end: int
    quote: str


class Token(NamedTuple):
    """text[begin:end]. name: of a tag, in small letters. closed: whether a start tag ends in />.

    other: comments, code of templates, declarations, instructions, tags without an end.
    """

    kind: Kind
    begin: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    closed: bool = False

    def value(self, name: str, default: str = "") -> str:
        """The value of its first attribute of that name."""
        return next((each.value for each in self.attributes if each.name == name), default)


class Tokens:
    """The tokens of a text. `foreign` is set from outside while the text is in SVG or MathML, or if it is
    XML: then no element is raw, and there are CDATA sections.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.foreign = False
        self._at = 0

    def __iter__(self) -> Iterator[Token]:
        while self._at < len(self.text):
            token = self._next()
            self._at = token.end
            yield token
            if token.kind == "start" and not self.foreign:
                yield from self._raw(token.name)

    def _next(self) -> Token:
        begin, text = self._at, self.text
        found = _MARKUP.search(text, begin)
        while found is not None and not self._is_markup(found.start()):
            found = _MARKUP.search(text, found.end())
        if found is None:
            return Token("text", begin, len(text))
        if found.start() > begin:
            return Token("text", begin, found.start())
        if _LETTER.match(text, begin + 1):
            return self._tag("start", begin, begin + 1)
        if text[begin + 1] == "/" and _LETTER.match(text, begin + 2):
            return self._tag("end", begin, begin + 2)
        return Token("other", begin, self._other_end(begin))

    def _is_markup(self, at: int) -> bool:
        """Whether what looks like the beginning of markup is one: `</` at the very end is text."""
        if self.text[at + 1] == "%":
            return self._template_end(at) > 0
        return self.text[at + 1] != "/" or at + 2 < len(self.text)

    def _other_end(self, begin: int) -> int:
        """Where a comment, a declaration, an instruction or an end tag without a name ends."""
        text = self.text
        if text.startswith("<!--", begin):
            if text.startswith((">", "->"), begin + 4):
                return text.index(">", begin) + 1
            found = _COMMENT_END.search(text, begin + 4)
            return found.end() if found else len(text)
        if self.foreign and text.startswith("<![CDATA[", begin):
            return self._after("]]>", begin)
        return self._template_end(begin) or self._after(">", begin)

    def _template_end(self, begin: int) -> int:
        """Where code of PHP, ERB and the like ends that may hold `>`; 0 of what is none."""
        for opening, closing in _TEMPLATES:
            if self.text.startswith(opening, begin):
                end = self.text.find(closing, begin, begin + _LONGEST_TEMPLATE)
                return 0 if end < 0 else end + len(closing)
        return 0

    def _after(self, mark: str, begin: int) -> int:
        at = self.text.find(mark, begin)
        return len(self.text) if at < 0 else at + len(mark)

    def _tag(self, kind: Kind, begin: int, at: int) -> Token:
        text = self.text
        name = _match(_NAME, text, at)
        attributes: list[Attribute] = []
        at += len(name)
        while True:
            between = _match(_BETWEEN, text, at)
            at += len(between)
            if at >= len(text):
                return Token("other", begin, len(text))
            if text[at] == ">":
                return Token(kind, begin, at + 1, name.lower(), tuple(attributes), between.endswith("/"))
            attribute = self._attribute(at)
            at = attribute.end + len(attribute.quote)
            attributes.append(attribute)

    def _attribute(self, at: int) -> Attribute:
        """The attribute at that place; a value without its closing quote has no end."""
        text = self.text
        found = _ATTRIBUTE.match(text, at)
        assert found is not None
        name, begin = found[1].lower(), found.end()
        if begin == found.end(1) or text[begin : begin + 1] == ">":
            return Attribute(name, "", begin, begin, "")
        quote = text[begin : begin + 1]
        if quote in ('"', "'"):
            end = text.find(quote, begin + 1)
            end = len(text) if end < 0 else end
            return Attribute(name, text[begin + 1 : end], begin + 1, end, quote)
        value = _match(_UNQUOTED, text, begin)
        return Attribute(name, value, begin, begin + len(value), "")

    def _raw(self, name: str) -> Iterator[Token]:
        """The text of an element in which only its own end tag is markup."""
        if name == "plaintext":
            end = len(self.text)
        elif name in _RAW:
            end = self._script_end() if name == "script" else self._raw_end(name)
        else:
            return
        if end > self._at:
            yield Token("text", self._at, end)
            self._at = end

    def _raw_end(self, name: str) -> int:
        found = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(self.text, self._at)
        return found.start() if found else len(self.text)

    def _script_end(self) -> int:
        """In a script `<!-- <script> </script>` does not end it, for the sake of old pages."""
        escaped = nested = False
        for found in _SCRIPT_PARTS.finditer(self.text, self._at):
            if found[0] == "<!--":
                escaped = True
            elif found[0] == "-->":
                escaped = nested = False
            elif found[1] and not nested:
                return found.start()
            else:
                nested = escaped and not found[1]
        return len(self.text)


def _match(pattern: re.Pattern[str], text: str, at: int) -> str:
    found = pattern.match(text, at)
    return found[0] if found else ""

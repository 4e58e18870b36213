"""A page as runs: text and tags within a sentence, between tags that end it.

A run is cut too at a tag within a sentence that has no partner, so that no translation moves it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from mt.decoding.pausing import Pause, no_pause
from mt.inline.html.elements import SEPARATES, UNTOUCHED, is_inline
from mt.inline.html.nesting import Element, OpenElements
from mt.inline.html.tokens import Token, Tokens

_LINE_END = re.compile(r"\r\n|[\n\r]|&\#(?:0*1[03]|[xX]0*[aAdD]);|&NewLine;")

# Comments, but for conditions, which belong to what is around them; and code whose value is shown.
_WITHIN = re.compile(r"<!--(?!\[if|<!\[endif)|<%[=-]|<\?=|<\?php\s+echo\b")


class Item(NamedTuple):
    """text[begin:end]: text, a tag within a sentence, or an element that is left alone as a whole.

    element: of an opening or closing tag. shown: whether the text of an element that is left alone is read
    with the sentence. separates: whether it parts two words.
    """

    kind: Literal["text", "open", "close", "single"]
    begin: int
    end: int
    element: Element | None = None
    shown: bool = False
    separates: bool = False


Run = list[Item]


class _LeftAlone(NamedTuple):
    """An element within a sentence that is left alone, and where it begins."""

    element: Element
    begin: int


class Reader:
    """Reads a page once. runs: its runs. tags: start tags whose attributes are translated.

    pause: called before each token.
    """

    def __init__(self, text: str, *, xml: bool, pause: Pause = no_pause) -> None:
        self.text = text
        self.runs: list[Run] = []
        self.tags: list[Token] = []
        self._run: Run = []
        self._open = OpenElements(xml=xml)
        self._left_alone: _LeftAlone | None = None
        tokens = Tokens(text)
        tokens.foreign = xml
        read = {"text": self._text, "start": self._start, "end": self._end, "other": self._other}
        for token in tokens:
            pause()
            read[token.kind](token)
            tokens.foreign = xml or self._open.foreign
        self._cut()

    def _cut(self) -> None:
        """End the run, and what is left alone in it with it."""
        self._left_alone = None
        self.runs += _without_partnerless(self._run)
        self._run = []

    def _text(self, token: Token) -> None:
        inside = self._open.innermost
        if self._left_alone:
            return
        if not inside.translated:
            self._cut()
        elif inside.by_line:
            ends = [found.span() for found in _LINE_END.finditer(self.text, token.begin, token.end)]
            for (_, begin), (end, _) in pairwise([(0, token.begin), *ends, (token.end, 0)]):
                if begin > token.begin:
                    self._cut()
                self._run += [Item("text", begin, end)] if begin < end else []
        else:
            self._run.append(Item("text", token.begin, token.end))

    def _other(self, token: Token) -> None:
        if self._left_alone:
            return
        if _WITHIN.match(self.text, token.begin):
            self._run.append(Item("single", token.begin, token.end))
        else:
            self._cut()

    def _start(self, token: Token) -> None:
        depth = self._open.depth
        element = self._open.start(token)
        ends_others = self._open.depth - (element is not None) < depth
        if element.translated if element else self._open.is_translated(token):
            self.tags.append(token)
        within = is_inline(token.name)
        if self._left_alone:
            if self._belongs_to_left_alone(element, within=within):
                return
            self._cut()
        if not within or ends_others:  # then it cannot move
            self._cut()
        elif element is None:
            self._run.append(Item("single", token.begin, token.end, separates=token.name in SEPARATES))
        elif element.translated:
            self._run.append(Item("open", token.begin, token.end, element))
        elif self._open.parent(element).translated:
            self._left_alone = _LeftAlone(element, token.begin)
        else:
            self._cut()

    def _belongs_to_left_alone(self, element: Element | None, *, within: bool) -> bool:
        """Whether an element is within the one that is left alone, not translated, and no block of text."""
        assert self._left_alone is not None
        outer = self._left_alone.element
        translated = element is not None and element.translated
        return self._open.has(outer) and (within or outer.name in UNTOUCHED) and not translated

    def _end(self, token: Token) -> None:
        element = self._open.end(token)
        if self._left_alone:
            if self._open.has(self._left_alone.element):
                return
            if element is self._left_alone.element:
                self._add_left_alone(token.end)
                return
            self._cut()
        if element is None or not is_inline(element.name):
            self._cut()
        else:
            self._run.append(Item("close", token.begin, token.end, element))

    def _add_left_alone(self, end: int) -> None:
        """Add what is left alone as one item; where each line is a text and it has several, end the run."""
        assert self._left_alone is not None
        element, begin = self._left_alone
        self._left_alone = None
        if self._open.innermost.by_line and _LINE_END.search(self.text, begin, end):
            self._cut()
        else:
            self._run.append(Item("single", begin, end, shown=element.name not in UNTOUCHED))


def _without_partnerless(run: Run) -> Iterator[Run]:
    """The run, cut at tags without a partner in it; then at those of pairs that such a tag parts, too."""
    partner: dict[int, int] = {}
    opened: dict[int, int] = {}
    for index, item in enumerate(run):
        if item.kind == "open":
            opened[id(item.element)] = index
        elif item.kind == "close" and id(item.element) in opened:
            begin = opened.pop(id(item.element))
            partner[begin], partner[index] = index, begin
    alone = [index for index, item in enumerate(run) if item.element and index not in partner]
    cuts = set(alone)
    for begin, end in partner.items():
        if begin < end and bisect_left(alone, begin) < bisect_left(alone, end):
            cuts |= {begin, end}
    begin = 0
    for index in [*sorted(cuts), len(run)]:
        if any(item.kind == "text" for item in run[begin:index]):
            yield run[begin:index]
        begin = index + 1

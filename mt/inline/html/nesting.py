"""The open elements of HTML: what a tag ends, and whether what is inside is translated.

As the standard's tree construction, but for what has no bearing on that: each tag takes the time of a few
look-ups, however many elements are open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mt.inline.html.elements import (
    AS_IT_IS,
    ENDED_BY,
    FOREIGN,
    KNOWN,
    LEAVES_FOREIGN,
    LINE_BY_LINE,
    UNTOUCHED,
    VOID,
    is_inline,
    scope_of,
)
from mt.inline.html.tokens import Token


@dataclass(frozen=True, eq=False)
class Element:
    """An open element. index: its depth. translated: whether its text is. by_line: whether line ends show."""

    name: str
    index: int
    translated: bool = True
    by_line: bool = False


class OpenElements:
    """The elements that are open. xml: whether all elements are ended by their own tags only."""

    def __init__(self, *, xml: bool = False) -> None:
        self._xml = xml
        self._stack = [Element("", 0)]  # outermost first
        self._indices: dict[str, list[int]] = {}  # of the elements of each name
        self._blocks = [0]  # indices of those that are not within a sentence

    @property
    def innermost(self) -> Element:
        """What the next token is in."""
        return self._stack[-1]

    @property
    def depth(self) -> int:
        """How many are open."""
        return len(self._stack)

    @property
    def foreign(self) -> bool:
        """Whether that is SVG or MathML."""
        return any(self._indices.get(name) for name in FOREIGN)

    def has(self, element: Element) -> bool:
        """Whether an element is still open."""
        return element.index < len(self._stack) and self._stack[element.index] is element

    def parent(self, element: Element) -> Element:
        """The element around an open one."""
        return self._stack[element.index - 1]

    def start(self, token: Token) -> Element | None:
        """Open an element, after those are closed that its tag ends; None if it has no content."""
        name = token.name
        if self.foreign and name in LEAVES_FOREIGN and not self._xml:
            self._close(min(self._indices[root][0] for root in FOREIGN if self._indices.get(root)))
        html = not self.foreign and not self._xml
        if html:
            self._close_ended(name)
        if (token.closed and (not html or name not in KNOWN)) or (html and name in VOID):
            return None
        element = self._element(token)
        self._indices.setdefault(name, []).append(element.index)
        if not is_inline(name):
            self._blocks.append(element.index)
        self._stack.append(element)
        return element

    def end(self, token: Token) -> Element | None:
        """Close the element that an end tag ends, and those within it; None if it ends none."""
        index = self._last(token.name)
        if not index or index < self._barrier(token.name):
            return None
        element = self._stack[index]
        if is_inline(token.name) and self._blocks[-1] > index:
            self._indices[token.name].pop()  # the blocks within it stay open
            self._stack[index] = replace(element, index=_GONE)
        else:
            self._close(index)
        return element

    def is_translated(self, token: Token) -> bool:
        """Whether what a start tag says or holds is translated: as it says, or the element around it says.

        `notranslate` is a class of Google's.
        """
        if token.name in UNTOUCHED or "notranslate" in token.value("class").split():
            return False
        said = token.value("translate", "?").strip().lower()
        as_it_is = token.name in AS_IT_IS
        return {"no": False, "yes": True, "": True}.get(said, self.innermost.translated and not as_it_is)

    def _element(self, token: Token) -> Element:
        by_line = token.name in LINE_BY_LINE or self.innermost.by_line
        return Element(token.name, len(self._stack), self.is_translated(token), by_line)

    def _close_ended(self, name: str) -> None:
        """Close what a start tag ends."""
        ended = [
            index
            for other in ENDED_BY.get(name, ())
            if (index := self._last(other)) and index > self._barrier(other)
        ]
        if ended:
            self._close(min(ended))

    def _close(self, index: int) -> None:
        """Close the element of that index and all within it."""
        while len(self._stack) > index or self._stack[-1].index == _GONE:
            element = self._stack.pop()
            if element.index != _GONE:
                self._indices[element.name].pop()
            if self._blocks[-1] == len(self._stack):
                self._blocks.pop()

    def _last(self, name: str) -> int:
        """The index of the innermost element of that name, 0 if there is none."""
        indices = self._indices.get(name)
        return indices[-1] if indices else 0

    def _barrier(self, name: str) -> int:
        """The index of the innermost element across which no tag ends one of that name."""
        return max(map(self._last, scope_of(name) - {name}), default=0)


_GONE = -1
"""The index of an element that was closed before blocks within it."""

"""A sentence with inline codes as one text and a tree of what the codes hold."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, NamedTuple

from mt.inline.units import SPACELESS
from mt.text.characters import readable


class Code(NamedTuple):
    """An inline code, such as a tag of HTML. It comes out of a translation once, and as it is.

    text: what stands in the document; it is never read. id: an opening code and the next closing one of the
    same id are a pair. shown: what a model reads in place of a single code, such as the words of a name that
    stays as it is. separates: whether words on its two sides are two words without a space, as at an image.
    """

    text: str
    kind: Literal["open", "close", "single"] = "single"
    id: str = ""
    shown: str = ""
    separates: bool = False


_CLOSING = frozenset('.,;:!?…)]»”"')
"""What may stand behind a code in place of white space; a word there is parted from the code."""

Segment = Sequence[str | Code]
"""Text and codes in the order in which they stand."""


@dataclass(eq=False)
class Node:
    """What stands at a position of the text: a pair of codes around text[start:end], or codes without text.

    Or a code that stands for text[start:end], which a model reads in its place.

    opening, closing: the pair's codes; else `opening` holds them all. spaced: whether white space stands
    before codes that are no pair, and white space or a closing mark after them.
    """

    start: int
    end: int
    opening: tuple[Code, ...] = ()
    closing: tuple[Code, ...] = ()
    children: list[Node] = field(default_factory=list)
    spaced: tuple[bool, bool] = (False, False)

    @property
    def is_point(self) -> bool:
        """Whether it has no text."""
        return self.start == self.end

    @property
    def stands_for(self) -> bool:
        """Whether it is a code that stands for its text."""
        return self.start < self.end and not self.closing


@dataclass(frozen=True)
class Tree:
    """`prefix`, then `text` with the codes of `root`'s children, then `suffix`; nothing in `text` is a code.

    prefix, suffix: codes and white space at the edges, where no translation moves them. text: on one line,
    without unseen marks, blank only if the segment is.
    """

    prefix: tuple[str | Code, ...]
    text: str
    root: Node
    suffix: tuple[str | Code, ...]

    def cuts(self) -> list[int]:
        """Where codes stand in the text, ascending."""
        return sorted({at for node, _ in walk(self.root) for at in (node.start, node.end)})


def walk(root: Node, key: Callable[[Node], Any] | None = None) -> Iterator[tuple[Node, bool]]:
    """The nodes below the root as they are entered, and pairs once more, with True, as they are left;
    children in their order or sorted by the key.
    """
    stack = [(root, False)]
    while stack:
        node, left = stack.pop()
        if node is not root:
            yield node, left
        if not left:
            stack += [(node, True)] if node.closing else []
            children = sorted(node.children, key=key) if key else node.children
            stack += [(child, False) for child in reversed(children)]


def merged(parts: Iterable[str | Code]) -> list[str | Code]:
    """The parts, neighbouring texts as one, none empty."""
    found: list[str | Code] = []
    for is_text, group in groupby(parts, key=lambda part: isinstance(part, str)):
        items = list(group)
        found += ["".join(map(str, items))] if is_text else items
    return [part for part in found if part != ""]


def parse(segment: Segment, *, shown: bool = True) -> Tree:
    """The tree of a segment. A code without its partner is one without text; without `shown` each single code
    is.
    """
    read = (readable(item) if isinstance(item, str) else item for item in merged(segment))
    items = [item for item in read if item != ""]
    partner = _partners(items)
    texts = [item if isinstance(item, str) else readable(item.shown).strip() * shown for item in items]
    first, last = _core(items, texts, partner)
    before, after = _spaces(texts)
    root = Node(0, 0)
    within, runs, length, lead = [root], [""], 0, ""
    for index in range(first, last):
        item = items[index]
        if isinstance(item, str):
            run = item.lstrip() if before[index] else item
            lead = item[: len(item) - len(run)] if length == 0 else lead
        elif item.separates and _parts_words(runs[-1], after[index]):
            run = " "
        elif texts[index] and index not in partner:
            run = texts[index]
        else:
            run = ""
        if run:
            runs.append(run)
            length += len(run)
        if isinstance(item, str):
            continue
        closed = after[index] is None or (item.kind == "single" and after[index] in _CLOSING)
        spaced = before[index], closed
        if index not in partner:
            start = length - len(run) if texts[index] else length
            within[-1].children.append(Node(start, length, (item,), spaced=spaced))
        elif item.kind == "open":
            within.append(Node(length, length, (item,), spaced=spaced))
            within[-2].children.append(within[-1])
        else:
            node = within.pop()
            node.closing, node.end = (item,), length
            node.spaced = node.spaced[0], spaced[1]
    joined = "".join(runs)
    text = joined.rstrip()
    root.end = length
    _finish(root, text)
    edges = ([lead] if lead else []), ([joined[len(text) :]] if joined != text else [])
    return Tree((*items[:first], *edges[0]), text, root, (*edges[1], *items[last:]))


def _partners(items: Sequence[str | Code]) -> dict[int, int]:
    """The indices of pairs, from the opening code to the closing one and back. Pairs nest."""
    partner: dict[int, int] = {}
    opened: list[tuple[int, str]] = []
    waiting = Counter[str]()  # how many of each id are open
    for index, item in enumerate(items):
        if isinstance(item, str) or item.kind == "single":
            continue
        if item.kind == "open":
            opened.append((index, item.id))
            waiting[item.id] += 1
        elif waiting[item.id]:
            name = None
            while name != item.id:  # those within it that were not closed have no partner
                begin, name = opened.pop()
                waiting[name] -= 1
            partner[begin], partner[index] = index, begin
    return partner


def _core(items: Sequence[str | Code], texts: Sequence[str], partner: dict[int, int]) -> tuple[int, int]:
    """Where the core begins and ends: from the first text to the last, and to the partners of its codes."""
    if not any(isinstance(item, str) and item.strip() for item in items):
        return len(items), len(items)
    worded = [index for index, text in enumerate(texts) if text.strip()]
    first, last = worded[0], worded[-1] + 1
    begin = next((index for index in range(first) if first <= partner.get(index, -1) < last), first)
    behind = range(len(items) - 1, last - 1, -1)
    return begin, next((index + 1 for index in behind if first <= partner.get(index, -1) < last), last)


def _spaces(texts: Sequence[str]) -> tuple[list[bool], list[str | None]]:
    """For each item whether the text before it, past codes, ends with white space, as it does at the edge;
    and the character after it, past codes, or None for white space and at the edge.
    """
    before, after = [], []
    space = True
    for text in texts:
        before.append(space)
        space = text[-1].isspace() if text else space
    following: str | None = None
    for text in reversed(texts):
        after.append(following)
        if text:
            following = None if text[0].isspace() else text[0]
    return before, after[::-1]


def _parts_words(run: str, following: str | None) -> bool:
    """Whether a code between them parts two words that would be one without it."""
    left, right = run[-1:], following or ""
    return left.isalnum() and right.isalnum() and not SPACELESS.search(left + right)


def _finish(root: Node, text: str) -> None:
    """Of all nodes: no white space at the edges of what they hold; those without text have no children."""
    shown = [index for index, character in enumerate(text) if not character.isspace()]
    stack = [root]
    while stack:
        node = stack.pop()
        first, last = bisect_left(shown, node.start), bisect_left(shown, node.end)
        if first < last:
            node.start, node.end = shown[first], shown[last - 1] + 1
            stack += node.children
        else:
            node.start = node.end = min(node.start, len(text))
            node.opening, node.closing, node.children = tuple(_codes(node)), (), []


def _codes(node: Node) -> Iterator[Code]:
    """All codes of a node and of those below it, in order."""
    stack: list[Node | tuple[Code, ...]] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            stack += [item.closing, *reversed(item.children), item.opening]
        else:
            yield from item

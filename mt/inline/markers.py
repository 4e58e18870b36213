"""Codes as tags that a model with markers keeps: `click <1>here</1>`. Each tag is one piece for the model."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

from mt.inline.placing import Spans
from mt.inline.segment import Node, Tree, walk
from mt.inline.units import SPACELESS, Unit, cut, words
from mt.text.placeholders import MARKERS, spans

_TAG = re.compile(r"</?(\d{1,3})\s?/?>", re.ASCII)


@dataclass(frozen=True)
class Marked:
    """A tree's text with a tag for each code. tags: each tag's node, and whether it is the closing one."""

    tree: Tree
    text: str
    tags: dict[str, tuple[Node, bool]]

    def read(self, text: str) -> tuple[str, list[Unit], Spans | None]:
        """A translation without tags, its units, and the nodes' units: None if not each tag is there once, or
        they are not nested as in the source.
        """
        plain, found = self._taken_out(text)
        units = cut(words(plain), sorted({at for _, at in found}))
        return plain, units, self._spans(found, units)

    def _taken_out(self, text: str) -> tuple[str, list[tuple[str, int]]]:
        """The text without tags, and the tags with where they stood. Words that they parted stay parted."""
        found: list[tuple[str, int]] = []
        plain, end = "", 0
        for tag in _TAG.finditer(text):
            if tag[0] in self.tags:
                plain = self._joined(plain, text[end : tag.start()], found)
                found.append((tag[0], len(plain)))
                end = tag.end()
        return self._joined(plain, text[end:], found), found

    def _joined(self, plain: str, run: str, found: Sequence[tuple[str, int]]) -> str:
        """The text so far and what stands behind the last tag."""
        if not plain or plain[-1].isspace():
            return plain + run.lstrip()
        if found and found[-1][1] == len(plain) and plain[-1].isalnum() and run[:1].isalnum():
            node, closing = self.tags[found[-1][0]]
            at = node.end if closing else node.start
            around = self.tree.text[max(0, at - 1) : at + 1]
            if not around.isalnum() or SPACELESS.search(around):
                return plain + ("" if SPACELESS.search(plain[-1] + run[0]) else " ") + run
        return plain + run

    def _spans(self, found: Sequence[tuple[str, int]], units: Sequence[Unit]) -> Spans | None:
        """The units of each node by the tags found."""
        if sorted(tag for tag, _ in found) != sorted(self.tags):
            return None
        starts = [unit.start for unit in units]
        parents = [self.tree.root, *(node for node, _ in self.tags.values())]
        around = {child: parent for parent in parents for child in parent.children}
        spans: Spans = {self.tree.root: (0, len(units))}
        within = [self.tree.root]
        for tag, at in found:
            node, closing = self.tags[tag]
            index = bisect_left(starts, at)
            if closing:
                if within.pop() is not node or spans[node][0] == index:
                    return None
                spans[node] = spans[node][0], index
                continue
            if around[node] is not within[-1]:
                return None
            spans[node] = index, index
            if node.closing:
                within.append(node)
        return spans


def mark(tree: Tree) -> Marked | None:
    """The tree's text with tags; None if it has no codes or more than markers, or something hides a tag."""
    nodes = list(islice((node for node, left in walk(tree.root) if not left), MARKERS + 1))
    if not 0 < len(nodes) <= MARKERS:
        return None
    taken = set(_TAG.findall(tree.text))
    numbers = (str(number) for number in count(1) if str(number) not in taken)
    names = dict(zip(nodes, numbers, strict=False))
    tags: dict[str, tuple[Node, bool]] = {}
    text, end = "", 0
    for node, left in walk(tree.root):
        at = node.end if left else node.start
        tag = f"</{names[node]}>" if left else f"<{names[node]}>" if node.closing else f"<{names[node]}/>"
        tags[tag] = node, left
        apart = node.is_point and node.spaced[1] and not tree.text[at : at + 1].isspace()
        text += tree.text[end:at] + tag + (" " if apart else "")
        end = node.end if node.stands_for else at
    text += tree.text[end:]
    return Marked(tree, text, tags) if set(tags) <= set(spans(text)) else None

"""Which words of a translation each code holds, and the translation with its codes.

A pair of codes is put around the run of words of which most was made from the text that the pair held and
least from other text: the run of the greatest sum, where each character of a word counts from -1 (made from
other text) to 1. Pairs within the pair are put within that run, pairs beside it beside it. A code without
text is put where the fewest words change sides; near ones count most.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from mt.inline.segment import Node
from mt.inline.units import Range, Unit

Spans = dict[Node, Range]
"""The units [first, last) of each node, in which its codes are put."""

_LOOKS = 100_000
"""Units looked at for all codes of a segment. Beyond that, position alone decides: it bounds the time."""
_LONGER = 3  # times as long as what a code stood for: what is longer is more than that
_NEAR = 4  # characters: what is so much farther away counts half


class Placer:
    """Finds the units of nodes in the translation of a text.

    Where nothing was made from what a pair held, its proportion of the source decides, and `guessed` is set.
    aligned: whether it is known what units were made from. If not, a code replaces no words but those that
    stand in for it.
    """

    def __init__(self, source: str, text: str, units: Sequence[Unit], *, aligned: bool) -> None:
        self.source, self.text, self.units, self.aligned = source, text, units, aligned
        self.guessed = False
        self._spans: Spans = {}
        self._looks = 0
        self._standing_in = {unit.origins[0][:2]: index for index, unit in enumerate(units) if unit.stands_in}
        made = sorted((each.begin, index) for index, unit in enumerate(units) for each in unit.origins)
        self._begins, self._made = [begin for begin, _ in made], [index for _, index in made]
        self._longest = max((each.end - each.begin for unit in units for each in unit.origins), default=0)
        scale = len(source) / max(1, 2 * len(text))
        self._centres = [scale * (unit.start + unit.end) for unit in units]  # as positions of the source

    def place(self, root: Node) -> Spans:
        """The units of each node below the root. They nest as the nodes do, and siblings do not overlap."""
        self._spans = {root: (0, len(self.units))}
        stack = [root]
        while stack:
            parent = stack.pop()
            self._place_pairs(parent)
            self._place_points(parent)
            stack += parent.children
        return self._spans

    def _place_pairs(self, parent: Node) -> None:
        """Codes that stand for text first, then pairs that hold more text: they are the surest."""
        holding = [child for child in parent.children if not child.is_point]
        free = [span for span in [self._spans[parent]] if span[0] < span[1]]
        for child in sorted(holding, key=lambda child: (not child.stands_for, child.start - child.end)):
            if (child.start, child.end) == (parent.start, parent.end) and not child.stands_for:
                self._spans[child] = self._spans[parent]
                return
            span = self._stand_in(child, free) if child.stands_for else self._around(child, free)
            if span is not None:
                self._spans[child] = span
                _take(free, span)

    def _stand_in(self, node: Node, free: Sequence[Range]) -> Range | None:
        """The unit that stands in for a code, or what was made from what the model read in its place."""
        index = self._standing_in.get((node.start, node.end))
        if index is not None and _is_free(free, index):
            return index, index + 1
        span = self._found(node, free) if self.aligned else None
        if span and self.units[span[1] - 1].end - self.units[span[0]].start > _LONGER * (
            node.end - node.start
        ):
            span = None
        self.guessed = self.guessed or span is None
        return span

    def _around(self, node: Node, free: Sequence[Range]) -> Range | None:
        """What a pair is put around; None if no unit is left."""
        span = self._found(node, free) or self._guess(node, free)
        return None if span is None else self._tidied(node, span, free)

    def _found(self, node: Node, free: Sequence[Range]) -> Range | None:
        """The run of free units with the greatest sum; None if there is none above 0."""
        first = bisect_left(self._begins, node.start - self._longest)
        if self._looks > _LOOKS:
            return None
        near = self._made[first : bisect_left(self._begins, node.end)]
        made = [index for index in near if _value(self.units[index], node) > -self.units[index].length]
        self._looks += len(near)
        if not made:
            return None
        best, found = 0.0, None
        for begin, end in _within(free, min(made), max(made) + 1):
            total = 0.0
            self._looks += end - begin
            for index in range(begin, end):
                if total <= 0:
                    total, start = 0.0, index
                total += _value(self.units[index], node)
                if total > best:
                    best, found = total, (start, index + 1)
        return found

    def _guess(self, node: Node, free: Sequence[Range]) -> Range | None:
        """The free units at the node's position; None if there are none."""
        self.guessed = True
        begin, end = self._position(node)
        parts = list(_within(free, begin, end))
        if parts:
            return max(parts, key=lambda part: part[1] - part[0])
        at = bisect_left(free, (begin, begin))
        if at < len(free):
            return free[at][0], free[at][0] + 1
        return (free[-1][1] - 1, free[-1][1]) if free else None

    def _position(self, node: Node) -> Range:
        """The units at the node's proportion of the text; at least one."""
        begin, end = bisect_left(self._centres, node.start), bisect_left(self._centres, node.end)
        begin = min(begin, max(0, len(self.units) - 1))
        return begin, max(begin + 1, end)

    def _tidied(self, node: Node, span: Range, free: Sequence[Range]) -> Range:
        """The span without marks at its edges where the source has none there; with those that it has."""
        begin, end = span
        first, last = self.source[node.start], self.source[node.end - 1]
        while end - begin > 1 and not self.units[end - 1].is_word and last.isalnum():
            end -= 1
        while end - begin > 1 and not self.units[begin].is_word and first.isalnum():
            begin += 1
        if self._same_mark(end, last) and not self._same_mark(end - 1, last) and _is_free(free, end):
            end += 1
        if (
            self._same_mark(begin - 1, first)
            and not self._same_mark(begin, first)
            and _is_free(free, begin - 1)
        ):
            begin -= 1
        return begin, end

    def _same_mark(self, index: int, mark: str) -> bool:
        """Whether the unit is that mark, in any width."""
        if not 0 <= index < len(self.units) or mark.isalnum():
            return False
        unit = self.units[index]
        return _folded(self.text[unit.start : unit.end]) == _folded(mark)

    def _place_points(self, parent: Node) -> None:
        """Nodes without text, and those for which no unit was left."""
        points = [child for child in parent.children if child not in self._spans]
        if not points:
            return
        begin, end = self._spans[parent]
        taken = sorted(self._spans[child] for child in parent.children if child in self._spans)
        found: dict[int, int] = {}
        for point in points:
            if point.start not in found:
                if begin == end:
                    found[point.start] = begin
                elif self._looks > _LOOKS:
                    self.guessed = True
                    found[point.start] = _outside(taken, min(max(self._position(point)[0], begin), end))
                else:
                    found[point.start] = self._boundary(point.start, (begin, end), taken)
            self._spans[point] = (found[point.start],) * 2

    def _boundary(self, at: int, within: Range, taken: Sequence[Range]) -> int:
        """The unit before which a position of the source belongs, not inside of `taken` ones."""
        self._looks += within[1] - within[0]
        after_word = self.source[max(0, at - _NEAR) : at].rstrip()[-1:].isalnum()
        total = best = 0.0
        found = within[0]
        blocked = {index for first, last in taken for index in range(first + 1, last)}
        for index in range(*within):
            total += _side(self.units[index], at)
            if index + 1 not in blocked and (total > best or (total == best and not after_word)):
                best, found = total, index + 1
        return found


def _value(unit: Unit, node: Node) -> float:
    """How many more of a unit's characters were made from the node's text than not; 0 if unknown."""
    total = sum(each.characters for each in unit.origins)
    if not total:
        return 0.0
    inside = sum(
        each.characters
        * max(0, min(each.end, node.end) - max(each.begin, node.start))
        / (each.end - each.begin)
        for each in unit.origins
    )
    return (2 * inside / total - 1) * unit.length


def _side(unit: Unit, at: int) -> float:
    """Above 0 if a unit was made from text before a position, below if from text behind it; 0 if unknown."""
    total = sum(each.characters for each in unit.origins)
    if not total:
        return 0.0
    middle = sum(each.characters * (each.begin + each.end) for each in unit.origins) / (2 * total)
    distance = at - middle
    return (1 if distance > 0 else -1) / (1 + abs(distance) / _NEAR)


def _folded(mark: str) -> str:
    return unicodedata.normalize("NFKC", mark).translate({ord("。"): ".", ord("、"): ","})


def _within(free: Sequence[Range], begin: int, end: int) -> Iterator[Range]:
    """What of the free ranges, ascending, is within [begin, end)."""
    at = max(0, bisect_right(free, (begin, begin)) - 1)
    while at < len(free) and free[at][0] < end:
        part = max(begin, free[at][0]), min(end, free[at][1])
        if part[0] < part[1]:
            yield part
        at += 1


def _is_free(free: Sequence[Range], index: int) -> bool:
    return any(True for _ in _within(free, index, index + 1))


def _take(free: list[Range], span: Range) -> None:
    """Take a span, which is within one of the free ranges, out of them."""
    at = bisect_right(free, (span[0], span[0])) - 1
    at = at if at >= 0 and free[at][1] >= span[1] else at + 1
    begin, end = free[at]
    free[at : at + 1] = [part for part in ((begin, span[0]), (span[1], end)) if part[0] < part[1]]


def _outside(taken: Sequence[Range], index: int) -> int:
    """The index, or where the range ends that holds it."""
    at = bisect_left(taken, (index, index)) - 1
    return taken[at][1] if at >= 0 and taken[at][0] < index < taken[at][1] else index

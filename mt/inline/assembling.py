"""The translation with its codes: which code comes first where several stand together, and white space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mt.inline.placing import Spans
from mt.inline.segment import Code, Node, merged, walk
from mt.inline.units import SPACELESS, Unit


class _Placed(NamedTuple):
    """Codes that stand together before a unit. spaced: whether white space is before and after them; a pair's
    codes keep to what they hold, so it is outside of them.
    """

    codes: tuple[Code, ...]
    spaced: tuple[bool, bool]


def write(root: Node, spans: Spans, text: str, units: Sequence[Unit]) -> list[str | Code]:
    """The text with the codes of the nodes below the root: each around its units, or in their place."""
    at: list[list[_Placed]] = [[] for _ in range(len(units) + 1)]
    replaced = {index for index, unit in enumerate(units) if unit.stands_in}
    inner = set[int]()  # before them white space goes too
    # Without text, before the unit, in the order of the source; then the pair that begins with the unit.
    for node, left in walk(root, key=lambda node: (spans[node][0], spans[node][0] < spans[node][1])):
        begin, end = spans[node]
        if left:
            at[end].append(_Placed(node.closing, (False, True)))
        elif node.closing or begin < end:
            at[begin].append(_Placed(node.opening, (True, False)))
        else:
            at[begin].append(_point(node))
        if node.stands_for:
            replaced.update(range(begin, end))
            inner.update(range(begin + 1, end))
    parts: list[str | Code] = []
    end = 0
    for index, placed in enumerate(at):
        begin = units[index].start if index < len(units) else len(text)
        parts += [] if index in inner else _with_space(placed, text, end, begin)
        end = units[index].end if index < len(units) else begin
        parts += [] if index in replaced else [text[begin:end]]
    return merged(parts)


def _point(node: Node) -> _Placed:
    """Codes without text. An opening or closing one without its partner keeps to its side."""
    kind = node.opening[0].kind if len(node.opening) == 1 else "single"
    sides = {"open": (True, False), "close": (False, True), "single": node.spaced}
    return _Placed(node.opening, sides[kind])


def _with_space(placed: Sequence[_Placed], text: str, begin: int, end: int) -> list[str | Code]:
    """The codes in the white space text[begin:end], or where there is none."""
    space = text[begin:end]
    if not placed:
        return [space]
    around = text[max(0, begin - 1) : begin] + text[end : end + 1]
    spaces = bool(space) or not SPACELESS.search(around)
    parts: list[str | Code] = []
    cut = _best_cut(placed) if space else -1
    for count, each in enumerate(placed):
        parts += [space] if count == cut else []
        apart = spaces and each.spaced == (True, True)
        parts += [" "] if apart and begin > 0 and not _ends_in_space(parts) else []
        parts += each.codes
        is_last = count + 1 == len(placed)
        followed = count + 1 != cut and (text[end : end + 1].isalnum() or not is_last)
        parts += [" "] if apart and followed else []
    return [*parts, *([space] if cut == len(placed) else [])]


def _ends_in_space(parts: Sequence[str | Code]) -> bool:
    return bool(parts) and isinstance(parts[-1], str) and parts[-1][-1:].isspace()


def _best_cut(placed: Sequence[_Placed]) -> int:
    """How many of the codes stand before the white space: as many of them as possible as they should."""
    best, found, total = 0, 0, 0
    for count, each in enumerate(placed, start=1):
        before, after = each.spaced
        total += before - after
        if total < best or (total == best and not before and not after):
            best, found = total, count
    return found

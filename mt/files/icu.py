"""Messages of programs: ICU's `{count, plural, one {# file} other {# files}}` as the texts of its cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from mt.files.document import Edit, Result, Unit
from mt.text.passthrough import nothing_to_translate

_HEAD = re.compile(r"\{\s*[\w.]+\s*,\s*(?:plural|selectordinal|select)\s*,(?:\s*offset:\d+)?")
_CASE = re.compile(r"\s*(?:=\d+|[\w-]+)\s*\{")
_DEEPEST = 5  # messages inside each other


def message_unit(begin: int, end: int, value: str, written: Callable[[str], str]) -> Unit:
    """A unit of a value in text[begin:end]: itself, or the texts of the cases if it is one message."""
    parts = split_message(value)
    sources = tuple(parts[1::2])

    def edits(results: Sequence[Result]) -> list[Edit]:
        texts = [result.text for result in results]
        if texts == list(sources):
            return []
        filled = list(parts)
        filled[1::2] = texts
        return [Edit(begin, end, written("".join(filled)))]

    return Unit(sources, edits)


def split_message(value: str) -> list[str]:
    """What is kept and what is translated by turns, first and last kept; joined they are the value."""
    parts = [""]
    for kept, text in _parts(value, _DEEPEST):
        parts[-1] += kept
        if text and not nothing_to_translate(text):
            parts += [text, ""]
        else:
            parts[-1] += text
    return parts


def _parts(value: str, depth: int) -> Iterator[tuple[str, str]]:
    """Pairs of what is kept and the text behind it."""
    head = _HEAD.search(value) if depth else None
    end = _closing(value, head.start()) if head else -1
    if head is None or end < 0 or not _is_alone(value, head.start(), end):
        yield "", value
        return
    at, kept = head.end(), value[: head.end()]
    while case := _CASE.match(value, at):
        close = _closing(value, case.end() - 1)
        if close < 0:
            break
        yield kept + case[0], ""
        yield from _parts(value[case.end() : close], depth - 1)
        at, kept = close + 1, "}"
    yield kept + value[at:], ""


def _is_alone(value: str, begin: int, end: int) -> bool:
    """Whether there are no letters around a message: else its cases are parts of a sentence."""
    return not any(map(str.isalpha, value[:begin] + value[end + 1 :]))


def _closing(value: str, opening: int) -> int:
    """Where the brace at `opening` is closed; -1 if it is not."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(value, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return -1

"""Messages of programs: ICU's `{count, plural, one {# file} other {# files}}` as the texts of its cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mt.files.document import Edit, Result, Source, Unit, rendered, source_of
from mt.inline.segment import Code
from mt.text.passthrough import nothing_to_translate

_HEAD = re.compile(r"\{\s*[\w.]+\s*,\s*(plural|selectordinal|select)\s*,(?:\s*offset:\d+)?")
_CASE = re.compile(r"\s*(?:=\d+|[\w-]+)\s*\{")
_DEEPEST = 5  # messages inside each other
_MOST = 24  # cases; a text with more stays whole


class _Message(NamedTuple):
    """A message at value[begin:end]. cases: what stands before the text of each, and the text."""

    begin: int
    end: int
    kind: str
    cases: list[tuple[str, str]]
    tail: str


def message_unit(begin: int, end: int, value: str, written: Callable[[str], str]) -> Unit:
    """A unit of a value in text[begin:end]: itself, or the texts of the cases of its messages."""
    parts = split_message(value)
    sources = tuple(_case(text) if parts[0] else text for text in parts[1::2])

    def edits(results: Sequence[Result]) -> list[Edit]:
        if [result.translation for result in results] == list(sources):
            return []
        filled = list(parts)
        filled[1::2] = [rendered(result.translation, str) for result in results]
        return [Edit(begin, end, written("".join(filled)))]

    return Unit(sources, edits)


def _case(text: str) -> Source:
    """The text of a case, in which # is the number."""
    return source_of(Code("#", shown="#") if part == "#" else part for part in re.split("(#)", text))


def split_message(value: str) -> list[str]:
    """What is kept and what is translated by turns, first and last kept.

    A sentence around a message is in each of its cases: `See {n, plural, one {a cat} other {cats}}.` becomes
    `{n, plural, one {See a cat.} other {See cats.}}`, as only a whole sentence can be translated.
    """
    found = list(_parts(value, _DEEPEST))
    if sum(bool(text) for _, text in found) > _MOST:
        found = [("", value)]
    parts = [""]
    for kept, text in found:
        parts[-1] += kept
        if text and not nothing_to_translate(text):
            parts += [text, ""]
        else:
            parts[-1] += text
    return parts


def _parts(value: str, depth: int) -> Iterator[tuple[str, str]]:
    """Pairs of what is kept and the text behind it."""
    message = _message(value) if depth else None
    if message is None:
        yield "", value
        return
    before, after = value[: message.begin], value[message.end :]
    outside = before + _outside(after)
    in_sentence = any(map(str.isalpha, outside))
    if in_sentence and "#" in outside and message.kind != "select":
        yield "", value  # inside the cases it would be the number
        return
    if not in_sentence:
        yield before, ""
    for head, text in message.cases:
        yield head, ""
        yield from _parts(before + text + after if in_sentence else text, depth - 1)
    yield message.tail, ""
    if not in_sentence and after:
        yield from _parts(after, depth)


def _message(value: str) -> _Message | None:
    """The first message that is closed."""
    for head in _HEAD.finditer(value):
        end = _closing(value, head.start())
        at, before, cases = head.end(), head[0], list[tuple[str, str]]()
        while 0 <= at < end and (case := _CASE.match(value, at, end)):
            close = _closing(value, case.end() - 1)
            cases.append((before + case[0], value[case.end() : close]))
            at, before = close + 1, "}"
        if end >= 0 and cases:
            return _Message(head.start(), end + 1, head[1], cases, before + value[at : end + 1])
    return None


def _outside(value: str) -> str:
    """The text without its messages."""
    message = _message(value)
    return value if message is None else value[: message.begin] + _outside(value[message.end :])


def _closing(value: str, opening: int) -> int:
    """Where the brace at `opening` is closed; -1 if it is not."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(value, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return -1

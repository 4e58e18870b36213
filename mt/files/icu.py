"""ICU's messages, `{n, plural, one {# file} other {# files}}`, and Java's choices, as their cases' texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from mt.files.document import Source, parts_of, plain, source_of
from mt.inline.segment import Code
from mt.text.passthrough import nothing_to_translate

_HEAD = re.compile(r"\{\s*[\w.]+\s*,\s*(plural|selectordinal|select|choice)\s*,(?:\s*offset:\d+)?")
_CASE = re.compile(r"\s*(?:=\d+|[\w-]+)\s*\{")
_CHOICE = re.compile(r"\|?\s*-?[\d.∞]+\s*[#<≤]")
_FIRST, _MOST_CODES = 0xE000, 6400  # letters of private use stand for codes
_CODE = re.compile("[\ue000-\uf8ff]")
_CODE_OR_NUMBER = re.compile("([#\ue000-\uf8ff])")
_DEEPEST = 5  # messages inside each other
_MOST = 24  # cases; a text with more stays whole


class _Message(NamedTuple):
    """A message at value[begin:end]. cases: what stands before the text of each, and the text."""

    begin: int
    end: int
    kind: str
    cases: list[tuple[str, str]]
    tail: str


NUMBER = Code("#", shown="#")
"""What is the number in a plural case."""


def split_source(source: Source) -> list[Source]:
    """What is kept and what is translated by turns, first and last kept; `["", source, ""]` without messages.

    A code belongs to the case in which it stands, as of Angular's messages in XLIFF. `NUMBER` is in cases.
    """
    text = plain(source)
    if not _HEAD.search(text) or _CODE.search(text):
        return ["", source, ""]
    codes = [part for part in parts_of(source) if isinstance(part, Code)]
    if len(codes) > _MOST_CODES:
        return ["", source, ""]
    rest = count(_FIRST)
    value = "".join(part if isinstance(part, str) else chr(next(rest)) for part in parts_of(source))
    parts = split_message(value)
    if parts == ["", value, ""]:
        return ["", source, ""]
    kept: dict[str, str | Code] = {chr(_FIRST + index): code for index, code in enumerate(codes)}
    of_case: dict[str, str | Code] = {**kept, "#": NUMBER}
    return [
        source_of((kept, of_case)[index % 2].get(piece, piece) for piece in _CODE_OR_NUMBER.split(part))
        for index, part in enumerate(parts)
    ]


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
    special = {"select": "", "choice": "|"}.get(message.kind, "#")
    if in_sentence and special and special in outside:
        yield "", value  # inside the cases it would be the number, or part them
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
        if head[1] == "choice" and end >= 0 and (choices := _choices(value, at, end)):
            choices[0] = before + choices[0][0], choices[0][1]
            return _Message(head.start(), end + 1, head[1], choices, "}")
        while 0 <= at < end and (case := _CASE.match(value, at, end)):
            close = _closing(value, case.end() - 1)
            cases.append((before + case[0], value[case.end() : close]))
            at, before = close + 1, "}"
        if end >= 0 and cases:
            return _Message(head.start(), end + 1, head[1], cases, before + value[at : end + 1])
    return None


def _choices(value: str, at: int, end: int) -> list[tuple[str, str]]:
    """The limits and texts of Java's `0#none|1#one|1<{0} of them`, which stands in value[at:end]."""
    found = list[tuple[str, str]]()
    while limit := _CHOICE.match(value, at, end):
        depth = 0
        for at in range(limit.end(), end + 1):
            depth += (value[at] == "{") - (value[at] == "}")
            if at == end or (depth == 0 and value[at] == "|"):
                break
        found.append((limit[0], value[limit.end() : at]))
    return found if at == end else []


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

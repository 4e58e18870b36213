"""ICU's messages, `{count, plural, one {# file} other {# files}}`: what a translation of one must keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mt.text.patterns import PATTERN

_HEAD = re.compile(r"\{\s*([\w.]+)\s*,\s*(\w+)\s*,")
_BRACES = re.compile(r"[{}]")
_PLURAL = ("plural", "selectordinal")


def skeleton(message: str) -> str:
    """The argument, its kind, its cases, and all placeholders inside: `{count, plural, other: #}`.

    A language has plural cases of its own (one, few, many …), so of these only `other` and `=1` are kept; and
    a placeholder counts once, as each case may have it or not.
    """
    head = _HEAD.match(message)
    if head is None:
        return message
    argument, kind = head.groups()
    cases: list[str] = []
    inner: set[str] = set()
    for name, text in _cases(message[head.end() : -1]):
        if kind not in _PLURAL or name == "other" or name.startswith("="):
            cases.append(name)
        inner |= {skeleton(found[0]) for found in PATTERN.finditer(text) if found.lastgroup != "number"}
        inner |= {"#"} if "#" in text and kind in _PLURAL else set()
    return f"{{{argument}, {kind}, {' '.join(sorted(cases))}: {' '.join(sorted(inner))}}}"


def _cases(text: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each case of `one {# file} other {# files}`; braces are balanced."""
    depth = begin = 0
    name = ""
    for brace in _BRACES.finditer(text):
        if brace[0] == "{":
            if depth == 0:
                name, begin = text[begin : brace.start()].strip(), brace.end()
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                yield name, text[begin : brace.start()]
                begin = brace.end()

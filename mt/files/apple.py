"""Apple's .strings: the values of `"key" = "value";`; keys and comments stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Reading, Spliced, Unit, in_place

_TOKEN = re.compile(
    r"""(?P<skipped>(?:\s+|/\*.*?\*/|//[^\r\n]*)+)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[\w.$/:-]+)|(?P<mark>[=;])""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(U[0-9A-Fa-f]{4}|[0-7]{3}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPED = str.maketrans(
    {mark: f"\\{letter}" for letter, mark in _PLAIN.items()} | {"\\": "\\\\", '"': '\\"'}
)


def read(file: Reading) -> Spliced:
    """A table in UTF-8 or UTF-16. Raises Broken."""
    decoded = decode(file.data)
    return Spliced(decoded, _units(decoded))


def _units(decoded: Decoded) -> Iterator[Unit]:
    wanted = ["key", "=", "value", ";"]
    at, step = 0, 0
    text = decoded.text
    while at < len(text):
        found = _TOKEN.match(text, at)
        expected = wanted[step % 4]
        if (
            found is None
            or (found["mark"] or expected) != expected
            or (not found["skipped"] and (found["mark"] is None) != (step % 2 == 0))
        ):
            raise Broken(f'not of the form "key" = "value"; ({text[at : at + 20]!r})', decoded.line(at))
        if not found["skipped"]:
            if expected == "value" and found["string"]:
                value = _ESCAPE.sub(_unescaped, found[0][1:-1])
                yield in_place(found.start() + 1, found.end() - 1, value, _escaped)
            step += 1
        at = found.end()
    if step % 4:
        raise Broken(f"ends where {wanted[step % 4]} is expected", decoded.line(len(text)))


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "U" and len(code) == 5:
        return chr(int(code[1:], 16))
    return chr(int(code, 8)) if code.isdecimal() and len(code) == 3 else _PLAIN.get(code, code)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPED)

"""Java's .properties: the values; keys, comments, and how lines go on stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Reading, Spliced, Unit, in_place
from mt.text.characters import sound

# A line and those that it goes on in: an odd number of backslashes is at its end.
_LINE = re.compile(r"(?:\\(?:\r\n|[\s\S])|[^\\\r\n])+")
_KEY = re.compile(r"[ \t\f]*(?P<key>(?:\\[\s\S]|[^\\\s:=])*)[ \t\f]*[:=]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(u+[0-9A-Fa-f]{4}|\r\n[ \t\f]*|[\r\n][ \t\f]*|[\s\S])")
_BAD = re.compile(r"(?<!\\)(?:\\\\)*\\u+(?![0-9A-Fa-fu]{4})")
_ARGUMENT = re.compile(r"\{\d")  # MessageFormat's, where two apostrophes are one
_SINGLE = re.compile(
    r"(?<!')'(?:'')*(?!')"
)  # there it quotes, and elsewhere it is no message of MessageFormat
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPED = str.maketrans({mark: f"\\{letter}" for letter, mark in _PLAIN.items()} | {"\\": "\\\\"})


def read(file: Reading) -> Spliced:
    """A file in UTF-8, or else in ISO 8859-1 with escapes of what that lacks. Raises Broken."""
    try:
        decoded = decode(file.data)
    except Broken:
        decoded = decode(file.data, declared="iso8859-1")
    bad = _BAD.search(decoded.text)
    if bad:
        raise Broken("\\u is followed by four hexadecimal digits", decoded.line(bad.end()))
    return Spliced(decoded, _units(decoded))


def _units(decoded: Decoded) -> Iterator[Unit]:
    text = decoded.text
    ascii_only = (text.isascii() and "\\u" in text) or decoded.encoding != "utf-8"
    for found in _LINE.finditer(text):
        if found[0].lstrip(" \t\f").startswith(("#", "!")):
            continue
        key = _KEY.match(text, found.start(), found.end())
        if key is None or not key["key"] or key.end() == found.end():
            continue
        value = sound(_ESCAPE.sub(_unescaped, text[key.end() : found.end()]))
        doubled = "''" if _ARGUMENT.search(value) and not _SINGLE.search(value) else "'"
        source = value.replace(doubled, "'")
        yield in_place(
            key.end(), found.end(), source, partial(_escaped, quote=doubled, ascii_only=ascii_only)
        )


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "u" and len(code) > 4:
        return chr(int(code[-4:], 16))
    return "" if code[0] in "\r\n" else _PLAIN.get(code, code)


def _escaped(value: str, *, quote: str, ascii_only: bool) -> str:
    """A value on one line; characters that the encoding may lack as \\uXXXX."""
    text = value.replace("'", quote).translate(_ESCAPED)
    if text.startswith(" "):
        text = "\\" + text
    return "".join(map(_ascii, text)) if ascii_only else text


def _ascii(letter: str) -> str:
    code = letter.encode("utf-16-be").hex().upper()
    return letter if letter.isascii() else "".join(f"\\u{code[i : i + 4]}" for i in range(0, len(code), 4))

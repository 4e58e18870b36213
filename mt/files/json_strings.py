"""JSON with the strings of a program: i18next's and other plain JSON, Flutter's ARB, chrome's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mt.files.decoding import Broken, decode
from mt.files.document import Edit, Reading, Spliced, in_place
from mt.files.json_tree import Value, parse


def read(file: Reading) -> Spliced:
    """All strings that are values; of ARB none whose key begins with @, of chrome's the messages alone.

    Raises Broken.
    """
    decoded = decode(file.data)
    root = parse(decoded.text)
    if root.members is None and root.items is None:
        raise Broken("JSON without an object or a list: it holds no strings by name")
    writer = Writer(decoded.text)
    units = (in_place(one.begin, one.end, one.string or "", writer) for one in _strings(root, file))
    return Spliced(decoded, units, lambda: _locale(root, file, writer) if file.format == "arb" else ())


class Writer:
    """Writes strings as a file does: with escapes of all that is not ASCII, or without."""

    def __init__(self, text: str) -> None:
        self._ascii = text.isascii() and "\\u" in text

    def __call__(self, string: str) -> str:
        return json.dumps(string, ensure_ascii=self._ascii)


def _locale(root: Value, how: Reading, writer: Writer) -> Iterator[Edit]:
    locale = root.get("@@locale")
    if locale is not None and how.tgt:
        yield Edit(locale.begin, locale.end, writer(how.tgt.replace("-", "_")))


def _strings(root: Value, how: Reading) -> Iterator[Value]:
    members = root.members or []
    messages = [value.get("message") for key, value in members if key[:1] not in ("$", "@")]
    if messages and all(one is not None and one.string is not None for one in messages):
        yield from (one for one in messages if one is not None and one.string)  # chrome's
    elif how.format == "arb":
        yield from (value for key, value in members if value.string and not key.startswith("@"))
    else:
        yield from _leaves(root)


def _leaves(value: Value) -> Iterator[Value]:
    if value.string:
        yield value
    for inner in [member for _, member in value.members or ()] + (value.items or []):
        yield from _leaves(inner)

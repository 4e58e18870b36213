"""JSON as a tree whose values know where they are in the text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from mt.files.decoding import Broken

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\],:])|([^\s{}\[\],:"]+))')


@dataclass
class Value:
    """text[begin:end]: a string, an object, a list, or something else, which has None for all three."""

    begin: int
    end: int = 0
    string: str | None = None
    members: list[tuple[str, Value]] | None = None
    items: list[Value] | None = field(default=None)

    def get(self, name: str) -> Value | None:
        """The first member of an object that has this name."""
        return next((value for key, value in self.members or () if key == name), None)


def parse(text: str) -> Value:
    """The value of a JSON text. Raises Broken with the line."""
    try:
        json.loads(text, parse_int=float)  # Python refuses numbers of very many digits
        return _Parser(text).value()
    except json.JSONDecodeError as error:
        raise Broken(f"broken JSON ({error.msg})", error.lineno) from None
    except RecursionError:
        raise Broken("JSON that is nested too deeply") from None


class _Parser:
    """Reads what is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def value(self) -> Value:
        string, mark, _ = self._token()
        found = Value(self._begin)
        if string:
            found.string = json.loads(string, strict=False)
        elif mark == "{":
            found.members = []
            while self._peek() != "}":
                key = json.loads(self._token()[0] or "", strict=False)
                self._token()  # the colon
                found.members.append((key, self.value()))
                self._skip_comma()
            self._token()
        elif mark == "[":
            found.items = []
            while self._peek() != "]":
                found.items.append(self.value())
                self._skip_comma()
            self._token()
        found.end = self._at
        return found

    def _token(self) -> tuple[str | None, str | None, str | None]:
        match = _TOKEN.match(self._text, self._at)
        assert match is not None
        number = match.lastindex or 1
        self._begin, self._at = match.span(number)
        return match[1], match[2], match[3]

    def _peek(self) -> str | None:
        match = _TOKEN.match(self._text, self._at)
        return match[2] if match else None

    def _skip_comma(self) -> None:
        if self._peek() == ",":
            self._token()

"""Bytes <-> text of a document, so that what is not changed comes back byte for byte."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from mt.text.encoding import wide_encoding

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's: the little-endian ones begin alike
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Broken(Exception):
    """A document that cannot be read. The reader of files adds its name."""

    def __init__(self, cause: str, line: int | None = None) -> None:
        super().__init__(cause)
        self.cause, self.line = cause, line


@dataclass(frozen=True)
class Decoded:
    """The text of a file, its encoding and its byte order mark.

    errors: what is done with characters that the encoding lacks, as in `str.encode`.
    """

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""
    errors: str = "strict"

    def encode(self, text: str) -> bytes:
        """The bytes of a text in this file's encoding. Raises ValueError if it lacks a character."""
        try:
            return self.mark + text.encode(self.encoding, self.errors)
        except UnicodeEncodeError as error:
            raise ValueError(
                f"its encoding, {self.encoding}, has no {text[error.start]!r}; save it as UTF-8 first"
            ) from None

    def line(self, position: int) -> int:
        """The number of the line that holds a position, from 1."""
        return self.text.count("\n", 0, position) + 1


def decode(data: bytes, *, declared: str | None = None, errors: str = "strict") -> Decoded:
    """The text of a file: by its byte order mark, else as declared inside it, else UTF-8.

    Raises Broken if it is not in that encoding, would not come back byte for byte, or holds NUL characters.
    """
    mark, encoding = next(
        (found for found in _MARKS if data.startswith(found[0])), (b"", declared or "utf-8")
    )
    wide = None if mark else wide_encoding(data)
    if wide is not None:
        raise Broken(f"is {wide} without a byte order mark; save it as UTF-8")
    try:
        encoding = codecs.lookup(encoding).name
        text = data[len(mark) :].decode(encoding)
    except LookupError:
        raise Broken(f"names an encoding that is not known, {encoding}; save it as UTF-8") from None
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, len(mark) + error.start) + 1
        raise Broken(f"is not {encoding.upper()}; save it as UTF-8", number) from None
    decoded = Decoded(text, encoding, mark, errors)
    if "\0" in text:
        raise Broken("holds NUL bytes: it is no text", decoded.line(text.index("\0")))
    if encoding != "utf-8" and decoded.encode(text) != data:
        raise Broken(f"does not come back from {encoding} byte for byte; save it as UTF-8")
    return decoded


def newline_of(text: str) -> str:
    """What ends the first line of a text; a line feed if nothing does."""
    found = re.search(r"\r\n|\r|\n", text)
    return found[0] if found else "\n"

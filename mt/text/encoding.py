"""Detect UTF-16 and UTF-32 by the first bytes of a file, so that an error can name the encoding."""

from __future__ import annotations

import codecs
import unicodedata

BOM = codecs.BOM_UTF8

_MARKS = (  # UTF-32's before UTF-16's: the little-endian ones begin alike
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_UNMARKED = (
    ("utf-32-le", "UTF-32"),
    ("utf-32-be", "UTF-32"),
    ("utf-16-le", "UTF-16"),
    ("utf-16-be", "UTF-16"),
)
_ENDS = "\t\n\r"
_CONTROLS = set(range(1, 32)) - {ord(end) for end in _ENDS}
_HEAD = 4096  # bytes looked at


def wide_encoding(head: bytes) -> str | None:
    """The name of the encoding, "UTF-16" or "UTF-32", in which a file that begins with `head` is written.

    Known by its byte order mark, or else by its NUL bytes; None for all other files.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    head = head[:_HEAD]
    if b"\0" not in head:
        return None
    return next((name for codec, name in _UNMARKED if _is_text(head, codec)), None)


def _is_text(head: bytes, codec: str) -> bool:
    """Whether bytes make sense as lines or words in an encoding of two or four bytes a character."""
    try:
        text = set(codecs.getincrementaldecoder(codec)().decode(head))  # may end inside a surrogate pair
    except UnicodeDecodeError:
        return False
    strange = any(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in text - set(_ENDS))
    if strange or not text & set(_ENDS + " "):
        return False
    if codec.startswith("utf-32") or not _is_utf8(head) or set(head) & _CONTROLS:
        return True
    # UTF-8 text that holds NUL characters can make sense as UTF-16, but for its TABs and line ends: they
    # become parts of letters. In UTF-16 that happens in Han (U+4E0A), not otherwise in text without controls.
    parts = {ord(end) for end in _ENDS}
    joined = {letter for letter in text - set(_ENDS) if parts & set(divmod(ord(letter), 256))}
    return all("\u4e00" <= letter <= "\u9fff" for letter in joined)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def decode(data: bytes) -> str:
    """The text of a whole file in UTF-8, without its byte order mark.

    Raises ValueError, saying what it is instead.
    """
    wide = wide_encoding(data)
    if wide is not None:
        raise ValueError(f"is {wide}, not UTF-8")
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 (byte 0x{data[error.start]:02x} in line {line})") from None

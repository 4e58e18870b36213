"""The characters of a text as a model reads it: no lone surrogates, invisible marks or line breaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

# What ends a line somewhere, or shifts a column; none of it may come out inside a translation.
_ONE_LINE = {ord(mark): " " for mark in "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029\0"}
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")

# Soft hyphen, directions, zero-width space, joiners and selectors, byte order mark, fillers, tags.
_UNSEEN = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_ANY_UNSEEN = re.compile(f"[{_UNSEEN}]")

# Where joiners and selectors say something: within emoji, and in scripts whose letters join.
_EMOJI = "[©®‼⁉™ℹ\u2190-\u2bff〰〽㊗㊙\U0001f000-\U0001faff]"
_EMOJI_STYLE = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
_ONE_EMOJI = _EMOJI + _EMOJI_STYLE
_JOINING = (
    "[\u0600-\u07ff\u0840-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1bff\ua840-\ua87f\ua980-\uaaff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff]"
)
_SEEN_OR_NOT = re.compile(
    rf"(?P<kept>{_ONE_EMOJI}(?:\u200d{_ONE_EMOJI})*[\U000e0020-\U000e007f]*|[0-9#*]\ufe0f?\u20e3"
    rf"|(?<={_JOINING})(?:\u200d|\u200c(?={_JOINING})))|[{_UNSEEN}]"
)


def sound(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which is no character."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")


def visible(text: str) -> str:
    """The text without marks that nobody sees: byte order marks, zero-width spaces, soft hyphens, directions.

    Joiners and variation selectors stay where they matter: within emoji, and between letters that join.
    """
    if not _ANY_UNSEEN.search(text):
        return text
    return _SEEN_OR_NOT.sub(lambda found: found["kept"] or "", text)


def one_line(text: str) -> str:
    """The text with every line break, TAB and NUL as a space."""
    return text.translate(_ONE_LINE)


def is_blank(text: str) -> bool:
    """Whether there is nothing to read in a text but white space."""
    return not readable(text).strip()


def readable(text: str) -> str:
    """The text as a model reads it: on one line, without halves of characters, control and unseen marks."""
    return visible(_CONTROLS.sub("", one_line(sound(text))))


def columns_of(text: str) -> int:
    """How many columns a text takes on a terminal; a wide character takes two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def text_list(texts: Iterable[str]) -> list[str]:
    """The texts as a list, of whole characters. Raises TypeError that says what is no text."""
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
        what = "one string" if isinstance(texts, str) else _described(texts)
        raise TypeError(f"texts is a list of strings, not {what}")
    listed = list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(f"texts[{index}] is {_described(text)}, not a string")
    return [sound(text) for text in listed]


def _described(value: object) -> str:
    """A value that is no text, for a message."""
    return "None" if value is None else f"{value!r:.40} ({type(value).__name__})"

"""Texts that hold nothing to translate. They come out of a translation as they went in."""

from __future__ import annotations

import re

from mt.text.characters import readable
from mt.text.placeholders import without_spans

# An address alone may hold what ends one within a sentence: brackets, commas, letters with accents. Han and
# kana belong to it only where a part begins with them, as Chinese text may follow without a space.
_ADDRESS_PART = (
    r"(?:[\u2e80-\u2fdf\u3040-\u9fff\uac00-\ud7ff]+|[^\s/\u2e80-\u9fff\uac00-\ud7ff\uff00-\uffef]*)"
)
_ADDRESS = re.compile(
    rf"(?<!\S)(?:[A-Za-z][A-Za-z0-9+.-]*://|mailto:|www\.){_ADDRESS_PART}(?:[./]{_ADDRESS_PART})*(?!\S)"
    r"|(?<!\S)<?[^\s@<>\u2e80-\u9fff]+@[^\s@<>\u2e80-\u9fff]+\.[^\s@<>\u2e80-\u9fff]+>?(?!\S)"
)
_CODE = re.compile(
    r"(?<!\S)(?:"
    r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?"  # 2024-01-01T10:00:00Z
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|0[xX][0-9A-Fa-f]+|\#[0-9A-Fa-f]{3,8}"
    r"|v\d+(?:\.\d+)+|(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w./\\-]*\w/?"  # a version, a file's path
    r")(?!\S)",
    re.ASCII,
)
_MAY_BE_SPAN = re.compile(r"[\d{}%<>&$@|`*_/:\\#⟦(]|\.\S", re.ASCII)
# A menu's word with its key marked: _cancel, /_File, E_xit.
_WITH_KEY = re.compile(r"(?<![A-Za-z0-9_.])(?:_[A-Za-z][a-z]*|[A-Z][a-z]*_[a-z]+)(?![\w(]|\.\w)", re.ASCII)
# Unicode calls these letters, but alone they say nothing: an emoji, a number's ending, a rule of long vowels.
_HARDLY_LETTERS = re.compile("[ℹªºーｰ]")


def nothing_to_translate(text: str) -> bool:
    """Whether a text has no letters outside addresses, code, placeholders and markup.

    Emoji, digits, dates, rules and unseen marks are no letters. A blank text has none.
    """
    line = readable(text)
    if not _has_letters(line):
        return True
    if not _MAY_BE_SPAN.search(line) or _WITH_KEY.search(line):
        return False
    rest = without_spans(_CODE.sub(" ", _ADDRESS.sub(" ", line)), kept=("emphasis",))
    return not _has_letters(rest)


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, _HARDLY_LETTERS.sub("", text)))

"""The words of a text, and which characters of the source each was made from."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from mt.decoding.translation import Aligned
from mt.text.languages import TAG

SPACELESS = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that are written without spaces between words: Han, kana, Thai and their like."""
_WITHIN_WORDS = frozenset("-'’._·‐‑")
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_TAG = re.compile(TAG.strip())
_ANY = "\0"  # stands for a character that a piece does not show
_WINDOW = 400  # characters that are searched where a piece is not where it should be

Range = tuple[int, int]


class Origin(NamedTuple):
    """A range of the source from which so many characters of a unit were made."""

    begin: int
    end: int
    characters: int


@dataclass(frozen=True)
class Unit:
    """text[start:end]: a word, or a part of one, or a mark.

    origins: what its pieces were made from. stands_in: whether it is what the model
    read in place of a code, and becomes the code again.
    """

    start: int
    end: int
    is_word: bool
    origins: tuple[Origin, ...] = ()
    stands_in: bool = False

    @property
    def length(self) -> int:
        """In characters."""
        return self.end - self.start


def words(text: str) -> list[Unit]:
    """The words and marks of a text; of a script without spaces between words the characters."""
    found: list[Unit] = []
    for index, character in enumerate(text):
        if character.isspace():
            continue
        category = unicodedata.category(character)
        is_word = category[0] in "LN"
        last = found[-1] if found and found[-1].end == index else None
        if last is not None and (
            category[0] == "M"
            or character == "\u200d"
            or (last.is_word and is_word and not SPACELESS.search(text[index - 1 : index + 1]))
            or (last.is_word and character in _WITHIN_WORDS and text[index + 1 : index + 2].isalnum())
        ):
            found[-1] = Unit(last.start, index + 1, last.is_word)
        else:
            found.append(Unit(index, index + 1, is_word))
    return found


def by_position(text: str, source: str) -> list[Unit]:
    """The words of a translation, each made from what stands at the same proportion of the source."""
    scale = len(source) / max(1, len(text))
    found = []
    for unit in words(text):
        begin = int(unit.start * scale)
        origin = Origin(begin, max(begin + 1, int(unit.end * scale)), unit.length)
        found.append(replace(unit, origins=(origin,)))
    return found


def by_alignment(text: str, source: str, aligned: Aligned, hidden: Collection[str] = ()) -> list[Unit]:
    """The words of a translation, each made from what its pieces look at.

    hidden: pieces that stand in neither text. Characters of a script without spaces between words are one
    unit where they are one piece.
    """
    of_source = piece_spans(aligned.source_pieces, source, hidden)
    looked_at: dict[int, list[Range]] = {}
    for src, tgt in aligned.alignment:
        if of_source[src][0] < of_source[src][1]:
            looked_at.setdefault(tgt, []).append(of_source[src])
    spans = piece_spans(aligned.pieces, text, hidden)
    units: list[Unit] = []
    first = 0
    last_piece = -1
    for word in words(text):
        while first < len(spans) and spans[first][1] <= word.start:
            first += 1
        here = first
        origins: list[Origin] = []
        while here < len(spans) and spans[here][0] < word.end:
            within = min(word.end, spans[here][1]) - max(word.start, spans[here][0])
            origins += [Origin(*range_, within) for range_ in looked_at.get(here, ())]
            here += 1
        unit = replace(word, origins=tuple(origins))
        same = units and units[-1].end == word.start and first == last_piece == here - 1
        if same and SPACELESS.match(text, word.start) and SPACELESS.match(text, word.start - 1):
            units[-1] = replace(units[-1], end=word.end)
        else:
            units.append(unit)
        last_piece = here - 1
    return units


def piece_spans(pieces: Sequence[str], text: str, hidden: Collection[str] = ()) -> list[Range]:
    """Where each piece stands in the text, white space aside; (n, n) for one that shows nothing.

    Pieces may show a text that was normalised, its bytes, or that a character has no piece: then the nearest
    characters are taken.
    """
    shown = [index for index, character in enumerate(text) if not _is_space(character)]
    compact = "".join(text[index] for index in shown)
    shown.append(len(text))
    spans, position = [], 0
    for piece in pieces:
        visible = "" if piece.strip("▁") in hidden else _visible(piece)
        if not compact.startswith(visible, position) and _ANY not in visible:
            found = compact.find(visible, position, position + _WINDOW)
            position = position if found < 0 else found
        end = min(position + len(visible), len(compact))
        spans.append((shown[position], shown[end - 1] + 1) if position < end else (shown[position],) * 2)
        position = end
    return spans


def _visible(piece: str) -> str:
    """The characters that a piece shows. Of a character in bytes the first one shows it."""
    if byte := _BYTE.fullmatch(piece):
        value = int(byte[1], 16)
        return (
            "" if 0x80 <= value < 0xC0 else _ANY if value > 0x7F else "".join(filter(_is_shown, chr(value)))
        )
    if piece == "<unk>":
        return _ANY
    return "" if _TAG.fullmatch(piece) else "".join(filter(_is_shown, piece))


def _is_space(character: str) -> bool:
    return character.isspace() or character == "▁"


def _is_shown(character: str) -> bool:
    return not _is_space(character)


def cut(units: Sequence[Unit], at: Sequence[int]) -> list[Unit]:
    """The units, cut at these positions of the text as well; ascending."""
    found: list[Unit] = []
    for unit in units:
        inner = at[bisect_right(at, unit.start) : bisect_left(at, unit.end)]
        begins = [unit.start, *inner]
        found += [replace(unit, start=a, end=b) for a, b in zip(begins, [*inner, unit.end], strict=True)]
    return found


def cut_copies(units: Sequence[Unit], text: str, source: str, at: Sequence[int]) -> list[Unit]:
    """The units; a word that the source has too is cut as it is cut there, `at` these ascending positions of
    the source, as H2O is where its 2 is in a tag.
    """
    copied: dict[str, list[tuple[int, list[int]]]] = {}
    for word in words(source):
        inner = list(at[bisect_right(at, word.start) : bisect_left(at, word.end)])
        copied.setdefault(source[word.start : word.end], []).append((word.start, inner))
    copied = {word: places[::-1] for word, places in copied.items() if any(inner for _, inner in places)}
    found: list[Unit] = []
    for unit in units:
        places = copied.get(text[unit.start : unit.end])
        if not places:
            found.append(unit)
            continue
        begin, inner = places.pop()
        bounds = [begin, *inner, begin + unit.end - unit.start]
        moved = unit.start - begin
        found += [
            Unit(a + moved, b + moved, unit.is_word, (Origin(a, b, b - a),)) for a, b in pairwise(bounds)
        ]
    return found


def copies(text: str, source: str, shown: Sequence[Range]) -> list[Range | None]:
    """Where each of these ranges of the source, ascending, stands in a translation as it is, None if it does
    not. They do not overlap; those that are alike stand in their order.
    """
    found: list[Range | None] = []
    taken = bytearray(len(text))
    after: dict[str, int] = {}
    for begin, end in shown:
        copy = source[begin:end]
        at = text.find(copy, after.get(copy, 0))
        while at >= 0 and (any(taken[at : at + len(copy)]) or _within_word(text, at, at + len(copy))):
            at = text.find(copy, at + 1)
        after[copy] = at + len(copy) if at >= 0 else len(text)
        found.append((at, at + len(copy)) if at >= 0 else None)
        if at >= 0:
            taken[at : at + len(copy)] = b"1" * len(copy)
    return found


def occurrences(text: str, copy: str) -> int:
    """How often a text has a string, not as a part of a longer word."""
    found, at = 0, text.find(copy)
    while at >= 0:
        end = at + len(copy)
        whole = not _within_word(text, at, end)
        found, at = found + whole, text.find(copy, end if whole else at + 1)
    return found


def standing_in(units: Sequence[Unit], copied: Mapping[Range, Range]) -> list[Unit]:
    """The units, with one for each of the `copied` ranges of the text, made from its range of the source."""
    at = sorted(copied)
    begins = [begin for begin, _ in at]
    found: list[Unit] = []
    for unit in cut(units, sorted({edge for span in at for edge in span})):
        index = bisect_right(begins, unit.start) - 1
        if index < 0 or unit.start >= at[index][1]:
            found.append(unit)
        elif unit.start == at[index][0]:
            begin, end = at[index]
            found.append(Unit(begin, end, True, (Origin(*copied[begin, end], end - begin),), stands_in=True))
    return found


def _within_word(text: str, begin: int, end: int) -> bool:
    """Whether text[begin:end] is only a part of a longer word."""
    before, after = text[max(0, begin - 1) : begin + 1], text[end - 1 : end + 1]
    return any(len(pair) == 2 and pair.isalnum() and not SPACELESS.search(pair) for pair in (before, after))

"""Numbers of a text that its translation lacks, neither as they are nor as the target language writes them.

A number has readings: 1.234 is more than a thousand, or one and a fraction; 7 p.m. is 7 or 19; 10 million is
10 beside a word, or 10000000. It came through if the translation has a number with one of its readings.
Digits of any script are numbers, and so are ½, ² and ①. A Chinese or Roman numeral may become digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from mt.text.languages import base_language
from mt.text.negatives import sign_differs
from mt.text.numeral_words import han_numbers, roman_numbers, without_digits
from mt.text.placeholders import without_spans

_SPELT = 12  # greater numbers are seldom words
_DAYS = 31  # smaller numbers may be new, where months are numbers: May 2 becomes 5 月 2 日

_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u052f"
_GROUPS = ".,'’\u00a0\u202f٬"
_SIGNS = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070\u2074-\u2079\u2080-\u2089\u2150-\u215e\u2460-\u2473"  # ²½①
_DIGITS = re.compile(rf"\d+[\u00bc-\u00be]|\d+(?:[{_GROUPS}:٫]\d+)*|[{_SIGNS}]")
_BESIDE = 30  # letters beside digits that are looked at
_BEFORE, _AFTER = re.compile(rf"[{_LETTERS}]*\Z"), re.compile(rf"[{_LETTERS}]{{0,{_BESIDE}}}")
_GROUPED = re.compile(rf"[1-9]\d{{0,2}}([{_GROUPS}])\d{{3}}(?:\1\d{{3}})*")
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}")
_SPACED = re.compile(r"(?<!\d)[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?(?!\d)")
_COMMA_LANGUAGES = frozenset(
    (
        *("be", "bg", "ca", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        *("lv", "nb", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk", "vi"),
    )
)
"""Those that write 1,5 for one and a half."""

_HAN_LANGUAGES = frozenset(["ja", "lzh", "wuu", "yue", "zh"])
_SCALES = [
    (re.compile(rf"[ \u00a0]?(?:{words})", re.IGNORECASE), powers)
    for words, powers in (
        ("百", (2,)),
        (r"千|k\b|thousand|tausend", (3,)),
        ("[万萬]", (4,)),
        ("mill?i[oó]n|mio", (6,)),
        ("[亿億]", (8,)),
        ("milliard|mrd", (9,)),
        ("billion", (9, 12)),
        ("trillion", (12, 18)),
    )
]
"""What may follow a number and multiplies it by a power of ten."""
_AFTERNOON = re.compile(r"[ \u00a0]?p\.?m\b", re.IGNORECASE)
_MORNING = re.compile(r"[ \u00a0]?a\.?m\b", re.IGNORECASE)
_ROUND_WORDS = re.compile("hundred|hundert|thousand|tausend|million|milliard|billion", re.IGNORECASE)


@dataclass(frozen=True)
class Number:
    """A number of a text.

    digits: with what divides them. before, after: the letters beside them, as in aria2 and 3D.
    """

    digits: str
    readings: frozenset[str]
    before: str = ""
    after: str = ""

    def may_be_a_word(self, tgt: str | None) -> bool:
        """Whether the language may have a word for it that is not known here."""
        if not self.digits[0].isdecimal():
            return True
        return _up_to(_SPELT, self) and not self.before and base_language(tgt) not in _HAN_LANGUAGES

    def spellings(self, src: str | None, tgt: str | None) -> tuple[str, ...]:
        """How a translation may write it: as it is, with the letters around it, or as the language does.

        A name such as aria2 is written whole.
        """
        texts = [self.before + self.digits + self.after, self.before + self.digits]
        commas = [base_language(code) in _COMMA_LANGUAGES for code in (src, tgt)]
        if src and tgt and commas[0] != commas[1]:
            texts.insert(0, self.before + self.digits.translate(str.maketrans(".,", ",.")))
        return tuple(dict.fromkeys(texts))


@dataclass(frozen=True)
class Unmatched:
    """The numbers of a source that its translation lacks, and those that only the translation has.

    more: the translation has a number more often than the source, or one that the source does not have.
    """

    lost: list[Number]
    new: list[Number]
    more: bool


def unmatched(source: str, output: str) -> Unmatched:
    """What does not match. What stands in placeholders and other markup is left out."""
    if not _DIGITS.search(source) and not _DIGITS.search(output):
        return Unmatched([], [], False)
    wanted = numbers(source)
    grouped = {one for number in wanted if not number.digits.isdecimal() for one in number.readings}
    output = _SPACED.sub(lambda found: _without_spaces(found[0], grouped), output)
    there = list(_numbers(output))
    written = [
        *(number.readings for number in there),
        *(frozenset([str(value)]) for value in han_numbers(output)),
    ]
    of_source = [number.readings for number in _numbers(source)]
    known = frozenset(chain.from_iterable(of_source))
    for number in there:
        if known.issuperset(_parts(number)):
            written += [frozenset([part]) for part in _parts(number)]
    seen = frozenset(chain.from_iterable(written))
    lost = [
        number
        for number in _unpaired(wanted, written)
        if not (_parts(number) and seen.issuperset(_parts(number)))
    ]
    known |= frozenset(chain.from_iterable(map(_parts, wanted)))
    known |= frozenset(map(str, without_digits(source)))
    outputs = numbers(output)
    new = [number for number in outputs if known.isdisjoint((*number.readings, *_parts(number)))]
    more = any(_unpaired(outputs, of_source))
    return Unmatched(lost, new, more)


def numbers(text: str) -> list[Number]:
    """The numbers of a text, from left to right; those of placeholders and other markup are left out."""
    return list(_numbers(without_spans(text, kept=("number",))))


def lost_numbers(source: str, output: str, tgt: str | None) -> list[Number]:
    """The numbers of a source that a translation into `tgt` drops or changes.

    A small one that is gone may have become a word, unless another number stands there for it.
    """
    return _lost(unmatched(source, output), tgt)


def _lost(found: Unmatched, tgt: str | None) -> list[Number]:
    return [number for number in found.lost if found.new or found.more or not number.may_be_a_word(tgt)]


def numbers_differ(source: str, output: str, tgt: str | None) -> bool:
    """Whether a translation drops, changes or adds numbers or a sign. Small ones may be words."""
    found, hidden = unmatched(source, output), without_digits(source)
    if _lost(found, tgt):
        return True
    if hidden - {1}:  # 1 is often no number: 一些
        roman = set(roman_numbers(output))
        return bool(found.new) or (bool(roman) and not roman & hidden and bool(set(roman_numbers(source))))
    added = [number for number in found.new if not _up_to(_DAYS, number)]
    round_word = bool(_ROUND_WORDS.search(source))
    return sign_differs(source, output) or not all(
        round_word and number.digits.endswith("00") for number in added
    )


def _up_to(most: int, number: Number) -> bool:
    if not number.digits[0].isdecimal():
        return True
    return number.digits.isdecimal() and len(number.digits) <= 2 and int(number.digits) <= most


def _unpaired(wanted: Iterable[Number], written: Sequence[frozenset[str]]) -> Iterator[Number]:
    """The numbers for which no written one is left that shares a reading."""
    rows: dict[str, deque[int]] = {}
    for row, readings in enumerate(written):
        for reading in readings:
            rows.setdefault(reading, deque()).append(row)
    used: set[int] = set()
    for number in wanted:
        free = (row for one in number.readings for row in rows.get(one, ()) if row not in used)
        found = next(free, None)
        if found is None:
            yield number
            continue
        used.add(found)
        for one in number.readings & rows.keys():
            while rows[one] and rows[one][0] in used:
                rows[one].popleft()


def _numbers(text: str) -> Iterator[Number]:
    last = 0
    for found in _DIGITS.finditer(text):
        digits, start, end = found[0], found.start(), found.end()
        readings = _readings(digits)
        for pattern, powers in _SCALES:
            if pattern.match(text, end):
                readings |= {_times(one, power) for one in readings for power in powers if one.count(".") < 2}
        hour, dot, minutes = _joined(digits).partition(".")
        if len(hour) <= 2 and _AFTERNOON.match(text, end):
            readings.add(f"{int(hour) + 12}{dot}{minutes}")
        if re.search(r"(?<![\w.)])\.\Z", text[max(0, start - 2) : start]):
            readings.add(f"0.{digits}")  # .5
        if hour == "12" and _MORNING.match(text, end):
            readings.add(f"0{dot}{minutes}")
        before, after = _BEFORE.search(text[max(last, start - _BESIDE) : start]), _AFTER.match(text, end)
        assert before is not None
        assert after is not None
        if len(digits) == 4 and digits.endswith("0") and after[0] in ("s", "er"):
            readings.add(digits[2:])  # the 1990s: 90年代
        yield Number(digits, frozenset(readings), before[0], after[0])
        last = after.end()


def _readings(digits: str) -> set[str]:
    """With dots between its parts, and without what groups its digits, where that may be."""
    if not digits[-1].isdecimal():
        return {f"{int(digits[:-1] or 0) + unicodedata.numeric(digits[-1]):g}"}
    joined = _joined(digits)
    whole, dot, rest = joined.rpartition(".")
    found = {joined}
    if _GROUPED.fullmatch(digits) or _INDIAN.fullmatch(digits):
        found.add(joined.replace(".", ""))
    if _GROUPED.fullmatch(digits[: len(whole)]):
        found.add(whole.replace(".", "") + dot + rest)
    return found


def _joined(digits: str) -> str:
    """In ASCII, a dot between its parts; 07:30 is 7.30."""
    plain = "".join(str(unicodedata.digit(one)) if one.isdecimal() else "." for one in digits)
    return plain[1:] if re.match(r"0\d(?!\d)", plain) else plain


def _times(reading: str, power: int) -> str:
    value = f"{Decimal(reading).scaleb(power):f}"
    return value.rstrip("0").rstrip(".") if "." in value else value


def _parts(number: Number) -> list[str]:
    """The parts of a date, a time or a list without spaces, which may be numbers of their own; else none."""
    digits = number.digits
    if not digits[-1].isdecimal():  # 2½ is 2, 1 and 2
        digits = ".".join(filter(None, (digits[:-1], unicodedata.normalize("NFKC", digits[-1]))))
    parts = _joined(digits).split(".")
    return [part.lstrip("0") or "0" for part in parts] if len(parts) > 1 else []


def _without_spaces(digits: str, grouped: Container[str]) -> str:
    """Without the ordinary spaces that group digits, if the source groups those of the same number."""
    joined = digits.replace(" ", "")
    return joined if _joined(joined) in grouped else digits

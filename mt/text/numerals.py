"""Numbers of a text that its translation lacks, neither as they are nor as the target language writes them.

A number has readings: 1.234 is more than a thousand, or one and a fraction; 7 p.m. is 7 or 19; 10 million is
10 beside a word, or 10000000. It came through if the translation has a number with one of its readings.
Digits of any script and Chinese numerals are numbers.
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
from mt.text.placeholders import without_spans

_SPELT = 12  # greater numbers are seldom words
_DAYS = 31  # smaller numbers may be new, where months are numbers: May 2 becomes 5 月 2 日

_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u052f"
_GROUPS = ".,'’\u00a0\u202f٬"
_DIGITS = re.compile(rf"\d+(?:[{_GROUPS}:٫]\d+)*")
_BESIDE = 30  # letters beside digits that are looked at
_BEFORE, _AFTER = re.compile(rf"[{_LETTERS}]*\Z"), re.compile(rf"[{_LETTERS}]{{0,{_BESIDE}}}")
_GROUPED = re.compile(rf"[1-9]\d{{0,2}}([{_GROUPS}])\d{{3}}(?:\1\d{{3}})*")
_SPACED = re.compile(r"(?<!\d)[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?(?!\d)")
_COMMA_LANGUAGES = frozenset(
    (
        *("be", "bg", "ca", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        *("lv", "nb", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk", "vi"),
    )
)
"""Those that write 1,5 for one and a half."""

_HAN_DIGITS = dict(zip("〇零一二三四五六七八九两兩", (0, 0, *range(1, 10), 2, 2), strict=True))
_HAN_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_HAN = re.compile(f"[{''.join((*_HAN_DIGITS, *_HAN_POWERS))}]{{1,20}}")
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


def unmatched(source: str, output: str) -> tuple[list[Number], list[Number]]:
    """The numbers of a source that its translation lacks, and those that only the translation has.

    What stands in placeholders and other markup is left out.
    """
    if not _DIGITS.search(source) and not _DIGITS.search(output):
        return [], []
    wanted = numbers(source)
    grouped = {one for number in wanted if not number.digits.isdecimal() for one in number.readings}
    output = _SPACED.sub(lambda found: _without_spaces(found[0], grouped), output)
    there = list(_numbers(output))
    written = [*(number.readings for number in there), *_han_readings(output)]
    known = frozenset(chain.from_iterable(number.readings for number in _numbers(source)))
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
    new = (number for number in numbers(output) if known.isdisjoint((*number.readings, *_parts(number))))
    return lost, list(new)


def numbers(text: str) -> list[Number]:
    """The numbers of a text, from left to right; those of placeholders and other markup are left out."""
    return list(_numbers(without_spans(text, kept=("number",))))


def lost_numbers(source: str, output: str, tgt: str | None) -> list[Number]:
    """The numbers of a source that a translation into `tgt` drops or changes.

    A small one that is gone may have become a word, unless another number stands there for it.
    """
    lost, new = unmatched(source, output)
    return [number for number in lost if new or not number.may_be_a_word(tgt)]


def numbers_differ(source: str, output: str, tgt: str | None) -> bool:
    """Whether a translation drops, changes or adds numbers. Small ones may be words on either side."""
    new = unmatched(source, output)[1]
    return bool(lost_numbers(source, output, tgt)) or not all(_up_to(_DAYS, number) for number in new)


def _up_to(most: int, number: Number) -> bool:
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
        before, after = _BEFORE.search(text[max(last, start - _BESIDE) : start]), _AFTER.match(text, end)
        assert before is not None
        assert after is not None
        yield Number(digits, frozenset(readings), before[0], after[0])
        last = after.end()


def _readings(digits: str) -> set[str]:
    """With dots between its parts, and without what groups its digits, where that may be."""
    joined = _joined(digits)
    whole, dot, rest = joined.rpartition(".")
    found = {joined}
    if _GROUPED.fullmatch(digits):
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
    parts = _joined(number.digits).split(".")
    return [part.lstrip("0") or "0" for part in parts] if len(parts) > 1 else []


def _without_spaces(digits: str, grouped: Container[str]) -> str:
    """Without the ordinary spaces that group digits, if the source groups those of the same number."""
    joined = digits.replace(" ", "")
    return joined if _joined(joined) in grouped else digits


def _han_readings(text: str) -> Iterator[frozenset[str]]:
    """Those of Chinese numerals."""
    return (frozenset([str(_han_value(run))]) for run in _HAN.findall(text))


def _han_value(run: str) -> int:
    """三百二十 is 320, and so is 三二〇."""
    if all(one in _HAN_DIGITS for one in run):
        return int("".join(str(_HAN_DIGITS[one]) for one in run))
    total = section = digit = 0
    for one in run:
        power = _HAN_POWERS.get(one)
        if power is None:
            digit = _HAN_DIGITS[one]
        elif power < 4:
            section += (digit or 1) * 10**power
            digit = 0
        else:
            total = (total + section + digit) * 10**power
            section = digit = 0
    return total + section + digit

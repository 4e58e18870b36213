"""Numbers that are written without decimal digits: Chinese numerals, Roman numerals."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HAN_DIGITS = dict(zip("〇零一二三四五六七八九两兩", (0, 0, *range(1, 10), 2, 2), strict=True))
_HAN_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_HAN = re.compile(f"[{''.join((*_HAN_DIGITS, *_HAN_POWERS))}]{{1,20}}")
_LATE = re.compile("下午|晚|夜|午後")
_ROMAN = re.compile(r"(?<![A-Za-z0-9_.'’])(?=[IVX]{2})(X{0,3})(IX|IV|V?I{0,3})(?![A-Za-z0-9_'’])")
_UNITS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def han_numbers(text: str) -> Iterator[int]:
    """The values of the Chinese numerals of a text."""
    return (_han_value(run) for run in _HAN.findall(text))


def roman_numbers(text: str) -> Iterator[int]:
    """The values, 2 to 39, of the Roman numerals of a text; a letter alone is none."""
    return (10 * len(found[1]) + _UNITS.index(found[2]) for found in _ROMAN.finditer(text))


def without_digits(text: str) -> set[int]:
    """The values of a text's Chinese and Roman numerals; those of hours in the afternoon by both clocks."""
    han = {_han_value(part) for run in _HAN.findall(text) for part in (run, *run)}
    late = {value + 12 for value in han if value <= 12} if _LATE.search(text) else set()
    return han | late | set(roman_numbers(text))


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

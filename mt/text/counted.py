"""Numbers with their nouns, for messages."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`1 line`, `12,345 lines`: a number and a noun whose plural ends in s."""
    return f"{count:,} {noun}{'s' * (count != 1)}"

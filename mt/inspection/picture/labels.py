"""How wide the labels of a picture are."""

from __future__ import annotations

from collections.abc import Sequence


def width(text: str) -> float:
    """About how wide a text is, in letters: a Chinese character is as wide as two."""
    return sum(2.0 if mark >= "\u2e80" else 1.0 for mark in text)


def widest(labels: Sequence[str]) -> float:
    """The width of the widest."""
    return max(map(width, labels), default=0.0)


def cut(text: str, letters: float) -> str:
    """As much of the text as fits into so many letters."""
    if width(text) <= letters:
        return text
    while text and width(text) > letters - 1:
        text = text[:-1]
    return f"{text}…"

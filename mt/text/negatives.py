"""Numbers below zero, written with a sign or a word."""

from __future__ import annotations

import re

_SIGN = re.compile(r"(?<![\w.,)\]}])[-\u2010-\u2013\u2212](?=\d)")
_WORD = re.compile(
    r"\b(?:minus|negati[vf]\w*|below|under|unter|moins|menos|meno|минус|ниже)\b|[负負]|零下|マイナス",
    re.IGNORECASE,
)


def sign_differs(source: str, output: str) -> bool:
    """Whether one text has a number with the sign, and the other neither a sign nor a word for it."""
    return any(
        _SIGN.search(one) and not _SIGN.search(other) and not _WORD.search(other)
        for one, other in ((source, output), (output, source))
    )

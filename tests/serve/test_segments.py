"""What of a text is translated: its lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mt.decoding.translation import Translation
from mt.serve.segments import plain


def answers(*texts: str) -> list[Translation]:
    """Translations, each with a second hypothesis."""
    return [Translation("", (text, f"{text}!"), (0.0, 0.0)) for text in texts]


def test_lines() -> None:
    template = plain("a b\r\n\n c\u2028d\n \n")
    assert template.texts == ("a b", " c", "d")
    assert template.fill(answers("1", "2", "3")) == "1\r\n\n2\u20283\n \n"
    assert plain(" \n").fill([]) == " \n"
    assert template.fill(answers("1", "2", "3"), rank=1) == "1!\r\n\n2!\u20283!\n \n"
    with pytest.raises(ValueError, match="zip"):
        plain("a").fill(answers("1", "2"))


@given(st.text())
@settings(max_examples=200)
def test_any_text_comes_back(text: str) -> None:
    template = plain(text)
    assert template.fill(answers(*template.texts)) == text

"""What a model does not see of a text, and what it does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.text.characters import is_blank, readable, sound, visible

UNSEEN = "\ufeff\u200b\u00ad\u200e\u200f\u061c\u2060\u2063\u202a\u202c\u2068\u200c\u200d\u034f\u3164\x07\x1b"
SELECTORS = "\ufe0f\ufe0e\ufe00\U000e0100\U000e0041"


@pytest.mark.parametrize("mark", [*UNSEEN, *SELECTORS])
def test_what_is_not_seen_is_not_read(mark: str) -> None:
    for text in ("我爱北京", "Zeitung", "a b", "5"):
        for at in range(len(text) + 1):
            assert readable(text[:at] + mark + text[at:]) == text
    assert readable(mark) == ""
    assert is_blank(f" {mark} ")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "👩\u200d👩\u200d👧",
            "👍🏽",
            "❤\ufe0f",
            "👩🏽\u200d⚕\ufe0f",
            "🏳\ufe0f\u200d🌈",
            "1\ufe0f\u20e3",
            "☎\ufe0e",
        ),
        "🏴\U000e0067\U000e0062\U000e007f",
        *("می\u200cخواهم", "क्\u200dष", "क\u200cष", "ල්\u200dය", "ᠠ\u180eᠠ"),
        *("e\u0301", "é", "ﷲ", "a\u00a0b", "\u0627\u0644"),
    ],
)
def test_joiners_and_selectors_stay_where_they_say_something(text: str) -> None:
    assert readable(text) == text
    assert readable(f"看{text}。") == f"看{text}。"


@given(st.text(st.one_of(st.characters(), st.sampled_from(list("\u200d\ufe0f\u200b👩❤1\u20e3क\u200c")))))
def test_nothing_unseen_is_left_to_be_taken_away(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert readable(readable(text)) == readable(text)


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert sound("我爱\ud800北京\udfff") == "我爱\ufffd北京\ufffd"
    assert sound("\ud83d\ude00") == "😀"
    assert sound("plain 我") == "plain 我"

"""Plain text by lines and paragraphs, subtitles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.files.subtitles import balanced
from tests.files.kit import check_broken, check_unchanged, segments, translated

SRT = """\
1
00:00:01,000 --> 00:00:03,500
{\\an8}<i>The first line of a sentence
that goes on here.</i>

2
00:00:04,000 --> 00:00:05,000 X1:10
- Who is there?
- Nobody, so
go away.

3
00:00:06,000 --> 00:00:07,000
[door slams]

4
00:00:08,000 --> 00:00:09,000
♪ Sing with me ♪
"""
VTT = """\
WEBVTT - A title

NOTE
This is no cue.

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v Mary>Tom &amp; I are here</v>

00:05.000 --> 00:06.000
(whispers) Come on
"""
TEXT = """\
A title

This paragraph is wrapped by hand, and its first line
goes on here.

- an item of a list
- another one

    indented

Short
lines
"""
letters = st.text(st.sampled_from("ab \n\r\t.-\u00e4中\ufeff"), max_size=60)


@pytest.mark.parametrize(("text", "name"), [(SRT, "srt"), (VTT, "vtt"), (TEXT, "text"), (TEXT, "lines")])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_not_translated_stays(text: str, name: str, newline: str, mark: str) -> None:
    for data in (text, text.rstrip("\n"), text + "\n\n"):
        check_unchanged((mark + data).replace("\n", newline).encode(), name)


@given(letters)
def test_any_text_stays(text: str) -> None:
    for name in ("text", "lines"):
        check_unchanged(text.encode(), name)
    check_unchanged(f"00:00:01,000 --> 00:00:03,500\n{text}".encode(), "srt")
    check_unchanged(f"WEBVTT\n\n00:01.000 --> 00:03.500\n{text}".encode(), "vtt")


def test_cues() -> None:
    assert segments(SRT, "srt") == [
        "The first line of a sentence that goes on here.",
        "Who is there?",
        "Nobody, so go away.",
        "door slams",
        "Sing with me",
    ]
    out = translated(SRT, "srt")
    assert "{\\an8}<i>THE FIRST LINE OF A\nSENTENCE THAT GOES ON HERE.</i>\n" in out
    assert "- WHO IS THERE?\n- NOBODY,\nSO GO AWAY.\n" in out
    assert "[DOOR SLAMS]\n" in out
    assert "♪ SING WITH ME ♪\n" in out
    check_broken("Just text\n\nwithout times\n", "srt", "times")


def test_cues_of_webvtt() -> None:
    assert segments(VTT, "vtt") == ["Tom & I are here", "(whispers) Come on"]
    out = translated(VTT, "vtt")
    assert "<v Mary>TOM &amp; I ARE HERE</v>" in out
    assert "This is no cue." in out
    check_unchanged(b"WEBVTT\n", "vtt")
    check_broken("00:01.000 --> 00:04.000\nText\n", "vtt", "WEBVTT")


@given(st.text(st.sampled_from("ab, 中。"), max_size=80), st.integers(1, 3))
def test_lines_of_a_cue_are_its_words(text: str, lines: int) -> None:
    text = " ".join(text.split())
    rows = balanced(text, lines)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert len(rows) <= max(lines, 2)
    assert all(row == row.strip() for row in rows)


def test_two_lines_are_of_about_the_same_length() -> None:
    assert balanced("one two three four", 2) == ["one two", "three four"]
    assert balanced("I came home, and then nobody was there at all", 1) == [
        "I came home, and then",
        "nobody was there at all",
    ]
    assert balanced("Well then, I go home now", 2) == ["Well then,", "I go home now"]


def test_paragraphs() -> None:
    assert segments(TEXT, "text") == [
        "A title",
        "This paragraph is wrapped by hand, and its first line goes on here.",
        "- an item of a list",
        "- another one",
        "    indented",
        "Short",
        "lines",
    ]
    assert "WRAPPED BY HAND, AND ITS FIRST LINE\nGOES ON HERE." in translated(TEXT, "text")
    check_broken("a\0b", "text", "NUL")
    check_broken("ä".encode("latin-1"), "lines", "line 1: is not UTF-8")

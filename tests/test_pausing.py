"""Long work gives way between its steps, and what others compute there does not change it."""

from __future__ import annotations

from pathlib import Path

import pytest

import mt
from mt.inline.html import parse_html

TEXTS = ["ka lo mi", "ta", "so na ka lo", "mi"]


@pytest.mark.parametrize("beam", [1, 3])
def test_a_search_within_the_pauses_of_another_changes_neither(toy_run: Path, beam: int) -> None:
    translator = mt.load(toy_run, device="cpu", beam=beam)
    alone = translator.search_parts(TEXTS, nbest=1), translator.search_parts(["mi ka"], nbest=1)
    inner = []
    outer = translator.search_parts(
        TEXTS, nbest=1, pause=lambda: inner.append(translator.search_parts(["mi ka"], nbest=1))
    )
    assert outer == alone[0]
    assert len(inner) > 3
    assert inner == [alone[1]] * len(inner)


def test_what_a_pause_raises_ends_a_search(toy_run: Path) -> None:
    translator = mt.load(toy_run, device="cpu")
    with pytest.raises(ZeroDivisionError):
        translator.search_parts(TEXTS, nbest=1, pause=lambda: [][1 // 0])
    assert translator.search_parts(TEXTS, nbest=1) == translator.search_parts(TEXTS, nbest=1)


def test_reading_a_page_pauses_at_each_tag() -> None:
    pauses: list[None] = []
    page = parse_html("<p>a<b>b</b>" * 50, pause=lambda: pauses.append(None))
    assert page == parse_html("<p>a<b>b</b>" * 50)
    assert len(pauses) >= 150

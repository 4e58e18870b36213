"""Numbers of a source: which a translation lacks, how it may write them, and the second search for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mt.config import SearchConfig, TokenizerConfig
from mt.decoding.hints import HintMaker
from mt.search import Hypothesis, Search
from mt.text.glossary import Entry, Glossary
from mt.text.numerals import lost_numbers, numbers, numbers_differ
from mt.tokenizer import Tokenizer
from mt.translator.candidates import CandidateWriter
from mt.translator.keeping import MOST, NumberKeeper
from tests.test_search import CPU, model


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aria2 and 3D of ASN1", ["aria2", "3D", "ASN1"]),
        ("H2O2 at 1,000.5", ["H2O", "2", "1,000.5"]),
        ("使用64位", ["64"]),
        ("%2$s of <b1>12</b1> in ``x3``", ["12"]),
    ],
)
def test_a_number_is_digits_with_the_letters_beside_them(text: str, found: list[str]) -> None:
    assert [number.before + number.digits + number.after for number in numbers(text)] == found


def test_how_a_translation_may_write_a_number() -> None:
    (number,) = numbers("1,000.5")
    assert number.spellings("en", "de") == ("1.000,5", "1,000.5")
    assert number.spellings("en", "zh") == number.spellings(None, "de") == ("1,000.5",)
    (name,), (ordinal,) = numbers("Base64"), numbers("64bit")
    assert name.spellings("en", "zh") == ("Base64",)
    assert ordinal.spellings("en", "zh") == ("64bit", "64")


@settings(max_examples=30)
@given(st.text("0123456789,. :x万百pm", max_size=30), st.text("0123456789,. :x万百pm", max_size=30))
def test_a_text_lacks_none_of_its_own_numbers(text: str, more: str) -> None:
    assert not numbers_differ(text, text, "zh")
    assert not lost_numbers(text, f"{text} | {more}", "zh")


def test_long_runs_of_digits_take_no_time_and_break_nothing() -> None:
    for text in ("9" * 5000 + " million", "9" * 5000 + "pm", "万" * 5000, "1 " * 500, "a" * 5000 + "1"):
        assert not numbers_differ(text, text, "zh")
        assert numbers_differ(text, "77777", "zh")


@cache
def tokenizer() -> Tokenizer:
    texts = [f"{word} {n}" for n, word in enumerate(("page", "file aria", "of the", "Seite") * 12)]
    settings = TokenizerConfig(algorithm="bpe", character_coverage=1.0, byte_fallback=False)
    return Tokenizer.learn(iter([*texts, "1.500, 1,500"]), settings, 50)


def decode(rows: Sequence[Hypothesis], sources: Sequence[str] | None = None) -> list[str]:
    return tokenizer().decode([row.ids for row in rows], sources)


def search_twice(
    texts: list[str], beam: int, glossary: Glossary | None = None
) -> tuple[list[list[Hypothesis]], list[list[Hypothesis]]]:
    """What a model that learned nothing finds, and what is found with the numbers of the texts."""
    search = Search(model(0, vocab=tokenizer().vocab_size), SearchConfig(beam=beam), CPU)
    sources = tokenizer().encode(texts)
    keeper = NumberKeeper(texts, [""] * len(texts), "en", "de", glossary)
    writer = cast("CandidateWriter", SimpleNamespace(decode=decode))
    found = search.first(sources)
    return found, keeper.again(search, sources, found, writer, lambda: HintMaker(tokenizer()))


@pytest.mark.parametrize("beam", [1, 4])
def test_a_number_that_is_lost_is_searched_for_and_other_texts_stay_as_they_are(beam: int) -> None:
    texts = ["the page", "page 37 of 37", "the file aria2", "page 5", "page 1,500"]
    before, after = search_twice(texts, beam)
    assert lost_numbers(texts[1], decode(before[1][:1])[0], "de")
    outputs = decode([rows[0] for rows in after])
    assert not any(lost_numbers(*pair, "de") for pair in zip(texts, outputs, strict=True))
    assert outputs[1].split().count("37") == 2
    assert "aria2" in outputs[2]
    assert "1.500" in outputs[4] or "1,500" in outputs[4]
    assert after[0] is before[0]
    assert all(1 <= len(rows) <= beam for rows in after)


def test_a_number_of_a_term_is_left_to_the_glossary_and_an_impossible_one_is_not_searched_for() -> None:
    glossary = Glossary([Entry("page 37", ("Seite",))])
    for text in ("page 37", "page ３٧", "e\u0301e\u0301e\u0301 page 37"):
        before, after = search_twice([text], 2, glossary)
        assert after == before


def test_a_text_that_loses_very_many_numbers_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "again", None)
    search_twice([" ".join(map(str, range(30, 30 + MOST + 1)))], 1)
    with pytest.raises(TypeError):
        search_twice([" ".join(map(str, range(30, 30 + MOST)))], 1)

"""Sentence splitting: nothing is lost, nothing is too long, and parts join as their language writes."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mt.errors import ConfigError
from mt.text.sentences import Split, split

# Every code point, lone surrogates too, with the ones that cutting turns on made frequent.
any_text = st.text(
    st.one_of(
        st.characters(exclude_categories=()), st.sampled_from(list(" \n\r\t\u3000\u0301\u200d.!?,;。，”ab我"))
    )
)
languages = st.sampled_from(["en", "zh", "de", "th", "zh-CN", "xx", "", None])


def put_back(parts: Split) -> str:
    return parts.lead + "".join(text + gap for text, gap in zip(parts.texts, parts.gaps, strict=True))


@settings(deadline=None, max_examples=300)
@given(text=any_text, language=languages, max_chars=st.integers(1, 30), by_sentence=st.booleans())
@example(text="A.\ud800 B. C.", language="en", max_chars=3, by_sentence=True)
@example(text="a.\x00b. C.\rD. E\r\n\u2028F. G", language="en", max_chars=4, by_sentence=False)
def test_whatever_the_text_the_parts_give_it_back_and_none_is_blank_or_too_long(
    text: str, language: str | None, max_chars: int, by_sentence: bool
) -> None:
    parts = split(text, language=language, max_chars=max_chars, by_sentence=by_sentence)
    assert put_back(parts) == text
    assert all(0 < len(part) <= max_chars and part == part.strip() for part in parts.texts)
    assert bool(parts.texts) == bool(text.strip())


@settings(deadline=None)
@given(text=any_text, language=languages, max_chars=st.integers(1, 30))
def test_a_part_splits_no_further(text: str, language: str | None, max_chars: int) -> None:
    for part in split(text, language=language, max_chars=max_chars).texts:
        assert split(part, language=language, max_chars=max_chars) == Split("", (part,), ("",))


@settings(deadline=None)
@given(text=st.text(st.sampled_from(list("Ab c.?!,\n ")), max_size=200), max_chars=st.integers(1, 30))
def test_untranslated_parts_of_a_spaced_language_join_to_the_very_text(text: str, max_chars: int) -> None:
    parts = split(text, language="en", max_chars=max_chars)
    assert parts.join(parts.texts, tgt="en") == text


def test_a_text_that_fits_stays_whole_however_many_sentences_it_has() -> None:
    assert split(" One. Two.\n", language="en", max_chars=9) == Split(" ", ("One. Two.",), ("\n",))


def test_a_longer_one_is_cut_at_each_sentence_end() -> None:
    parts = split("Dr. Smith came at 3.15. He left! Why?", language="en", max_chars=30)
    assert parts.texts == ("Dr. Smith came at 3.15.", "He left!", "Why?")
    assert parts.gaps == (" ", " ", "")


@pytest.mark.parametrize("language", ["de", "de-AT", "DE_ch"])
def test_the_language_s_own_rules_hold_whatever_the_region(language: str) -> None:
    parts = split("Am 3. Mai kam er. Vgl. dort. Er ging.", language=language, max_chars=20)
    assert parts.texts == ("Am 3. Mai kam er.", "Vgl. dort.", "Er ging.")


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh_Hans", None])
def test_chinese_is_cut_after_its_own_marks_and_closing_quotes(language: str | None) -> None:
    parts = split("我爱北京。你呢？她说：“走吧！”价格是3.5元……真的", language=language, max_chars=15)
    assert parts.texts == ("我爱北京。", "你呢？", "她说：“走吧！”", "价格是3.5元……真的")


def test_a_blank_line_ends_a_sentence_without_a_full_stop() -> None:
    parts = split("A title\n\nThe text goes on\nhere.", language="en", max_chars=25)
    assert parts.texts == ("A title", "The text goes on\nhere.")
    assert parts.gaps == ("\n\n", "")


@pytest.mark.parametrize(
    ("sentence", "max_chars", "expected"),
    [
        ("there were 3,500 of us, then none came", 30, ("there were 3,500 of us,", "then none came")),
        ("我去过北京，也去过上海，没去过西安", 10, ("我去过北京，", "也去过上海，", "没去过西安")),
        ('he said "no;" and she did', 18, ('he said "no;"', "and she did")),
        ("we paid 3,500 in all", 15, ("we paid 3,500", "in all")),
        ("a b, c d, eeeee", 9, ("a b, c d,", "eeeee")),
        ("abc defgh ijk", 9, ("abc defgh", "ijk")),
        ("no mark in all these words", 11, ("no mark in", "all these", "words")),
        ("我爱北京，天安门", 4, ("我爱北京", "，天安门")),
        ("我爱北京天安门", 3, ("我爱北", "京天安", "门")),
    ],
)
def test_a_sentence_too_long_is_cut_at_clauses_then_spaces_then_anywhere(
    sentence: str, max_chars: int, expected: tuple[str, ...]
) -> None:
    assert split(sentence, language="en", max_chars=max_chars).texts == expected


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param("e\u0301", id="accent"),
        pytest.param("👨\u200d👩\u200d👧", id="family"),
        pytest.param("👍🏽", id="skin tone"),
        pytest.param("葛\U000e0100", id="variation selector"),
        pytest.param("\u1112\u1161\u11ab", id="decomposed Hangul"),
        pytest.param("क्\u200dष", id="conjunct"),
        pytest.param("🏴\U000e0067\U000e0062\U000e007f", id="flag"),
    ],
)
def test_no_cut_falls_within_what_is_drawn_as_one_character(cluster: str) -> None:
    for max_chars in range(len(cluster), 3 * len(cluster)):
        parts = split(cluster * 6, language="en", max_chars=max_chars)
        assert all(len(part) % len(cluster) == 0 for part in parts.texts)


def test_a_cluster_longer_than_a_part_may_be_is_cut_all_the_same() -> None:
    parts = split("o" + "\u0301" * 7, language="en", max_chars=3, by_sentence=True)
    assert [len(part) for part in parts.texts] == [3, 3, 2]


def test_white_space_on_which_sentencex_panics_is_not_shown_to_it(capfd: pytest.CaptureFixture[str]) -> None:
    """sentencex 1.0.32 panics on an initial before such a space, and Rust prints where."""
    parts = split("J\u3000. Bach came. He left.", language="en", max_chars=20)
    assert parts.texts == ("J\u3000. Bach came.", "He left.")
    assert capfd.readouterr().err == ""


def test_line_feeds_by_the_thousand_are_kept() -> None:
    """sentencex 1.0.32 loses some of them."""
    text = "One.\n" * 3 + "\n" * 30_000 + "Two."
    assert put_back(split(text, language="en", max_chars=5)) == text


def test_a_panic_within_sentencex_costs_the_sentence_ends_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import sentencex

    class PanicException(BaseException):  # Rust's name
        pass

    def panic(language: str, text: str) -> list[str]:
        raise PanicException(language, text)

    monkeypatch.setattr(sentencex, "segment", panic)
    assert split("One two. Three.", language="en", max_chars=9).texts == ("One two.", "Three.")


@pytest.mark.parametrize("segments", [[], [""], ["One", "two."], ["One two. Three. Four."]])
def test_segments_that_do_not_add_up_to_the_text_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, segments: list[str]
) -> None:
    import sentencex

    monkeypatch.setattr(sentencex, "segment", lambda _language, _text: segments)
    assert split("One two. Three.", language="en", max_chars=9).texts == ("One two.", "Three.")


@pytest.mark.parametrize(
    "text",
    ["我爱北京。" * 20_000, "." * 100_000, "word " * 20_000, "“" * 20_000, "a" * 100_000, "J. Do. " * 14_000],
)
def test_time_grows_with_the_text_and_not_with_its_square(text: str) -> None:
    """Ten times the text, 10 to 20 times the processor's time; shown whole to sentencex, up to 89 times."""

    def took(length: int) -> float:
        begin = time.process_time()
        split(text[:length], language="zh", max_chars=300, by_sentence=True)
        return time.process_time() - begin

    least = min(took(len(text) // 10) for _ in range(3))
    assert took(len(text)) < 45 * max(least, 0.001)
    parts = split(text, language="zh", max_chars=300)
    assert put_back(parts) == text


def test_a_sentence_that_crosses_a_block_is_not_cut_there() -> None:
    sentence = "The quick brown fox jumps over the lazy dog again. "
    parts = split(sentence * 1_000, language="en", max_chars=60)  # 51,000 characters, several blocks
    assert set(parts.texts) == {sentence.strip()}


def test_no_word_is_torn_where_a_block_ends_within_a_sentence() -> None:
    parts = split("abcdef " * 5_000, language="en", max_chars=60)
    assert set(" ".join(parts.texts).split()) == {"abcdef"}


@pytest.mark.parametrize(
    ("text", "source", "translations", "target", "expected"),
    [
        ("A b. C d.", "en", ["甲乙。", "丙丁。"], "zh", "甲乙。丙丁。"),
        ("A b. C d.", "en", ["甲乙。", "丙丁。"], "ja-JP", "甲乙。丙丁。"),
        ("A b. C d.", "en", ["甲乙。", "丙丁。"], None, "甲乙。丙丁。"),
        ("A b. C d.", "en", ["甲乙。", "OK."], None, "甲乙。 OK."),
        ("A b. C d.", "en", ["“甲”", "“乙”"], "zh", "“甲”“乙”"),
        ("A b. C d.", "en", ["OK.", "OK!"], "zh", "OK. OK!"),
        ("A b.\n\nC d.", "en", ["甲乙。", "丙丁。"], "zh", "甲乙。\n\n丙丁。"),
        ("A b. C d.", "en", ["ก ข", "ค ง"], "th", "ก ข ค ง"),
        ("A b.  C d.", "en", ["E f.", "G h."], "de", "E f.  G h."),
        ("A b. C d.", "en", ["", "G h."], "de", " G h."),
        ("甲乙丙。丁戊。", "zh", ["A.", "B."], "en", "A. B."),
        ("甲乙丙。丁戊。", "zh", ["A.", "B."], None, "A. B."),
        ("甲乙丙。丁戊。", "zh", ["가.", "나."], "ko", "가. 나."),
        ("甲乙丙。丁戊。", "zh", ["あ。", "い。"], "ja", "あ。い。"),
        ("甲乙丙。\u3000丁戊。", "zh", ["A.", "B."], "en", "A. B."),
        ("กกกกกกขขข", "th", ["one", "two"], "en", "one two"),
        ("abcdefghij", "en", ["abcdef", "ghij"], "de", "abcdefghij"),
        ("\u3000甲乙丙丁。戊。\n", "zh", ["A.", "B."], "en", "\u3000A. B.\n"),
    ],
)
def test_translations_join_as_the_target_language_writes(
    text: str, source: str, translations: list[str], target: str | None, expected: str
) -> None:
    parts = split(text, language=source, max_chars=6)
    assert len(parts.texts) == 2
    assert parts.join(translations, tgt=target) == expected


def test_blank_text_has_nothing_to_translate_and_comes_back_blank() -> None:
    for blank in ("", " ", "\n\u3000\t" * 50):
        parts = split(blank, language="en", max_chars=5)
        assert parts == Split(blank, (), ())
        assert parts.join([], tgt="zh") == blank


def test_a_translation_too_few_is_refused_rather_than_shifted() -> None:
    parts = split("A b. C d.", language="en", max_chars=5)
    with pytest.raises(ValueError, match="1 translations for 2 parts"):
        parts.join(["甲"], tgt="zh")


def test_parts_without_room_for_a_character_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        split("a", language="en", max_chars=0)

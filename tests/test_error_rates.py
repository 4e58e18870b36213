"""Word and character error rates by hand-computed values, and what is counted as the same."""

from __future__ import annotations

import numpy as np
import pytest

from mt.errors import MTError
from mt.speech.error_rates import compare, count_errors, error_rate, normalised, unit_of, units


def test_counts_by_hand() -> None:
    # "a b c d" -> "a x c d e": one substitution, one insertion; "one two" -> "two": one deletion.
    counts = count_errors(["a x c d e", "two"], ["a b c d", "one two"], "words")
    assert counts.tolist() == [[3, 1, 0, 1], [1, 0, 1, 0]]
    found = error_rate(counts, "words")
    assert (found.name, found.substitutions, found.deletions, found.insertions) == ("WER", 1, 1, 1)
    assert found.reference == 6
    assert found.value == pytest.approx(50.0)


def test_nothing_heard_and_nothing_said() -> None:
    counts = count_errors(["", "uh oh", "", "..."], ["one two", "", "", "!"], "words")
    assert counts.tolist() == [[0, 0, 2, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert error_rate(counts[1:2], "words").value == 100.0
    assert error_rate(counts[2:3], "words").value == 0.0


def test_case_and_punctuation_do_not_count_but_apostrophes_within_words_do() -> None:
    assert normalised("'Don’t' — stop, Ｎow!") == "don't stop now"
    assert count_errors(["Three, one; FOUR."], ["three one four"], "words")[:, 1:].sum() == 0
    assert count_errors(["dont"], ["don't"], "words").tolist() == [[0, 1, 0, 0]]


def test_characters_are_counted_without_spaces() -> None:
    assert count_errors(["我 爱北惊。"], ["我爱北京"], "characters").tolist() == [[3, 1, 0, 0]]
    assert error_rate(count_errors(["ab"], ["a b"], "characters"), "characters").name == "CER"


def test_the_unit_is_the_languages() -> None:
    assert unit_of("zh-TW", []) == unit_of("ja", []) == unit_of("th", []) == "characters"
    assert unit_of("en", []) == unit_of(None, ["one two"]) == "words"
    assert units("words") == ("words", "characters")
    assert units("characters") == ("characters",)


def test_signature_and_interval() -> None:
    counts = count_errors(["a b"] * 30 + ["a c"] * 10, ["a b"] * 40, "words")
    found = error_rate(counts, "words", bootstrap=500)
    assert found.interval is not None
    low, high = found.interval
    assert low < found.value == 12.5 < high < 25
    assert found.signature.startswith("unit:words|case:lower|punct:no|norm:nfkc|bs:500|seed:12345|jiwer:")
    assert error_rate(counts, "words", bootstrap=500).interval == found.interval
    assert error_rate(counts, "words").interval is None
    assert "5 substitutions" not in str(found)
    assert "10 substitutions, 0 deletions, 0 insertions" in str(found)


def test_compared_systems() -> None:
    references = ["a b c"] * 60
    worse = count_errors(["a b x"] * 40 + references[:20], references, "words")
    better = count_errors(["a b x"] * 5 + references[:55], references, "words")
    result = compare(better, worse, "words", 300)
    assert result.system.value < result.baseline.value
    assert result.p_value < 0.01
    assert compare(better, better, "words", 300).p_value == 1.0
    mixed = better[np.random.default_rng(1).permutation(60)]
    assert compare(better, mixed, "words", 300).p_value == 1.0


def test_other_numbers_of_texts_are_refused() -> None:
    with pytest.raises(MTError, match="2 transcripts but 1 reference"):
        count_errors(["a", "b"], ["a"], "words")

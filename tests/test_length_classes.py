"""Scores by the length of the source."""

from __future__ import annotations

import pytest

from mt.evaluation.length_classes import by_length, word_count
from mt.metrics import Scoring

PLAIN = Scoring("13a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Open", 1),
        ("_Open…", 1),
        ("Don't ask", 2),
        ("打开", 1),
        ("打开文件", 2),
        ("开", 1),
        ("打开 PDF", 2),
        ("%s", 1),
        ("…", 0),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert word_count(text) == words


def test_each_class_has_its_scores() -> None:
    sources = ["Open", "Close", "Open the file", "This is a much longer sentence"]
    hypotheses = ["Öffnen", "Nah", "Datei öffnen", "Dies ist ein viel längerer Satz"]
    references = [["Öffnen", "Schließen", "Datei öffnen", "Das ist ein viel längerer Satz"]]
    one, few, longer = by_length(sources, hypotheses, references, PLAIN)
    assert [(found.name, found.segments, found.exact) for found in (one, few, longer)] == [
        ("one word", 2, 0.5),
        ("2 to 4 words", 1, 1.0),
        ("longer", 1, 0.0),
    ]
    assert few.chrf == pytest.approx(100)
    assert 0 < longer.bleu < 100
    assert by_length(sources[3:], hypotheses[3:], [references[0][3:]], PLAIN) == ()
    second = [["-"] * 4]
    again = by_length(sources, hypotheses, [*second, *references], PLAIN)
    assert [found.exact for found in again] == [0.5, 1.0, 0.0]  # any of several references will do

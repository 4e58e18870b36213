"""Scores by the length of the source: one word, two to four, longer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mt.metrics import Scoring, score
from mt.text.spacing import is_word_letter

CLASSES = (("one word", 1), ("2 to 4 words", 4), ("longer", None))
"""Names, and the greatest number of words."""
_CHARACTERS = 2  # of a script without spaces, to a word
_WORD = re.compile(r"\w[\w'’-]*")


@dataclass(frozen=True)
class LengthClass:
    """The segments of one class. bleu, chrf: 0 to 100. exact: the proportion that equals a reference."""

    name: str
    segments: int
    bleu: float
    chrf: float
    exact: float

    def __str__(self) -> str:
        noun = "segment" if self.segments == 1 else "segments"
        return (
            f"{self.name:<13}{self.segments:6,} {noun:<8}  BLEU {self.bleu:5.1f}  chrF2++ {self.chrf:5.1f}"
            f"  exact {100 * self.exact:5.1f} %"
        )


def word_count(text: str) -> int:
    """The words of a text; of scripts without spaces two characters count as one, half a word as a whole."""
    words = characters = 0
    for found in _WORD.findall(text):
        spaced = any(map(is_word_letter, found))
        words += spaced
        characters += sum(letter.isalnum() and not is_word_letter(letter) for letter in found)
    return words + -(-characters // _CHARACTERS)


def by_length(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[Sequence[str]], scoring: Scoring
) -> tuple[LengthClass, ...]:
    """The scores of each class that has segments; none if all are in one. references: (R, N)."""
    counts = [word_count(source) for source in sources]
    rows_of: dict[str, list[int]] = {}
    for row, count in enumerate(counts):
        name = next(name for name, most in CLASSES if most is None or count <= most)
        rows_of.setdefault(name, []).append(row)
    if len(rows_of) < 2:
        return ()
    plain = Scoring(scoring.tokenize, lowercase=scoring.lowercase)
    return tuple(
        _of(name, rows, hypotheses, references, plain) for name, _ in CLASSES if (rows := rows_of.get(name))
    )


def _of(
    name: str,
    rows: list[int],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    scoring: Scoring,
) -> LengthClass:
    chosen = [hypotheses[row] for row in rows]
    against = [[reference[row] for row in rows] for reference in references]
    bleu, chrf = score(chosen, against, scoring, metrics=("bleu", "chrf"))
    exact = sum(text in of_segment for text, *of_segment in zip(chosen, *against, strict=True))
    return LengthClass(name, len(rows), bleu.value, chrf.value, exact / len(rows))

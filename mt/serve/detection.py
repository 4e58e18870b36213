"""Which of the served languages a text is in, by py3langid's model of byte sequences.

Its confidences are proportions among the languages that are served, not among all of the world: a text in a
language that is not served is given to one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mt.text.languages import base_language

SHORT = 40  # characters; fewer say too little by themselves, where a request has other texts

# What py3langid calls a language that goes by another code too.
_LABELS = {"nb": "no", "fil": "tl"}


class Ranker(Protocol):
    """What is asked of py3langid."""

    labels: list[str]

    def rank(self, text: str) -> list[tuple[str, float]]: ...


class Candidate(NamedTuple):
    """A served language; confidence from 0 to 100."""

    language: str
    confidence: float


def open_ranker() -> Ranker:
    """py3langid with its own model: a second of CPU and 100 MB, so once for a server."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    ranker: Ranker = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return ranker


class Detector:
    """Ranks the languages that are served."""

    def __init__(self, languages: Sequence[str], ranker: Ranker) -> None:
        labels = set(ranker.labels)
        self._ranker = ranker
        self._labels = {code: _LABELS.get(base_language(code), base_language(code)) for code in languages}
        self._guessable = {code for code, label in self._labels.items() if label in labels}

    def detect(self, text: str) -> list[Candidate]:
        """All served languages, the likeliest first. A blank text, or one without letters, is in none."""
        if not any(character.isalpha() for character in text):
            return [Candidate(code, 0.0) for code in self._labels]
        ranked = dict(self._ranker.rank(text))
        scores = {code: ranked[label] for code, label in self._labels.items() if code in self._guessable}
        total = sum(scores.values()) or 1.0
        found = [Candidate(code, round(100 * scores.get(code, 0.0) / total, 1)) for code in self._labels]
        return sorted(found, key=lambda candidate: -candidate.confidence)

    def best(self, texts: Sequence[str], among: Sequence[str]) -> list[Candidate]:
        """The likeliest language of each text, of those `among`; short texts are judged together."""
        together = self._first("\n".join(texts), among)
        return [self._first(text, among) if len(text) > SHORT else together for text in texts]

    def _first(self, text: str, among: Sequence[str]) -> Candidate:
        return next(candidate for candidate in self.detect(text) if candidate.language in among)

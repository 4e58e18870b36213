"""Which of the served languages a text is in, by py3langid's model of byte sequences and by its letters.

A confidence is a language's probability beside those of the other served languages and of the likeliest one
that is not served: a text in a language that is not served has no confidence in any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mt.text.languages import base_language
from mt.text.scripts import script_of_letter, scripts_of

SHORT = 40  # characters; fewer say too little by themselves, where a request has other texts
SURE = 0.9  # probability from which a text is taken to be in the target language, and is not translated

# What py3langid calls a language that goes by another code too.
_LABELS = {"nb": "no", "fil": "tl"}
# What it tells apart from a language, though it is written nearly alike.
_NEAR = {"zh": ("wuu", "yue"), "en": ("pcm",), "fr": ("gcf",)}


class Ranker(Protocol):
    """What is asked of py3langid."""

    labels: list[str]

    def rank(self, text: str) -> list[tuple[str, float]]: ...


class Language(NamedTuple):
    """A served language; confidence from 0 to 100."""

    language: str
    confidence: float


def open_ranker() -> Ranker:
    """py3langid with its own model: a second of CPU and 100 MB, so once for a server."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    ranker: Ranker = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return ranker


def all_letters_of(text: str, language: str, *, not_of: str) -> bool:
    """Whether a text has letters, all in scripts of one language and none in those of another.

    False where the scripts of the two are not known, or are not different ones.
    """
    own, others = set(scripts_of(language)), set(scripts_of(not_of))
    if not own or not others or own & others:
        return False
    scripts = _scripts(text) - {None}
    return bool(scripts) and scripts <= own


class Detector:
    """Ranks the languages that are served."""

    def __init__(self, languages: Sequence[str], ranker: Ranker) -> None:
        labels = set(ranker.labels)
        self._ranker = ranker
        named = {code: _LABELS.get(base_language(code), base_language(code)) for code in languages}
        self._labels = {code: self._near(label, set(named.values())) for code, label in named.items()}
        self._guessable = {code for code, near in self._labels.items() if near[0] in labels}

    @staticmethod
    def _near(label: str, served: set[str]) -> tuple[str, ...]:
        return (label, *(near for near in _NEAR.get(label, ()) if near not in served))

    def detect(self, text: str) -> list[Language]:
        """All served languages, the likeliest first. A blank text, or one without letters, is in none."""
        if not any(character.isalpha() for character in text):
            return [Language(code, 0.0) for code in self._labels]
        ranked = dict(self._ranker.rank(text))
        scores = {code: self._score(code, ranked, text) for code in self._labels}
        of_served = {label for near in self._labels.values() for label in near}
        foreign = max((score for label, score in ranked.items() if label not in of_served), default=0.0)
        total = sum(scores.values()) + foreign or 1.0
        found = [Language(code, round(100 * scores[code] / total, 1)) for code in self._labels]
        return sorted(found, key=lambda one: -one.confidence)

    def best(self, texts: Sequence[str], among: Sequence[str], target: str) -> list[Language]:
        """The likeliest language of each text, of those `among`, or the target if it is surely in that.

        Short texts are judged together.
        """
        together = self._first("\n".join(texts), among, target)
        return [self._first(text, among, target) if len(text) > SHORT else together for text in texts]

    def _first(self, text: str, among: Sequence[str], target: str) -> Language:
        ranked = self.detect(text)
        source = next(one for one in ranked if one.language in among)
        own = next(one for one in ranked if one.language == target)
        is_target = own.confidence and own.confidence >= SURE * (own.confidence + source.confidence)
        return own if is_target else source

    def _score(self, code: str, ranked: dict[str, float], text: str) -> float:
        """The probability of a language, 0 where the text has no letter of its scripts."""
        scripts = scripts_of(code)
        if code not in self._guessable or (scripts and not any(map(scripts.__contains__, _scripts(text)))):
            return 0.0
        return sum(ranked.get(label, 0.0) for label in self._labels[code])


def _scripts(text: str) -> set[str | None]:
    return {script_of_letter(letter) for letter in set(text)}

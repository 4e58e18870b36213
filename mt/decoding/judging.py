"""Judging translations: their confidence, and the reasons to doubt them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mt.decoding import confidence
from mt.decoding.confidence import Calibration
from mt.decoding.translation import Translation
from mt.errors import RunError
from mt.text.counted import counted
from mt.text.doubts import doubts
from mt.text.glossary import Glossary, missed_terms

OnDoubt = Literal["flag", "empty", "source"]


@dataclass(frozen=True)
class Judgement:
    """confidence: 0 to 1; None of a run that is not calibrated. doubts: what speaks against a translation."""

    confidence: float | None
    doubts: tuple[str, ...]


class Judge:
    """Judges the translations of one run into one language, and counts what it doubts."""

    def __init__(
        self, calibration: Calibration | None, tgt: str | None, glossary: Glossary | None, least: float | None
    ) -> None:
        """least: a smaller confidence is a reason to doubt a translation."""
        self._calibration, self._tgt, self._glossary, self._least = calibration, tgt, glossary, least
        self.judged, self.doubted, self.reasons = 0, 0, Counter[str]()

    def judge(self, translation: Translation) -> Judgement:
        """Judge the best hypothesis. What was not searched is what it was, without a doubt."""
        self.judged += 1
        if not translation.searched:
            return Judgement(1.0 if self._calibration else None, ())
        source, output = translation.source, translation.text
        found = doubts(source, output, tgt=self._tgt)
        if self._glossary is not None:
            found += [f"term: {term}" for term in missed_terms(self._glossary, source, output)]
        sure = None if self._calibration is None else self._calibration.confidence(translation, bool(found))
        if sure is not None and self._least is not None and sure < self._least:
            found.append("confidence")
        self.doubted += bool(found)
        self.reasons.update(reason.partition(":")[0] for reason in found)
        return Judgement(sure, tuple(found))

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.reasons.most_common())
        return (
            f"doubtful: {self.doubted:,} of {counted(self.judged, 'translation')}"
            + f" ({reasons})" * bool(reasons)
        )


def read_calibration(run: Path, *, needed: bool) -> Calibration | None:
    """The calibration of a run; None if it has none, or one of other weights, unless it is `needed`.

    Raises RunError.
    """
    try:
        return confidence.load(run)
    except RunError:
        if needed:
            raise
        return None


def withheld(translation: Translation, judgement: Judgement, on_doubt: OnDoubt) -> Translation:
    """The translation; where it is doubtful an empty text or its source, if that is asked for."""
    if not judgement.doubts or on_doubt == "flag":
        return translation
    text = "" if on_doubt == "empty" else translation.source
    return replace(
        translation, hypotheses=(text,), scores=translation.scores[:1], aligned=translation.aligned[:1]
    )

"""Word and character error rates (jiwer), with counts, a signature and intervals by bootstrap."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

import numpy as np
import numpy.typing as npt

from mt.errors import MissingExtraError, MTError
from mt.metrics import PairedResult, Score
from mt.text.counted import counted
from mt.text.spacing import is_unspaced, looks_spaceless

Unit = Literal["words", "characters"]
Counts = npt.NDArray[np.int64]
"""Hits, substitutions, deletions and insertions of each utterance: (N, 4)."""
NAMES: dict[Unit, str] = {"words": "WER", "characters": "CER"}


@dataclass(frozen=True)
class ErrorRate(Score):
    """Errors in per cent of the reference's words or characters (lower is better; it can exceed 100)."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference: int = 0
    """Words or characters of the references."""

    def __str__(self) -> str:
        between = "" if self.interval is None else f" [{self.interval[0]:.2f}, {self.interval[1]:.2f}]"
        return (
            f"{self.name} {self.value:.2f} %{between} of {self.reference:,}: "
            f"{counted(self.substitutions, 'substitution')}, "
            f"{counted(self.deletions, 'deletion')}, {counted(self.insertions, 'insertion')} {self.signature}"
        )


def unit_of(language: str | None, references: Sequence[str]) -> Unit:
    """Words, or characters for a language that is written without spaces."""
    unspaced = is_unspaced(language) if language else looks_spaceless(references)
    return "characters" if unspaced else "words"


def units(main: Unit) -> tuple[Unit, ...]:
    """What is counted where `main` is what matters: words and characters, or characters alone."""
    return ("words", "characters") if main == "words" else ("characters",)


def normalised(text: str) -> str:
    """Lower case in Unicode's NFKC, no punctuation but apostrophes inside words, single spaces."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    text = re.sub(r"(?<!\w)'|'(?!\w)", " ", text)
    kept = (
        letter if letter == "'" or unicodedata.category(letter)[0] not in "PS" else " " for letter in text
    )
    return " ".join("".join(kept).split())


def count_errors(hypotheses: Sequence[str], references: Sequence[str], unit: Unit) -> Counts:
    """Hits, substitutions, deletions and insertions of each of N utterances: (N, 4).

    Texts are normalised; between characters spaces do not count. Raises MTError where counts differ or
    nothing is to be scored, MissingExtraError without jiwer.
    """
    if len(hypotheses) != len(references):
        raise MTError(f"{counted(len(hypotheses), 'transcript')} but {counted(len(references), 'reference')}")
    try:
        from jiwer import process_words
    except ImportError:
        raise MissingExtraError("error rates need jiwer", "speech") from None
    counts = np.zeros((len(references), 4), dtype=np.int64)
    for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
        said, meant = (_units(text, unit) for text in (hypothesis, reference))
        if not said or not meant:  # jiwer does not take empty references
            counts[row] = (0, 0, len(meant), len(said))
            continue
        found = process_words(" ".join(meant), " ".join(said))
        counts[row] = (found.hits, found.substitutions, found.deletions, found.insertions)
    return counts


def _units(text: str, unit: Unit) -> list[str]:
    text = normalised(text)
    return text.split() if unit == "words" else list(text.replace(" ", ""))


def rate(counts: Counts) -> float:
    """Errors in per cent of the reference. 100 where only insertions were found, 0 where nothing was."""
    hits, substitutions, deletions, insertions = counts.sum(axis=0).tolist()
    errors, reference = substitutions + deletions + insertions, hits + substitutions + deletions
    return 100.0 * errors / reference if reference else 100.0 * bool(errors)


def error_rate(counts: Counts, unit: Unit, bootstrap: int = 0, seed: int = 12345) -> ErrorRate:
    """The rate of counted errors; `bootstrap` resamples give the interval, below 2 there is none."""
    hits, substitutions, deletions, insertions = counts.sum(axis=0).tolist()
    interval = None
    if bootstrap >= 2:
        low, high = np.percentile(_resampled(counts, bootstrap, seed), (2.5, 97.5))
        interval = float(low), float(high)
    return ErrorRate(
        name=NAMES[unit],
        value=rate(counts),
        signature=signature(unit, bootstrap, seed),
        interval=interval,
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
        reference=hits + substitutions + deletions,
    )


def compare(system: Counts, baseline: Counts, unit: Unit, bootstrap: int, seed: int = 12345) -> PairedResult:
    """Two systems on the same utterances, with the probability of such a difference by chance.

    By paired bootstrap (Koehn 2004) as sacreBLEU does it: the differences of resamples are centred and
    compared with the one found.
    """
    differences = _resampled(system, bootstrap, seed) - _resampled(baseline, bootstrap, seed)
    observed = abs(rate(system) - rate(baseline))
    as_large = int((np.abs(differences - differences.mean()) > observed - 1e-12).sum())
    ours, theirs = (error_rate(counts, unit, bootstrap, seed) for counts in (system, baseline))
    return PairedResult(ours, theirs, p_value=(as_large + 1) / (bootstrap + 1))


def signature(unit: Unit, bootstrap: int, seed: int) -> str:
    """How it was counted, in sacreBLEU's form."""
    drawn = f"|bs:{bootstrap}|seed:{seed}" if bootstrap >= 2 else ""
    return f"unit:{unit}|case:lower|punct:no|norm:nfkc{drawn}|jiwer:{version('jiwer')}"


def _resampled(counts: Counts, times: int, seed: int) -> npt.NDArray[np.float64]:
    """Rates of `times` samples of utterances, drawn with repetition: (times,)."""
    random = np.random.default_rng(seed)
    errors, reference = counts[:, 1:].sum(axis=1), counts[:, :3].sum(axis=1)
    rates = np.empty(times)
    for index in range(times):
        rows = random.integers(0, len(counts), len(counts))
        rates[index] = 100.0 * errors[rows].sum() / max(1, reference[rows].sum())
    return rates

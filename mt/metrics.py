"""Hypotheses + references -> BLEU, chrF2++ and TER with their signatures.

sacreBLEU computes every score, so a number here equals the one that the `sacrebleu` command prints for
the same text. `mt.text.bleu_tokenizer` chooses the tokeniser. This module adds two things. It checks
counts: sacreBLEU's API scores 2 hypotheses against 3 references without an error. It keeps each score
together with its signature.

References come as streams, as in sacreBLEU: `references[k][i]` is the k-th reference of sentence i.

Most tables on Multi30k state "lc-tok" BLEU: both sides are lower-cased and tokenised by Moses. Compute it by
`lowercase=True` with a tokeniser such as 'moses-de', which names the language too (see `MosesTokenizer`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from sacrebleu import CHRF, TER
from sacrebleu.significance import PairedTest

from mt.errors import ConfigError, MTError
from mt.text.bleu_tokenizer import bleu, tokenizer_for
from mt.text.counted import counted

METRICS = ("bleu", "chrf", "ter")


@dataclass(frozen=True)
class Score:
    """A score and everything needed to reproduce it."""

    name: str
    """As in papers: BLEU, chrF2++ or TER."""
    value: float
    """0-100, higher is better. TER counts edits: lower is better, and it can exceed 100."""
    signature: str
    """sacreBLEU's signature: references, case, tokeniser, smoothing, version."""
    interval: tuple[float, float] | None = None
    """95 % interval by bootstrap, sacreBLEU's mean ± half-width cut to the metric's range."""

    @property
    def bounds(self) -> str:
        """The interval as `[39.0, 43.1]`; empty without one."""
        return "" if self.interval is None else f"[{self.interval[0]:.1f}, {self.interval[1]:.1f}]"

    @property
    def figures(self) -> str:
        """Value and interval: `41.2 [39.0, 43.1]`."""
        return f"{self.value:.1f} {self.bounds}".rstrip()

    def __str__(self) -> str:
        return f"{self.name} {self.figures} {self.signature}"


@dataclass(frozen=True)
class PairedResult:
    """Two systems on the same test set, by one metric."""

    system: Score
    baseline: Score
    p_value: float
    """The probability of a difference at least this large if both systems were equally good."""

    def __str__(self) -> str:
        difference = self.system.value - self.baseline.value
        return (
            f"{self.system.name} {self.system.value:.1f} against {self.baseline.value:.1f}: "
            f"{difference:+.1f}, p = {self.p_value:.4f} {self.system.signature}"
        )


@dataclass(frozen=True)
class Scoring:
    """How texts are scored. The defaults of bootstrap and seed give what the `sacrebleu` command prints."""

    tokenize: str
    """BLEU's tokeniser. TER counts characters where it does ('zh', 'ja-mecab', 'char'; `asian:yes`)."""
    lowercase: bool = False
    """Whether BLEU and chrF ignore case. TER always does."""
    bootstrap: int = 0
    """Resamples for the 95 % interval and the p-value, drawn at once: about 100 bytes for each sentence of
    each. Below 2 there is no interval. `sacrebleu --confidence` draws 1000."""
    seed: int = 12345
    """The seed of the bootstrap; 1 or more."""


def score(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    scoring: Scoring,
    metrics: Sequence[str] = METRICS,
) -> list[Score]:
    """Corpus-level scores, one for each of `metrics` ("bleu", "chrf", "ter"), in that order.

    Raises MTError when counts differ or there is nothing to score, ConfigError for an unknown metric,
    a tokeniser that is not available, or a seed below 1.
    """
    check_counts(hypotheses, references)
    scores = []
    with _sacrebleu_seed(scoring.seed):
        for name in metrics:
            metric = _metric(name, scoring)
            result = metric.corpus_score(hypotheses, references, n_bootstrap=scoring.bootstrap)
            mean, half_width = (result._mean, result._ci) if scoring.bootstrap > 1 else (None, None)
            scores.append(_score(result.name, result.score, metric.get_signature(), mean, half_width))
    return scores


class LanguageBleu(NamedTuple):
    """BLEU (0-100, cased) of outputs in one language, or the mean of several languages'."""

    value: float
    signature: str
    by_language: dict[str, float]  # of several


def language_bleu(
    hypotheses: Sequence[str], references: Sequence[str], languages: Sequence[str | None]
) -> LanguageBleu:
    """Each language's BLEU (N texts, N references, N codes) by its own tokeniser, and their mean."""
    rows: dict[str | None, list[tuple[str, str]]] = {}
    for code, ours, theirs in zip(languages, hypotheses, references, strict=True):
        rows.setdefault(code, []).append((ours, theirs))
    found = {}
    for code in sorted(rows, key=str):
        of_hypotheses, of_references = zip(*rows[code], strict=True)
        found[code] = score(
            of_hypotheses, [of_references], Scoring(tokenizer_for(code, of_references)), metrics=["bleu"]
        )[0]
    several = {str(code): bleu.value for code, bleu in found.items()} if len(found) > 1 else {}
    signatures = dict.fromkeys(bleu.signature for bleu in found.values())
    return LanguageBleu(fmean(bleu.value for bleu in found.values()), ", ".join(signatures), several)


def check_tokenizer(name: str) -> None:
    """Check, before a long search, that a tokeniser is available, by scoring one word.

    Raises ConfigError if it is not, MissingExtraError if it needs sacremoses and that is not installed.
    """
    score(["a"], [["a"]], Scoring(name), metrics=["bleu"])


def paired_bootstrap(
    system: Sequence[str],
    baseline: Sequence[str],
    references: Sequence[Sequence[str]],
    scoring: Scoring,
) -> list[PairedResult]:
    """Compare `system` with `baseline` by BLEU and chrF2++, with p-values by paired bootstrap.

    The results equal those of `sacrebleu --paired-bs`, with one exception. For equal scores sacreBLEU's
    formula can return its smallest p (a file against itself is "significant"); here equal scores have p = 1.

    Raises as `score` does.
    """
    check_counts(system, references)
    check_counts(baseline, references)
    metrics = {name: _metric(name, scoring) for name in ("bleu", "chrf")}
    with _sacrebleu_seed(scoring.seed):
        test = PairedTest(
            [("baseline", baseline), ("system", system)],
            metrics,
            references,
            test_type="bs",
            n_samples=scoring.bootstrap,
        )
        results: Any  # for each metric the baseline's result and the system's
        signatures, results = test()
    paired = []
    for name, signature in signatures.items():
        before, after = results[name]
        paired.append(
            PairedResult(
                system=_score(name, after.score, signature, after.mean, after.ci),
                baseline=_score(name, before.score, signature, before.mean, before.ci),
                p_value=1.0 if after.score == before.score else float(after.p_value),
            )
        )
    return paired


def sentence_scores(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """chrF2 (0-100) of each sentence, to find the worst ones.

    chrF is used instead of BLEU: a short sentence rarely has a 4-gram in common with its reference, so
    sentence-BLEU mostly ranks smoothing and length. Character n-grams need no tokeniser and give a partial
    score for another inflection.

    Raises MTError when counts differ or there is nothing to score.
    """
    check_counts(hypotheses, references)
    metric = CHRF()
    return [
        float(metric.sentence_score(hypothesis, list(of_sentence)).score)
        for hypothesis, *of_sentence in zip(hypotheses, *references, strict=True)
    ]


def check_counts(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Raises MTError unless each stream of references has as many sentences as `hypotheses`, at least 1."""
    if not hypotheses or not references:
        raise MTError("there is nothing to score: hypotheses or references are empty")
    for stream in references:
        if isinstance(stream, str):
            raise TypeError("references are streams of sentences: pass [references], not references")
        if len(stream) != len(hypotheses):
            raise MTError(
                f"{counted(len(hypotheses), 'translation')} but {counted(len(stream), 'reference')}: "
                "line i of one belongs to line i of the other, so give as many of both"
            )


def _metric(name: str, scoring: Scoring) -> Any:
    """One of sacreBLEU's metrics (Any: their common base leaves what it returns untyped)."""
    if name == "bleu":
        return bleu(scoring.tokenize, lowercase=scoring.lowercase)
    if name == "chrf":
        return _in_floats(CHRF(word_order=2, lowercase=scoring.lowercase))
    if name == "ter":
        # Without this a Chinese sentence is one word to TER, right or wrong as a whole.
        characters = scoring.tokenize in ("zh", "ja-mecab", "char")
        return _in_floats(TER(normalized=characters, asian_support=characters))
    raise ConfigError(f"unknown metric {name!r}; choose from {', '.join(METRICS)}")


def _in_floats(metric: Any) -> Any:
    """The metric with scores that are all Python's floats, so that it can take their mean.

    sacreBLEU's chrF and TER of a resample are numpy's float32, but Python's float where all its references
    are empty.
    """
    compute = metric._compute_score_from_stats

    def in_floats(stats: list[Any]) -> Any:
        result = compute(stats)
        result.score = float(result.score)
        return result

    metric._compute_score_from_stats = in_floats
    return metric


def _score(name: str, value: float, signature: object, mean: float | None, half_width: float | None) -> Score:
    interval = None
    if mean is not None and half_width is not None:
        highest = math.inf if name == "TER" else 100.0
        interval = max(0.0, float(mean - half_width)), min(highest, float(mean + half_width))
    return Score(name, float(value), str(signature), interval)


@contextmanager
def _sacrebleu_seed(seed: int) -> Iterator[None]:
    """sacreBLEU takes its seed from the environment and from nowhere else."""
    if seed < 1:  # its paired test reads 0 as "no seed"
        raise ConfigError(f"the bootstrap's seed must be 1 or more, not {seed}")
    before = os.environ.get("SACREBLEU_SEED")
    os.environ["SACREBLEU_SEED"] = str(seed)
    try:
        yield
    finally:
        del os.environ["SACREBLEU_SEED"]
        if before is not None:
            os.environ["SACREBLEU_SEED"] = before

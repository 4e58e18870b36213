"""Validation: perplexity, greedy BLEU, and warnings of visible faults."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mt.config import SearchConfig
from mt.data.batches import IntArray, by_length
from mt.data.encoded import PiecePairs
from mt.decoding.ctc_prefix import CTC_WEIGHT, JointModel
from mt.decoding.ensemble import Ensemble
from mt.device import autocast
from mt.layers.loss import perplexity
from mt.layers.prepack import packed
from mt.metrics import LanguageBleu, language_bleu
from mt.model import Seq2Seq
from mt.search import Model, search
from mt.speech.error_rates import Unit, count_errors, rate
from mt.tokenizer import Tokenizer
from mt.training.ranks import Ranks

GREEDY = SearchConfig(beam=1, max_length_ratio=2.0)
SAMPLES = 5
METRIC_NAMES = {"bleu": "BLEU", "perplexity": "perplexity", "wer": "error rate"}
"""What `validation_metric` is called."""


@dataclass(frozen=True)
class Validation:
    """One look at the N validation pairs; the hypotheses are greedy search's."""

    perplexity: float
    scored: LanguageBleu
    sources: Sequence[str]
    references: Sequence[str]
    hypotheses: Sequence[str]
    error_rate: float | None = None  # of words or characters in per cent, where the source is sound

    @property
    def bleu(self) -> float:
        """0-100, cased, on plain text; of pairs into several languages the mean of theirs."""
        return self.scored.value

    @property
    def scores(self) -> str:
        """Perplexity and BLEU in words."""
        each = ", ".join(f"{code} {bleu:.2f}" for code, bleu in self.scored.by_language.items())
        errors = "" if self.error_rate is None else f", error rate {self.error_rate:.2f} %"
        return f"perplexity {self.perplexity:.2f}, BLEU {self.bleu:.2f}{f' ({each})' if each else ''}{errors}"

    def better_than(self, best: float | None, metric: str) -> bool:
        """Whether this beats the best value so far of the metric."""
        if best is None:
            return True
        return self.value(metric) > best if metric == "bleu" else self.value(metric) < best

    def value(self, metric: str) -> float:
        """The value that is compared."""
        if metric == "wer":
            assert self.error_rate is not None  # checked by Config
            return self.error_rate
        return self.bleu if metric == "bleu" else self.perplexity

    @property
    def symptoms(self) -> list[str]:
        """What is wrong with the translations as a whole, each with its usual cause."""
        found = []
        count = len(self.hypotheses)
        text, times = Counter(self.hypotheses).most_common(1)[0]
        if count >= 10 and times >= 0.9 * count:
            found.append(
                f"{times} of {count} validation outputs are the same ({text[:40]!r}): the decoder does not "
                "use the source; the learning rate may be too high, or there are too few pairs"
            )
        triples = zip(self.hypotheses, self.sources, self.references, strict=True)
        copies = sum(hypothesis == source != reference for hypothesis, source, reference in triples)
        if count >= 10 and copies >= 0.5 * count:
            found.append(
                f"{copies} of {count} validation outputs copy the source: much of the training text may have "
                "the same language on both sides"
            )
        return found

    @property
    def samples(self) -> list[str]:
        """Lines with a few translations, spread over the validation pairs, beside their references."""
        rows = np.linspace(0, len(self.sources) - 1, min(SAMPLES, len(self.sources))).astype(int)
        lines = []
        for row in dict.fromkeys(rows.tolist()):
            lines += [
                f"  source     {self.sources[row]}",
                f"  reference  {self.references[row]}",
                f"  output     {self.hypotheses[row]}",
                "",
            ]
        return lines[:-1]


@dataclass(frozen=True)
class Validator:
    """The N validation pairs: texts of both sides, their ids, target languages, and how to score them."""

    sources: Sequence[str]
    references: Sequence[str]
    pairs: PiecePairs
    tokenizer: Tokenizer
    languages: Sequence[str | None]
    batch_tokens: int
    precision: str
    unit: Unit | None = None  # of the error rate, where the source is sound

    def validate(self, model: Seq2Seq, device: torch.device, ranks: Ranks) -> Validation | None:
        """Measure the model; its training mode is as before afterwards. Of several ranks the first knows.

        They share out whole batches, so that each sentence is computed beside the same others as by one rank.
        """
        nlls = _nlls(
            model, self.pairs, _batches(self.pairs, self.batch_tokens)[mine(ranks)], device, self.precision
        )
        parts = ranks.to_first((nlls, self._translate(model, device, ranks)))
        if not ranks.first:
            return None
        loss = math.fsum(nll for nlls, _ in parts for nll in nlls)
        found = dict(pair for _, translated in parts for pair in translated)
        hypotheses = self.tokenizer.decode([found[row] for row in range(len(found))], self.sources)
        scored = language_bleu(hypotheses, self.references, self.languages)
        value = perplexity(loss, _targets(self.pairs))
        errors = self.unit and rate(count_errors(hypotheses, self.references, self.unit))
        return Validation(value, scored, self.sources, self.references, hypotheses, errors)

    def _translate(
        self, model: Seq2Seq, device: torch.device, ranks: Ranks
    ) -> list[tuple[int, Sequence[int]]]:
        """Row numbers and the ids that greedy search finds, of this rank's sources."""
        groups: list[IntArray] = [np.arange(len(self.pairs))]
        if ranks.count > 1:  # by the batches that `search` would make of all
            groups = by_length(self.pairs.src.lengths + 1, GREEDY.batch_tokens)[mine(ranks)]
        translated: list[tuple[int, Sequence[int]]] = []
        # As `mt translate` searches: CTC may have learned far more than the decoder.
        searched: Model = JointModel(model, CTC_WEIGHT) if model.attends and model.ctc is not None else model
        with packed(model, "fp32"):
            for rows in groups:
                sources = [self.pairs.src[row] for row in rows.tolist()]
                found = search(searched, sources, GREEDY, device, markers=self.tokenizer.markers)
                translated += [(int(row), best[0].ids) for row, best in zip(rows, found, strict=True)]
        return translated


def mine(ranks: Ranks) -> slice:
    """Which elements of a list are a rank's."""
    return slice(ranks.rank, None, ranks.count)


def corpus_nll(
    model: Seq2Seq | Ensemble,
    pairs: PiecePairs,
    batch_tokens: int,
    device: torch.device,
    precision: str = "fp32",
) -> tuple[float, int]:
    """Summed negative log-likelihood of the targets in nats, and their number of tokens with eos.

    The model's training mode is as before afterwards.
    """
    nlls = _nlls(model, pairs, _batches(pairs, batch_tokens), device, precision)
    return math.fsum(nlls), _targets(pairs)


def _nlls(
    model: Seq2Seq | Ensemble,
    pairs: PiecePairs,
    groups: Sequence[IntArray],
    device: torch.device,
    precision: str,
) -> list[float]:
    """The negative log-likelihood of each group of rows, in nats."""
    was_training = model.training
    model.eval()
    with torch.inference_mode(), autocast(device, precision):
        found = [float(model.nll(pairs.batch(rows).to(device))) for rows in groups]
    model.train(was_training)
    return found


def _batches(pairs: PiecePairs, batch_tokens: int) -> list[IntArray]:
    return by_length(np.maximum(pairs.src.lengths, pairs.tgt.lengths) + 1, batch_tokens)


def _targets(pairs: PiecePairs) -> int:
    """Target pieces, with eos."""
    return int(pairs.tgt.lengths.sum()) + len(pairs)


def unigram_entropy(pairs: PiecePairs, vocab_size: int) -> float:
    """Nats a target token costs if tokens are guessed by their frequency: what any model must beat."""
    counts = pairs.tgt.counts(vocab_size)
    counts[Tokenizer.eos_id] += len(pairs)
    frequencies = counts[counts > 0] / counts.sum()
    return float(-(frequencies * np.log(frequencies)).sum())

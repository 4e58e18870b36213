"""Validation: perplexity, greedy BLEU, and warnings of visible faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mt.config import SearchConfig
from mt.data.batches import by_length
from mt.data.encoded import PiecePairs
from mt.decoding.ensemble import Ensemble
from mt.device import autocast
from mt.layers.prepack import packed
from mt.metrics import LanguageBleu, language_bleu, perplexity
from mt.model import Seq2Seq
from mt.search import search
from mt.tokenizer import Tokenizer

GREEDY = SearchConfig(beam=1, max_length_ratio=2.0)
SAMPLES = 5


@dataclass(frozen=True)
class Validation:
    """One look at the N validation pairs; the hypotheses are greedy search's."""

    perplexity: float
    scored: LanguageBleu
    sources: Sequence[str]
    references: Sequence[str]
    hypotheses: Sequence[str]

    @property
    def bleu(self) -> float:
        """0-100, cased, on plain text; of pairs into several languages the mean of theirs."""
        return self.scored.value

    @property
    def scores(self) -> str:
        """Perplexity and BLEU in words."""
        each = ", ".join(f"{code} {bleu:.2f}" for code, bleu in self.scored.by_language.items())
        return f"perplexity {self.perplexity:.2f}, BLEU {self.bleu:.2f}{f' ({each})' if each else ''}"

    def better_than(self, best: float | None, metric: str) -> bool:
        """Whether this beats the best value so far of the metric."""
        if best is None:
            return True
        return self.bleu > best if metric == "bleu" else self.perplexity < best

    def value(self, metric: str) -> float:
        """The value that is compared."""
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

    def validate(self, model: Seq2Seq, device: torch.device) -> Validation:
        """Measure the model; its training mode is as before afterwards."""
        loss, tokens = corpus_nll(model, self.pairs, self.batch_tokens, device, self.precision)
        with packed(model, "fp32"):
            sources = [self.pairs.src[row] for row in range(len(self.pairs))]
            found = search(model, sources, GREEDY, device, markers=self.tokenizer.markers)
        hypotheses = self.tokenizer.decode([hypotheses[0].ids for hypotheses in found], self.sources)
        scored = language_bleu(hypotheses, self.references, self.languages)
        return Validation(perplexity(loss, tokens), scored, self.sources, self.references, hypotheses)


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
    was_training = model.training
    model.eval()
    total, tokens = 0.0, 0
    for rows in by_length(np.maximum(pairs.src.lengths, pairs.tgt.lengths) + 1, batch_tokens):
        batch = pairs.batch(rows).to(device)
        with torch.inference_mode(), autocast(device, precision):
            total += float(model.nll(batch))
        tokens += int((batch.tgt_out != Tokenizer.pad_id).sum())
    model.train(was_training)
    return total, tokens


def unigram_entropy(pairs: PiecePairs, vocab_size: int) -> float:
    """Nats a target token costs if tokens are guessed by their frequency: what any model must beat."""
    counts = pairs.tgt.counts(vocab_size)
    counts[Tokenizer.eos_id] += len(pairs)
    frequencies = counts[counts > 0] / counts.sum()
    return float(-(frequencies * np.log(frequencies)).sum())

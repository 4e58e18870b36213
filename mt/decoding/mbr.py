"""Minimum Bayes risk: of several translations the one the others agree with most (Kumar & Byrne 2004)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

Utility = Literal["chrf", "bleu"]


def rank(texts: Sequence[str], log_probs: Sequence[float], utility: Utility) -> list[int]:
    """The indices of N translations of one source, the one of highest expected utility first.

    The utility of a translation is its mean sentence score (sacreBLEU's chrF, or BLEU with add-one smoothing)
    against all of them as references, weighted by their probability; itself included, as in sampling.
    """
    if len(texts) < 3:  # two agree with each other alike: the likelier one stays first
        return list(range(len(texts)))
    weights = np.exp(np.array(log_probs) - max(log_probs))
    metric = CHRF() if utility == "chrf" else BLEU(smooth_method="add-k", effective_order=True)
    utilities = [
        sum(
            weight * metric.sentence_score(text, [reference]).score
            for reference, weight in zip(texts, weights, strict=True)
        )
        for text in texts
    ]
    return sorted(range(len(texts)), key=lambda index: -utilities[index])

"""Weights averaged over time: steadier than the last ones (Polyak & Juditsky 1992)."""

from __future__ import annotations

import copy

import torch

from mt.model import Seq2Seq


class MovingAverage:
    """An exponential moving average of a model's weights, as a model of its own.

    Each update keeps `decay` of the average, less in the first steps: (1 + step) / (10 + step) at most, so
    that it does not drag the beginning along.
    """

    def __init__(self, model: Seq2Seq, decay: float) -> None:
        self.decay = decay
        self.model: Seq2Seq = copy.deepcopy(model).requires_grad_(False).eval()
        self._pairs = list(zip(self.model.parameters(), model.parameters(), strict=True))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the model's weights after `step` to the average."""
        current_weight = 1 - min(self.decay, (1 + step) / (10 + step))
        for average, current in self._pairs:
            average.lerp_(current, current_weight)

"""Dropout (Srivastava et al. 2014), with masks that are cheap on a CPU.

torch draws one float for each value; on a CPU that took a tenth of a training step. There one random byte a
value decides, so a rate is a multiple of 1/256. Seeded by torch's generator, as all else.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes a proportion of the values in training and scales the others up, so that the mean stays.

    locked: all steps of a sentence lose the same values (Gal & Ghahramani 2016); otherwise each step others.
    """

    def __init__(self, rate: float, *, locked: bool) -> None:
        super().__init__()
        self.rate, self.locked = rate, locked

    def forward(self, values: Tensor) -> Tensor:
        """(B, T, F) -> the same shape; (N, F) too, where nothing is locked."""
        if not self.training or self.rate == 0:
            return values
        if self.locked and values.dim() == 3:
            return values * mask(values[:, :1], self.rate)
        return values * mask(values, self.rate)


class PieceDropout(nn.Module):
    """Zeroes whole pieces in training (word dropout, Sennrich et al. 2016; Gal & Ghahramani 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, embedded: Tensor) -> Tensor:
        """Embedded pieces (B, T, E) -> the same, some of them zero and the others scaled up."""
        if not self.training or self.rate == 0:
            return embedded
        return embedded * mask(embedded[:, :, :1], self.rate)


def mask(like: Tensor, rate: float) -> Tensor:
    """0 with probability `rate`, and otherwise 1 / (1 - rate), in the shape, dtype and device of `like`.

    On a CPU the rate is rounded to 1/256, but not to 0.
    """
    if like.device.type != "cpu":
        return torch.empty_like(like).bernoulli_(1 - rate).div_(1 - rate)
    dropped = min(255, max(1, round(rate * 256)))
    seed = int(torch.randint(2**62, ()))
    draws = np.random.Generator(np.random.SFC64(seed)).bytes(like.numel())
    kept = torch.frombuffer(bytearray(draws), dtype=torch.uint8).view(like.shape) >= dropped
    return kept.to(like.dtype).mul_(256 / (256 - dropped))

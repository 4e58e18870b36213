"""Dropout (Srivastava et al. 2014), with masks that are cheap on a CPU."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes a share of the values in training and scales the others up, so that the mean stays.

    torch draws one float for each value; on a CPU that took a tenth of a training step. There one random
    byte a value decides, so the rate is a multiple of 1/256. Seeded by torch's generator, as all else.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, values: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        if not self.training or self.rate == 0:
            return values
        if values.device.type != "cpu":
            return nn.functional.dropout(values, self.rate)
        return values * mask(values.shape, self.rate, values.dtype)


def mask(shape: torch.Size, rate: float, dtype: torch.dtype) -> Tensor:
    """0 with probability `rate`, to the nearest 1/256 but not 0, and otherwise 1 / (1 - rate)."""
    dropped = min(255, max(1, round(rate * 256)))
    seed = int(torch.randint(2**62, ()))
    draws = np.random.Generator(np.random.SFC64(seed)).bytes(shape.numel())
    kept = torch.frombuffer(bytearray(draws), dtype=torch.uint8).view(shape) >= dropped
    return kept.to(dtype).mul_(256 / (256 - dropped))

"""The front end: frames -> four times fewer steps that the encoder's recurrence reads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE, KERNEL = 2, 5
STEPS = STRIDE * STRIDE
"""Frames in a step of the encoder."""


def fewer(lengths: Tensor) -> Tensor:
    """Lengths (B,) before a convolution -> after it."""
    return torch.div(lengths + STRIDE - 1, STRIDE, rounding_mode="floor")


class FrontEnd(nn.Module):
    """Two convolutions over time, each of which halves the number of steps.

    A step's result depends on the frames around it and never on padding.
    """

    def __init__(self, bands: int, size: int) -> None:
        """bands: numbers of a frame; size: numbers of a step."""
        super().__init__()
        self.embedding_dim = size
        self.first = nn.Conv1d(bands, size, KERNEL, STRIDE, padding=KERNEL // 2)
        self.second = nn.Conv1d(size, size, KERNEL, STRIDE, padding=KERNEL // 2)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, S, M), padded at the right, and lengths (B,) -> steps (B, S/4, E) and their lengths."""
        below = frames.transpose(1, 2)
        for convolution in (self.first, self.second):
            mask = torch.arange(below.shape[2], device=below.device) < lengths.unsqueeze(1)
            below = torch.relu(convolution(below * mask.unsqueeze(1)))
            lengths = fewer(lengths)
        return below.transpose(1, 2), lengths

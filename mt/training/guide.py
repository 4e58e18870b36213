"""Guided alignment (Chen et al. 2016): at first, attention also learns where an aligner would look.

Without it a model may write fluent text for several epochs before it looks at the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mt.config import TrainingConfig
from mt.data.batches import Batch
from mt.data.lexicon import Lexicon

LEAST = 1e-6  # of a weight, so that its logarithm is finite


@dataclass(frozen=True)
class Guide:
    """The loss between attention and a lexicon's alignment. Its weight falls from 1 to 0 in so many steps."""

    lexicon: Lexicon
    steps: int

    def weight(self, step: int) -> float:
        """That of the loss at a step, counted from 1."""
        return max(0.0, 1 - (step - 1) / self.steps)

    def loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """The cross-entropy of attention's weights (B, T, S) in nats, a sum over the target pieces."""
        wanted = torch.from_numpy(self.lexicon.alignment(batch)).to(weights.device)
        return -(wanted * weights.clamp(min=LEAST).log()).sum()


def make_guide(training: TrainingConfig, lexicon: Lexicon) -> Guide | None:
    """That of the settings. There is none for a run that starts from one whose attention is trained."""
    if not training.guided_steps or training.init is not None:
        return None
    return Guide(lexicon, training.guided_steps)

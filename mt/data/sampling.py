"""Subword regularisation: training text is cut into pieces anew each time it is learned from."""

from __future__ import annotations

from dataclasses import dataclass

import datasets
import numpy as np

from mt.data.batches import Batch, IntArray, frame
from mt.tokenizer import Tokenizer


@dataclass(frozen=True)
class Sampler:
    """Batches of freshly cut pairs (Kudo 2018; Provilkov et al. 2020).

    dataset: string columns src and tgt. strength: see `Tokenizer.sample`.
    """

    dataset: datasets.Dataset
    src: Tokenizer
    tgt: Tokenizer
    strength: float

    def batch(self, rows: IntArray, seed: int) -> Batch:
        """The pairs of these rows, cut as the seed says, framed and padded."""
        texts = self.dataset[rows.tolist()]
        sides = [
            [
                np.array(ids)
                for ids in tokenizer.sample(
                    texts[name], texts["src"], strength=self.strength, seed=seed + place
                )
            ]
            for place, (name, tokenizer) in enumerate((("src", self.src), ("tgt", self.tgt)))
        ]
        return frame(*sides)

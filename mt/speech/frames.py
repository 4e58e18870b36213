"""The recordings of a corpus as frames, row by row, computed when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from mt.data.batches import IntArray
from mt.data.ragged import Ragged
from mt.speech.features import Features
from mt.speech.sound import Samples


@dataclass(frozen=True)
class Frames:
    """N recordings. column: their samples, memory-mapped; rows (N,): which of the column they are."""

    column: Ragged
    rows: IntArray
    features: Features

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def lengths(self) -> IntArray:
        """Frames of each (N,)."""
        return self.column.lengths[self.rows] // self.features.hop + 1

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """The length of each (N,)."""
        return self.column.lengths[self.rows] / self.features.rate

    def samples(self, row: int) -> Samples:
        """The samples of a row."""
        return self.column[int(self.rows[row])].astype(np.int16, copy=False)

    def __getitem__(self, row: int) -> npt.NDArray[np.float32]:
        """The frames of a row (S, M)."""
        return frames_of(self.samples(row), self.features)

    def take(self, rows: IntArray) -> list[npt.NDArray[np.float32]]:
        """The frames of several rows."""
        return [self[row] for row in rows.tolist()]


def frames_of(samples: Samples, features: Features) -> npt.NDArray[np.float32]:
    """16-bit samples (N,) -> frames (S, M)."""
    sound = torch.from_numpy(samples.astype(np.float32) / 32768)
    return np.asarray(features.frames(sound).numpy())

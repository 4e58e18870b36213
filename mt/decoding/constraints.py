"""Constraints on the next pieces of hypotheses, and the one on markers.

A translation holds each marker as often as its source, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mt.data.batches import Source
from mt.tokenizer import Tokenizer


class Constraint(Protocol):
    """Forbids next pieces, of R·K hypotheses, the K of a sentence next to each other."""

    def select(self, rows: Tensor) -> Constraint:
        """The constraint for these sentences (n,) only."""

    def mask(self, log_probs: Tensor, history: Tensor) -> None:
        """Change log_probs (R·K, V) of the next pieces after history (R·K, t), in place."""


@dataclass(frozen=True)
class Together:
    """Several constraints, applied in their order."""

    parts: tuple[Constraint, ...]

    @classmethod
    def of(cls, *parts: Constraint | None) -> Constraint | None:
        """Those that are there; None if none is."""
        there = tuple(part for part in parts if part is not None)
        return there[0] if len(there) == 1 else cls(there) if there else None

    def select(self, rows: Tensor) -> Together:
        """As `Constraint.select`."""
        return Together(tuple(part.select(rows) for part in self.parts))

    def mask(self, log_probs: Tensor, history: Tensor) -> None:
        """As `Constraint.mask`."""
        for part in self.parts:
            part.mask(log_probs, history)


@dataclass(frozen=True)
class MarkerConstraint:
    """markers: their ids. wanted: (N, M), how often each of N translations must hold each."""

    markers: range
    wanted: Tensor

    @classmethod
    def of(cls, sources: Sequence[Source], markers: range, device: torch.device) -> MarkerConstraint | None:
        """The constraint for N sources, given as ids; None if the model has no markers."""
        if not markers:
            return None
        wanted = torch.zeros(len(sources), len(markers), dtype=torch.long)
        for row, ids in enumerate(sources):
            for piece in ids:
                if piece in markers:
                    wanted[row, piece - markers.start] += 1
        return cls(markers, wanted.to(device))

    def select(self, rows: Tensor) -> MarkerConstraint:
        """The constraint for these rows (n,) only."""
        return MarkerConstraint(self.markers, self.wanted[rows])

    def mask(self, log_probs: Tensor, history: Tensor) -> None:
        """Steer R·K hypotheses, those of a sentence next to each other, in place: log_probs (R·K, V) of their
        next pieces after history (R·K, t).

        A marker that is used up has probability 0. While a marker is missing the translation cannot end: the
        missing markers get eos' probability where it is greater than their own.
        """
        ids = torch.arange(self.markers.start, self.markers.stop, device=history.device)
        used = (history.unsqueeze(2) == ids).sum(dim=1)
        left = self.wanted.repeat_interleave(len(history) // len(self.wanted), dim=0) - used
        of_markers = log_probs[:, self.markers.start : self.markers.stop]
        end = log_probs[:, Tokenizer.eos_id].clone()
        steered = torch.maximum(of_markers, end.unsqueeze(1)).masked_fill(left <= 0, float("-inf"))
        of_markers.copy_(steered)
        log_probs[:, Tokenizer.eos_id] = end.masked_fill((left > 0).any(dim=1), float("-inf"))

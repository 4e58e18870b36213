"""The processes that share a training, as torchrun starts them; alone, as everywhere else, there is one.

`Ranks` is one process alone: what it would tell the others it tells itself. `collectives.Joined` has others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from mt.errors import MTError

T = TypeVar("T")


class RanksError(MTError):
    """A process of a training in several is gone or does not answer."""


class AlreadyTold(MTError):
    """Another rank has said what is wrong: this one ends without a word, with the same exit code."""

    def __init__(self, exit_code: int = 1) -> None:
        super().__init__("")
        self.exit_code = exit_code


class Ranks:
    """One process, rank 0 of 1. Every method is called by all ranks, in the same order."""

    rank, count = 0, 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which alone speaks and writes."""
        return self.rank == 0

    def in_turn(self, lead: Callable[[], T], tell: Callable[[T], Any], follow: Callable[[Any], T]) -> T:
        """Rank 0 leads and tells the others, in JSON; they follow, the first of each machine before the rest.

        Nobody waits for a limited time here. Raises AlreadyTold where another rank has failed.
        """
        del tell, follow
        return lead()

    def exchange(self, numbers: Sequence[float]) -> list[list[float]]:
        """A few numbers of each rank, in the order of the ranks."""
        return [list(numbers)]

    def from_first(self, value: T) -> T:
        """What rank 0 has; JSON-able."""
        return value

    def to_first(self, value: T) -> list[T]:
        """What each rank has, JSON-able, in the order of the ranks; the others get nothing."""
        return [value]

    def broadcast(self, tensors: Mapping[str, Tensor], device: torch.device) -> Mapping[str, Tensor]:
        """The tensors of rank 0, on that device; the other ranks' are ignored."""
        del device
        return tensors

    def add(self, tensor: Tensor) -> Callable[[], None]:
        """Begin to replace a tensor by its sum over all ranks; the result waits until that is done."""
        del tensor
        return lambda: None

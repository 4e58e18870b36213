"""What an update came to: numbers of a device, read while it goes on with the next step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Outcome(NamedTuple):
    """Target tokens of a step, their negative log-likelihood, and whether the update was skipped.

    The tensors are scalars on the device, at which it may still be at work.
    """

    step: int
    tokens: int
    nll: Tensor
    skipped: Tensor

    def begin_copy(self) -> Copied:
        """Begin to copy the numbers to the host, without waiting for a GPU."""
        return Copied(self)


class Copied:
    """The numbers of an outcome on their way from the device.

    Asking a GPU for a number by `item` waits for all steps that it has been given since, and it would have
    nothing to do until the next one comes. The copy of a step waits for that step alone.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.step, self.tokens = outcome.step, outcome.tokens
        both = torch.stack([outcome.nll.detach(), outcome.skipped.to(outcome.nll.dtype)])
        on_gpu = both.device.type == "cuda"
        self._numbers = both.to("cpu", non_blocking=on_gpu)  # torch takes pinned memory for it
        self._event = torch.cuda.Event() if on_gpu else None  # type: ignore[no-untyped-call]
        if self._event is not None:
            self._event.record()

    def wait(self) -> tuple[float, bool]:
        """The negative log-likelihood, and whether the update was skipped, as soon as they are there."""
        if self._event is not None:
            self._event.synchronize()
        nll, skipped = self._numbers.tolist()
        return nll, bool(skipped)

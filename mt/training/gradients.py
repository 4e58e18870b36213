"""The gradient of a step, summed over the ranks while the backward pass is still at work.

The gradients lie in buckets, the last layers' first. A bucket is sent as soon as the gradients in it are
complete (Li et al. 2020, PyTorch Distributed). Buckets never change, so a resumed run adds the same numbers
in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mt.training.ranks import Ranks

BUCKET = 2**21  # numbers; small enough to begin early, large enough for a slow network


class GradientSum:
    """Gradients of a model's parameters, and the loss of a step, summed over all ranks.

    `begin` a step. Before this rank's last backward pass call `send`, which makes it send what is complete.
    `finish` waits for all.
    """

    def __init__(self, model: nn.Module, ranks: Ranks, exchanged: torch.dtype = torch.float32) -> None:
        """exchanged: what gradients are rounded to before they are sent."""
        self.ranks, self.exchanged = ranks, exchanged
        self._missing: list[int] = []
        self._waits: list[Callable[[], None]] = []
        self._sending = False
        buckets = _buckets([part for part in model.parameters() if part.requires_grad][::-1])
        self._flat = [
            torch.zeros(sum(map(Tensor.numel, bucket)), device=bucket[0].device) for bucket in buckets
        ]
        self._nll = self._flat[0].new_zeros(())
        self._sizes = list(map(len, buckets))
        for index, (bucket, flat) in enumerate(zip(buckets, self._flat, strict=True)):
            parts = torch.split(flat, [parameter.numel() for parameter in bucket])
            for parameter, part in zip(bucket, parts, strict=True):
                parameter.grad = part.view_as(parameter)
                parameter.register_post_accumulate_grad_hook(partial(self._complete, index))  # type: ignore[no-untyped-call]

    def begin(self) -> None:
        """Forget the gradients of the last step."""
        for part in (*self._flat, self._nll):
            part.zero_()
        self._missing, self._waits, self._sending = list(self._sizes), [], False

    def send(self, nll: Tensor) -> None:
        """From now on send what is complete; nll: this rank's part of the step's loss."""
        self._nll += nll
        self._sending = True

    def finish(self) -> Tensor:
        """Send the rest and wait for all; returns the loss of the whole step."""
        self._sending = True
        self._missing = [0] * len(self._flat)
        self._send_complete()
        self._waits.append(self.ranks.add(self._nll))
        for wait in self._waits:
            wait()
        return self._nll

    def _complete(self, bucket: int, _: Tensor) -> None:
        """A gradient in a bucket is complete, if this is the last backward pass."""
        self._missing[bucket] -= self._sending
        self._send_complete()

    def _send_complete(self) -> None:
        """In the same order in every rank, whatever is complete first."""
        while self._sending and (sent := len(self._waits)) < len(self._flat) and self._missing[sent] <= 0:
            self._waits.append(self._add(self._flat[sent]))

    def _add(self, flat: Tensor) -> Callable[[], None]:
        """Begin to replace a bucket by its sum over all ranks."""
        if flat.dtype == self.exchanged:
            return self.ranks.add(flat)
        rounded = flat.to(self.exchanged)
        wait = self.ranks.add(rounded)

        def finish() -> None:
            wait()
            flat.copy_(rounded)

        return finish


def _buckets(parameters: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Neighbours together, up to BUCKET numbers."""
    found: list[list[nn.Parameter]] = []
    room = 0
    for parameter in parameters:
        if parameter.numel() > room:
            found.append([])
            room = BUCKET
        found[-1].append(parameter)
        room -= parameter.numel()
    return found

"""A linear recurrence h' = a·h + b, element by element, over whole sequences.

It needs no product between the steps, so all products of a layer can be done beforehand in one call, and
on a GPU the steps themselves run in parallel.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def linear_scan(keep: Tensor, add: Tensor, start: Tensor) -> Tensor:
    """h[t] = keep[t] · h[t-1] + add[t] for keep and add (B, T, H), h[-1] = start (B, H) -> h (B, T, H).

    Its gradient is the same recurrence read from the right, so only keep and h are remembered.
    """
    return _LinearScan.apply(keep, add, start)  # type: ignore[no-any-return, no-untyped-call]


class _LinearScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep: Tensor, add: Tensor, start: Tensor) -> Tensor:
        first = torch.addcmul(add[:, :1], keep[:, :1], start.unsqueeze(1))
        states = _run(keep, torch.cat([first, add[:, 1:]], dim=1))
        ctx.save_for_backward(keep, states, start)
        return states

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        keep, states, start = ctx.saved_tensors
        # What reaches h[t] comes from its own output and, through keep[t+1], from h[t+1].
        following = torch.cat([keep[:, 1:], torch.zeros_like(keep[:, :1])], dim=1)
        reaching = _run(following.flip(1), grad.flip(1)).flip(1)
        before = torch.cat([start.unsqueeze(1), states[:, :-1]], dim=1)
        return reaching * before, reaching, reaching[:, 0] * keep[:, 0]


def _run(keep: Tensor, add: Tensor) -> Tensor:
    """The recurrence from zero: step by step on a CPU, by doubling elsewhere."""
    return by_steps(keep, add) if keep.device.type == "cpu" else by_doubling(keep, add)


def by_steps(keep: Tensor, add: Tensor) -> Tensor:
    """T small operations, each over a (B, H) slice: every number is touched once."""
    states = torch.empty_like(add)
    state = torch.zeros_like(add[:, 0])
    for time in range(add.shape[1]):
        torch.addcmul(add[:, time], keep[:, time], state, out=states[:, time])
        state = states[:, time]
    return states


def by_doubling(keep: Tensor, add: Tensor) -> Tensor:
    """log2(T) operations over everything (Hillis & Steele 1986): fewer launches where those cost.

    After a round with distance d, position t holds the sum of the last 2d terms that end in t.
    """
    keep, states, distance = keep.clone(), add.clone(), 1
    while distance < add.shape[1]:
        states[:, distance:] = torch.addcmul(
            states[:, distance:], keep[:, distance:], states[:, :-distance].clone()
        )
        keep[:, distance:] = keep[:, distance:] * keep[:, :-distance].clone()
        distance *= 2
    return states

"""The training loss: cross-entropy with label smoothing, and the plain one that perplexity is made of.

It starts from the readouts, not from logits: (tokens × V) numbers would be by far the largest thing in a
step. Some hundred rows of logits at a time are made, turned into their own gradient in place, multiplied
back and forgotten.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

ROWS = 512  # of logits made by one product
CPU_ROWS = 64  # of them at work at once on a CPU: as many as stay in its cache


def cross_entropy(
    output: nn.Linear, readouts: Tensor, tgt_out: Tensor, *, pad_id: int, smoothing: float
) -> tuple[Tensor, Tensor]:
    """Readouts (B, T, F), read out by `output` over V pieces, and the ids to predict (B, T) -> two sums.

    Both are over the tokens, in nats. The first is trained on: `smoothing` of the target's probability is
    spread over all V pieces (Szegedy et al. 2016). The second is the negative log-likelihood, without a
    gradient. Padding counts for nothing. Under autocast the products are in its precision, the sums in fp32.
    """
    found: tuple[Tensor, Tensor] = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
        readouts.flatten(0, 1), output.weight, output.bias, tgt_out.flatten(), pad_id, smoothing
    )
    return found


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        readouts: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        pad_id: int,
        smoothing: float,
    ) -> tuple[Tensor, Tensor]:
        kind = readouts.device.type
        by_weight, by_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            readouts, weight, bias = readouts.to(dtype), weight.to(dtype), bias.to(dtype)
        by_readouts = torch.empty_like(readouts)
        needed = any(ctx.needs_input_grad[:3])
        loss, plain = by_bias.new_zeros(()), by_bias.new_zeros(())
        for at in range(0, len(readouts), ROWS):
            rows, goals = readouts[at : at + ROWS], targets[at : at + ROWS]
            logits = nn.functional.linear(rows, weight, bias)
            at_once = CPU_ROWS if kind == "cpu" else ROWS
            for top in range(0, len(rows), at_once):
                smooth, nll = _into_slopes(
                    logits[top : top + at_once], goals[top : top + at_once], pad_id, smoothing
                )
                loss += smooth
                plain += nll
            if needed:
                torch.mm(logits, weight, out=by_readouts[at : at + ROWS])
                by_bias += logits.sum(dim=0, dtype=torch.float32)
                by_weight += torch.mm(logits.t(), rows)
        if needed:
            ctx.save_for_backward(by_readouts, by_weight, by_bias)
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        by_readouts, by_weight, by_bias = ctx.saved_tensors
        return by_readouts * scale, by_weight.mul_(scale), by_bias * scale, None, None, None


def _into_slopes(logits: Tensor, goals: Tensor, pad_id: int, smoothing: float) -> tuple[Tensor, Tensor]:
    """The smoothed and the plain loss of some rows; their logits become d loss / d logits in place.

    That is the probabilities less the target's distribution, in rows of padding nothing.
    """
    real = goals != pad_id
    log_probs = torch.log_softmax(logits.float(), dim=1)
    nll = -log_probs.gather(1, goals.unsqueeze(1)).squeeze(1).masked_fill(~real, 0).sum()
    uniform = -log_probs.mean(dim=1).masked_fill(~real, 0).sum()
    slopes = log_probs.exp_().sub_(smoothing / logits.shape[1])
    slopes.scatter_add_(1, goals.unsqueeze(1), slopes.new_full((len(goals), 1), smoothing - 1))
    logits.copy_(slopes.mul_(real.unsqueeze(1)))
    return (1 - smoothing) * nll + smoothing * uniform, nll

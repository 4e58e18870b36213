"""The training loss: cross-entropy with label smoothing, and the plain one, of which perplexity is made.

It starts from the readouts, not from logits: (tokens × V) numbers would be by far the largest thing in a
step. Some hundred rows of logits at a time are made, turned into their own gradient in place, multiplied
back and forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mt.data.batches import TopK
from mt.errors import MTError

ROWS = 512  # of logits made by one product
CPU_ROWS = 64  # of them at work at once on a CPU: as many as stay in its cache


class Sums(NamedTuple):
    """Sums over the tokens, in nats.

    loss is what is learned from, the only one with a gradient. nll is the plain negative log-likelihood, from
    which perplexity is made.
    """

    loss: Tensor
    nll: Tensor


@dataclass(frozen=True)
class Targets:
    """What is to be predicted: ids (B, T), of which padding counts for nothing.

    `smoothing` of the target's probability is spread over all V pieces (Szegedy et al. 2016).
    expected: the teachers' N most probable pieces (B, T, N). Their distribution has the weight
    `distillation_weight` in the target, the reference has the rest (Hinton et al. 2015). The probability that
    the N pieces leave is spread over all V.
    """

    ids: Tensor
    pad_id: int
    smoothing: float = 0.0
    expected: TopK | None = None
    distillation_weight: float = 0.0

    def each(self, change: Callable[[Tensor], Tensor]) -> Targets:
        """The same with every tensor changed."""
        return replace(self, ids=change(self.ids), expected=self.expected and self.expected.each(change))


def cross_entropy(output: nn.Linear, readouts: Tensor, targets: Targets) -> Sums:
    """Readouts (B, T, F), read out by `output` over V pieces, and what to predict -> `Sums`.

    Under autocast the products are in its precision, the sums in fp32.
    """
    rows, of_rows = readouts.flatten(0, 1), targets.each(lambda part: part.flatten(0, 1))
    return Sums(*_CrossEntropy.apply(rows, output.weight, output.bias, of_rows))  # type: ignore[no-untyped-call]


def bag_of_words(output: nn.Linear, readouts: Tensor, tgt_out: Tensor, counted: Tensor) -> Tensor:
    """How well one readout a sentence (B, F) predicts the pieces of its translation (B, T), in any order.

    The sum, over the pieces where `counted` (B, T) is True, of their negative log-probability in nats (Ma et
    al. 2018, Zhao et al. 2017): what makes the sentence vector hold what is to be said.
    """
    log_probs = torch.log_softmax(output(readouts).float(), dim=1)
    return -log_probs.gather(1, tgt_out).masked_fill(~counted, 0).sum()


def perplexity(total_loss: float, tokens: int) -> float:
    """exp of the mean loss (natural logarithm) per target token; infinite if it overflows.

    Both arguments are sums over the whole corpus: the mean of per-batch perplexities is another number.
    Raises MTError without tokens.
    """
    if tokens < 1:
        raise MTError("perplexity needs at least one target token; the corpus it is measured on is empty")
    try:
        return math.exp(total_loss / tokens)
    except OverflowError:
        return math.inf


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, readouts: Tensor, weight: Tensor, bias: Tensor, targets: Targets
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
            rows, of_rows = readouts[at : at + ROWS], _part(targets, at, ROWS)
            logits = nn.functional.linear(rows, weight, bias)
            at_once = CPU_ROWS if kind == "cpu" else ROWS
            for top in range(0, len(rows), at_once):
                some = _part(of_rows, top, at_once)
                smooth, nll, slopes = _into_slopes(logits[top : top + at_once], some)
                loss += smooth
                plain += nll
                if needed:
                    by_bias += slopes.sum(dim=0)  # here they are in the cache, and in fp32
            if needed:
                torch.mm(logits, weight, out=by_readouts[at : at + ROWS])
                by_weight += torch.mm(logits.t(), rows)
        if needed:
            ctx.save_for_backward(by_readouts, by_weight, by_bias)
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        by_readouts, by_weight, by_bias = ctx.saved_tensors
        return by_readouts * scale, by_weight.mul_(scale), by_bias * scale, None


def _into_slopes(logits: Tensor, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """The trained and the plain loss of some rows; their logits become d loss / d logits in place.

    The gradient is returned in fp32 too: the probabilities less the target's distribution, zero in rows of
    padding.
    """
    real, target = (targets.ids != targets.pad_id).unsqueeze(1), targets.ids.unsqueeze(1)
    expected = targets.expected
    log_probs = torch.log_softmax(logits.float(), dim=1)
    nll = -log_probs.gather(1, target)
    target_weight = (1 - targets.smoothing) * (1 - (targets.distillation_weight if expected else 0))
    spread: float | Tensor = 1 - target_weight
    loss = target_weight * nll
    if expected:
        expected_probs = targets.distillation_weight * expected.probs
        spread = spread - expected_probs.sum(dim=1, keepdim=True)
        loss -= (expected_probs * log_probs.gather(1, expected.ids)).sum(dim=1, keepdim=True)
    loss -= spread * log_probs.mean(dim=1, keepdim=True)
    total = loss.masked_fill(~real, 0).sum()
    slopes = log_probs.exp_().sub_(spread / logits.shape[1])
    slopes.scatter_add_(1, target, slopes.new_full(target.shape, -target_weight))
    if expected:
        slopes.scatter_add_(1, expected.ids, -expected_probs)
    logits.copy_(slopes.mul_(real))
    return total, nll.masked_fill(~real, 0).sum(), slopes


def _part(targets: Targets, start: int, count: int) -> Targets:
    """Some of the rows."""
    return targets.each(lambda part: part[start : start + count])

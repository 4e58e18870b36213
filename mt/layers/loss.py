"""The training loss: cross-entropy with label smoothing, and the plain one that perplexity is made of.

It starts from the readouts, not from logits: (tokens × V) numbers would be by far the largest thing in a
step. Some hundred rows of logits at a time are made, turned into their own gradient in place, multiplied
back and forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mt.data.batches import Likeliest

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
class Goals:
    """What is to be predicted: ids (B, T), of which padding counts for nothing.

    `smoothing` of the target's probability is spread over all V pieces (Szegedy et al. 2016). With expected
    pieces (B, T, N) the target is, to the share of `teaching`, what was expected, and what those N leave of
    the probability is spread over all pieces (Hinton et al. 2015).
    """

    ids: Tensor
    pad_id: int
    smoothing: float = 0.0
    expected: Likeliest | None = None
    teaching: float = 0.0

    def each(self, change: Callable[[Tensor], Tensor]) -> Goals:
        """The same with every tensor changed."""
        return replace(self, ids=change(self.ids), expected=self.expected and self.expected.each(change))


def cross_entropy(output: nn.Linear, readouts: Tensor, goals: Goals, *, agreement: float = 0.0) -> Sums:
    """Readouts (B, T, F), read out by `output` over V pieces, and what to predict -> `Sums`.

    Under autocast the products are in its precision, the sums in fp32.

    With an `agreement` above 0 the readouts are of two passes over the same batch with other dropout, (2, B,
    T, F). Both sums are then means over the passes, and added to the loss is half that weight times the mean
    of both Kullback-Leibler divergences between their predictions: R-Drop (Liang et al. 2021), halved, with
    the paper's α.
    """
    goals = goals.each(lambda part: part.flatten(0, 1))
    if agreement:
        # A token's two rows next to each other, so that both are in hand at once.
        rows = readouts.flatten(1, 2).transpose(0, 1).flatten(0, 1)
        twice = goals.each(lambda part: part.repeat_interleave(2, dim=0))
        loss, nll = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
            rows, output.weight, output.bias, twice, agreement / 2
        )
        return Sums(loss / 2, nll / 2)
    found = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
        readouts.flatten(0, 1), output.weight, output.bias, goals, 0.0
    )
    return Sums(*found)


def bag_of_words(output: nn.Linear, readouts: Tensor, tgt_out: Tensor, *, pad_id: int, eos_id: int) -> Tensor:
    """How well one readout a sentence (B, F) predicts the pieces of its translation (B, T), in any order.

    The sum over the pieces, eos aside, of their negative log-probability in nats (Ma et al. 2018, Zhao et al.
    2017): what makes the sentence vector hold what is to be said.
    """
    log_probs = torch.log_softmax(output(readouts).float(), dim=1)
    real = (tgt_out != pad_id) & (tgt_out != eos_id)
    return -log_probs.gather(1, tgt_out).masked_fill(~real, 0).sum()


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        readouts: Tensor,
        weight: Tensor,
        bias: Tensor,
        goals: Goals,
        agreement: float,
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
            rows, of_rows = readouts[at : at + ROWS], _part(goals, at, ROWS)
            logits = nn.functional.linear(rows, weight, bias)
            at_once = CPU_ROWS if kind == "cpu" else ROWS
            for top in range(0, len(rows), at_once):
                smooth, nll, slopes = _into_slopes(
                    logits[top : top + at_once], _part(of_rows, top, at_once), agreement
                )
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
        return by_readouts * scale, by_weight.mul_(scale), by_bias * scale, None, None


def _into_slopes(logits: Tensor, goals: Goals, agreement: float) -> tuple[Tensor, Tensor, Tensor]:
    """The trained and the plain loss of some rows; their logits become d loss / d logits in place.

    Those are handed out in fp32 too.

    That is the probabilities less the target's distribution, in rows of padding nothing; with an agreement,
    rows 2n and 2n + 1 belong together and draw each other near.
    """
    real, goal = (goals.ids != goals.pad_id).unsqueeze(1), goals.ids.unsqueeze(1)
    expected = goals.expected
    log_probs = torch.log_softmax(logits.float(), dim=1)
    nll = -log_probs.gather(1, goal)
    of_goal = (1 - goals.smoothing) * (1 - (goals.teaching if expected else 0))
    spread: float | Tensor = 1 - of_goal
    loss = of_goal * nll
    if expected:
        shares = goals.teaching * expected.probs
        spread = spread - shares.sum(dim=1, keepdim=True)
        loss -= (shares * log_probs.gather(1, expected.ids)).sum(dim=1, keepdim=True)
    loss -= spread * log_probs.mean(dim=1, keepdim=True)
    total = loss.masked_fill(~real, 0).sum()
    apart, pull = _apart(log_probs, real) if agreement else (None, None)
    slopes = log_probs.exp_().sub_(spread / logits.shape[1])
    slopes.scatter_add_(1, goal, slopes.new_full(goal.shape, -of_goal))
    if expected:
        slopes.scatter_add_(1, expected.ids, -shares)
    if apart is not None and pull is not None:
        slopes.add_(pull, alpha=agreement)
        total = total + agreement * apart
    logits.copy_(slopes.mul_(real))
    return total, nll.masked_fill(~real, 0).sum(), slopes


def _part(goals: Goals, start: int, count: int) -> Goals:
    """Some of the rows."""
    return goals.each(lambda part: part[start : start + count])


def _apart(log_probs: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """KL(p‖q) + KL(q‖p), summed over the pairs of rows p, q, and its slope by their logits (N, V).

    By p's logits KL(p‖q) has the slope p·(log p/q - KL(p‖q)) and KL(q‖p) the slope p - q.
    """
    probs = log_probs.exp()
    ratios = log_probs - _swapped(log_probs)
    weighted = probs * ratios
    divergence = weighted.sum(dim=1, keepdim=True)
    slopes = weighted.sub_(probs * divergence).add_(probs).sub_(_swapped(probs))
    return divergence.masked_fill(~real, 0).sum(), slopes


def _swapped(rows: Tensor) -> Tensor:
    """Each pair of rows in the other order."""
    return rows.view(-1, 2, rows.shape[1]).flip(1).view_as(rows)

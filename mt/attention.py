"""Attention: query + memory -> context, a weighted mean of the encoder's states.

A query has the shape (B, Q, H). In search Q are the K hypotheses at one step, in training the T steps of a
reference. `prepare` computes what depends on the sentence alone, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mt.layers.prepack import Linear

Kind = Literal["dot", "general", "mlp"]
CPU_NUMBERS = 1 << 17  # of mlp's hidden layer made at once on a CPU: as many as stay in its cache
FEW_NUMBERS = 1 << 14  # so few are sooner computed than cut up


@dataclass(frozen=True)
class Memory:
    """What attention reads of B sentences: keys (B, S, A) to compare with queries, values (B, S, M).

    bias: (B, S), added to the scores: 0 where there is a token, -inf in padding.
    """

    keys: Tensor
    values: Tensor
    bias: Tensor

    def select(self, rows: Tensor) -> Memory:
        """The sentences `rows` (N,), in that order."""
        return Memory(
            self.keys.index_select(0, rows),
            self.values.index_select(0, rows),
            self.bias.index_select(0, rows),
        )


class Attention(nn.Module):
    """Scores of each source position for a query, and the mean of the values weighted by their softmax.

    dot: q·k (Luong et al. 2015). general: q·W·k (the same). mlp: v·tanh(W·q + U·k) (Bahdanau et al. 2015).
    Padding gets no weight.

    query_size, memory_size: the sizes of a query and of the memory at one position; `dot` needs them equal.
    The context has the size memory_size.
    """

    def __init__(self, kind: Kind, *, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.kind = kind
        self.keys = Linear(memory_size, query_size, bias=False) if kind != "dot" else None
        self.query = Linear(query_size, query_size) if kind == "mlp" else None
        self.energy = nn.Parameter(torch.empty(query_size)) if kind == "mlp" else None
        if self.energy is not None:
            nn.init.uniform_(self.energy, -(query_size**-0.5), query_size**-0.5)

    def prepare(self, states: Tensor, mask: Tensor) -> Memory:
        """The encoder's states (B, S, M) and their mask (B, S) -> the memory of these sentences."""
        keys = states if self.keys is None else self.keys(states)
        bias = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, float("-inf"))
        return Memory(keys, states, bias)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Queries (B, Q, H) -> contexts (B, Q, M) and weights (B, Q, S)."""
        if self.query is not None:
            query = self.query(query)
        if self.energy is not None:
            scores = additive_scores(query, memory.keys, self.energy)
        else:
            scores = torch.bmm(query, memory.keys.transpose(1, 2))
        weights = torch.softmax(scores.float() + memory.bias.unsqueeze(1), dim=2)
        return torch.bmm(weights.to(memory.values.dtype), memory.values), weights


def additive_scores(query: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    """v·tanh(q + k) of each query and key: (B, Q, A), (B, S, A), (A,) -> (B, Q, S), in fp32.

    The hidden layer, B × Q × S × A numbers, would be the largest tensor of a step. It is computed for a
    few sentences at a time, and again in the backward pass. The logistic function computes it, as tanh(x) =
    2σ(2x) - 1 and torch's σ takes a fifth of its tanh's time.
    """
    if query.shape[1] * keys.numel() <= FEW_NUMBERS:
        return torch.matmul(
            torch.tanh(query.unsqueeze(2) + keys.unsqueeze(1)), energy.to(query.dtype)
        ).float()
    with torch.autocast(query.device.type, enabled=False):
        return _Additive.apply(query.float(), keys.float(), energy)  # type: ignore[no-any-return,no-untyped-call]


class _Additive(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
        ctx.save_for_backward(query, keys, energy)
        query, keys = 2 * query, 2 * keys
        scores = query.new_empty(*query.shape[:2], keys.shape[1])
        for rows in _few_sentences(query, keys):
            torch.matmul(_logistic(query[rows], keys[rows]), 2 * energy, out=scores[rows])
        return scores.sub_(energy.sum())

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, ...]:
        query, keys, energy = ctx.saved_tensors
        by_query, by_keys = torch.empty_like(query), torch.empty_like(keys)
        by_energy = -slopes.sum().expand_as(energy)
        query, keys = 2 * query, 2 * keys
        for rows in _few_sentences(query, keys):
            hidden, slope = _logistic(query[rows], keys[rows]), slopes[rows]
            by_energy = torch.addmv(by_energy, hidden.flatten(0, 2).t(), slope.flatten(), alpha=2)
            inner = hidden * (4 * energy)
            inner.addcmul_(inner, hidden, value=-1)  # v·(1 - tanh²)
            torch.matmul(slope.unsqueeze(2), inner, out=by_query[rows].unsqueeze(2))
            torch.sum(inner.mul_(slope.unsqueeze(3)), dim=1, out=by_keys[rows])
        return by_query, by_keys, by_energy


def _few_sentences(query: Tensor, keys: Tensor) -> list[slice]:
    """The B sentences in turn, as many at a time as a CPU's cache holds; on a GPU all at once."""
    count, each = len(query), query.shape[1] * keys[0].numel()
    size = count if query.device.type != "cpu" else max(1, CPU_NUMBERS // max(1, each))
    return [slice(at, at + size) for at in range(0, count, max(1, size))]


def _logistic(query: Tensor, keys: Tensor) -> Tensor:
    """σ(q + k): (B, Q, A), (B, S, A) -> (B, Q, S, A)."""
    return (query.unsqueeze(2) + keys.unsqueeze(1)).sigmoid_()

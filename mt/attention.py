"""Query + memory -> context: the decoder looks back at the encoder's states, one weight for each.

A query may be one step of K hypotheses or all T steps of a reference: (B, Q, H) either way. What depends
on the sentence alone is computed once, by `prepare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from mt.product import Linear

Kind = Literal["dot", "general", "mlp", "multihead"]


@dataclass(frozen=True)
class Memory:
    """What attention reads of B sentences: keys (B, S, A) to compare with, values (B, S, M) to take home.

    bias: (B, S), added to how well a position fits: 0 where there is a token, -inf in padding.
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
    """How well each source position fits a query, and the mean of the states weighted by that.

    dot: q·k (Luong et al. 2015). general: q·W·k (the same). mlp: v·tanh(W·q + U·k) (Bahdanau et al. 2015).
    multihead: several scaled dot products side by side, each over projections of its own (Vaswani et al.
    2017). Positions beyond a sentence's end get no weight.

    query_size, memory_size: numbers in a query and in a state of the encoder; `dot` needs them equal.
    context_size: numbers in the result.
    """

    def __init__(self, kind: Kind, *, query_size: int, memory_size: int, heads: int) -> None:
        super().__init__()
        self.kind = kind
        self.heads = heads if kind == "multihead" else 1
        self.context_size = query_size if kind == "multihead" else memory_size
        with_query = kind in ("mlp", "multihead")
        self.keys = Linear(memory_size, query_size, bias=False) if kind != "dot" else None
        self.values = Linear(memory_size, query_size, bias=False) if kind == "multihead" else None
        self.query = Linear(query_size, query_size) if with_query else None
        self.energy = nn.Parameter(torch.empty(query_size)) if kind == "mlp" else None
        if self.energy is not None:
            nn.init.uniform_(self.energy, -(query_size**-0.5), query_size**-0.5)

    def prepare(self, states: Tensor, mask: Tensor) -> Memory:
        """The encoder's states (B, S, M) and their mask -> what every query of these sentences reads."""
        keys = states if self.keys is None else self.keys(states)
        values = states if self.values is None else self.values(states)
        bias = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, float("-inf"))
        return Memory(keys, values, bias)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Queries (B, Q, H) -> contexts (B, Q, M) and weights (B, Q, S); of several heads, their mean."""
        if self.query is not None:
            query = self.query(query)
        if self.kind == "multihead":
            return self._several(query, memory)
        if self.energy is not None:
            fits = torch.tanh(query.unsqueeze(2) + memory.keys.unsqueeze(1))
            scores = torch.matmul(fits, self.energy.to(fits.dtype))
        else:
            scores = torch.bmm(query, memory.keys.transpose(1, 2))
        weights = torch.softmax(scores.float() + memory.bias.unsqueeze(1), dim=2)
        return torch.bmm(weights.to(memory.values.dtype), memory.values), weights

    def _several(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """`forward` of all heads."""
        queries, keys, values = (_split(rows, self.heads) for rows in (query, memory.keys, memory.values))
        scores = torch.matmul(queries, keys.transpose(2, 3)) * queries.shape[3] ** -0.5
        weights = torch.softmax(scores.float() + memory.bias[:, None, None, :], dim=3)
        context = torch.matmul(weights.to(values.dtype), values)
        return context.transpose(1, 2).flatten(2), weights.mean(dim=1)


def _split(rows: Tensor, heads: int) -> Tensor:
    """(B, Q, heads × F) -> (B, heads, Q, F)."""
    return rows.view(rows.shape[0], rows.shape[1], heads, -1).transpose(1, 2)

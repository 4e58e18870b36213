"""Greedy search."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.search.hypothesis import BOS, EOS, Hypothesis, Model
from mt.search.top import top
from mt.search.unfinished import Unfinished, select


def greedy_search(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None = None,
) -> list[list[Hypothesis]]:
    """Take the most probable piece at each step, until eos or `limit` (B,) pieces. One hypothesis a row."""
    return Greedy(model, encoded, limit, config, constraint).run()


class Greedy(Unfinished):
    """One translation of each of R sentences. `length` (R,): steps of those that have ended, else 0."""

    def _begin(self) -> None:
        limit = self.limit
        self.previous = torch.full_like(limit, BOS)
        self.history = self.previous.new_zeros((len(limit), 0))
        self.total = torch.zeros(len(limit), device=limit.device)
        self.length = torch.zeros_like(limit)

    def advance(self, step: int) -> None:
        """Do one step: append the most probable piece to each sentence."""
        best, pieces = top(self._next(), 1)
        self.previous = pieces.squeeze(1)
        self.total = self.total + best.squeeze(1).masked_fill(self.length > 0, 0.0)
        self.history = torch.cat([self.history, pieces], dim=1)
        ends = ((self.previous == EOS) | (self.limit <= step)) & (self.length == 0)
        self.length = self.length.masked_fill(ends, step)

    def ended(self) -> Tensor:
        return self.length > 0

    def collect(self) -> None:
        rows = self.ended()
        of_rows = (self.alive, self.history, self.total, self.length)
        for sentence, ids, log_prob, size in zip(*(part[rows].tolist() for part in of_rows), strict=True):
            closed = ids[size - 1] == EOS
            alpha = self.config.length_penalty
            self.found[sentence] = [Hypothesis.of(ids[: size - closed], log_prob, size, alpha)]

    def drop(self) -> None:
        """Remove the sentences that have ended from the batch."""
        going = (self.length == 0).nonzero().flatten()
        self.alive, self.limit, self.length = self.alive[going], self.limit[going], self.length[going]
        self.previous, self.history, self.total = self.previous[going], self.history[going], self.total[going]
        self.state, self.prepared = select(self.state, going), self.prepared.select(going)
        self.constraint = self.constraint and self.constraint.select(going)

"""Beam search."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.search.hypothesis import BOS, EOS, Hypothesis, Model, length_norm
from mt.search.top import top_of_beams
from mt.search.unfinished import Unfinished, select


def beam_search(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None = None,
) -> list[list[Hypothesis]]:
    """The best `config.beam` hypotheses of each row, best first (Graves 2012).

    Each step takes a sentence's 2K best continuations. Those among the first K that end are finished; the K
    best others go on. A sentence is done when K hypotheses are finished and the best of those under way is
    not better than all of them, or at `limit` (B,) pieces. K alone, as fairseq stops, loses the most probable
    text where K shorter ones end before it.
    """
    return [rows[: config.beam] for rows in Beam(model, encoded, limit, config, constraint).run()]


class Beam(Unfinished):
    """R sentences × K beams; the beams of a sentence are neighbours."""

    def _begin(self) -> None:
        limit, size = self.limit, self.config.beam
        self.goal = size  # the number of finished hypotheses that ends a search
        # Step, which (R, K), ids, log-probabilities.
        self.records: list[tuple[int, Tensor, Tensor, Tensor]] = []
        self.state = tuple(part.repeat_interleave(size, dim=0) for part in self.state)
        self.previous = torch.full((len(limit) * size,), BOS, device=limit.device)
        self.history = self.previous.new_zeros((len(limit) * size, 0))
        self.finished = torch.zeros_like(limit)  # hypotheses of each sentence
        self.best = torch.full((len(limit),), float("-inf"), device=limit.device)  # score of those
        self.done = torch.zeros_like(limit, dtype=torch.bool)
        # All beams begin alike: only the first one counts, or they would stay alike.
        self.totals = torch.full((len(limit), size), float("-inf"), device=limit.device)
        self.totals[:, 0] = 0.0

    def run(self) -> list[list[Hypothesis]]:
        """Search to the end -> the hypotheses of each sentence, best first."""
        return [sorted(rows, key=lambda row: -row.score) for rows in super().run()]

    def ended(self) -> Tensor:
        return self.done

    def advance(self, step: int) -> None:
        """Do one step: finish the hypotheses that end, keep the K best others of each sentence."""
        size = self.config.beam
        totals, parents, pieces = self._continuations(self._next())
        ends = pieces == EOS
        width = min(size, ends.shape[1])
        rows = torch.arange(len(self.alive), device=ends.device).unsqueeze(1) * size
        before = self.history[(rows + parents[:, :width]).flatten()].view(len(rows), width, -1)
        self._finish(step, ends[:, :width] & totals[:, :width].isfinite(), before, totals[:, :width])
        going = totals.masked_fill(ends, float("-inf"))
        keep = self._kept(going, parents, pieces)
        self.totals = going.gather(1, keep)
        chosen = (rows + parents.gather(1, keep)).flatten()
        self.previous = pieces.gather(1, keep).flatten()
        self.history = torch.cat([self.history[chosen], self.previous.unsqueeze(1)], dim=1)
        self.state = select(self.state, chosen)
        cut = (self.limit <= step) & (self.finished < self.goal)
        under_way = self.history.view(len(rows), size, -1)
        self._finish(step, cut.unsqueeze(1) & self.totals.isfinite(), under_way, self.totals)
        enough = (self.finished >= self.goal) & ~self._better(step)
        self.done |= enough | (self.limit <= step) | ~self.totals.isfinite().any(dim=1)

    def _better(self, step: int) -> Tensor:
        """Whether a hypothesis under way is better than all that are finished (R,)."""
        return self.totals.amax(dim=1) / length_norm(step, self.config.length_penalty) > self.best

    def _continuations(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The continuations that may be kept: totals, hypotheses, pieces, (R, 2K) each, best first.

        Those among the first K that end are finished.
        """
        return top_of_beams(log_probs, self.totals, 2 * self.config.beam)

    def _kept(self, totals: Tensor, parents: Tensor, pieces: Tensor) -> Tensor:  # noqa: ARG002
        """The indices of the K continuations that go on (R, K); totals are -inf for those that end."""
        # A stable sort moves the K best that go on to the front, in their order.
        return (pieces == EOS).to(torch.int8).argsort(dim=1, stable=True)[:, : self.config.beam]

    def _finish(self, step: int, which: Tensor, ids: Tensor, totals: Tensor) -> None:
        """Record hypotheses that end at this step: `which` (R, K) of ids (R, K, t). Skip done sentences."""
        which = which & ~self.done.unsqueeze(1)
        self.finished = self.finished + which.sum(dim=1)
        scores = totals.masked_fill(~which, float("-inf")).amax(dim=1)
        self.best = self.best.maximum(scores / length_norm(step, self.config.length_penalty))
        self.records.append((step, which, ids, totals))

    def collect(self) -> None:
        """Turn the records into hypotheses. Only here must a GPU wait."""
        alive, alpha = self.alive.tolist(), self.config.length_penalty
        for step, which, ids, totals in self.records:
            indices = which.nonzero()
            rows, columns = indices[:, 0], indices[:, 1]
            for row, pieces, total in zip(
                rows.tolist(), ids[rows, columns].tolist(), totals[rows, columns].tolist(), strict=True
            ):
                self.found[alive[row]].append(Hypothesis.of(pieces, total, step, alpha))
        self.records = []

    def drop(self) -> None:
        """Remove the sentences that are done from the batch."""
        size = self.config.beam
        rows = (~self.done).nonzero().flatten()
        beams = (rows.unsqueeze(1) * size + torch.arange(size, device=rows.device)).flatten()
        self.alive, self.limit, self.totals = self.alive[rows], self.limit[rows], self.totals[rows]
        self.finished, self.done, self.best = self.finished[rows], self.done[rows], self.best[rows]
        self.previous, self.history = self.previous[beams], self.history[beams]
        self.state, self.prepared = select(self.state, beams), self.prepared.select(rows)
        self.constraint = self.constraint and self.constraint.select(rows)

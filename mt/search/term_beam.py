"""Beam search for translations that hold terms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.decoding.hints import Hints
from mt.decoding.terms import TermSteering, missing
from mt.search.beam import Beam
from mt.search.hypothesis import Hypothesis, Model

TERM_BEAMS = 16  # hypotheses more than the beam, where a translation must hold terms


def term_search(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None,
    hints: Hints,
) -> list[list[Hypothesis]]:
    """The best `config.beam` hypotheses of each row, best first (see `mt.decoding.terms`).

    A hypothesis that lacks terms when it is as long as it may be ranks behind those that do not.
    """
    found = TermBeam(model, encoded, limit, config, constraint, hints).run()
    ranked = [
        sorted(rows, key=lambda row: (missing(row.ids, terms, hints.words), -row.score))
        for terms, rows in zip(hints.terms, found, strict=True)
    ]
    return [rows[: config.beam] for rows in ranked]


class TermBeam(Beam):
    """A beam whose translations hold terms. It is wider than `config.beam`, by the terms' pieces."""

    def __init__(
        self,
        model: Model,
        encoded: Any,
        limit: Tensor,
        config: SearchConfig,
        constraint: Constraint | None,
        hints: Hints,
    ) -> None:
        most = max(sum(term.size for term in terms) for terms in hints.terms)
        wide = config.model_copy(update={"beam": config.beam + min(TERM_BEAMS, most)})
        super().__init__(model, encoded, limit, wide, constraint)
        self.goal = config.beam
        self.steering = TermSteering(hints.terms, hints.words, wide.beam)

    def _continuations(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.steering.mask(log_probs)
        return self.steering.candidates(log_probs, self.totals, self.goal)

    def _better(self, step: int) -> Tensor:
        """Never: a hypothesis may be better as it avoids the terms, and it cannot end."""
        del step
        return torch.zeros_like(self.done)

    def _kept(self, totals: Tensor, parents: Tensor, pieces: Tensor) -> Tensor:
        return self.steering.keep(totals, parents, pieces)

    def drop(self) -> None:
        """Remove the sentences that are done from the batch."""
        self.steering.select((~self.done).nonzero().flatten())
        super().drop()

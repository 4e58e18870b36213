"""Beam search for translations that hold terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.decoding.hints import Hints
from mt.decoding.terms import Term, TermSteering, WordEnds, missing
from mt.search.beam import Beam
from mt.search.hypothesis import Hypothesis, Model
from mt.search.top import top

WIDTHS = (4, 16)
"""Hypotheses more than the beam: the first number that is not less than the terms' pieces, or the last."""


def first_with_terms(rows: list[Hypothesis], terms: Sequence[Term], words: WordEnds) -> list[Hypothesis]:
    """The hypotheses of a sentence, those that lack fewest of its terms first."""
    if not terms or not missing(rows[0].ids, terms, words):
        return rows
    return sorted(rows, key=lambda row: missing(row.ids, terms, words))


def lacking(found: Sequence[Sequence[Hypothesis]], hints: Hints) -> dict[int, list[int]]:
    """The indices of the sentences whose first hypothesis lacks terms, by how much wider their beam is."""
    rows: dict[int, list[int]] = {}
    for row, (hypotheses, terms) in enumerate(zip(found, hints.terms, strict=True)):
        if terms and missing(hypotheses[0].ids, terms, hints.words):
            rows.setdefault(more_beams(terms), []).append(row)
    return rows


def more_beams(terms: Sequence[Term]) -> int:
    """How many hypotheses more than the beam a search for terms has."""
    pieces = sum(term.size for term in terms)
    return next((width for width in WIDTHS if width >= pieces), WIDTHS[-1])


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
    ranked = TermBeam(model, encoded, limit, config, constraint, hints).run()
    return [
        first_with_terms(rows, terms, hints.words)[: config.beam]
        for rows, terms in zip(ranked, hints.terms, strict=True)
    ]


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
        wide = config.model_copy(update={"beam": config.beam + max(map(more_beams, hints.terms))})
        super().__init__(model, encoded, limit, wide, constraint)
        self.goal = config.beam
        self.steering = TermSteering(hints.terms, hints.words, wide.beam)

    def _continuations(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.steering.mask(log_probs)
        return self.steering.candidates(log_probs, self.totals, top(log_probs, self.goal))

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

"""The tree of beam search: which hypotheses were kept at each step, and from which ones they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.decoding.pausing import Pause, no_pause
from mt.inspection.floats import Arrays
from mt.search import EOS, Beam, Hypothesis, Model

Path = tuple[int, ...]
Spell = Callable[[Sequence[int]], list[str]]
"""Ids -> the pieces that they stand for."""


@dataclass(frozen=True)
class BeamEntry:
    """A hypothesis that search kept at one step.

    piece: what it was lengthened by. parent: the index, in the step before, of the one that was lengthened;
    0 at the first step. log_prob: of all its pieces. ended: whether it is finished.
    """

    piece: str
    parent: int
    log_prob: float
    ended: bool


@dataclass(frozen=True)
class Trace:
    """The hypotheses of one sentence, as search ranks them, and at each step those it kept, likeliest first:
    up to K that go on and beside them those that ended in this step.
    """

    hypotheses: list[Hypothesis]
    steps: list[list[BeamEntry]]

    def arrays(self) -> Arrays:
        """For npz, (steps, widest); where there is no hypothesis an empty piece, -1, -inf, False."""
        widest = max(map(len, self.steps))
        nothing = [BeamEntry("", -1, float("-inf"), False)] * widest
        rows = [[*step, *nothing][:widest] for step in self.steps]
        names = {"piece": "pieces", "parent": "parents", "log_prob": "log_probs", "ended": "ended"}
        return {
            f"beam_{name}": np.array([[getattr(kept, field) for kept in row] for row in rows])
            for field, name in names.items()
        }


def trace(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None,
    spell: Spell,
    pause: Pause = no_pause,
) -> Trace:
    """Beam search for one sentence, watched; limit (1,), a pause after each step. Greedy search is a beam of
    one."""
    beam = Beam(model, encoded, limit, config, constraint)
    steps: list[list[BeamEntry]] = []
    indices: dict[Path, int] = {(): 0}  # of the hypotheses of the step before
    for step in range(1, int(limit) + 1):
        beam.advance(step)
        totals = _under_way(beam) | (ended := _ended(beam, step))
        order = sorted(totals, key=lambda path: -totals[path])
        pieces = spell([path[-1] for path in order])
        steps.append(
            [
                BeamEntry(piece, indices[path[:-1]], totals[path], path in ended)
                for piece, path in zip(pieces, order, strict=True)
            ]
        )
        indices = {path: index for index, path in enumerate(order)}
        if bool(beam.done):
            break
        pause()
    beam.collect()
    return Trace(sorted(beam.found[0], key=lambda found: -found.score)[: config.beam], steps)


def _under_way(beam: Beam) -> dict[Path, float]:
    """The pieces of the hypotheses that go on, and their log-probabilities."""
    rows = zip(beam.history.tolist(), beam.totals[0].tolist(), strict=True)
    return {tuple(ids): total for ids, total in rows if total > float("-inf")}


def _ended(beam: Beam, step: int) -> dict[Path, float]:
    """The same of those that ended in this step, by eos or at the limit."""
    found = {}
    for when, which, ids, totals in beam.records:
        if when != step:
            continue
        for column in which[0].nonzero().flatten().tolist():
            path = tuple(ids[0, column].tolist())
            closed = path if len(path) == step else (*path, EOS)
            found[closed] = float(totals[0, column])
    return found

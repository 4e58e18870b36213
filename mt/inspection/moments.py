"""What the hearing of a recording depends on: each moment is left blank in turn, as pieces of a text are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.decoding.pausing import Pause
from mt.inspection.floats import Arrays, FloatArray, short, to_array
from mt.inspection.reading import halves, proportions
from mt.model import Seq2Seq
from mt.search import BOS

MOST = 50  # moments of a recording
TOGETHER = 4096  # steps of copies that are read at once, between two pauses
METHOD = (
    "by perturbation: each moment in turn is left blank (its numbers x are set to 0); its proportion is how "
    "far the state or the vector then moves, or how much less probable the word becomes, out of the sum over "
    "the moments."
)


@dataclass(frozen=True)
class Moments:
    """What depends on which of M moments of a recording, in the order of time.

    bounds: (M + 1,), steps of the encoder at which the moments begin, and the end. vector: (M,), the
    proportion of the sentence vector. states: by direction (M, M), row t: the proportion of the state that
    has read up to moment t; 0 for moments that this direction reads later. pieces: (T, M), how much
    log-probability each written piece loses, 0 or more.
    """

    bounds: tuple[int, ...]
    vector: FloatArray
    states: dict[str, FloatArray]
    pieces: FloatArray

    def in_steps(self, rows: FloatArray) -> FloatArray:
        """Rows (N, M) over moments -> rows (N, S) over steps with the same sums."""
        lengths = np.diff(self.bounds)
        return np.repeat(rows / lengths, lengths, axis=1).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "method": METHOD,
            "bounds": short(self.bounds),
            "vector": short(self.vector),
            "states": short(self.states),
        }

    def arrays(self) -> Arrays:
        """For npz."""
        return {
            "moments": np.array(self.bounds),
            "vector_dependence": self.vector,
            **{f"dependence_{direction.replace('-', '_')}": rows for direction, rows in self.states.items()},
        }


def blank_moments(model: Seq2Seq, embedded: Tensor, ids: Sequence[int], pause: Pause) -> Moments:
    """Read one recording (1, S, E), in the order in which the encoder gets it, with each moment left blank.

    ids: (T,), what was written, without eos.
    """
    encoder, device, length = model.encoder, embedded.device, embedded.shape[1]
    order = torch.arange(length, device=device)
    if encoder.reverse_source:
        order = order.flip(0)
    bounds = _bounds(length)
    count = len(bounds) - 1
    # The last step of each moment for a direction that reads forwards in time, the first for the other.
    ends = {
        "left-to-right": order[[end - 1 for end in bounds[1:]]],
        "right-to-left": order[list(bounds[:-1])],
    }
    names = list(reversed(ends) if encoder.reverse_source else ends)[: len(halves(encoder, embedded))]

    def read(copies: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        lengths = torch.full((len(copies),), length, device=device)
        states = encoder.read(copies, lengths)
        encoded = encoder.pool_states(copies, states, lengths)
        at_ends = [half[:, ends[name]] for name, half in zip(names, halves(encoder, states), strict=True)]
        previous = torch.tensor([[BOS, *ids]], device=device).expand(len(copies), -1)
        log_probs = model.log_probs(model.readouts(previous, encoded)[:, : len(ids)])
        chosen = torch.tensor([ids], device=device, dtype=torch.long).expand(len(copies), -1)
        return at_ends, encoded.sentence_vector, log_probs.gather(2, chosen.unsqueeze(2)).squeeze(2)

    states, vector, log_probs = read(embedded)
    of_states: list[list[Tensor]] = [[] for _ in names]
    of_vector, of_pieces = [], []
    for moments in torch.split(torch.arange(count), max(1, TOGETHER // length)):
        copies = embedded.repeat(len(moments), 1, 1)
        for copy, moment in zip(copies, moments.tolist(), strict=True):
            copy[order[bounds[moment] : bounds[moment + 1]]] = 0
        found, vectors, probabilities = read(copies)
        for changes, half, whole in zip(of_states, found, states, strict=True):
            changes.append((half - whole).norm(dim=2))
        of_vector.append((vectors - vector).norm(dim=1))
        of_pieces.append((log_probs - probabilities).clamp(min=0))
        pause()
    by_direction = {name: to_array(torch.cat(rows)).T for name, rows in zip(names, of_states, strict=True)}
    return Moments(
        bounds,
        proportions(to_array(torch.cat(of_vector))[np.newaxis])[0],
        {name: _so_far(rows, forwards=name == "left-to-right") for name, rows in by_direction.items()},
        to_array(torch.cat(of_pieces)).T,
    )


def _bounds(steps: int) -> tuple[int, ...]:
    """Where moments of like length begin, and the end."""
    count = min(steps, MOST)
    return tuple(round(steps * index / count) for index in range(count + 1))


def _so_far(rows: FloatArray, *, forwards: bool) -> FloatArray:
    """Changes (M, M) of the state at each moment by each that was left blank -> proportions of those read."""
    return proportions(np.tril(rows)) if forwards else proportions(np.tril(rows[::-1, ::-1]))[::-1, ::-1]

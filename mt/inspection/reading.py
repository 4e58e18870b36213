"""How the encoder reads one sentence: its state after each piece, how far that moved, what it depends on.

Shapes as in `model`: S source length, H numbers in a state of one direction, D in the sentence vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.decoding.pausing import Pause, no_pause
from mt.encoder import Encoded, Encoder
from mt.inspection.floats import Arrays, FloatArray, short, to_array
from mt.layers.recurrence import reverse_by_length

DEPENDENCE_METHOD = (
    "by perturbation: each piece in turn is left blank (its numbers x are set to 0); its proportion is how "
    "far the state then moves, out of the sum over the pieces read so far."
)


@dataclass(frozen=True)
class Reading:
    """One direction of the encoder's top layer, step by step.

    direction: left-to-right or right-to-left. order: (S,), which piece of the text each step reads.
    states: (S, H), the state after each step. moves: (S,), how far each step moved it, from 0 to 1:
    |h_t - h_(t-1)| / (|h_t| + |h_(t-1)|), where h_0 = 0.
    dependence: (S, S), row t: the proportion of state t that depends on what step j read; 0 for j > t. Each
    row sums to 1. What layers below have read of later pieces is left out.
    """

    direction: str
    order: tuple[int, ...]
    states: FloatArray
    moves: FloatArray
    dependence: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """For JSON; of each row of dependence the t + 1 numbers that are not 0 by definition."""
        return {
            "direction": self.direction,
            "order": short(self.order),
            "states": short(self.states),
            "moves": short(self.moves),
            "dependence": short([row[: index + 1] for index, row in enumerate(self.dependence)]),
        }

    def arrays(self) -> Arrays:
        """For npz."""
        return {
            "order": np.array(self.order),
            "states": self.states,
            "moves": self.moves,
            "dependence": self.dependence,
        }


@dataclass(frozen=True)
class Read:
    """A sentence that has been read.

    readings: one for each direction. encoded: what the decoder gets, of one sentence.
    vector_dependence: (S,), the proportion of the sentence vector that depends on each piece, in the
    order of the text; sums to 1.
    """

    readings: tuple[Reading, ...]
    encoded: Encoded
    vector_dependence: FloatArray


def read_sentence(
    encoder: Encoder, ids: Sequence[int], *, batch_tokens: int, device: torch.device, pause: Pause = no_pause
) -> Read:
    """Read the ids of one sentence (S,), eos included, as it is and with each piece left blank in turn.

    The blanked copies are read together, in batches of up to `batch_tokens` pieces, with a pause after each.
    """
    ordered = list(reversed(ids)) if encoder.reverse_source else list(ids)
    src = torch.tensor([ordered], device=device)
    embedded = encoder.embed(src)
    states = encoder.read(embedded, _lengths(embedded))
    encoded = encoder.pool_states(embedded, states, _lengths(embedded))
    of_states, of_vector = _changes(encoder, embedded, states, encoded, batch_tokens, pause)
    if encoder.reverse_source:
        of_vector = of_vector[::-1]
    readings = [
        _reading(to_array(half), changes, first=index == 0, reverse_source=encoder.reverse_source)
        for index, (half, changes) in enumerate(zip(halves(encoder, states[0]), of_states, strict=True))
    ]
    return Read(tuple(readings), encoded, proportions(of_vector[np.newaxis])[0])


def _reading(states: FloatArray, changes: FloatArray, *, first: bool, reverse_source: bool) -> Reading:
    """States (S, H) and their changes (S, S), both in the order in which the encoder gets the pieces.

    The first of two directions reads them in that order, the other one from the end.
    """
    if not first:
        states, changes = states[::-1], changes[::-1, ::-1]
    backwards = first == reverse_source
    indices = range(len(states))
    return Reading(
        "right-to-left" if backwards else "left-to-right",
        tuple(reversed(indices) if backwards else indices),
        states.copy(),
        moves(states),
        proportions(np.tril(changes.T)),
    )


def read_batch(encoder: Encoder, src: Tensor, src_lengths: Tensor) -> tuple[Tensor, Encoded]:
    """Ids (B, S) and lengths (B,) -> the top layer's states (B, S, ·), in reading order, and `Encoded`."""
    ordered = reverse_by_length(src, src_lengths) if encoder.reverse_source else src
    embedded = encoder.embed(ordered)
    states = encoder.read(embedded, src_lengths)
    return states, encoder.pool_states(embedded, states, src_lengths)


def halves(encoder: Encoder, states: Tensor) -> tuple[Tensor, ...]:
    """States (…, ·) -> those of each direction (…, H)."""
    return states.chunk(2 if encoder.backwards else 1, dim=-1)


def _changes(
    encoder: Encoder, embedded: Tensor, states: Tensor, encoded: Encoded, batch_tokens: int, pause: Pause
) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """What leaving a piece blank changes: of each direction's states (S, S), piece by position, and of the
    vector (S,). Pieces and positions in the order in which the encoder gets them.
    """
    length = embedded.shape[1]
    of_states: list[list[Tensor]] = [[] for _ in halves(encoder, states)]
    of_vector = []
    for indices in torch.split(torch.arange(length, device=embedded.device), max(1, batch_tokens // length)):
        blanked = embedded.repeat(len(indices), 1, 1)
        blanked[torch.arange(len(indices), device=indices.device), indices] = 0
        found = encoder.read(blanked, _lengths(blanked))
        for changes, part in zip(of_states, halves(encoder, found - states), strict=True):
            changes.append(part.norm(dim=2))
        real = encoded.src_mask.expand(len(indices), -1)
        vectors = encoder.sentence_vector(found, real, _lengths(blanked))
        of_vector.append((vectors - encoded.sentence_vector).norm(dim=1))
        pause()
    return tuple(to_array(torch.cat(changes)) for changes in of_states), to_array(torch.cat(of_vector))


def _lengths(embedded: Tensor) -> Tensor:
    return torch.full((embedded.shape[0],), embedded.shape[1], device=embedded.device)


def moves(states: FloatArray) -> FloatArray:
    """States (S, H) -> how far each step moved them (S,), from 0 to 1; before the first one stands 0."""
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    length, length_before = (np.linalg.norm(rows, axis=1) for rows in (states, before))
    most = length + length_before
    way = np.linalg.norm(states - before, axis=1)
    moved: FloatArray = np.divide(way, most, out=np.zeros_like(way), where=most > 0).clip(max=1.0)
    return moved


def proportions(changes: FloatArray) -> FloatArray:
    """Rows (N, S) of numbers that are 0 or more -> the same rows, each summing to 1.

    A row of nothing but zeros, to which no piece seems to matter, is divided equally over the
    positions up to its own.
    """
    totals = changes.sum(axis=1, keepdims=True)
    equal = np.tril(np.ones_like(changes), k=changes.shape[1] - changes.shape[0])
    equal /= equal.sum(axis=1, keepdims=True)
    found: FloatArray = np.divide(changes, totals, out=equal, where=totals > 0)
    return found

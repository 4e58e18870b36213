"""States of a model on its validation sentences, with which those of one sentence are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.checkpoint import Run
from mt.data.batches import by_length, frame
from mt.data.cache import find_pairs
from mt.data.corpus import read_validation
from mt.decoding.pausing import Pause, no_pause
from mt.errors import MTError
from mt.inspection.floats import FloatArray, short, to_array
from mt.inspection.plane import NOTHING, Map, Plane
from mt.inspection.reading import Reading, halves, read_batch
from mt.inspection.writing import walk
from mt.tokenizer import Tokenizer

SENTENCES = 200
POINTS = 300


@dataclass(frozen=True)
class StateSample:
    """Planes to draw states on, and what they are drawn over.

    sentences: how many they were made from; 0 if from the one sentence that is looked at.
    planes: one for each direction of the encoder. points: for each of them (N, 2), up to 300 states.
    decoder_plane: of the decoder's states along the references.
    other_vector: (D,), what a sentence vector's influence is measured against: the mean of theirs, or zeros.
    """

    sentences: int
    planes: tuple[Plane, ...]
    points: tuple[FloatArray, ...]
    decoder_plane: Plane
    other_vector: Tensor

    def maps(self, readings: Sequence[Reading]) -> tuple[Map, ...]:
        """The states of one sentence, read in each direction, over those of others."""
        rows = zip(self.planes, readings, self.points, strict=True)
        return tuple(plane.map(reading.states, points) for plane, reading, points in rows)

    @property
    def influence_method(self) -> str:
        """What the influence of a decoder's step is, in a sentence."""
        other = f"the mean vector of {self.sentences} validation sentences" if self.sentences else "zeros"
        return (
            f"Total variation between the prediction with this sentence's vector and the one with {other} "
            "instead, after the same pieces: 0 if they are the same, 1 if they have nothing in common."
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON, but for the other vector."""
        return {
            "sentences": max(1, self.sentences),
            "from": "validation pairs" if self.sentences else "this sentence",
            "explained": short([plane.explained for plane in self.planes]),
            "decoder_explained": short(self.decoder_plane.explained),
            "background": short(self.points),
        }


def fit_state_sample(
    run: Run, device: torch.device, batch_tokens: int, pause: Pause = no_pause
) -> StateSample | None:
    """By up to 200 of the run's own validation pairs; None if they are not there any more.

    They are looked for in the cache, where training left them, and else where the settings say. Pairs that
    were set aside from the training corpus are in the cache only: to find them again all of it would be read.
    """
    pairs = sample_pairs(run)
    if not pairs:
        return None
    texts = [src for src, _ in pairs]
    sources = run.src_tokenizer.encode(texts)
    targets = run.tgt_tokenizer.encode([tgt for _, tgt in pairs], texts)
    with torch.inference_mode():
        parts = list(_states(run, sources, targets, device, batch_tokens, pause))
    of_encoder = [np.concatenate(states) for states in zip(*(part[0] for part in parts), strict=True)]
    planes = tuple(Plane.fit(states) for states in of_encoder)
    return StateSample(
        len(pairs),
        planes,
        tuple(plane.project(_spread(states)) for plane, states in zip(planes, of_encoder, strict=True)),
        Plane.fit(np.concatenate([part[1] for part in parts])),
        torch.cat([part[2] for part in parts]).mean(dim=0),
    )


def sample_of_one(
    readings: Sequence[Reading], decoder_states: FloatArray, other_vector: Tensor
) -> StateSample:
    """Where there is nothing else: the planes of one sentence's own states."""
    planes = tuple(Plane.fit(reading.states) for reading in readings)
    return StateSample(0, planes, (NOTHING,) * len(planes), Plane.fit(decoder_states), other_vector)


def sample_pairs(run: Run) -> list[tuple[str, str]]:
    """Up to 200 validation pairs from all over them; none if they cannot be found."""
    dataset = find_pairs(run.validated_on)
    if dataset is None and run.config.data.validation:
        try:
            dataset = read_validation(run.config.data).dataset
        except (MTError, OSError):
            return []
    if dataset is None:
        return []
    found = dataset[_evenly(len(dataset), SENTENCES)]
    return list(zip(found["src"], found["tgt"], strict=True))


def _states(
    run: Run,
    sources: list[list[int]],
    targets: list[list[int]],
    device: torch.device,
    batch_tokens: int,
    pause: Pause,
) -> Iterator[tuple[list[FloatArray], FloatArray, Tensor]]:
    """Batch by batch: the states of each direction (N, H), the decoder's (N, H), the vectors (B, D)."""
    lengths = np.array([max(len(src), len(tgt)) + 1 for src, tgt in zip(sources, targets, strict=True)])
    for rows in by_length(lengths, batch_tokens):
        batch = frame([np.array(sources[row]) for row in rows], [np.array(targets[row]) for row in rows])
        batch = batch.to(device)
        states, encoded = read_batch(run.model.encoder, batch.src, batch.src_lengths)
        of_encoder = halves(run.model.encoder, states[encoded.src_mask])
        of_decoder = walk(run.model, batch.tgt_in, encoded, pause)[1][batch.tgt_out != Tokenizer.pad_id]
        yield [to_array(part) for part in of_encoder], to_array(of_decoder), encoded.sentence_vector


def _spread(rows: FloatArray) -> FloatArray:
    """At most 300 of the rows (N, H), from all over them."""
    return rows[_evenly(len(rows), POINTS)]


def _evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0, 1, …, count - 1, evenly spread, with the first and the last."""
    return sorted({round(index) for index in np.linspace(0, count - 1, min(most, count)).tolist()})

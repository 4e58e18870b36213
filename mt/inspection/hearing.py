"""A recording seen from inside: how loud each band was, how the state moved, where each word was heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.decoding.pausing import Pause, no_pause
from mt.errors import ConfigError, SoundError
from mt.inspection.floats import Arrays, FloatArray, short, to_array
from mt.inspection.moments import Moments, blank_moments
from mt.inspection.reading import moves
from mt.search import BOS, search
from mt.speech.features import HOP, Features
from mt.speech.front_end import STEPS
from mt.speech.listening import Part, Recording, cut
from mt.text.spacing import is_unspaced
from mt.translator import Translator

STEP = HOP * STEPS
"""Seconds from one state of the encoder to the next."""
SOFTEST = 60.0  # decibels below the loudest that are shown as silence
RESTING = 0.02  # proportion of a word's attention that must be elsewhere than on the last step
MIDDLE = 0.1, 0.9  # of a word's attention: from when to when it was heard
Word = tuple[str, int, int]
"""A word and the first and the end of its pieces."""


@dataclass(frozen=True)
class Hearing:
    """The first part of a recording, in S steps of the encoder and T words or characters that were written.

    start: seconds before it. spectrogram: (S, bands), 0 quiet to 255 loud, bands from low to high. states:
    (S, H), of the top layer. movement: (S,), how far the state moved at each step, 1 the farthest. vector:
    (D,). moments: what depends on which moment. dependence: (T, S), on which steps each word depends, rows
    sum to 1. attention: (T, S), rows sum to 1; None without attention. times: from when to when each was
    heard, in seconds of the recording: by attention, or without it by dependence.
    """

    name: str
    text: str
    start: float
    spectrogram: FloatArray
    states: FloatArray
    movement: FloatArray
    vector: FloatArray
    moments: Moments
    pieces: tuple[str, ...]
    dependence: FloatArray
    attention: FloatArray | None
    times: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.movement) * STEP

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "step": STEP,
            "start": round(self.start, 3),
            "spectrogram": self.spectrogram.astype(int).tolist(),
            "movement": short(self.movement),
            "pieces": short(self.pieces),
            "attention": short(self.attention),
            "times": [list(span) for span in self.times],
            "dependence": short(self.dependence),
            "moments": self.moments.as_dict(),
        }

    def arrays(self) -> Arrays:
        """For npz: every array by name; none of objects.

        source, translation, step, start (); pieces (T,); times (T, 2); spectrogram (S, bands);
        states (S, H); movement (S,); vector (D,); dependence (T, S); attention (T, S), with attention only;
        moments (M + 1,); vector_dependence (M,); for each direction, as `dependence_left_to_right`, (M, M)
        """
        return {
            "source": np.array(self.name),
            "translation": np.array(self.text),
            "step": np.array(STEP),
            "start": np.array(self.start),
            "pieces": np.array(self.pieces),
            "times": np.array(self.times).reshape(-1, 2),
            "spectrogram": self.spectrogram,
            "states": self.states,
            "movement": self.movement,
            "vector": self.vector,
            "dependence": self.dependence,
            **({} if self.attention is None else {"attention": self.attention}),
            **self.moments.arrays(),
        }


def hear(translator: Translator, recording: Recording, pause: Pause = no_pause) -> Hearing:
    """Look at how a recording is heard; `pause` is called between steps.

    Raises SoundError if it could not be read or is nothing but silence, ConfigError for several models
    together.
    """
    features, model = translator.features, translator.run.model
    if features is None or translator.model is not model:
        raise ConfigError(f"{translator.name}: name one run of sound with -m")
    part = _first_part(recording, features, longest=float(translator.run.metadata["longest_seconds"]))
    frames = torch.from_numpy(part.frames).unsqueeze(0).to(translator.device)
    lengths = torch.tensor([frames.shape[1]], device=translator.device)
    best = search(translator.searched, [part.frames], translator.config, translator.device)[0][0]
    with torch.inference_mode():
        steps, of_steps = model.encoder.embedding(frames, lengths)
        if model.encoder.reverse_source:
            steps = steps.flip(1)
        states = model.encoder.read(steps, of_steps)
        encoded = model.encoder.pool_states(steps, states, of_steps)
        previous = torch.tensor([[BOS, *best.ids]], device=translator.device)
        weights = model.align(previous, encoded)
        moments = blank_moments(model, steps, best.ids, pause)
    read = to_array(states[0])
    moved = moves(read)
    moved /= max(float(moved.max()), 1e-9)
    if model.encoder.reverse_source:
        read, moved = read[::-1], moved[::-1]
    words = _words(tuple(translator.run.tgt_tokenizer.spell(best.ids)), translator.run.languages.target)
    looked = None if weights is None else _looked_at(to_array(weights[0]), words)
    dependence = moments.in_steps(_rows(moments.pieces, words))
    samples = recording.samples[round(part.start * features.rate) : round(part.end * features.rate)]
    return Hearing(
        name=recording.name,
        text=translator.run.tgt_tokenizer.decode([best.ids])[0],
        start=part.start,
        spectrogram=_spectrogram(samples, features, len(moved)),
        states=read,
        movement=moved,
        vector=to_array(encoded.sentence_vector[0]),
        moments=moments,
        pieces=tuple(word for word, _, _ in words),
        dependence=dependence,
        attention=looked,
        times=tuple(_span(row, part.start) for row in (dependence if looked is None else looked)),
    )


def _first_part(recording: Recording, features: Features, longest: float) -> Part:
    if recording.problem:
        raise SoundError(recording.problem)
    parts = cut(recording.samples, features, longest)
    if not parts:
        raise SoundError(f"{recording.name}: holds no sound")
    return parts[0]


def _words(pieces: tuple[str, ...], language: str | None) -> list[Word]:
    """Pieces of words joined to words; of a language without spaces each piece is one."""
    starts = [
        row for row, piece in enumerate(pieces) if row == 0 or piece.startswith("▁") or is_unspaced(language)
    ]
    # A space that is a piece of its own belongs to the word behind it.
    words = [("".join(pieces[start:end]), start, end) for start, end in pairwise([*starts, len(pieces)])]
    return [word for word in words if word[0].strip("▁")]


def _rows(of_pieces: FloatArray, words: Sequence[Word]) -> FloatArray:
    """Rows (T, M) of pieces, 0 or more -> those of words, each summing to 1; a row of zeros becomes even."""
    rows = np.zeros((len(words), of_pieces.shape[1]), np.float32)
    for row, (_, start, end) in zip(rows, words, strict=True):
        row[:] = of_pieces[start:end].sum(axis=0)
        row[:] = row / row.sum() if row.sum() > 0 else 1 / len(row)
    return rows


def _looked_at(attention: FloatArray, words: Sequence[Word]) -> FloatArray:
    """Attention (T, S) of pieces -> where each word looked.

    Attention rests on the last step where a piece follows from those before it, so what it looked at
    elsewhere is shown, unless that is nothing.
    """
    return np.stack([_looked(row) for row in _rows(attention, words)]) if words else _rows(attention, words)


def _looked(weights: FloatArray) -> FloatArray:
    elsewhere = weights.copy()
    elsewhere[-1] = 0.0
    kept = elsewhere if elsewhere.sum() > RESTING * weights.sum() else weights
    found: FloatArray = kept / kept.sum()
    return found


def _spectrogram(samples: np.ndarray, features: Features, steps: int) -> FloatArray:
    """Samples -> loudness (S, M) at each step of the encoder, 0 to 255."""
    sound: Tensor = torch.from_numpy(samples.astype(np.float32) / 32768)
    energies = to_array(features.log_mel(sound)) * 10 / np.log(10)
    padded = np.pad(energies, ((0, steps * STEPS - len(energies)), (0, 0)), mode="edge")
    decibels = padded.reshape(steps, STEPS, -1).mean(axis=1)
    shown: FloatArray = (255 * (1 + (decibels - decibels.max()) / SOFTEST)).clip(0, 255).round()
    return shown


def _span(weights: FloatArray, start: float) -> tuple[float, float]:
    """From when to when attention (S,) looked, in seconds: its middle 80 %."""
    reached = np.cumsum(weights) / max(float(weights.sum()), 1e-9)
    low, high = (int(np.searchsorted(reached, proportion)) for proportion in MIDDLE)
    return round(start + low * STEP, 3), round(start + (high + 1) * STEP, 3)

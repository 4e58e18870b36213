"""A recording seen from inside: how loud each band was, how the state moved, where each word was heard."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.errors import ConfigError, SoundError
from mt.inspection.floats import FloatArray, short, to_array
from mt.inspection.reading import moves
from mt.search import BOS, search
from mt.speech.features import HOP, Features
from mt.speech.front_end import STEPS
from mt.speech.listening import Recording, cut
from mt.text.spacing import is_unspaced
from mt.translator import Translator

STEP = HOP * STEPS
"""Seconds from one state of the encoder to the next."""
SOFTEST = 60.0  # decibels below the loudest that are shown as silence
RESTING = 0.02  # proportion of a word's attention that must be elsewhere than on the last step
MIDDLE = 0.1, 0.9  # of a word's attention: from when to when it was heard


@dataclass(frozen=True)
class Hearing:
    """The first part of a recording, in S steps of the encoder and T words or characters that were written.

    start: seconds before it. spectrogram: (S, M), 0 quiet to 255 loud, bands from low to high. movement:
    (S,), how far the state moved at each step, 1 the farthest. attention: (T, S), rows sum to 1; None
    without attention. times: from when to when each was heard, in seconds of the recording.
    """

    text: str
    start: float
    spectrogram: FloatArray
    movement: FloatArray
    pieces: tuple[str, ...]
    attention: FloatArray | None
    times: tuple[tuple[float, float], ...] | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "step": STEP,
            "start": round(self.start, 3),
            "spectrogram": self.spectrogram.astype(int).tolist(),
            "movement": short(self.movement),
            "pieces": list(self.pieces),
            "attention": short(self.attention),
            "times": self.times and [list(span) for span in self.times],
        }


def hear(translator: Translator, recording: Recording) -> Hearing:
    """Look at how a recording is heard. Raises SoundError if it could not be read or is nothing but silence,
    ConfigError for several models together.
    """
    features, model = translator.features, translator.run.model
    if features is None or translator.model is not model:
        raise ConfigError(f"{translator.name}: name one run of sound with -m")
    if recording.problem:
        raise SoundError(recording.problem)
    longest = float(translator.run.metadata["longest_seconds"])
    parts = cut(recording.samples, features, longest)
    if not parts:
        raise SoundError(f"{recording.name}: holds no sound")
    part, rate = parts[0], features.rate
    frames = torch.from_numpy(part.frames).unsqueeze(0).to(translator.device)
    lengths = torch.tensor([frames.shape[1]], device=translator.device)
    best = search(translator.searched, [part.frames], translator.config, translator.device)[0][0]
    with torch.inference_mode():
        steps, of_steps = model.encoder.embedding(frames, lengths)
        states = model.encoder.read(steps, of_steps)
        previous = torch.tensor([[BOS, *best.ids]], device=translator.device)
        weights = model.align(previous, model.encode(frames, lengths))
    moved = moves(to_array(states[0]))
    tokenizer = translator.run.tgt_tokenizer
    pieces = tuple(tokenizer.spell(best.ids))
    found = None if weights is None else to_array(weights[0])[: len(best.ids)]
    if not is_unspaced(translator.run.languages.target):
        pieces, found = _words(pieces, found)
    samples = recording.samples[round(part.start * rate) : round(part.end * rate)]
    return Hearing(
        text=tokenizer.decode([best.ids])[0],
        start=part.start,
        spectrogram=_spectrogram(samples, features, len(moved)),
        movement=moved / max(float(moved.max()), 1e-9),
        pieces=pieces,
        attention=found,
        times=None if found is None else tuple(_span(row, part.start) for row in found),
    )


def _words(
    pieces: tuple[str, ...], attention: FloatArray | None
) -> tuple[tuple[str, ...], FloatArray | None]:
    """Pieces of words joined to words, and where they looked.

    Attention rests on the last step where a piece follows from those before it, so what it looked at
    elsewhere is shown, unless that is nothing.
    """
    starts = [row for row, piece in enumerate(pieces) if row == 0 or piece.startswith("▁")]
    bounds = [*starts, len(pieces)]
    spans = list(pairwise(bounds))
    # A space that is a piece of its own belongs to the word behind it.
    words = [("".join(pieces[start:end]), start, end) for start, end in spans]
    kept = [(word, start, end) for word, start, end in words if word.strip("▁")]
    if attention is None:
        return tuple(word for word, _, _ in kept), None
    rows = np.array([_looked(attention[start:end].sum(axis=0)) for _, start, end in kept])
    return tuple(word for word, _, _ in kept), rows.reshape(len(kept), attention.shape[1])


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

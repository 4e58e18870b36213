"""Each time a recording is learned from it sounds otherwise: tempo, pitch, noise, and what is masked.

All draws are from generators of our own, so a run repeats and resumes exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mt.config.speech import SpeechConfig
from mt.data.batches import Batch, IntArray, frame
from mt.data.encoded import PiecePairs
from mt.speech.features import Features, normalised
from mt.speech.frames import Frames

MASKS = 2  # of each kind
QUIETEST = 40.0  # decibels between sound and the softest noise
WARPS = 20  # different factors on each side of 1


@dataclass(frozen=True)
class Perturbation:
    """Draws how a recording sounds, and computes its frames."""

    speech: SpeechConfig
    features: Features

    def frames(self, samples: np.ndarray, random: np.random.Generator) -> Tensor:
        """16-bit samples (N,) -> frames (S, M)."""
        speech = self.speech
        sound = torch.from_numpy(samples.astype(np.float32) / 32768)
        speed = 1 + speech.speed * random.uniform(-1, 1)
        warp = 1 + speech.pitch * round(random.uniform(-1, 1) * WARPS) / WARPS
        if speech.noise is not None:
            sound = sound + _noise(sound, speech.noise, random)
        energies = self.features.log_mel(sound, hop=round(self.features.hop * speed), warp=warp)
        return _masked(normalised(energies), speech, random)


def _noise(sound: Tensor, loudest: float, random: np.random.Generator) -> Tensor:
    """Noise of a drawn colour, `loudest` to 40 dB softer than the sound (N,)."""
    softer, colour = random.uniform(loudest, QUIETEST), random.uniform(-0.9, 0.9)
    white = torch.from_numpy(random.standard_normal(len(sound) + 1, dtype=np.float32))
    noise = white[1:] + colour * white[:-1]
    return noise * (sound.std() / noise.std() * 10 ** (-softer / 20))


def _masked(frames: Tensor, speech: SpeechConfig, random: np.random.Generator) -> Tensor:
    """SpecAugment (Park et al. 2019): stretches of time and of frequency are replaced by the mean, 0."""
    steps, bands = frames.shape
    for _ in range(MASKS):
        if speech.mask_bands:
            width = int(random.integers(0, min(speech.mask_bands, bands // 2) + 1))
            start = int(random.integers(0, bands - width + 1))
            frames[:, start : start + width] = 0
        if speech.mask_frames:
            # At most a tenth of a short recording: a word must not vanish.
            width = int(random.integers(0, min(speech.mask_frames, steps // 10) + 1))
            start = int(random.integers(0, steps - width + 1))
            frames[start : start + width] = 0
    return frames


@dataclass(frozen=True)
class Perturber:
    """Batches of recordings that sound otherwise each time."""

    pairs: PiecePairs
    sounds: Frames
    perturbation: Perturbation

    def batch(self, rows: IntArray, seed: int) -> Batch:
        """The pairs of these rows, perturbed as the seed says, framed and padded."""
        random = np.random.default_rng(seed)
        sources = [
            self.perturbation.frames(self.sounds.samples(row), random).numpy() for row in rows.tolist()
        ]
        return frame(sources, self.pairs.tgt.take(rows))


def make_perturber(speech: SpeechConfig, pairs: PiecePairs, sounds: Frames) -> Perturber | None:
    """That of the settings; None where they ask for none."""
    if not (
        speech.speed or speech.pitch or speech.noise is not None or speech.mask_bands or speech.mask_frames
    ):
        return None
    return Perturber(pairs, sounds, Perturbation(speech, sounds.features))

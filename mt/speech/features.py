"""Samples -> frames: log-mel energies every 10 ms, normalised over the recording.

Shapes: N samples, S frames, F frequencies of the spectrum, M mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

WINDOW, HOP = 0.025, 0.010
"""Seconds that a frame looks at, and from one frame to the next."""
RANGE = 1e-8
"""Energies below this part of the recording's greatest (80 dB) are raised to it."""


@dataclass(frozen=True)
class Features:
    """How frames are computed. rate: samples a second; bands: mel bands."""

    rate: int
    bands: int

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return round(self.rate * HOP)

    @property
    def window(self) -> int:
        """Samples that a frame looks at."""
        return round(self.rate * WINDOW)

    @cached_property
    def fft(self) -> int:
        """Samples of the Fourier transform, a power of two of at least two windows, the rest zeros."""
        return int(2 ** np.ceil(np.log2(2 * self.window)))

    def count(self, samples: int, hop: int | None = None) -> int:
        """The frames of so many samples."""
        return samples // (hop or self.hop) + 1

    def log_mel(self, samples: Tensor, *, hop: int | None = None, warp: float = 1.0) -> Tensor:
        """Samples (N,), floats in -1 to 1 -> log-mel energies (S, M), natural logarithm.

        hop: another number of samples from frame to frame changes the tempo, not the pitch. warp: a factor on
        all frequencies of the spectrum changes the pitch and the voice, not the tempo.
        """
        window = torch.hann_window(self.window)
        spectrum = torch.stft(
            samples,
            self.fft,
            hop or self.hop,
            self.window,
            window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()  # (F, S)
        mel = power.t() @ mel_matrix(self.rate, self.fft, self.bands, warp)
        floor = torch.clamp(mel.max() * RANGE, min=1e-12)
        return torch.maximum(mel, floor).log()

    def frames(self, samples: Tensor, *, hop: int | None = None, warp: float = 1.0) -> Tensor:
        """The log-mel energies (S, M), in each band with mean 0 and variance 1 over the recording.

        So neither loudness nor the colour of microphone and room changes them.
        """
        return normalised(self.log_mel(samples, hop=hop, warp=warp))


def normalised(energies: Tensor) -> Tensor:
    """Log-mel energies (S, M) -> with mean 0 and variance 1 in each band; a constant band is 0."""
    centred = energies - energies.mean(dim=0)
    return centred / centred.square().mean(dim=0).sqrt().clamp(min=1e-3)


@lru_cache(maxsize=256)
def mel_matrix(rate: int, fft: int, bands: int, warp: float = 1.0) -> Tensor:
    """Triangles between neighbours of equal distance on the mel scale (F, M), from 0 Hz to rate / 2.

    The scale is 2595·log10(1 + f / 700) (O'Shaughnessy 1987), as in HTK, librosa and torchaudio. warp: the
    spectrum's frequencies are taken for this many times as high.
    """
    hertz = np.arange(fft // 2 + 1)[:, None] * rate / fft * warp
    highest = 2595.0 * np.log10(1.0 + rate / 2 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, highest, bands + 2) / 2595.0) - 1.0)
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32))

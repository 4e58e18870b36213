"""Log-mel frames against a plain reference, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mt.speech.features import Features, mel_matrix, normalised

RATE = 16000


def chirp(seconds: float = 0.5, rate: int = RATE) -> torch.Tensor:
    """A tone that rises from 200 to 3,000 Hz, with a softer one above."""
    moments = torch.arange(int(seconds * rate), dtype=torch.float64) / rate
    phase = 2 * torch.pi * (200 * moments + (3000 - 200) / (2 * seconds) * moments**2)
    return (0.5 * torch.sin(phase) + 0.05 * torch.sin(1.7 * phase)).float()


def reference(samples: np.ndarray, features: Features) -> np.ndarray:
    """The same by the definitions: each frame cut out, windowed, transformed and weighed by itself, in
    doubles.
    """
    half, size = features.fft // 2, features.window
    padded = np.concatenate([np.zeros(half), samples.astype(np.float64), np.zeros(half)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    window = np.pad(window, (features.fft - size) // 2)
    top = 2595 * np.log10(1 + features.rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, features.bands + 2) / 2595) - 1)
    rows = []
    for start in range(0, len(samples) + 1, features.hop):
        spectrum = np.fft.rfft(padded[start : start + features.fft] * window)
        power = np.abs(spectrum) ** 2
        energies = np.zeros(features.bands)
        for band in range(features.bands):
            low, centre, high = edges[band : band + 3]
            for index, value in enumerate(power):
                hertz = index * features.rate / features.fft
                weight = min((hertz - low) / (centre - low), (high - hertz) / (high - centre))
                energies[band] += max(0.0, weight) * value
        rows.append(energies)
    energies = np.array(rows)
    return np.log(np.maximum(energies, max(energies.max() * 1e-8, 1e-12)))


def test_frames_equal_the_reference() -> None:
    features = Features(4000, 12)
    samples = chirp(0.15, 4000)
    found = features.log_mel(samples)
    assert found.shape == (features.count(len(samples)), 12)
    np.testing.assert_allclose(found.numpy(), reference(samples.numpy(), features), atol=1e-4)


def test_frames_equal_those_of_librosa() -> None:
    """Values of librosa 0.11 on `chirp`: stft(n_fft=1024, hop_length=160, win_length=400,
    pad_mode="constant") and filters.mel(n_mels=80, htk=True, norm=None), in doubles, the logarithm of the
    power's bands.
    """
    found = Features(RATE, 80).log_mel(chirp())
    assert found.shape == (51, 80)
    for (frame, band), value in LIBROSA.items():
        assert float(found[frame, band]) == pytest.approx(value, abs=1e-4)


LIBROSA = {
    **{(0, 3): 4.9053, (0, 15): 2.8127, (0, 40): -3.0631, (0, 60): -5.2858, (0, 79): -6.1042},
    **{(7, 3): -9.4871, (7, 15): 1.5909, (25, 40): -0.4304, (40, 60): 1.2358, (40, 79): -9.4871},
    **{(50, 3): -1.3525, (50, 15): -0.9808, (50, 40): 0.6974, (50, 60): 1.1189, (50, 79): -0.3259},
}


def test_loudness_does_not_change_normalised_frames() -> None:
    features = Features(RATE, 80)
    for factor in (0.01, 0.3, 1.9):
        torch.testing.assert_close(
            features.frames(chirp() * factor), features.frames(chirp()), atol=1e-3, rtol=0
        )


def test_silence_is_zero_and_no_band_is_divided_by_nothing() -> None:
    assert not normalised(torch.full((9, 4), -7.0)).any()
    assert Features(RATE, 80).frames(torch.zeros(800)).isfinite().all()


def test_a_longer_hop_is_a_faster_tempo_and_a_warp_another_pitch() -> None:
    features = Features(RATE, 80)
    moments = torch.arange(RATE // 2) / RATE
    tone = torch.sin(2 * torch.pi * 1000 * moments)
    assert len(features.log_mel(tone, hop=320)) == len(features.log_mel(tone)) // 2 + 1
    higher = torch.sin(2 * torch.pi * 1250 * moments)
    warped = features.log_mel(tone, warp=1.25)[10:40].mean(dim=0)
    assert int(warped.argmax()) == int(features.log_mel(higher)[10:40].mean(dim=0).argmax())


def test_every_band_is_heard_at_the_rates_in_use() -> None:
    for rate in (8000, 16000, 44100):
        features = Features(rate, 80)
        assert (mel_matrix(rate, features.fft, 80).sum(dim=0) > 0).all()

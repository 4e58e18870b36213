"""Recordings to transcribe: read one after the other, long ones cut at pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mt.errors import SoundError
from mt.speech.features import Features
from mt.speech.frames import frames_of
from mt.speech.sound import Samples, read_sound

TOGETHER = 900.0
"""Seconds of sound that are searched at once."""
EARLIEST = 0.4
"""Where the first cut may be, as a proportion of the longest part."""
PAUSE = 0.2
"""Seconds over which the loudness is averaged to find the quietest moment."""
SILENCE = 1e-3
"""A part whose loudest tenth of a second has less than this part of the recording's (60 dB) is left out."""


@dataclass(frozen=True)
class Recording:
    """name: for people. samples (N,), 16 bits, at the model's rate. problem: why there are none."""

    name: str
    samples: Samples
    problem: str = ""


@dataclass(frozen=True)
class Part:
    """From and to in seconds, and the frames (S, M) between."""

    start: float
    end: float
    frames: npt.NDArray[np.float32]


def read_recording(name: str, rate: int) -> Recording:
    """The file of that name; of one that cannot be read the problem says why."""
    try:
        return Recording(name, read_sound(Path(name).expanduser(), rate, name=name))
    except SoundError as problem:
        return Recording(name, np.zeros(0, dtype=np.int16), str(problem))


def cut(samples: Samples, features: Features, longest: float) -> list[Part]:
    """Samples (N,) in parts of up to `longest` seconds, cut at the quietest moments; silent parts are left
    out.
    """
    rate = features.rate
    if not len(samples):
        return []
    bounds = [0, *_cuts(samples, rate, longest), len(samples)]
    spans = list(pairwise(bounds))
    if len(spans) > 1:
        loudness = [_loudest(samples[start:end], rate) for start, end in spans]
        spans = [span for span, loud in zip(spans, loudness, strict=True) if loud > SILENCE * max(loudness)]
    return [Part(start / rate, end / rate, frames_of(samples[start:end], features)) for start, end in spans]


def _cuts(samples: Samples, rate: int, longest: float) -> list[int]:
    """Where to cut, in samples: each time the quietest moment of what the next part may end in."""
    most, width = int(longest * rate), max(1, int(PAUSE * rate))
    cuts, start = [], 0
    while len(samples) - start > most:
        # No part is to be a scrap: two that are left over are of like length.
        end = min(start + most, len(samples) - int(EARLIEST * most) // 2)
        first = start + int(EARLIEST * most)
        power = np.cumsum(samples[first:end].astype(np.float64) ** 2)
        quietest = int(np.argmin(power[width:] - power[:-width])) if len(power) > width else len(power) // 2
        start = first + quietest + width // 2
        cuts.append(start)
    return cuts


def _loudest(samples: Samples, rate: int) -> float:
    """The root mean square of the loudest tenth of a second."""
    width = max(1, rate // 10)
    blocks = samples[: max(width, len(samples) // width * width)].astype(np.float64)
    blocks = np.resize(blocks, (max(1, len(blocks) // width), width))
    return float(np.sqrt((blocks**2).mean(axis=1).max()))


def groups(recordings: Iterable[Recording], rate: int) -> Iterator[list[Recording]]:
    """The recordings in order, as many at once as `TOGETHER` allows."""
    group: list[Recording] = []
    seconds = 0.0
    for recording in recordings:
        group.append(recording)
        seconds += len(recording.samples) / rate
        if seconds >= TOGETHER:
            yield group
            group, seconds = [], 0.0
    if group:
        yield group

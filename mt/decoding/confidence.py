"""How likely a translation is to be good: logistic regression on what search says of it.

It is fitted on validation pairs. Of translations with a confidence of 0.8 about four of five are good there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from mt.decoding.translation import Translation
from mt.errors import RunError
from mt.storage.atomic import write_bytes

FILE = "confidence.json"
BINS = 10
_RIDGE = 1.0  # the weight of the prior, in translations
_STEPS = 50
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Translations of similar confidence. confidence: their mean. good: the proportion that is good."""

    count: int
    confidence: float
    good: float


@dataclass(frozen=True)
class Calibration:
    """The regression of one model. good: what good means. of: the digest of the weights.

    mean, scale, weights: of the features and, last of the weights, the constant. reliability: on the
    validation pairs, each half judged by what was fitted on the other one.
    """

    good: str
    of: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    reliability: tuple[Bin, ...]

    def confidence(self, translation: Translation, doubtful: bool) -> float:
        """The probability, 0 to 1, that a translation is good. doubtful: there is a reason to doubt it."""
        row = (np.array(features(translation, doubtful)) - self.mean) / self.scale
        return float(_sigmoid(np.append(row, 1.0) @ np.array(self.weights)))

    @property
    def error(self) -> float:
        """The expected calibration error (Guo et al. 2017), 0 to 1."""
        total = sum(one.count for one in self.reliability)
        return sum(one.count * abs(one.confidence - one.good) for one in self.reliability) / max(1, total)

    def save(self, run: Path) -> None:
        """Write it into a run directory. Raises FileError."""
        write_bytes(run / FILE, (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode())


def features(translation: Translation, doubtful: bool) -> tuple[float, ...]:
    """What a translation is judged by."""
    log_prob = translation.log_probs[0] if translation.log_probs else 0.0
    return translation.score, log_prob, math.log1p(len(translation.source)), float(doubtful)


def fit(
    translations: Sequence[Translation], doubtful: Sequence[bool], good: Sequence[bool], meaning: str, of: str
) -> Calibration:
    """Fit it on N translations, of which some are good."""
    rows = np.array([features(*pair) for pair in zip(translations, doubtful, strict=True)])
    labels = np.array(good, dtype=float)
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    inputs = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    halves = np.arange(len(rows)) % 2 == 0
    judged = np.empty(len(rows))
    for half in (halves, ~halves):
        judged[half] = _sigmoid(inputs[half] @ _regress(inputs[~half], labels[~half]))
    weights = _regress(inputs, labels)
    regression = tuple(mean.tolist()), tuple(scale.tolist()), tuple(weights.tolist())
    return Calibration(meaning, of, *regression, _bins(judged, labels))


def load(run: Path) -> Calibration:
    """The calibration of a run. Raises RunError if there is none, or if it is of other weights."""
    command = f"mt evaluate --calibrate -m {quote(str(run))}"
    try:
        held = json.loads((run / FILE).read_bytes())
        lists = {name: tuple(held[name]) for name in ("mean", "scale", "weights")}
        bins = tuple(Bin(**one) for one in held["reliability"])
        found = Calibration(str(held["good"]), str(held["of"]), reliability=bins, **lists)
    except FileNotFoundError:
        raise RunError(f"{run} has no confidence yet: {command}") from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise RunError(f"{run / FILE} cannot be read ({type(problem).__name__}): {command}") from None
    if found.of != digest(run):
        raise RunError(f"{run / FILE} was made for other weights: {command}")
    return found


def digest(run: Path) -> str:
    """Of the weights of a run."""
    return blake2b((run / "model.safetensors").read_bytes(), digest_size=16).hexdigest()


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30, 30))))


def _regress(inputs: Floats, labels: Floats) -> Floats:
    """Newton's method, with a normal prior on all weights but the constant.

    Two average translations are added, a good and a bad one (Laplace): no confidence is 0 or 1.
    """
    average = np.append(np.zeros(inputs.shape[1] - 1), 1.0)
    inputs, labels = np.vstack([inputs, average, average]), np.append(labels, [1.0, 0.0])
    weights = np.zeros(inputs.shape[1])
    prior = np.full(len(weights), _RIDGE)
    prior[-1] = 1e-6
    for _ in range(_STEPS):
        expected = _sigmoid(inputs @ weights)
        slope = inputs.T @ (expected - labels) + prior * weights
        curvature = (inputs.T * np.maximum(expected * (1 - expected), 1e-9)) @ inputs + np.diag(prior)
        step = np.linalg.solve(curvature, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _bins(judged: Floats, labels: Floats) -> tuple[Bin, ...]:
    """The translations in tenths of confidence; empty ones are left out."""
    of = np.minimum((judged * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int((of == row).sum()), float(judged[of == row].mean()), float(labels[of == row].mean()))
        for row in range(BINS)
        if (of == row).any()
    )

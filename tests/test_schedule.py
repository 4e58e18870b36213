"""Learning rates, by hand."""

from __future__ import annotations

from typing import Literal

import pytest

from mt.config import TrainingConfig
from mt.training.schedule import learning_rate

SCHEDULES = [
    ("none", 1.0, {1: 0.1, 5: 0.5, 10: 1.0, 40: 1.0}),
    ("inverse_sqrt", 1.0, {10: 1.0, 40: 0.5, 90: 1 / 3}),
    ("linear", 1.0, {10: 1.0, 60: 0.5, 109: 0.01, 200: 0.01}),
    ("plateau", 0.25, {5: 0.5, 40: 0.25}),
]


@pytest.mark.parametrize(("decay", "scale", "expected"), SCHEDULES)
def test_learning_rates_by_hand(
    decay: Literal["none", "inverse_sqrt", "linear", "plateau"], scale: float, expected: dict[int, float]
) -> None:
    """Warm-up of 10 steps to 1.0, 110 steps in all."""
    training = TrainingConfig(decay=decay, warmup_steps=10, learning_rate=1.0)
    found = {step: learning_rate(training, step=step, last_step=110, scale=scale) for step in expected}
    assert found == pytest.approx(expected)

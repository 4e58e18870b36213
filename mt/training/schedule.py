"""The learning rate of each step: warm-up, then decay."""

from __future__ import annotations

import math

from mt.config import TrainingConfig


def learning_rate(training: TrainingConfig, *, step: int, last_step: int, scale: float) -> float:
    """Adam's step size at `step`, counted from 1.

    It rises in a line over `warmup_steps`, then stays, falls with 1/sqrt(step) (Vaswani et al. 2017), or
    falls in a line to a hundredth at `last_step`. `scale` is what plateau decay has made of it so far.
    """
    warmup = training.warmup_steps
    if step <= warmup:
        return training.learning_rate * step / warmup
    factor = scale
    if training.decay == "inverse_sqrt":
        factor *= math.sqrt(max(1, warmup) / step)
    elif training.decay == "linear":
        factor *= max(0.01, 1 - (step - warmup) / max(1, last_step - warmup))
    return training.learning_rate * factor

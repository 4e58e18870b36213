"""Average: the weights of a run's best validations -> a run of their mean."""

from __future__ import annotations

from pathlib import Path

import torch

from mt.checkpoint import average_kept, newest_run
from mt.console import Console
from mt.errors import ConfigError
from mt.options import AverageOptions

CHECKPOINTS = Path("checkpoints")


def average(options: AverageOptions, console: Console) -> Path:
    """Write the run; returns its directory. Raises MTError for what the user can mend."""
    if len(options.model) > 1:
        raise ConfigError("mt average is of one run's weights; -m A -m B in mt translate is of several runs")
    path = options.model[0] if options.model else newest_run(CHECKPOINTS)
    out = options.out or path.with_name(f"{path.name}-average")
    count = average_kept(path, out, torch.device("cpu"))
    console.note(f"{out}: the mean of {count} sets of weights of {path}. Try it: mt evaluate -m {out}")
    return out

"""Average: the weights of a run's best validations -> a run of their mean."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from mt import checkpoint
from mt.console import Console
from mt.errors import ConfigError, RunError
from mt.options import AverageOptions
from mt.tensors import read_tensors


def average(options: AverageOptions, console: Console) -> Path:
    """Write the run; returns its directory.

    Raises ConfigError for several runs, RunError for fewer than two sets of weights or an `out` that exists.
    """
    if len(options.model) > 1:
        raise ConfigError("mt average is of one run's weights; -m A -m B in mt translate is of several runs")
    path = options.model[0] if options.model else checkpoint.newest_run()
    run = checkpoint.load_run(path, torch.device("cpu"))
    files = checkpoint.kept_files(path)
    if len(files) < 2:
        raise RunError(
            f"{path} has kept {len(files)} sets of weights; train with --keep 5 to have some to average"
        )
    out = options.out or path.with_name(f"{path.name}-average")
    if out.exists():
        raise RunError(f"{out} exists; give another --out")
    sums: dict[str, Tensor] = {}
    for file in files:
        tensors, _ = read_tensors(file)
        checkpoint.assign(run.model, tensors, file)  # which sees whether they fit
        sums = {name: tensor.double() + sums.get(name, 0) for name, tensor in tensors.items()}
    checkpoint.assign(run.model, {name: total / len(files) for name, total in sums.items()}, out)
    checkpoint.copy_setup(run, out)
    checkpoint.save_model(out, run.model, run.config, {"average of": [file.name for file in files]})
    console.note(f"{out}: the mean of {len(files)} sets of weights of {path}. Try it: mt evaluate -m {out}")
    return out

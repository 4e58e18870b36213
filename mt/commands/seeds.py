"""Seeds: a training for each seed, with one tokenizer, for a mean and a standard deviation."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from mt.commands.train import train
from mt.config import Config
from mt.console import Console
from mt.errors import UsageError
from mt.evaluation.run_groups import Spread
from mt.options import TrainOptions
from mt.text.counted import counted
from mt.training.logs import METRICS
from mt.training.torchrun import is_follower
from mt.training.validation import METRIC_NAMES


def train_seeds(config: Config, base: Path, options: TrainOptions, console: Console) -> None:
    """Train, or go on training, a run for each seed, one after the other: `base` with the seed at its end.

    Raises UsageError for no seed, or one that is named twice, and whatever `train` raises.
    """
    seeds = range(1, options.seeds[0] + 1) if len(options.seeds) == 1 else options.seeds
    if not seeds:
        raise UsageError("mt train: --seeds 0 trains nothing: give 1 or more")
    if len(set(seeds)) < len(seeds):
        raise UsageError("mt train: --seeds names a seed twice")
    console.hushed = is_follower()
    runs = [base.with_name(f"{base.name}-{seed}") for seed in seeds]
    for number, (seed, run) in enumerate(zip(seeds, runs, strict=True), start=1):
        console.note(f"seed {seed}, run {number} of {len(runs)}: {run}")
        one = _of_seed(config, seed, None if number == 1 else runs[0])
        began = console.began if number == 1 else None  # each has the time budget
        train(one, run, options, console, began=began)
    if not console.hushed:  # of several ranks the first concludes
        _conclude(config, runs, console)


def _of_seed(config: Config, seed: int, first: Path | None) -> Config:
    """The settings with a seed; after the first run with its tokenizer, unless another one is asked for."""
    tokenizer, training = config.tokenizer, config.training.model_copy(update={"seed": seed})
    if first is not None and tokenizer.tokenizer_from is None:
        tokenizer = tokenizer.model_copy(update={"tokenizer_from": str(first)})
    return config.model_copy(update={"tokenizer": tokenizer, "training": training})


def _conclude(config: Config, runs: list[Path], console: Console) -> None:
    metric = config.training.validation_metric
    best = [score for run in runs if (score := _best(run, metric)) is not None]
    name = f"validation {METRIC_NAMES[metric]}"
    if best:
        scores = ", ".join(f"{score:.1f}" for score in best)
        console.note(f"best {name} of {counted(len(best), 'run')}: {Spread.of(name, best)} ({scores})")
    console.note(f"Measure them: mt evaluate --runs {shlex.join(map(str, runs))} --test SPEC")


def _best(run: Path, metric: str) -> float | None:
    """The metric at the best validation of a run; None if it was never validated."""
    entries = [json.loads(line) for line in (run / METRICS).read_text(encoding="utf-8").splitlines()]
    key = "error_rate" if metric == "wer" else metric
    found = [float(entry[key]) for entry in entries if entry.get("best")]
    return found[-1] if found else None

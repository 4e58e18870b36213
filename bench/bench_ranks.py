"""Training in several processes on this machine, in turns: one of one thread, one of two, two of one; or one
GPU and all of them.

Each is a program of its own that times the steps of two batches on the same pairs, with the same model.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import torch

from bench.bench_base import Columns, Settings, answer
from bench.bench_model import prepared_pairs, synchronize, usual_precision
from mt.errors import MTError
from mt.model import build
from mt.training.loader import BatchLoader
from mt.training.schedule import learning_rate
from mt.training.torchrun import joined
from mt.training.updater import Updater

ROUNDS, WARM_UP, STEPS = 3, 3, 12
WAYS = {"1 x 1 thread": (1, 1), "1 x 2 threads": (1, 2), "2 x 1 thread": (2, 1)}
"""Processes and the threads of each; the first way is what the others are compared with."""


def ways(settings: Settings) -> dict[str, tuple[int, int]]:
    """As `WAYS`, on GPUs by their number."""
    if settings.device == "cpu":
        return WAYS
    counts = sorted({1, torch.cuda.device_count()})
    return {f"{count} GPU{'s' * (count > 1)}": (count, 1) for count in counts}


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """No words: all ways. A number of threads: this is one process of one way."""
    if words:
        return {"": timed(settings, int(words[0]))}
    rounds = 1 if settings.quick else ROUNDS
    tried = ways(settings)
    found = [{name: launch(settings, *way) for name, way in tried.items()} for _ in range(rounds)]
    baseline = [row[next(iter(tried))] for row in found]
    return {
        name: {
            "target tokens/s": statistics.median(row[name] for row in found),
            "times the first": statistics.median(
                row[name] / one for row, one in zip(found, baseline, strict=True)
            ),
        }
        for name in tried
    }


def launch(settings: Settings, processes: int, threads: int) -> float:
    """The speed of so many processes of so many threads. Raises MTError with their last words."""
    program = ["-m", "bench.bench_ranks", str(settings.file), str(threads)]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(torchrun * (processes > 1)), *program]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MTError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return max(float(json.loads(line)[""]["target tokens/s"]) for line in done.stdout.splitlines() if line)


def timed(settings: Settings, threads: int) -> dict[str, float]:
    """The speed of all ranks together, as this one sees it."""
    torch.set_num_threads(threads)
    config, src, tgt, pairs = prepared_pairs(settings)
    where = torch.device(settings.device)
    precision = "fp32" if settings.device == "cpu" else usual_precision(settings, where)
    batches = max(2, torch.cuda.device_count())
    training = config.training.model_copy(update={"accumulate": batches})
    with joined(600) as ranks:
        torch.manual_seed(training.seed)
        model = build(config, src, tgt).to(where)
        updater = Updater(model, training, where, precision, ranks)
        loader = BatchLoader(pairs, training, ranks=ranks)
        began, tokens = 0.0, 0
        warm_up, steps = (1, 2) if settings.quick else (WARM_UP, STEPS)
        parts = loader.parts(loader.plan(1)[: batches * (warm_up + steps)], 1, 0)
        for number, part in enumerate(parts):
            if number == warm_up:
                synchronize(where)
                began, tokens = time.perf_counter(), 0
            step = number + 1
            of_all = int(sum(row[0] for row in ranks.exchange([part.tokens])))
            rate = learning_rate(training, step=step, last_step=step, scale=1.0)
            updater.update(
                part.batches, step=step, learning_rate=rate, positions=part.positions, tokens=of_all
            )
            tokens += of_all
        synchronize(where)
        return {"target tokens/s": tokens / (time.perf_counter() - began)}


if __name__ == "__main__":
    answer(main)

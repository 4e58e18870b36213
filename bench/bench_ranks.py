"""Training in several processes on this machine: one of one thread, one of two, two of one; in turns.

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
from bench.bench_model import prepared_pairs
from mt import checkpoint
from mt.errors import MTError
from mt.training.loader import BatchLoader
from mt.training.schedule import learning_rate
from mt.training.torchrun import joined
from mt.training.updater import Updater

ROUNDS, WARM_UP, STEPS = 3, 3, 12
WAYS = {"1 x 1 thread": (1, 1), "1 x 2 threads": (1, 2), "2 x 1 thread": (2, 1)}
"""Processes and the threads of each."""


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """No words: all ways. A number of threads: this is one process of one way."""
    if words:
        return {"": timed(settings, int(words[0]))}
    rounds = 1 if settings.quick else ROUNDS
    found = [{name: launch(settings, *way) for name, way in WAYS.items()} for _ in range(rounds)]
    baseline = [row["1 x 1 thread"] for row in found]
    return {
        name: {
            "target tokens/s": statistics.median(row[name] for row in found),
            "times one process of one thread": statistics.median(
                row[name] / one for row, one in zip(found, baseline, strict=True)
            ),
        }
        for name in WAYS
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
    training = config.training.model_copy(update={"accumulate": 2})
    with joined(600) as ranks:
        torch.manual_seed(training.seed)
        model = checkpoint.build(config, src, tgt)
        updater = Updater(model, training, torch.device("cpu"), "fp32", ranks)
        loader = BatchLoader(pairs, training, ranks=ranks)
        began, tokens = 0.0, 0
        warm_up, steps = (1, 2) if settings.quick else (WARM_UP, STEPS)
        parts = loader.parts(loader.plan(1)[: 2 * (warm_up + steps)], 1, 0)
        for number, part in enumerate(parts):
            if number == warm_up:
                began, tokens = time.perf_counter(), 0
            step = number + 1
            of_all = int(sum(row[0] for row in ranks.exchange([part.tokens])))
            rate = learning_rate(training, step=step, last_step=step, scale=1.0)
            updater.update(
                part.batches, step=step, learning_rate=rate, positions=part.positions, tokens=of_all
            )
            tokens += of_all
        return {"target tokens/s": tokens / (time.perf_counter() - began)}


if __name__ == "__main__":
    answer(main)

"""Training in one arithmetic: speed, work done, padding, memory, and where the time goes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bench.bench_base import Columns, Settings, answer, peak_mb
from bench.bench_model import (
    BareTrainer,
    choose,
    matrix_weights,
    prepared_pairs,
    real_share,
    speeds,
    timed_steps,
)
from bench.bench_profile import shares
from mt.model import build

WARM_UP, STEPS, PROFILED = 10, 100, 12


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """words: the arithmetic."""
    (precision,) = words
    where = choose(settings)
    config, src, tgt, pairs = prepared_pairs(settings)
    torch.manual_seed(config.training.seed)
    model = build(config, src, tgt)
    trainer = BareTrainer(config, model, pairs, where, precision)
    plan = trainer.plan(1)
    warm_up, count, profiled = (2, 6, 3) if settings.quick else (WARM_UP, STEPS, PROFILED)
    found = speeds(timed_steps(trainer, plan[: warm_up + count], warm_up), model)
    found |= {"peak memory, MB": peak_mb()} | real_share(pairs, plan)
    source, target, sentence = matrix_weights(model)
    found |= {
        "weights": sum(weights.numel() for weights in model.parameters()),
        "of those multiplied for each source token": source,
        "for each target token": target,
        "for each sentence": sentence,
    }
    return {precision: found | shares(trainer, plan[-profiled:])}


if __name__ == "__main__":
    answer(main)

"""Train for a while, so that translations have sensible lengths; then search, in batches and one by one."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Literal

import torch

from bench.bench_base import Columns, Numbers, Settings, answer
from bench.bench_model import BareTrainer, choose, prepared_pairs, usual_precision
from mt import checkpoint
from mt.config import SearchConfig
from mt.metrics import Scoring, score
from mt.model import build
from mt.text.bleu_tokenizer import tokenizer_for
from mt.translator import Translator

PASSES, SINGLE, WARM_UP = 3, 100, 20
BEAMS = {"greedy": 1, "beam 5": 5}
PRECISIONS: dict[str, tuple[Literal["fp32", "bf16", "int8"], ...]] = {
    "cpu": ("fp32", "int8"),
    "cuda": ("fp32", "bf16"),
}


def main(settings: Settings, _: Sequence[str]) -> Columns:
    """Both searches in both arithmetics, in turn."""
    where = choose(settings)
    trained = train(settings, where)
    sources, references = (file.read_text(encoding="utf-8").splitlines() for file in settings.test)
    translators = {
        f"{name} {precision}": Translator(
            [checkpoint.load_run(settings.run, where)], SearchConfig(beam=beam, precision=precision), where
        )
        for name, beam in BEAMS.items()
        for precision in PRECISIONS[where.type]
    }
    for translator in translators.values():
        translator.translate(sources[:WARM_UP])
    single = 20 if settings.quick else SINGLE
    whole: dict[str, list[float]] = {name: [] for name in translators}
    for _pass in range(1 if settings.quick else PASSES):
        for name, translator in translators.items():
            whole[name].append(seconds(lambda by=translator: by.translate(sources)))  # type: ignore[misc]
    return {
        name: measure(translator, sources, references, statistics.median(whole[name]), single) | trained
        for name, translator in translators.items()
    }


def train(settings: Settings, where: torch.device) -> Numbers:
    """The run's weights, after `train_seconds` of steps."""
    config, src, tgt, pairs = prepared_pairs(settings)
    torch.manual_seed(config.training.seed)
    model = build(config, src, tgt)
    trainer = BareTrainer(config, model, pairs, where, usual_precision(settings, where))
    batches = itertools.chain.from_iterable(trainer.plan(epoch) for epoch in itertools.count(1))
    began = time.perf_counter()
    while time.perf_counter() - began < settings.train_seconds:
        trainer.step(trainer.make([next(batches)]))
    spent = time.perf_counter() - began
    checkpoint.save_model(settings.run, dict(model.named_parameters()), config, {"step": trainer.steps})
    return {"trained before, s": spent, "in steps": trainer.steps}


def measure(
    translator: Translator, sources: list[str], references: list[str], whole: float, single: int
) -> Numbers:
    """whole: seconds that all sentences together took; single: how many are then translated alone.

    Output pieces count no eos.
    """
    translations = translator.translate(sources)
    pieces = sum(map(len, translator.run.tgt_tokenizer.encode(translations)))
    alone = [seconds(lambda text=text: translator.translate([text])) for text in sources[:single]]  # type: ignore[misc]
    bleu = score(
        translations, [references], Scoring(tokenizer_for(translator.run.config.data.tgt)), metrics=["bleu"]
    )[0]
    return {
        "sentences/s": len(sources) / whole,
        "output pieces/s": pieces / whole,
        "pieces an output": pieces / len(sources),
        "one sentence alone p50, ms": 1e3 * statistics.median(alone),
        "one sentence alone p95, ms": 1e3 * statistics.quantiles(alone, n=20, method="inclusive")[-1],
        "BLEU": bleu.value,
    }


def seconds(work: Callable[[], object]) -> float:
    """That it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    answer(main)

"""Measure training, search and start-up with the built-in corpus and the default model.

Prints a table on stderr and the same numbers as one JSON object on stdout. Every figure is a median; on a
machine that does something else meanwhile they are worth little.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from mt import checkpoint, device
from mt.config import Config, SearchConfig, load_preset
from mt.console import Console
from mt.corpus import load_corpus
from mt.pieces import cut
from mt.tokenizer import Tokenizer
from mt.train import Corpora, complete, learn_tokenizers, read_corpora
from mt.trainer import Trainer
from mt.translator import Translator
from mt.validation import Validator

STEPS, WARMUP, SENTENCES, SINGLE = 40, 10, 500, 50


def main() -> None:
    """Measure and print."""
    preset = load_preset("vector")
    config = complete(preset.model_copy(update={"tokenizer": load_preset("phrasebook").tokenizer}))
    where = device.choose("auto", None)
    precision = device.resolve_precision(config.training.precision, where)
    console = Console()
    corpora = read_corpora(config, console)
    src, tgt = learn_tokenizers(config, corpora.train, console)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        results: dict[str, float | str] = {"device": device.describe(where, precision)}
        results |= measure_training(config, corpora, (src, tgt), run, where, precision)
        results |= measure_search(run, where)
        results |= measure_start_up(run)
    for name, value in results.items():
        console.note(f"{name:<32} {value if isinstance(value, str) else f'{value:,.3g}'}")
    print(json.dumps(results))


def measure_training(
    config: Config, corpora: Corpora, pieces: tuple[Tokenizer, Tokenizer], run: Path, where: torch.device,
    precision: str,
) -> dict[str, float | str]:  # fmt: skip
    """Target pieces a second, share of computed target positions that are real, peak memory."""
    src, tgt = pieces
    checkpoint.save_setup(run, config, src, tgt, corpora=corpora.fingerprints(), split_chars=60)
    pairs = cut(corpora.train, src, tgt)
    model = checkpoint.build(config, src, tgt).to(where)
    validator = Validator([], [], pairs, tgt, "en", config.training.batch_tokens, precision)
    trainer = Trainer(config, run, model, pairs, validator, where, Console())
    batches = trainer.plan(1)
    speeds = []
    for batch in batches[: WARMUP + STEPS]:
        before, began = trainer.progress.tokens, time.perf_counter()
        trainer.step(trainer.make([batch]))
        speeds.append((trainer.progress.tokens - before) / (time.perf_counter() - began))
    checkpoint.save_model(run, model, config, {"step": trainer.progress.step})
    real = sum(int((pairs.tgt.lengths[batch] + 1).sum()) for batch in batches)
    computed = sum(len(batch) * int((pairs.tgt.lengths[batch] + 1).max()) for batch in batches)
    return {
        "weights": sum(weights.numel() for weights in model.parameters()),
        "training, target pieces/s": statistics.median(speeds[WARMUP:]),
        "real target positions, %": 100 * real / computed,
        "peak memory in training, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_search(run: Path, where: torch.device) -> dict[str, float | str]:
    """Sentences a second in batches, and the time one sentence alone takes."""
    corpus = load_corpus(
        ["phrasebook"], src="zh", tgt="en", swap=False, split="test", on_bad_line="stop", cleaning=None
    )
    texts = corpus.dataset["src"][:SENTENCES]
    loaded = checkpoint.load_run(run, where)
    results: dict[str, float | str] = {}
    for name, beam in (("greedy", 1), ("beam 5", 5)):
        translator = Translator(loaded, SearchConfig(beam=beam), where)
        whole = median_seconds(partial(translator.translate, texts), 3)
        results[f"{name}, sentences/s"] = len(texts) / whole
        singles = [median_seconds(partial(translator.translate, [text]), 1) for text in texts[:SINGLE]]
        results[f"{name}, one sentence alone, ms"] = 1e3 * statistics.median(singles)
    return results


def measure_start_up(run: Path) -> dict[str, float | str]:
    """Whole processes: help, and one sentence."""
    mt = [sys.executable, "-m", "mt"]
    return {
        "mt --help, s": median_seconds(lambda: run_quietly([*mt, "--help"]), 5),
        "mt translate of one sentence, s": median_seconds(
            lambda: run_quietly([*mt, "translate", "-m", str(run), "我爱北京"]), 3
        ),
    }


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Of several goes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def run_quietly(command: list[str]) -> None:
    """A process, its output read and dropped."""
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()

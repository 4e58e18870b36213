"""Search on a GPU with steps that are recorded as graphs and without, beside the CPU's translations."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal, cast

import torch

from bench.bench_base import Columns, Numbers, Settings, answer
from bench.bench_model import choose
from bench.bench_search import BEAMS, SINGLE, seconds, train
from mt import checkpoint
from mt.config import SearchConfig
from mt.decoding.step_graph import GraphedModel
from mt.translator import Translator

CPU = torch.device("cpu")


def main(settings: Settings, words: Sequence[str]) -> Columns:
    """words: `train`, for the model; then the name of a search and a precision."""
    where = choose(settings)
    if words[0] == "train":
        return {"trained": train(settings, where)}
    name, precision = words
    test = settings.test[0].read_text(encoding="utf-8").splitlines()
    pairs = settings.pairs.read_text(encoding="utf-8").splitlines()
    many = [pair.partition("\t")[0] for pair in pairs[: 500 if settings.quick else None]]
    by_cpu = Translator([checkpoint.load_run(settings.run, CPU)], SearchConfig(beam=BEAMS[name]), CPU)
    expected = by_cpu.translate(test)
    config = SearchConfig(beam=BEAMS[name], precision=cast(Literal["fp32", "bf16"], precision))
    translator = Translator([checkpoint.load_run(settings.run, where)], config, where)
    return {f"{name} {precision}": compare(translator, test, many, expected)}


def compare(translator: Translator, test: list[str], many: list[str], expected: list[str]) -> Numbers:
    """test: sentences whose translations by the CPU are expected; many: sentences for the speed."""
    graphed, plain = translator.searched, translator.model
    numbers: Numbers = {}
    by: dict[str, list[str]] = {}
    for name, searched in (("with graphs", graphed), ("without", plain)):
        translator.searched = searched
        translator.translate(many[:2000])  # by now the usual sizes are recorded
        for _ in range(5):
            translator.translate(test[:20])
        numbers[f"sentences/s {name}"] = len(many) / seconds(lambda: translator.translate(many))
        alone = [seconds(lambda text=text: translator.translate([text])) for text in test[:SINGLE]]  # type: ignore[misc]
        numbers[f"one alone p50, ms, {name}"] = 1e3 * statistics.median(alone)
        by[name] = translator.translate(test)
        numbers[f"% of lines unlike the CPU's, {name}"] = unlike(by[name], expected)
    numbers["% of lines unlike those without graphs"] = unlike(by["with graphs"], by["without"])
    numbers["graphs recorded"] = len(graphed.recordings) if isinstance(graphed, GraphedModel) else 0
    return numbers


def unlike(found: list[str], expected: list[str]) -> float:
    """In per cent."""
    return 100 * sum(one != other for one, other in zip(found, expected, strict=True)) / len(expected)


if __name__ == "__main__":
    answer(main)

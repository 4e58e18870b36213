"""What a sentence costs by its length: sentences of so many pieces, joined from those of the corpus."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence

import numpy as np
import torch

from bench.bench_base import Columns, Numbers, Settings, answer
from bench.bench_model import BareTrainer, choose, prepared_pairs, timed_steps, usual_precision
from mt import checkpoint
from mt.config import SearchConfig
from mt.data.batches import IntArray
from mt.data.encoded import PiecePairs
from mt.data.ragged import Ragged
from mt.layers.prepack import packed
from mt.model import Seq2Seq
from mt.search import search

LENGTHS, STEPS, WARM_UP, SEARCHED, PASSES = (10, 20, 40, 80), 20, 5, 100, 3


def main(settings: Settings, _: Sequence[str]) -> Columns:
    """Of the model that `bench_search` has trained."""
    where = choose(settings)
    config, _src, _tgt, pairs = prepared_pairs(settings)
    steps = 4 if settings.quick else STEPS
    found: Columns = {}
    for length in LENGTHS[::2] if settings.quick else LENGTHS:
        rows = max(1, config.training.batch_tokens // (length + 1))
        joined = join(pairs, length, rows * 2)
        batches = itertools.islice(itertools.cycle(np.split(np.arange(2 * rows), 2)), WARM_UP + steps)
        model = checkpoint.load_run(settings.run, where).model
        numbers = searching(model, joined, where)
        trainer = BareTrainer(config, model.train(), joined, where, usual_precision(settings, where))
        timed = timed_steps(trainer, list(batches), WARM_UP)
        micro = statistics.median(1e6 * step.seconds / step.target for step in timed)
        found[f"{length} tokens"] = {"training, µs a target token": micro} | numbers
    return found


def join(pairs: PiecePairs, length: int, count: int) -> PiecePairs:
    """So many pairs, both sides of them exactly so long without eos."""
    assert isinstance(pairs.src, Ragged)  # of text
    src, tgt = (_column(side, length, count) for side in (pairs.src, pairs.tgt))
    return PiecePairs.of(src, tgt)


def _column(side: Ragged, length: int, count: int) -> list[IntArray]:
    """Rows that follow each other in the corpus, laid end to end; each new row begins with a sentence."""
    source = itertools.cycle(range(len(side)))
    rows: list[IntArray] = []
    while len(rows) < count:
        row = side[next(source)]
        while len(row) < length:
            row = np.concatenate([row, side[next(source)]])
        rows.append(row[:length])
    return rows


def searching(model: Seq2Seq, pairs: PiecePairs, where: torch.device) -> Numbers:
    """Greedy search in fp32. The model decides how much it writes, so its pieces, eos too, are counted."""
    sources, times, pieces = [pairs.src[row] for row in range(min(SEARCHED, len(pairs)))], [], 0
    with packed(model, "fp32"):
        for _pass in range(1 + PASSES):  # the first one warms up
            began = time.perf_counter()
            found = search(model, sources, SearchConfig(beam=1), where)
            times.append(time.perf_counter() - began)
            pieces = sum(len(hypotheses[0].ids) + 1 for hypotheses in found)
    return {
        "greedy search, µs an output piece": 1e6 * statistics.median(times[1:]) / pieces,
        "greedy search, µs a source token": 1e6
        * statistics.median(times[1:])
        / (len(sources) * len(sources[0])),
        "pieces an output": pieces / len(sources),
    }


if __name__ == "__main__":
    answer(main)

"""Batches of each step: shuffled, in order of their positions, pinned for a GPU alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from mt.config import TrainingConfig
from mt.data.batches import Batch, IntArray
from mt.data.encoded import PiecePairs
from mt.data.sampling import Sampler
from mt.training.loader import BatchLoader


@pytest.fixture(scope="module")
def pairs() -> PiecePairs:
    """Row n has n % 20 + 1 pieces, the first of which is 4 + n."""
    rows = [[4 + n] * (n % 20 + 1) for n in range(300)]
    return PiecePairs.of(rows, rows)


def rows_of(batches: Sequence[Batch]) -> list[list[int]]:
    return [[first - 4 for first in batch.src[:, 0].tolist()] for batch in batches]


def test_every_step_has_the_next_batches_of_the_plan(pairs: PiecePairs) -> None:
    loader = BatchLoader(pairs, TrainingConfig(batch_tokens=100, accumulate=3))
    plan = loader.plan(1)
    found = [rows_of(part.batches) for part in loader.parts(plan, 1, 0)]
    assert [rows for group in found for rows in group] == [rows.tolist() for rows in plan]
    assert {len(group) for group in found[:-1]} == {3}
    assert len(found) == loader.steps()
    later = [rows_of(part.batches) for part in loader.parts(plan, 1, 6)]
    assert later == found[2:]


class Noted:
    """Stands for a sampler: notes which seed each batch is drawn with."""

    def __init__(self, pairs: PiecePairs) -> None:
        self.pairs = pairs
        self.seeds: dict[tuple[int, ...], int] = {}

    def batch(self, rows: IntArray, seed: int) -> Batch:
        self.seeds[tuple(rows.tolist())] = seed
        return self.pairs.batch(rows)


def test_how_a_batch_is_segmented_depends_on_its_position_alone(pairs: PiecePairs) -> None:
    """Not on where a resumed run began; other epochs and seeds segment otherwise."""

    def seeds(seed: int, epoch: int, position: int) -> list[int]:
        noted = Noted(pairs)
        sampler: Sampler = noted  # type: ignore[assignment]
        loader = BatchLoader(pairs, TrainingConfig(seed=seed, batch_tokens=100, accumulate=2), sampler)
        plan = BatchLoader(pairs, TrainingConfig(batch_tokens=100)).plan(1)
        list(loader.parts(plan, epoch, position))
        return [noted.seeds[tuple(rows.tolist())] for rows in plan[position:]]

    whole = seeds(1, 1, 0)
    assert len(set(whole)) == len(whole)
    assert seeds(1, 1, 4) == whole[4:]
    assert not set(whole) & set(seeds(1, 2, 0))
    assert not set(whole) & set(seeds(2, 1, 0))


def test_batches_are_pinned_for_a_gpu_alone(pairs: PiecePairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose memory this is cannot be asked without a GPU: each tensor that is pinned is noted instead."""
    pinned: list[Tensor] = []

    def pin(tensor: Tensor) -> Tensor:
        pinned.append(tensor.clone())
        return pinned[-1]

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    rows = [np.array([1, 2])]
    (plain,) = BatchLoader(pairs, TrainingConfig()).load(rows)
    assert pinned == []
    (batch,) = BatchLoader(pairs, TrainingConfig(), pin=True).load(rows)
    parts = [batch.src, batch.src_lengths, batch.tgt_in, batch.tgt_out]
    assert [id(part) for part in parts] == [id(part) for part in pinned]
    assert batch.src.equal(plain.src)

"""The batches of each step, dealt to the ranks, made by a second thread while the first one computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mt.config import TrainingConfig
from mt.console import Console
from mt.data.batches import Batch, IntArray
from mt.data.encoded import PiecePairs
from mt.data.plan import Plan
from mt.errors import ConfigError
from mt.tokenizer import Tokenizer
from mt.training.ranks import Ranks

AHEAD = 2  # steps whose batches are made before they are needed


@dataclass(frozen=True)
class Part:
    """What one rank has of a step: batches, and the position of each among the `count` of the whole step.

    tokens: target pieces in these batches, with eos.
    """

    batches: Sequence[Batch]
    positions: Sequence[int]
    count: int
    tokens: int


class BatchSampler(Protocol):
    """Makes a batch that is another one for another seed."""

    def batch(self, rows: IntArray, seed: int) -> Batch: ...


class BatchLoader:
    """Pairs -> batches: which ones and how they are segmented depends on (seed, epoch, position) alone."""

    def __init__(
        self,
        pairs: PiecePairs,
        training: TrainingConfig,
        sampler: BatchSampler | None = None,
        *,
        pin: bool = False,
        ranks: Ranks | None = None,
    ) -> None:
        """pin: put batches into memory from which a GPU copies without waiting. ranks: who shares a step."""
        self.pairs, self.training, self.sampler, self.pin = pairs, training, sampler, pin
        self.ranks = ranks or Ranks()

    def plan(self, epoch: int) -> Plan:
        """The batches of an epoch, as row numbers."""
        return Plan(
            self.pairs.src.lengths,
            self.pairs.tgt.lengths,
            batch_tokens=self.training.batch_tokens,
            seed=self.training.seed,
            epoch=epoch,
        )

    def steps(self) -> int:
        """Steps in the first epoch; others differ by a batch or two."""
        return -(-len(self.plan(1)) // self.training.accumulate)

    def parts(self, plan: Sequence[IntArray], epoch: int, position: int) -> Iterator[Part]:
        """What this rank has of each step of an epoch, from a position in its plan on."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            ahead: deque[Future[Part]] = deque()
            for start in range(position, len(plan), self.training.accumulate):
                rows = plan[start : start + self.training.accumulate]
                ahead.append(thread.submit(self._part, rows, epoch, start))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def load(self, groups: Sequence[IntArray], epoch: int = 1, position: int = 0) -> list[Batch]:
        """Row numbers -> batches, the first of which is at `position` of the epoch."""
        return [self._batch(rows, epoch, position + index) for index, rows in enumerate(groups)]

    def _part(self, groups: Sequence[IntArray], epoch: int, start: int) -> Part:
        """This rank's part of the step whose first batch is at `start` of the epoch."""
        positions = list(range(len(groups)))
        if self.ranks.count > 1:
            positions = deal([self._cost(rows) for rows in groups], self.ranks.count)[self.ranks.rank]
        batches = [self._batch(groups[position], epoch, start + position) for position in positions]
        tokens = sum(int((batch.tgt_out != Tokenizer.pad_id).sum()) for batch in batches)
        return Part(batches, positions, len(groups), tokens)

    def _cost(self, rows: IntArray) -> int:
        """Positions that are computed of a batch, padding included."""
        src, tgt = (side.lengths[rows].max() + 1 for side in (self.pairs.src, self.pairs.tgt))
        return len(rows) * int(src + tgt)

    def _batch(self, rows: IntArray, epoch: int, position: int) -> Batch:
        if self.sampler is None:
            batch = self.pairs.batch(rows)
        else:
            origin = np.random.SeedSequence([self.training.seed, epoch, position])
            batch = self.sampler.batch(rows, int(origin.generate_state(1)[0]))
        return batch.pin() if self.pin else batch


def deal(costs: Sequence[int], ranks: int) -> list[list[int]]:
    """Which of N batches each rank gets, so that none has much more to do than another.

    The costliest one first, each to the rank that has the least (Graham 1969), its positions in order.
    """
    hands: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for position in sorted(range(len(costs)), key=lambda position: (-costs[position], position)):
        rank = loads.index(min(loads))
        hands[rank].append(position)
        loads[rank] += costs[position]
    return [sorted(hand) for hand in hands]


def check_step(training: TrainingConfig, ranks: int, begun: bool, console: Console) -> None:
    """Raises ConfigError where a new run has fewer batches in a step than ranks; warns of an uneven deal."""
    batches = training.accumulate
    if batches % ranks == 0:
        return
    fitting = -(-batches // ranks) * ranks
    advice = (
        f"--accumulate {fitting} --batch-tokens {training.batch_tokens * batches // fitting} "
        "shares out a step of the same size evenly"
    )
    what = f"a step has {batches} batch{'es' * (batches > 1)} (--accumulate) for {ranks} ranks"
    if batches < ranks and not begun:
        raise ConfigError(f"{what}, so that some would have nothing to do; {advice}")
    console.warn(f"{what}, so that some wait for others; {advice}, in a new run")

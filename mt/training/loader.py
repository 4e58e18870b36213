"""The batches of each epoch, made by a second thread while the first one computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from mt.config import TrainingConfig
from mt.data.batches import Batch, IntArray
from mt.data.encoded import PiecePairs
from mt.data.plan import Plan
from mt.data.sampling import Sampler

AHEAD = 2  # groups of batches made before they are needed


class BatchLoader:
    """Pairs -> batches: which ones and how they are segmented depends on (seed, epoch, position) alone."""

    def __init__(
        self, pairs: PiecePairs, training: TrainingConfig, sampler: Sampler | None = None, pin: bool = False
    ) -> None:
        """pin: put batches into memory from which a GPU copies without waiting."""
        self.pairs, self.training, self.sampler, self.pin = pairs, training, sampler, pin

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

    def groups(self, plan: Sequence[IntArray], epoch: int, position: int) -> Iterator[list[Batch]]:
        """The batches of each step of an epoch, from a position in its plan on."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            ahead: deque[Future[list[Batch]]] = deque()
            for start in range(position, len(plan), self.training.accumulate):
                rows = plan[start : start + self.training.accumulate]
                ahead.append(thread.submit(self.load, rows, epoch, start))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def load(self, groups: Sequence[IntArray], epoch: int = 1, position: int = 0) -> list[Batch]:
        """Row numbers -> batches, the first of which is at `position` of the epoch."""
        batches = [self._batch(rows, epoch, position + index) for index, rows in enumerate(groups)]
        return [batch.pin() for batch in batches] if self.pin else batches

    def _batch(self, rows: IntArray, epoch: int, position: int) -> Batch:
        if self.sampler is None:
            return self.pairs.batch(rows)
        origin = np.random.SeedSequence([self.training.seed, epoch, position])
        return self.sampler.batch(rows, int(origin.generate_state(1)[0]))

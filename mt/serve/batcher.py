"""Texts of many requests, searched together.

One search at a time for each model: on a CPU a batch costs much less than its texts one by one, and two
searches at once would only share the same cores.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mt.decoding.translation import Translation
from mt.serve.counters import Metrics
from mt.serve.refusal import slow_down

T = TypeVar("T")

BATCH = 32  # texts
WAIT = 0.005  # seconds that the first text of a batch waits for company
ALONE = 16  # calls that may wait to have the model for themselves
CHARACTERS = 4000  # of a batch: short texts do not wait for many long ones


class Searcher(Protocol):
    """What is asked of a `Translator`."""

    def search(self, texts: Sequence[str], *, nbest: int, tgt: str | None = None) -> list[Translation]: ...


@dataclass(frozen=True, eq=False)
class _Job:
    """A text that waits."""

    text: str
    tgt: str | None
    nbest: int
    found: asyncio.Future[Translation]
    since: float


class Batcher:
    """The queue of one model. `run` must be under way for anything to be translated."""

    def __init__(self, searcher: Searcher, *, limit: int, metrics: Metrics) -> None:
        self._searcher, self._limit, self._metrics = searcher, limit, metrics
        self._queue: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._search = asyncio.Lock()
        self._alone = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")

    @property
    def waiting(self) -> int:
        """Texts in the queue."""
        return len(self._queue)

    async def translate(self, texts: Sequence[str], *, tgt: str | None, nbest: int) -> list[Translation]:
        """Up to `nbest` translations of each text, in order; cancelled, the texts are not searched.

        Raises Refusal if too many wait already, and whatever the search raises.
        """
        if not texts:
            return []
        self._admit()
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        jobs = [_Job(text, tgt, nbest, loop.create_future(), now) for text in texts]
        self._queue.extend(jobs)
        self._arrived.set()
        try:
            return [await job.found for job in jobs]
        finally:
            for job in jobs:
                if not job.found.cancel() and not job.found.cancelled():
                    job.found.exception()  # or asyncio would write of one that nobody looked at

    async def alone(self, call: Callable[[], T]) -> T:
        """The result of a call that uses the model by itself, in a thread. Raises Refusal as `translate`."""
        self._admit()
        self._alone += 1
        try:
            async with self._search:
                return await self._in_thread(call)
        finally:
            self._alone -= 1

    async def run(self) -> None:
        """Search through what arrives, until cancelled."""
        try:
            while True:
                await self._arrived.wait()
                if len(self._queue) < BATCH:
                    await asyncio.sleep(max(0.0, self._queue[0].since + WAIT - time.monotonic()))
                async with self._search:
                    if batch := self._take():
                        await self._answer(batch)
                if not self._queue:
                    self._arrived.clear()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """Always the same thread: each thread that computes has helpers and buffers of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _admit(self) -> None:
        if len(self._queue) >= self._limit or self._alone >= ALONE:
            raise slow_down("too many texts are waiting already", retry_after=1)

    def _take(self) -> list[_Job]:
        """The next texts into one language; those whose client has gone are dropped."""
        batch: list[_Job] = []
        others: list[_Job] = []
        characters = 0
        while self._queue and len(batch) < BATCH and characters < CHARACTERS:
            job = self._queue.popleft()
            if job.found.done():
                self._metrics.dropped.inc()
            elif batch and job.tgt != batch[0].tgt:
                others.append(job)
            else:
                batch.append(job)
                characters += len(job.text)
        self._queue.extendleft(reversed(others))
        return batch

    async def _answer(self, batch: Sequence[_Job]) -> None:
        """Search; if that fails, one text after the other, so that one cannot spoil the others' answers."""
        texts, nbest = [job.text for job in batch], max(job.nbest for job in batch)
        try:
            found = await self._in_thread(lambda: self._searcher.search(texts, nbest=nbest, tgt=batch[0].tgt))
            answers = list(zip(batch, found, strict=True))
        except Exception as problem:
            waiting = [job for job in batch if not job.found.done()]
            if len(batch) == 1 and waiting:
                waiting[0].found.set_exception(problem)
            elif len(batch) > 1:
                for job in waiting:
                    await self._answer([job])
            return
        self._metrics.batches.observe(len(batch))
        for job, translation in answers:
            if not job.found.done():
                job.found.set_result(translation)

"""Sentences of many requests, searched together: on a CPU a batch costs much less than its sentences one by
one.

What is urgent goes first, and between the steps of every other search (see `turns` and `processor`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol

from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Candidate
from mt.serve.counters import Metrics
from mt.serve.problem_log import ProblemLog
from mt.serve.processor import LongCall, Processor
from mt.serve.refusal import Refusal
from mt.serve.turns import Job, Request, Turns

WAIT = 0.003  # seconds that a batch waits for company, where the one before had some
STUCK = 120.0  # seconds; a search that takes longer will hardly end
REST, LONGEST_REST = 1.0, 60.0  # seconds before a batcher that has failed goes on; each time twice as long


class Searcher(Protocol):
    """What is asked of a `Translator`."""

    def search_parts(
        self,
        parts: Sequence[str],
        *,
        nbest: int,
        aligned: bool = False,
        tgt: str | None = None,
        pause: Pause = no_pause,
    ) -> list[list[Candidate]]: ...


class Lane:
    """Searches of one kind, one after the other: the urgent ones, or the rest."""

    def __init__(self, *, urgent: bool) -> None:
        self.urgent = urgent
        self.arrived = asyncio.Event()
        self.had_company = False
        self.since: float | None = None  # when its search began
        self.batch: list[Job] = []  # what is searched for
        # Always the same: each thread that computes has helpers and buffers of its own.
        self.thread = ThreadPoolExecutor(1, "urgent" if urgent else "search")

    @asynccontextmanager
    async def turn(self, processor: Processor) -> AsyncIterator[LongCall | None]:
        """Have the processor; what is not urgent has it as a long call."""
        if self.urgent:
            async with processor.quick():
                yield None
        else:
            async with processor.long() as call:
                yield call


class Batcher:
    """The queue of one model. `supervise` must be under way for anything to be translated."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        limit: int,
        metrics: Metrics,
        problems: ProblemLog,
        processor: Processor,
    ) -> None:
        """processor: the server's."""
        self._searcher, self._processor = searcher, processor
        self._metrics, self._problems = metrics, problems
        self._turns = Turns(limit)
        self._lanes = {urgent: Lane(urgent=urgent) for urgent in (True, False)}
        self._runs = False

    @property
    def waiting(self) -> int:
        """Sentences in the queue."""
        return self._turns.waiting

    @property
    def healthy(self) -> bool:
        """Whether what is asked now will be answered."""
        now = time.monotonic()
        return self._runs and all(
            lane.since is None or now - lane.since < STUCK for lane in self._lanes.values()
        )

    async def translate(
        self, parts: Sequence[str], *, client: str, tgt: str | None, nbest: int, aligned: bool = False
    ) -> list[list[Candidate]]:
        """Up to `nbest` candidates for each part of a text, in order; cancelled, they are not searched for.

        Raises Refusal if too many wait already, and whatever the search raises.
        """
        if not parts:
            return []
        self.check_running()
        self._turns.admit(client, len(parts))
        loop = asyncio.get_running_loop()
        jobs = [Job(part, loop.create_future()) for part in parts]
        request = Request(client, tgt, nbest, aligned, deque(jobs))
        self._turns.add(request)
        self._lanes[request.urgent].arrived.set()
        try:
            return [await job.found for job in jobs]
        finally:
            self._metrics.dropped.inc(self._turns.remove(request))
            for job in jobs:
                if not job.found.cancel() and not job.found.cancelled():
                    job.found.exception()  # or asyncio would write of one that nobody looked at

    def check_running(self) -> None:
        """Raises Refusal where nothing is searched."""
        if not self._runs:
            raise _out_of_order()

    async def supervise(self) -> None:
        """`run`, and again where it fails, until cancelled; those who wait then are told."""
        rest = REST / 2
        try:
            while True:
                self._runs, began = True, time.monotonic()
                try:
                    await self.run()
                except ExceptionGroup as problems:
                    self._problems.failure(problems.exceptions[0], "searching through the queue")
                self._runs = False
                searched = [job for lane in self._lanes.values() for job in lane.batch]
                for job in [*searched, *self._turns.clear()]:
                    _settle(job, _out_of_order())
                rest = REST if time.monotonic() - began > LONGEST_REST else min(2 * rest, LONGEST_REST)
                await asyncio.sleep(rest)
        finally:
            self._runs = False
            for lane in self._lanes.values():
                lane.thread.shutdown(wait=False, cancel_futures=True)

    async def run(self) -> None:
        """Search through what arrives, until cancelled. Raises ExceptionGroup."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes.values():
                lanes.create_task(self._run(lane))

    async def _run(self, lane: Lane) -> None:
        while True:
            await lane.arrived.wait()
            if lane.had_company:
                await asyncio.sleep(WAIT)
            async with lane.turn(self._processor) as long_call:
                batch = self._turns.take(urgent=lane.urgent)
                lane.had_company, lane.batch = len(batch) > 1, [job for _, job in batch]
                if batch:
                    await self._answer(batch, lane, long_call)
            if not self._turns.waits(urgent=lane.urgent):
                lane.arrived.clear()

    async def _answer(
        self, batch: Sequence[tuple[Request, Job]], lane: Lane, long_call: LongCall | None
    ) -> None:
        """Search; if that fails, one part after the other, so that one cannot spoil the others' answers."""
        requests, jobs = zip(*batch, strict=True)
        try:
            found = await self._search([job.text for job in jobs], requests, lane, long_call)
        except Exception as problem:
            if len(batch) == 1:
                _settle(jobs[0], problem)
                return
            for one in [one for one in batch if not one[1].found.done()]:
                await self._answer([one], lane, long_call)
            return
        self._metrics.batches.observe(len(batch))
        for (request, job), candidates in zip(batch, found, strict=True):
            _settle(job, candidates[: request.nbest])

    async def _search(
        self, parts: list[str], requests: Sequence[Request], lane: Lane, long_call: LongCall | None
    ) -> list[list[Candidate]]:
        nbest, aligned = max(one.nbest for one in requests), any(one.aligned for one in requests)

        def search(pause: Pause) -> list[list[Candidate]]:
            return self._searcher.search_parts(
                parts, nbest=nbest, aligned=aligned, tgt=requests[0].tgt, pause=pause
            )

        lane.since = time.monotonic()
        try:
            if long_call is not None:
                return await long_call.run(lane.thread, search)
            return await asyncio.get_running_loop().run_in_executor(lane.thread, search, no_pause)
        finally:
            lane.since = None


def _settle(job: Job, found: list[Candidate] | Exception) -> None:
    """Answer whoever still waits."""
    if job.found.done():
        return
    if isinstance(found, Exception):
        job.found.set_exception(found)
    else:
        job.found.set_result(found)


def _out_of_order() -> Refusal:
    return Refusal("the server cannot translate now; its log says why", status=503, retry_after=5)

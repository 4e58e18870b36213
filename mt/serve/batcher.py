"""Sentences of many requests, searched together.

One search at a time for each model: on a CPU a batch costs much less than its sentences one by one, and two
searches at once would only share the same cores.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from mt.decoding.translation import Candidate
from mt.serve.counters import Metrics
from mt.serve.problem_log import ProblemLog
from mt.serve.refusal import Gone, Refusal, slow_down
from mt.serve.turns import Job, Request, Turns

T = TypeVar("T")

WAIT = 0.003  # seconds that a batch waits for company, where the one before had some
ALONE, ALONE_FOR_ONE = 32, 4  # calls that may wait to have the model for themselves; those of one client
STUCK = 120.0  # seconds; a search that takes longer will hardly end
REST, LONGEST_REST = 1.0, 60.0  # seconds before a batcher that has failed goes on; each time twice as long


class Searcher(Protocol):
    """What is asked of a `Translator`."""

    def search_parts(
        self, parts: Sequence[str], *, nbest: int, aligned: bool = False, tgt: str | None = None
    ) -> list[list[Candidate]]: ...


class Batcher:
    """The queue of one model. `run` must be under way for anything to be translated."""

    def __init__(self, searcher: Searcher, *, limit: int, metrics: Metrics, problems: ProblemLog) -> None:
        self._searcher, self._metrics, self._problems = searcher, metrics, problems
        self._turns = Turns(limit)
        self._arrived = asyncio.Event()
        self._model = asyncio.Lock()  # who holds it has the model
        self._alone: Counter[str] = Counter()
        self._one_alone = asyncio.Lock()
        self._had_company = False
        self._searching_since: float | None = None
        self._runs = False
        self._batch: list[Job] = []  # what is searched for
        self._threads = ThreadPoolExecutor(1, "search"), ThreadPoolExecutor(1, "alone")

    @property
    def waiting(self) -> int:
        """Sentences in the queue."""
        return self._turns.waiting

    @property
    def healthy(self) -> bool:
        """Whether what is asked now will be answered."""
        since = self._searching_since
        return self._runs and (since is None or time.monotonic() - since < STUCK)

    async def translate(
        self, parts: Sequence[str], *, client: str, tgt: str | None, nbest: int, aligned: bool = False
    ) -> list[list[Candidate]]:
        """Up to `nbest` candidates for each part of a text, in order; cancelled, they are not searched for.

        Raises Refusal if too many wait already, and whatever the search raises.
        """
        if not parts:
            return []
        self._check_running()
        self._turns.admit(client, len(parts))
        loop = asyncio.get_running_loop()
        jobs = [Job(part, loop.create_future()) for part in parts]
        request = Request(client, tgt, nbest, aligned, deque(jobs))
        self._turns.add(request)
        self._arrived.set()
        try:
            return [await job.found for job in jobs]
        finally:
            self._metrics.dropped.inc(self._turns.remove(request))
            for job in jobs:
                if not job.found.cancel() and not job.found.cancelled():
                    job.found.exception()  # or asyncio would write of one that nobody looked at

    async def alone(self, call: Callable[[Callable[[], None]], T], *, client: str) -> T:
        """The result of a call that uses the model by itself, in a thread.

        The call is given a function to call now and then: searches go first there, and Gone ends the call if
        this was cancelled. Raises Refusal if too many wait.
        """
        self._check_running()
        if self._alone[client] >= ALONE_FOR_ONE or self._alone.total() >= ALONE:
            raise slow_down("too many such requests are waiting already", retry_after=1)
        self._alone[client] += 1
        gone = threading.Event()
        loop = asyncio.get_running_loop()

        def pause() -> None:
            if gone.is_set():
                raise Gone
            if self._turns.waiting:
                asyncio.run_coroutine_threadsafe(self._let_others_go(), loop).result()

        try:
            async with self._one_alone, self._model:
                working = loop.run_in_executor(self._threads[1], call, pause)
                try:
                    return await asyncio.shield(working)
                except asyncio.CancelledError:
                    gone.set()
                    await asyncio.wait({working})  # the model is given to others only when it is let go
                    working.cancelled() or working.exception()  # or asyncio would write of it
                    raise
        finally:
            self._alone[client] -= 1
            self._alone += Counter()  # forgets who has none

    async def supervise(self) -> None:
        """`run`, and again where it fails, until cancelled; those who wait then are told."""
        rest = REST / 2
        try:
            while True:
                self._runs, began = True, time.monotonic()
                try:
                    await self.run()
                except Exception as problem:
                    self._problems.failure(problem, "searching through the queue")
                self._runs = False
                for job in [*self._batch, *self._turns.clear()]:
                    _settle(job, _out_of_order())
                rest = REST if time.monotonic() - began > LONGEST_REST else min(2 * rest, LONGEST_REST)
                await asyncio.sleep(rest)
        finally:
            self._runs = False
            for thread in self._threads:
                thread.shutdown(wait=False, cancel_futures=True)

    async def run(self) -> None:
        """Search through what arrives, until cancelled."""
        while True:
            await self._arrived.wait()
            if self._had_company:
                await asyncio.sleep(WAIT)
            async with self._model:
                batch = self._turns.take()
                self._had_company, self._batch = len(batch) > 1, [job for _, job in batch]
                if batch:
                    await self._answer(batch)
            if not self._turns.waiting:
                self._arrived.clear()

    def _check_running(self) -> None:
        if not self._runs:
            raise _out_of_order()

    async def _let_others_go(self) -> None:
        """Give the model away and take it back after those who wait for it."""
        self._model.release()
        await self._model.acquire()

    async def _answer(self, batch: Sequence[tuple[Request, Job]]) -> None:
        """Search; if that fails, one part after the other, so that one cannot spoil the others' answers."""
        requests, jobs = zip(*batch, strict=True)
        try:
            found = await self._search([job.text for job in jobs], requests)
        except Exception as problem:
            if len(batch) == 1:
                _settle(jobs[0], problem)
            else:
                for one in batch:
                    if not one[1].found.done():
                        await self._answer([one])
            return
        self._metrics.batches.observe(len(batch))
        for (request, job), candidates in zip(batch, found, strict=True):
            _settle(job, candidates[: request.nbest])

    async def _search(self, parts: list[str], requests: Sequence[Request]) -> list[list[Candidate]]:
        """In a thread, always the same: each that computes has helpers and buffers of its own."""
        nbest, aligned = max(one.nbest for one in requests), any(one.aligned for one in requests)

        def search() -> list[list[Candidate]]:
            return self._searcher.search_parts(parts, nbest=nbest, aligned=aligned, tgt=requests[0].tgt)

        self._searching_since = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads[0], search)
        finally:
            self._searching_since = None


def _settle(job: Job, found: list[Candidate] | Exception) -> None:
    """Answer whoever still waits."""
    if job.found.done():
        return
    if isinstance(found, Exception):
        job.found.set_exception(found)
    else:
        job.found.set_result(found)


def _out_of_order() -> Refusal:
    return Refusal("the server cannot translate now, its log says why", status=503, retry_after=5)

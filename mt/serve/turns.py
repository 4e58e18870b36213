"""The queue of a model: the sentences of many requests, taken in turn.

Clients take turns, and so do the requests of one client: who asks for one sentence does not wait for somebody
else's document. What one request may add to a batch is bounded, so that the next batch comes soon.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from mt.decoding.translation import Candidate
from mt.serve.refusal import Refusal, slow_down

BATCH = 32  # sentences
CHARACTERS = 4000  # of a batch: short sentences do not wait for many long ones
ALONE, SHARED = (
    16,
    8,
)  # sentences of one request in a batch, where only that request waits and where others do
SHARED_CHARACTERS = 1000  # of one request in a batch, where others wait


@dataclass(frozen=True, eq=False)
class Job:
    """A sentence that waits for its translation."""

    text: str
    found: asyncio.Future[list[Candidate]]


@dataclass(eq=False)
class Request:
    """What one request waits for. client: whose turn it takes."""

    client: str
    tgt: str | None
    nbest: int
    aligned: bool
    waiting: deque[Job]


class Turns:
    """limit: how many sentences may wait, half of them for one client."""

    def __init__(self, limit: int) -> None:
        self.limit, self.most = limit, max(1, limit // 2)
        self.waiting = 0
        self._clients: OrderedDict[str, deque[Request]] = OrderedDict()

    def admit(self, client: str, count: int) -> None:
        """Raises Refusal if `count` more sentences of a client are too many.

        Where the queue is full, each client still has an equal part of it, and each request an equal part of
        its client's: nobody is refused for the load of another.
        """
        if count > self.most:
            raise Refusal(f"Invalid request: request ({count} sentences) exceeds text limit ({self.most})")
        mine = self._clients.get(client, ())
        full = self.waiting + count > self.limit
        clients = len(self._clients) + (not mine)
        part = min(self.most, self.limit // clients) if full else self.most
        waiting = sum(len(request.waiting) for request in mine)
        if waiting + count > part and count > max(1, part // (len(mine) + 1)):
            whose = "" if full else " of your"
            raise slow_down(f"too many{whose} sentences are waiting already", retry_after=1)

    def add(self, request: Request) -> None:
        """Queue a request that was admitted."""
        self._clients.setdefault(request.client, deque()).append(request)
        self.waiting += len(request.waiting)

    def remove(self, request: Request) -> int:
        """Forget what a request still waits for. Returns how many sentences that is."""
        line = self._clients.get(request.client)
        if line is None or request not in line:
            return 0
        self.waiting -= len(request.waiting)
        line.remove(request)
        if not line:
            del self._clients[request.client]
        return len(request.waiting)

    def clear(self) -> list[Job]:
        """Forget all requests. Returns what waited."""
        jobs = [job for line in self._clients.values() for request in line for job in request.waiting]
        self._clients.clear()
        self.waiting = 0
        return jobs

    def take(self) -> list[tuple[Request, Job]]:
        """The next batch: a sentence of each client in turn, all into one language."""
        batch: list[tuple[Request, Job]] = []
        jobs: Counter[Request] = Counter()
        characters: Counter[Request] = Counter()
        alone = sum(map(len, self._clients.values())) == 1

        def may_go(request: Request) -> bool:
            most = ALONE if alone else SHARED
            fits = jobs[request] < most and (alone or characters[request] < SHARED_CHARACTERS)
            return fits and (not batch or request.tgt == batch[0][0].tgt)

        while len(batch) < BATCH and characters.total() < CHARACTERS:
            found = self._next(may_go)
            if found is None:
                break
            request, job = found
            batch.append(found)
            jobs[request] += 1
            characters[request] += len(job.text)
        return batch

    def _next(self, may_go: Callable[[Request], bool]) -> tuple[Request, Job] | None:
        """The next sentence whose request may go; its client and its request then come last."""
        for client, line in self._clients.items():
            request = next(filter(may_go, line), None)
            if request is None:
                continue
            job = request.waiting.popleft()
            self.waiting -= 1
            self._clients.move_to_end(client)
            line.remove(request)
            if request.waiting:
                line.append(request)
            elif not line:
                del self._clients[client]
            return request, job
        return None

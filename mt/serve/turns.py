"""The queue of a model: the sentences of many requests, taken in turn.

Clients take turns, and so do the requests of one client. Short requests are urgent, unless their client has
many at once: they are searched by themselves, before and between the steps of everything else.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field

from mt.decoding.translation import Candidate
from mt.serve.refusal import Refusal, slow_down

BATCH = 32  # sentences
CHARACTERS = 1000  # of a batch: the encoder reads it in one step
FEW = 4  # sentences of a short request
URGENT_OF_ONE = 8  # sentences of short requests of one client: what is more is not urgent


@dataclass(frozen=True, eq=False)
class Job:
    """A sentence that waits for its translation."""

    text: str
    found: asyncio.Future[list[Candidate]]


@dataclass(eq=False)
class Request:
    """What one request waits for. client: whose turn it takes. size: its sentences."""

    client: str
    tgt: str | None
    nbest: int
    aligned: bool
    waiting: deque[Job]
    size: int = field(init=False)
    urgent: bool = False

    def __post_init__(self) -> None:
        self.size = len(self.waiting)


class Turns:
    """limit: how many sentences may wait, half of them for one client."""

    def __init__(self, limit: int) -> None:
        self.limit, self.most = limit, max(1, limit // 2)
        self.waiting = 0
        self._clients: OrderedDict[str, deque[Request]] = OrderedDict()
        self._short: Counter[str] = Counter()  # sentences of each client's short requests, until `remove`

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
        """Queue a request that was admitted, and see whether it is urgent."""
        if request.size <= FEW:
            self._short[request.client] += request.size
            request.urgent = self._short[request.client] <= URGENT_OF_ONE
        self._clients.setdefault(request.client, deque()).append(request)
        self.waiting += request.size

    def remove(self, request: Request) -> int:
        """Forget a request. Returns how many of its sentences still waited."""
        if request.size <= FEW:
            self._short[request.client] -= request.size
            if not self._short[request.client]:
                del self._short[request.client]
        line = self._clients.get(request.client)
        if line is None or request not in line:
            return 0
        self.waiting -= len(request.waiting)
        line.remove(request)
        if not line:
            del self._clients[request.client]
        return len(request.waiting)

    def clear(self) -> list[Job]:
        """Forget what waits. Returns it."""
        jobs = [job for line in self._clients.values() for request in line for job in request.waiting]
        self._clients.clear()
        self.waiting = 0
        return jobs

    def waits(self, *, urgent: bool) -> bool:
        """Whether there is something urgent, or something else."""
        return any(request.urgent == urgent for line in self._clients.values() for request in line)

    def take(self, *, urgent: bool) -> list[tuple[Request, Job]]:
        """The next batch of what is urgent or of the rest: a sentence of each client in turn.

        All of them are translated into one language.
        """
        batch: list[tuple[Request, Job]] = []
        while len(batch) < BATCH and sum(len(job.text) for _, job in batch) < CHARACTERS:
            found = self._next(batch[0][0].tgt if batch else None, first=not batch, urgent=urgent)
            if found is None:
                break
            batch.append(found)
        return batch

    def _next(self, tgt: str | None, *, first: bool, urgent: bool) -> tuple[Request, Job] | None:
        """The next sentence; its client and its request then come last. tgt: of all but the first."""
        for client, line in self._clients.items():
            may_go = (one for one in line if one.urgent == urgent and (first or one.tgt == tgt))
            request = next(may_go, None)
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

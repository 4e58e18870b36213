"""The queue of a model: the sentences of many requests, taken in turn.

Clients take turns, and so do the requests of one client: who asks for one sentence does not wait for somebody
else's document. What documents may add to a batch is bounded, so that the next batch comes soon.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mt.decoding.translation import Candidate
from mt.serve.refusal import Refusal, slow_down

BATCH = 32  # sentences
CHARACTERS = 4000  # of a batch: short sentences do not wait for many long ones
FEW = 4  # sentences; a request of more is a document
DOCUMENTS, BESIDE_FEW = 8, 4  # sentences of documents in a batch: by themselves, where shorter requests wait
DOCUMENT_CHARACTERS = 1000  # of documents in a batch, where shorter requests wait


@dataclass(frozen=True, eq=False)
class Job:
    """A sentence that waits for its translation."""

    text: str
    found: asyncio.Future[list[Candidate]]


@dataclass(eq=False)
class Request:
    """What one request waits for. client: whose turn it takes. is_document: whether it has many sentences."""

    client: str
    tgt: str | None
    nbest: int
    aligned: bool
    waiting: deque[Job]
    is_document: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_document = len(self.waiting) > FEW


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
        few_wait = any(not one.is_document for line in self._clients.values() for one in line)
        most = BESIDE_FEW if few_wait else DOCUMENTS
        documents: list[int] = []  # the lengths of their sentences in the batch

        def may_go(request: Request) -> bool:
            if batch and request.tgt != batch[0][0].tgt:
                return False
            fits = len(documents) < most and (not few_wait or sum(documents) < DOCUMENT_CHARACTERS)
            return fits or not request.is_document

        while len(batch) < BATCH and sum(len(job.text) for _, job in batch) < CHARACTERS:
            found = self._next(may_go)
            if found is None:
                break
            batch.append(found)
            if found[0].is_document:
                documents.append(len(found[1].text))
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

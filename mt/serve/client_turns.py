"""Long calls of clients: one of each client at a time, few of different clients, and few that wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mt.serve.refusal import slow_down

WAITING, WAITING_OF_ONE = 32, 4  # calls where there is a limit, with those under way; those of one client


class ClientTurns:
    """at_once: calls that may be under way. what: is refused, for its client. retry_after: seconds."""

    def __init__(self, at_once: int, what: str, retry_after: int) -> None:
        self._what, self._retry_after = what, retry_after
        self._free = asyncio.Semaphore(at_once)
        self._of_client: dict[str, asyncio.Lock] = {}  # whose holder waits for `_free` or is under way
        self.waiting: Counter[str] = Counter()  # calls of each client, with those under way

    def check(self, client: str) -> None:
        """Raises Refusal if too many calls wait, or too many of the client's."""
        if self.waiting[client] >= WAITING_OF_ONE or self.waiting.total() >= WAITING:
            raise slow_down(f"too many {self._what} already", retry_after=self._retry_after)

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for the client's turn, and have it while this is open."""
        self.waiting[client] += 1
        mine = self._of_client.setdefault(client, asyncio.Lock())
        try:
            async with mine, self._free:
                yield
        finally:
            self.waiting[client] -= 1
            if not self.waiting[client]:
                del self.waiting[client], self._of_client[client]

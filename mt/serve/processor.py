"""Who may compute: one at a time, as two would only slow each other down.

Quick calls go first. Long ones give way at their pauses, to quick ones and to each other. A steady stream of
quick calls leaves them a third of the time.

Python lets one thread at a time run; a search beside a thread that reads a long text would wait for it after
each operation.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from mt.decoding.pausing import Pause
from mt.serve.client_turns import ClientTurns
from mt.serve.refusal import Gone

T = TypeVar("T")

SLICE = 0.01  # seconds that a long call has before another long one may go on
PART = 0.5  # of the time of quick calls: so long the next one waits where there is a long call


class Processor:
    """One for a server. All methods are for the thread of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: gives seconds."""
        self._clock = clock
        self._computing, self._long = asyncio.Lock(), asyncio.Lock()
        self._quick_calls = self._long_calls = 0  # that wait or compute
        self._begun = 0.0  # of a long call's slice
        self._until = 0.0  # before this time long calls need not give way to quick ones

    @asynccontextmanager
    async def quick(self) -> AsyncIterator[None]:
        """Have the processor, after at most one step of a long call and the quick calls before."""
        self._quick_calls += 1
        try:
            async with self._computing:
                began = self._clock()
                yield
                now = self._clock()
                # What long calls still have from the quick call before, while they wait for this one.
                unused = max(0.0, self._until - began) if self._long_calls else 0.0
                self._until = now + unused + PART * (now - began)
        finally:
            self._quick_calls -= 1

    @asynccontextmanager
    async def long(self) -> AsyncIterator[LongCall]:
        """Have the processor for a call that pauses."""
        self._long_calls += 1
        try:
            async with self._long, self._computing:
                self._begun = self._clock()
                yield LongCall(self)
        finally:
            self._long_calls -= 1

    def gives_way(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """What a long call must do at its pause, if anything; may be asked in any thread."""
        now = self._clock()
        # Whoever lets go here waits behind the quick calls, so another long call must not be let in either.
        if self._quick_calls and now < self._until:
            return None
        if self._long_calls > 1 and now - self._begun >= SLICE:
            return self._to_long
        return self._to_quick if self._quick_calls else None

    async def _to_quick(self) -> None:
        left = self._clock()
        self._computing.release()
        await self._computing.acquire()
        self._begun += self._clock() - left

    async def _to_long(self) -> None:
        self._computing.release()
        self._long.release()
        await self._long.acquire()
        await self._computing.acquire()
        self._begun = self._clock()


class LongCall:
    """The turn of a long call."""

    def __init__(self, processor: Processor) -> None:
        self._processor, self._loop = processor, asyncio.get_running_loop()
        self._gone = threading.Event()

    async def run(self, thread: ThreadPoolExecutor, call: Callable[[Pause], T]) -> T:
        """The result of the call, in a thread. If this is cancelled, Gone ends the call at its next pause."""
        working = self._loop.run_in_executor(thread, call, self._pause)
        # Or asyncio would write of an exception that nobody looked at.
        working.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            self._gone.set()
            await asyncio.wait({working})  # the processor is given to others only when it is let go
            raise

    def _pause(self) -> None:
        if self._gone.is_set():
            raise Gone
        give_way = self._processor.gives_way()
        if give_way is not None:
            asyncio.run_coroutine_threadsafe(give_way(), self._loop).result()


class Line(ClientTurns):
    """Long calls of clients, one at a time in a thread of their own."""

    def __init__(self, processor: Processor, name: str) -> None:
        super().__init__(1, "such requests are waiting", retry_after=1)
        self._processor, self._thread = processor, ThreadPoolExecutor(1, name)

    async def run(self, call: Callable[[Pause], T], client: str) -> T:
        """The result of a call; as `LongCall.run`."""
        async with self.turn(client), self._processor.long() as turn:
            return await turn.run(self._thread, call)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

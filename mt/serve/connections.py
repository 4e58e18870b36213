"""Connections: how long one may say nothing, and how many there may be, of one client and in all.

Where there are too many, one that waits for its client (for a head, a body, the next request, or to be read)
gives way to the new one; those that wait for an answer are left alone.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from mt.serve.access import network_of
from mt.serve.problem_log import ProblemLog

HEADER_SECONDS = 10.0  # for a client to send a request's head, from the connection or the answer before it
READ_SECONDS = 30.0  # for a client to take what it was sent
MOST, RESERVE = 4000, 64  # connections; files that are left for everything else
_WAITING = (h11.IDLE, h11.SEND_BODY)
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
    b"Content-Type: application/json\r\nContent-Length: 34\r\n\r\n"
    b'{"error": "too many connections"}\n'
)


def most_connections() -> int:
    """As many as the limit of open files leaves room for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(MOST, files - RESERVE)) if files != resource.RLIM_INFINITY else MOST


class Crowd:
    """All connections of a server. most: how many there may be; half of them of one client, proxies aside."""

    def __init__(self, most: int, problems: ProblemLog, is_proxy: Callable[[str], bool]) -> None:
        self._most, self._problems, self._is_proxy = most, problems, is_proxy
        self._by_client: dict[str, dict[Connection, None]] = {}  # the oldest first
        self.count = 0

    def enter(self, one: Connection, host: str) -> bool:
        """Whether there is room for a connection, made if need be by closing one that waits."""
        client = network_of(host)
        mine = self._by_client.get(client, {})
        room = True
        if self.count >= self._most:
            busiest = sorted(self._by_client.values(), key=len, reverse=True)
            room = self._close_one(chain.from_iterable(busiest), "too many connections")
        elif len(mine) >= self._most // 2 and not self._is_proxy(host):
            room = self._close_one(mine, "too many connections of one client")
        if room:
            self._by_client.setdefault(client, {})[one] = None
            self.count += 1
        return room

    def leave(self, one: Connection, host: str) -> None:
        """Forget a connection that has ended or was never let in."""
        client = network_of(host)
        mine = self._by_client.get(client, {})
        if one in mine:
            del mine[one]
            self.count -= 1
            if not mine:
                del self._by_client[client]

    def _close_one(self, among: Iterable[Connection], why: str) -> bool:
        """Close the one that has waited longest for its client; False if all wait for the server."""
        limit = f"at most {self._most}, half of them of one client"
        self._problems.note(why, f"{why}: {limit}; closing some that are idle")
        found = next((other for other in among if other.waits), None)
        if found is None:
            return False
        found.drop()
        return True


class Connection(H11Protocol):
    """uvicorn's, with time limits, in a crowd."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        crowd: Crowd,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.crowd, self._host = crowd, ""
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn: to send a head or a body, or to read."""
        return self.conn.their_state in _WAITING or self._unread is not None

    def drop(self) -> None:
        """End it at once."""
        self.crowd.leave(self, self._host)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._host = self.client[0] if self.client else ""
        if self.crowd.enter(self, self._host):
            self._await_head()
        else:
            transport.write(_FULL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.leave(self, self._host)
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._timer is not None and self.conn.their_state is not h11.IDLE:
            self._timer.cancel()
            self._timer = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(READ_SECONDS, self.drop)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _await_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(HEADER_SECONDS, self.drop)

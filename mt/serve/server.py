"""The process that listens: connections with limits, and an end that leaves nobody unanswered."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, NamedTuple, cast

import uvicorn

from mt.serve.connections import Connection, Crowd, most_connections
from mt.serve.middleware import Middleware
from mt.serve.service import Service

DRAIN_SECONDS = 30.0  # for the requests that are under way when a signal comes
CLOSE_SECONDS = 5  # then, for the clients to close their connections
LINGER_SECONDS = {signal.SIGTERM: 1.0, signal.SIGINT: 0.1}  # new requests are answered for so long after it
BACKLOG, AT_ONCE = (
    512,
    16,
)  # connections that wait in the system; those taken from it before others are served


class Stop(NamedTuple):
    """How a server came to its end."""

    signal: int
    unanswered: int  # requests
    forced: bool  # by a second signal


class Server(uvicorn.Server):
    """uvicorn's, but for its end: uvicorn closes the port on a signal.

    This one goes on for a moment, as clients do not know yet; then it answers 503 until it has drained.
    """

    _signal: int | None = None  # the first one
    _forced = False
    _signalled, _ticks, _unanswered = 0.0, 0, 0

    def __init__(
        self, config: uvicorn.Config, middleware: Middleware, service: Service, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._middleware, self._service, self._ready = middleware, service, ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """What a signal does. It may come between any two operations of `on_tick`."""
        self._forced = self._signal is not None  # twice: at once
        self._signal, self._unanswered = sig, self._service.active
        if self._forced:
            self.should_exit = self.force_exit = True
        else:
            self._signalled = time.monotonic()
            self._middleware.closing = True

    @property
    def stop(self) -> Stop | None:
        """How it came to its end."""
        return None if self._signal is None else Stop(self._signal, self._unanswered, forced=self._forced)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().set_exception_handler(self._on_failure)
        await super().startup(sockets)
        for one in sockets or ():
            one.listen(BACKLOG)  # of AT_ONCE, which asyncio takes for both
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to end."""
        if self._signal is not None and not self.should_exit:
            since, active = time.monotonic() - self._signalled, self._service.active
            self._ticks += 1  # in each of them what has arrived is read, however slow the machine is
            linger = LINGER_SECONDS.get(signal.Signals(self._signal), 0.0)
            if since > linger and self._ticks > 10 * linger:
                self._middleware.draining = True
                if not active or since > DRAIN_SECONDS:
                    self.should_exit = True
            self._unanswered = active
        return await super().on_tick(counter)

    def _on_failure(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What asyncio would write with a traceback, each time."""
        problem = context.get("exception")
        if problem is None:
            self._service.problems.note("asyncio", str(context.get("message")))
        else:
            self._service.problems.failure(problem, "serving connections")


def run(
    middleware: Middleware, service: Service, listener: socket.socket, ready: Callable[[], None]
) -> Stop | None:
    """Until a signal, and the requests under way are answered; None if it ended without one.

    ready: called when requests are answered.
    """
    proxies = [ipaddress.ip_network(text, strict=False) for text in service.options.trusted_proxies]

    def is_proxy(host: str) -> bool:
        try:
            return any(ipaddress.ip_address(host) in network for network in proxies)
        except ValueError:
            return False

    crowd = Crowd(most_connections(), service.problems, is_proxy)
    config = uvicorn.Config(
        middleware,
        http=cast("type[Connection]", partial(Connection, crowd=crowd)),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        backlog=AT_ONCE,
        timeout_graceful_shutdown=CLOSE_SECONDS,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(service.options.trusted_proxies),
    )
    server = Server(config, middleware, service, ready)
    server.run(sockets=[listener])
    return server.stop

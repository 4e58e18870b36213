"""`mt serve`: load the runs, open the port, answer until a signal, then drain and return."""

from __future__ import annotations

import importlib.util
import ipaddress
import signal
import socket
import time
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from mt.config import SearchConfig
from mt.console import Console
from mt.errors import Interrupted, MissingExtraError, MTError
from mt.options import ServeOptions

if TYPE_CHECKING:
    from mt.serve.middleware import Middleware
    from mt.serve.service import Service

DRAIN_SECONDS = 30.0  # for the requests that are under way when a signal comes
CLOSE_SECONDS = 5  # then, for the clients to close their connections
NEEDED = ("fastapi", "prometheus_client", "uvicorn", "python_multipart", "py3langid")


class Stop(NamedTuple):
    """How a server came to its end."""

    signal: int
    unanswered: int  # requests
    forced: bool  # by a second signal


def serve(options: ServeOptions, search: SearchConfig, console: Console) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then those under way, and return.

    Raises MTError for what the user can mend, Interrupted if a second signal leaves requests unanswered.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"mt serve needs {', '.join(missing)}", "serve")
    try:
        stop = _serve(options, search, console)
    except (Interrupted, KeyboardInterrupt):
        console.note("stopped before the first request")
        return
    if stop is not None:
        _report(stop, console)


def _serve(options: ServeOptions, search: SearchConfig, console: Console) -> Stop | None:
    """None if the server could not start or ended by itself."""
    from mt.serve.app import create_app
    from mt.serve.detection import Detector, open_ranker
    from mt.serve.keys import read_keys
    from mt.serve.middleware import Middleware
    from mt.serve.models import open_models
    from mt.serve.service import Service

    keys = None if options.api_keys is None else read_keys(options.api_keys)
    with _listen(options.host, options.port) as listener:
        models = open_models(options, search, console)
        service = Service(models, Detector(models.codes, open_ranker()), options)
        log = console.note if options.log_requests else None
        middleware = Middleware(create_app(service, keys=keys), service, log=log)
        host, port = listener.getsockname()[:2]
        if keys is None and not ipaddress.ip_address(host).is_loopback:
            console.warn("whoever reaches this machine may use the server; --api-keys FILE asks for a key")
        shown = f"[{host}]" if ":" in host else host
        console.note(f"serving on http://{shown}:{port}; Ctrl-C stops it")
        return _run(middleware, service, listener)


def _report(stop: Stop, console: Console) -> None:
    """Say how the server ended. Raises Interrupted if a second signal cut requests short."""
    name = signal.Signals(stop.signal).name
    left = f"{stop.unanswered} request{'s' * (stop.unanswered != 1)} left unanswered"
    if stop.forced and stop.unanswered:
        raise Interrupted(f"stopped by a second signal, {left}", stop.signal)
    if stop.unanswered:
        console.warn(f"stopped by {name}, {left} after {DRAIN_SECONDS:.0f} s")
    else:
        console.note(f"stopped by {name}; all requests are answered")


def _listen(host: str, port: int) -> socket.socket:
    """A socket on that address, before anything slow is done. Raises MTError if it cannot be had.

    Connections inherit that nothing is held back: an answer's body would wait 40 ms for the client's word
    that its head has come.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=512)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError, OverflowError) as problem:
        reason = str(getattr(problem, "strerror", None) or problem).partition(" (while")[0]
        raise MTError(f"cannot listen on {host}:{port}: {reason}; give another --host or --port") from None


def _run(middleware: Middleware, service: Service, listener: socket.socket) -> Stop | None:
    """Until a signal, and the requests under way are answered; None if it ended without one."""
    import uvicorn

    class Server(uvicorn.Server):
        """uvicorn closes the port on a signal; this one answers 503 on it until it has drained."""

        stop: Stop | None = None
        deadline = 0.0

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
            if self.stop is None:
                self.stop, middleware.draining = Stop(sig, 0, forced=False), True
                self.deadline = time.monotonic() + DRAIN_SECONDS
            else:  # twice: at once
                self.stop = Stop(sig, service.active, forced=True)
                self.should_exit = self.force_exit = True

        async def on_tick(self, counter: int) -> bool:
            if self.stop is not None and not self.should_exit:
                self.should_exit = not service.active or time.monotonic() > self.deadline
                self.stop = self.stop._replace(unanswered=service.active)
            return await super().on_tick(counter)

    config = uvicorn.Config(
        middleware,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSE_SECONDS,
        forwarded_allow_ips="127.0.0.1",
    )
    server = Server(config)
    server.run(sockets=[listener])
    return server.stop

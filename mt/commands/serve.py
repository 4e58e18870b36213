"""`mt serve`: load the runs, open the port, answer until a signal, then drain and return."""

from __future__ import annotations

import importlib.util
import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mt.config import SearchConfig
from mt.console import Console
from mt.errors import Interrupted, MissingExtraError, MTError
from mt.options import ServeOptions

if TYPE_CHECKING:
    from mt.serve.server import Stop
    from mt.serve.service import Service

SWITCH_SECONDS = 0.0005  # after which a thread that reads lets another one run; Python's own is 5 ms
NEEDED = ("fastapi", "prometheus_client", "uvicorn", "python_multipart", "py3langid")


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
    from mt.serve.problem_log import ProblemLog
    from mt.serve.server import run
    from mt.serve.service import Service

    sys.setswitchinterval(SWITCH_SECONDS)
    keys = None if options.api_keys is None else read_keys(options.api_keys)
    with _listen(options.host, options.port) as listener:
        models = open_models(options, search, console)
        service = Service(models, Detector(models.codes, open_ranker()), options, ProblemLog(console.note))
        log = console.note if options.log_requests else None
        middleware = Middleware(create_app(service, keys=keys), service, log=log)
        host, port = listener.getsockname()[:2]
        if keys is None and not ipaddress.ip_address(host).is_loopback:
            console.warn(
                "everybody who reaches this machine can use the server; --api-keys FILE requires a key"
            )
        shown = f"[{host}]" if ":" in host else host
        ready = partial(console.note, f"serving on http://{shown}:{port}; Ctrl-C stops it")
        with _metrics(service):
            return run(middleware, service, listener, ready)


def _report(stop: Stop, console: Console) -> None:
    """Say how the server ended. Raises Interrupted if a second signal cut requests short."""
    from mt.serve.server import DRAIN_SECONDS

    name = signal.Signals(stop.signal).name
    left = f"{stop.unanswered} request{'s' * (stop.unanswered != 1)} left unanswered"
    if stop.forced and stop.unanswered:
        raise Interrupted(f"stopped by a second signal, {left}", stop.signal)
    if stop.unanswered:
        console.warn(f"stopped by {name}, {left} after {DRAIN_SECONDS:.0f} s")
    else:
        console.note(f"stopped by {name}; all requests are answered")


@contextmanager
def _metrics(service: Service) -> Iterator[None]:
    """The metrics are on the address of their own, if they have one. Raises MTError if it cannot be had."""
    from prometheus_client import start_http_server

    address = service.options.metrics_address
    if address is None:
        yield
        return
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), service.metrics.registry)
    except OSError as problem:
        reason = problem.strerror or problem
        raise MTError(f"--metrics-address: cannot listen on {address}: {reason}; give another") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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

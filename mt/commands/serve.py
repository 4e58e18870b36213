"""`mt serve`: load the runs, open the port, answer until a signal, then drain."""

from __future__ import annotations

import importlib.util
import ipaddress
import signal
import socket
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from mt.config import SearchConfig
from mt.console import Console
from mt.errors import Interrupted, MTError
from mt.options import ServeOptions

if TYPE_CHECKING:
    from mt.serve.gate import Gate

DRAIN_SECONDS = 30.0  # for the requests that are under way when a signal comes
NEEDED = ("fastapi", "uvicorn", "python_multipart", "py3langid")


def serve(options: ServeOptions, search: SearchConfig, console: Console) -> None:
    """Answer requests until SIGTERM or Ctrl-C.

    Raises MTError for what the user can mend, Interrupted or KeyboardInterrupt when it has been stopped.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MTError(f"mt serve needs a few more packages: pip install {' '.join(missing)}")

    from mt.serve.app import create_app
    from mt.serve.detection import Detector, open_ranker
    from mt.serve.gate import Gate
    from mt.serve.keys import read_keys
    from mt.serve.models import open_models
    from mt.serve.service import Service

    keys = None if options.api_keys is None else read_keys(options.api_keys)
    listener = _listen(options.host, options.port)
    with listener:
        models = open_models(options, search, console)
        service = Service(models, Detector(models.codes, open_ranker()), options)
        log = console.note if options.log_requests else None
        gate = Gate(create_app(service, keys=keys), service, log=log)
        host, port = listener.getsockname()[:2]
        if keys is None and not ipaddress.ip_address(host).is_loopback:
            console.warn("whoever reaches this machine may use the server; --api-keys FILE asks for a key")
        shown = f"[{host}]" if ":" in host else host
        console.note(f"serving on http://{shown}:{port}; Ctrl-C stops it")
        stopped_by = _run(gate, service, listener)
    if stopped_by == signal.SIGTERM:
        raise Interrupted("stopped by SIGTERM; what had been asked is answered", signal.SIGTERM)
    if stopped_by is not None:
        raise KeyboardInterrupt


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


def _run(gate: Gate, service: Any, listener: socket.socket) -> int | None:
    """Until a signal, and the requests under way are answered; the signal's number."""
    import uvicorn

    class Server(uvicorn.Server):
        """uvicorn closes the port on a signal; this one answers 503 on it until it has drained."""

        stopped_by: int | None = None
        deadline = 0.0

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
            if self.stopped_by is not None:  # twice: at once
                self.should_exit = self.force_exit = True
                return
            self.stopped_by, gate.draining = sig, True
            self.deadline = time.monotonic() + DRAIN_SECONDS

        async def on_tick(self, counter: int) -> bool:
            if gate.draining and (not service.active or time.monotonic() > self.deadline):
                self.should_exit = True
            return await super().on_tick(counter)

    config = uvicorn.Config(
        gate, http="h11", ws="none", lifespan="on", log_config=None, log_level="critical", access_log=False,
        server_header=False, timeout_graceful_shutdown=5, forwarded_allow_ips="127.0.0.1",
    )  # fmt: skip
    server = Server(config)
    server.run(sockets=[listener])
    return server.stopped_by

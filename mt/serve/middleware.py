"""The middleware of every request: draining, CORS, headers, counting, the last handler of errors.

Plain ASGI around the app, so that answers the framework gives by itself have the same headers and counts.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mt.errors import out_of_memory
from mt.serve.service import Service

HEADERS = [
    # Any page may ask, as with LibreTranslate; there are no cookies to steal.
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Expose-Headers", "Retry-After"),
    ("Access-Control-Max-Age", "86400"),
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
GONE = 499  # nginx's number for a client that went away; nobody is sent it


@dataclass
class _Seen:
    """The status of a response, and when its request began."""

    status: int = 0
    began: float = field(default_factory=time.perf_counter)


class Middleware:
    """ASGI middleware around the app. While `draining`, new requests are rejected with 503."""

    def __init__(self, app: ASGIApp, service: Service, *, log: Callable[[str], None] | None) -> None:
        self._app, self._service, self._log = app, service, log
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                close = [(b"connection", b"close")] if self.draining else []
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS, *close]}
            await send(message)

        # A HEAD is a GET whose body the server leaves out.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        self._service.active += 1
        try:
            await self._respond(inner, receive, watched)
        finally:
            self._service.active -= 1
            self._count(scope, inner, seen)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.draining:
            await refuse(send, 503, "the server is stopping", [("Retry-After", "5")])
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            try:
                await self._app(scope, receive, send)
            except Exception as problem:  # which the app has answered
                _report(problem)

    def _count(self, scope: Scope, inner: Scope, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.began
        route = inner.get("route")
        endpoint = getattr(route, "path", "other")
        self._service.metrics.requests.labels(endpoint, str(seen.status or GONE)).inc()
        self._service.metrics.seconds.labels(endpoint).observe(seconds)
        if self._log is not None:
            self._log(f"{scope['method']} {endpoint} {seen.status or GONE} {1000 * seconds:.0f} ms")


async def refuse(send: Send, status: int, message: str, headers: Sequence[tuple[str, str]]) -> None:
    """Send `{"error": message}`."""
    pairs = [("Content-Type", "application/json"), *headers]
    encoded = [(name.lower().encode(), value.encode()) for name, value in pairs]
    body = json.dumps({"error": message}).encode()
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _report(problem: Exception) -> None:
    """Where in the code it happened; not the message, which may hold what a user wrote."""
    if out_of_memory(problem):
        print("mt serve: out of memory while answering; a lower --batch-tokens needs less", file=sys.stderr)
        return
    print(f"mt serve: {type(problem).__name__} while answering a request", file=sys.stderr)
    traceback.print_tb(problem.__traceback__, file=sys.stderr)

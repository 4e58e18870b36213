"""The middleware of every request: draining, CORS, headers, counting, the last handler of errors.

Plain ASGI around the app, so that answers the framework gives by itself have the same headers and counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mt.serve.service import Service

CORS = [
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Expose-Headers", "Retry-After"),
    ("Access-Control-Max-Age", "86400"),
]
HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
Headers = list[tuple[bytes, bytes]]


def _encoded(headers: Sequence[tuple[str, str]]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers]


_HEADERS, _CORS = _encoded(HEADERS), _encoded(CORS)
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
        self._hosts = [host.lower() for host in service.options.allowed_hosts]
        self._origins = service.options.cors_origins
        self.closing = False  # connections end with their next answer
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen()
        given = dict(scope["headers"])
        own = [*_HEADERS, *self._cors(given.get(b"origin", b""))]

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                close = [(b"connection", b"close")] if self.closing else []
                message = {**message, "headers": [*message.get("headers", ()), *own, *close]}
            await send(message)

        inner = _normal(scope)
        self._service.active += 1
        try:
            if self._known_host(given.get(b"host", b"")):
                await self._respond(inner, receive, watched)
            else:
                await refuse(watched, 400, "Invalid host header")
        finally:
            self._service.active -= 1
            self._count(scope, inner, seen)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.draining:
            await refuse(send, 503, "the server is stopping", retry_after=5)
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            try:
                await self._app(scope, receive, send)
            except Exception as problem:  # which the app has answered
                self._service.problems.failure(problem, "answering a request")

    def _known_host(self, given: bytes) -> bool:
        """Whether the Host header is one of those allowed; `*.example.org` allows every name below it."""
        if not self._hosts:
            return True
        host = given.decode("latin-1").lower()
        host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        return any(
            host == known or (known.startswith("*.") and host.endswith(known[1:])) for known in self._hosts
        )

    def _cors(self, origin: bytes) -> Headers:
        """Which pages may read the answer: any, as with LibreTranslate, as there are no cookies to steal."""
        if not self._origins or "*" in self._origins:
            return [(b"access-control-allow-origin", b"*"), *_CORS]
        allowed = origin.decode("latin-1") in self._origins
        vary = (b"vary", b"Origin")
        return [(b"access-control-allow-origin", origin), vary, *_CORS] if allowed else [vary]

    def _count(self, scope: Scope, inner: Scope, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.began
        route = inner.get("route")
        endpoint = getattr(route, "path", "other")
        self._service.metrics.requests.labels(endpoint, str(seen.status or GONE)).inc()
        self._service.metrics.seconds.labels(endpoint).observe(seconds)
        if self._log is not None:
            self._log(f"{scope['method']} {endpoint} {seen.status or GONE} {1000 * seconds:.0f} ms")


def _normal(scope: Scope) -> Scope:
    """A HEAD as a GET, whose body the server leaves out; a path without the slash at its end."""
    inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
    if len(scope["path"]) > 1 and scope["path"].endswith("/"):
        inner["path"] = scope["path"].rstrip("/") or "/"
        inner["raw_path"] = inner["path"].encode()
    return inner


async def refuse(send: Send, status: int, message: str, *, retry_after: int | None = None) -> None:
    """Send `{"error": message}`."""
    body = json.dumps({"error": message}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": body})

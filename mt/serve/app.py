"""The HTTP application: routes, access control, reading of requests, and their OpenAPI description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from mt import __version__
from mt.serve import pages, schema
from mt.serve.call import Values, api_key, inspect_call, one_text, read_values, translate_call
from mt.serve.counters import CONTENT_TYPE
from mt.serve.keys import Keys
from mt.serve.limits import RateLimiter, most_bytes
from mt.serve.middleware import GONE
from mt.serve.refusal import Refusal
from mt.serve.service import Service
from mt.text.names import name_of

BODY_SECONDS = 30.0  # for a client to send its body


class AccessControl:
    """Reads a request and checks its size, its API key and its rate."""

    def __init__(self, service: Service, keys: Keys | None, limiter: RateLimiter) -> None:
        self._service, self._keys, self._limiter = service, keys, limiter

    async def admit(self, request: Request) -> Values:
        """The request's values. Raises Refusal if its size, time, key or rate is not allowed."""
        limit = most_bytes(self._service.options.char_limit)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(request, limit)
        except TimeoutError:
            raise Refusal("the request's body did not arrive in time", status=408) from None
        kind = request.headers.get("content-type", "")
        values = read_values(body, kind, request.scope["query_string"])
        self._check_key(request, values)
        return values

    def _check_key(self, request: Request, values: Values) -> None:
        """Reject as LibreTranslate does: no key 400, a wrong key 403, above the rate limit 429."""
        given = api_key(values)
        client = request.client.host if request.client else ""
        limit = self._service.options.rate_limit
        if self._keys is None:
            self._limiter.take(client, limit)
            return
        key = self._keys.find(given) if given else None
        if key is None:
            self._limiter.take(client, limit)
            if given:
                raise Refusal("Invalid API key", status=403)
            raise Refusal("Please contact the server operator to get an API key")
        self._limiter.take(f"key {key.name}", limit if key.limit is None else key.limit)


def create_app(service: Service, *, keys: Keys | None = None, limiter: RateLimiter | None = None) -> FastAPI:
    """The app of a service. With keys, requests without a valid key are rejected."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="mt",
        version=__version__,
        description=schema.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Where OpenTelemetry is set up its spans would hold query strings: what users wrote.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    access = AccessControl(service, keys, limiter or RateLimiter())
    _add_asking(app, service, access)
    _add_telling(app, service, needs_key=keys is not None)
    app.router.routes.extend(pages.page_routes(pages.FOLDER))
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(Exception, _failed)
    return app


def _add_asking(app: FastAPI, service: Service, access: AccessControl) -> None:
    """The routes that need computing. They are under access control."""
    directions, codes, options = service.models.directions, service.models.codes, service.options
    sizes = {"most_texts": options.batch_limit, "most_characters": options.char_limit}

    @app.post("/translate", **schema.translate(directions, **sizes))
    async def translate(request: Request) -> Response:
        """Translate a text or an array of texts."""
        call = translate_call(await access.admit(request))
        return await _answer(request, service.translate(call))

    @app.post("/detect", **schema.detect(codes))
    async def detect(request: Request) -> Response:
        """Tell which of the served languages a text is in, the likeliest first."""
        text = one_text(await access.admit(request))
        return JSONResponse(service.detect(text))

    @app.post("/inspect", **schema.inspect(directions))
    async def inspect(request: Request) -> Response:
        """Show how one sentence is read and translated: all numbers."""
        call = inspect_call(await access.admit(request))
        return await _answer(request, service.inspect(call))

    for path in ("/suggest", "/translate_file"):
        app.add_api_route(path, _not_offered, methods=["POST"], include_in_schema=False)


def _add_telling(app: FastAPI, service: Service, *, needs_key: bool) -> None:
    """The routes that anybody may read at any time."""

    @app.get("/languages", **schema.languages())
    async def languages() -> Response:
        """List the languages, each with what it can be translated into."""
        return JSONResponse(service.languages())

    @app.get("/health", **schema.health())
    async def health() -> Response:
        """Say that the server is up."""
        return JSONResponse({"status": "ok"})

    @app.get("/frontend/settings", **schema.settings())
    async def settings() -> Response:
        """Tell a client what it may ask."""
        return JSONResponse(frontend_settings(service, needs_key=needs_key))

    @app.get("/metrics", **schema.metrics())
    async def metrics() -> Response:
        """Count requests, texts and time, in Prometheus' text format."""
        return Response(service.metrics.render(), media_type=CONTENT_TYPE)

    @app.get("/spec", include_in_schema=False)
    async def spec() -> Response:
        return JSONResponse(app.openapi())


def frontend_settings(service: Service, *, needs_key: bool) -> dict[str, Any]:
    """What LibreTranslate's own page reads, and other clients with it."""
    first = service.models.directions[0]
    return {
        "apiKeys": needs_key,
        "charLimit": service.options.char_limit or -1,
        "filesTranslation": False,
        "frontendTimeout": 500,
        "keyRequired": needs_key,
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": first.tgt, "name": name_of(first.tgt)},
        },
        "suggestions": False,
        "supportedFilesFormat": [],
    }


async def _body(request: Request, limit: int) -> bytes:
    """The whole body. Raises Refusal as soon as it is longer than `limit`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refusal(f"Invalid request: the body is longer than {limit} bytes")
    return bytes(body)


async def _answer(request: Request, work: Coroutine[Any, Any, Any]) -> Response:
    """The result of the work as JSON; if the client goes away first, the work is given up."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return Response(status_code=GONE)
        return JSONResponse(working.result())
    finally:
        leaving.cancel()
        working.cancel()


async def _left(request: Request) -> None:
    """Returns when the client has closed the connection. The body has been read, so nothing else comes."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _not_offered() -> Response:
    raise Refusal("this server has no such service", status=404)


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return JSONResponse({"error": problem.message}, problem.status, headers)


async def _not_there(_: Request, problem: Exception) -> Response:
    """The framework's own errors, a path or a method that is not there, in the same form."""
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": str(problem.detail)}, problem.status_code, problem.headers)


async def _failed(_: Request, __: Exception) -> Response:
    """Whatever it was, it may hold what a user wrote: only the log says where it happened."""
    return JSONResponse({"error": "Cannot translate text: the server failed, its log says where"}, 500)

"""The HTTP application: its routes, and what they answer where something is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from mt.release import __version__
from mt.serve import pages, schema, uploads
from mt.serve.access import AccessControl
from mt.serve.answering import answer
from mt.serve.call import inspect_call, one_text, translate_call
from mt.serve.counters import CONTENT_TYPE
from mt.serve.keys import Keys
from mt.serve.limits import RateLimiter
from mt.serve.middleware import GONE
from mt.serve.received_files import Documents, suffixes
from mt.serve.refusal import Gone, Refusal
from mt.serve.service import Service
from mt.text.names import name_of


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
        redirect_slashes=False,  # a redirect would name a host that the client named
        # Where OpenTelemetry is set up its spans would hold query strings: what users wrote.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    access = AccessControl(service.options, keys, limiter or RateLimiter(), service.reader)
    _add_asking(app, service, access)
    _add_telling(app, service, needs_key=keys is not None)
    if service.options.metrics_address is None:
        _add_metrics(app, service, access)
    uploads.add_routes(app, access, service, Documents(service))
    app.router.routes.extend(pages.page_routes(pages.FOLDER))
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(Gone, _gone)
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
        async with access.admitted(request) as asked:
            return await answer(request, service.translate(translate_call(asked.values), asked.client))

    @app.post("/detect", **schema.detect(codes))
    async def detect(request: Request) -> Response:
        """Tell which of the served languages a text is in, the likeliest first."""
        async with access.admitted(request) as asked:
            return await answer(request, service.detect(one_text(asked.values), asked.client))

    @app.post("/inspect", **schema.inspect(directions))
    async def inspect(request: Request) -> Response:
        """Show how one sentence is read and translated: all numbers."""
        async with access.admitted(request) as asked:
            return await answer(request, service.inspect(inspect_call(asked.values), asked.client))

    @app.post("/suggest", **schema.suggest())
    async def suggest(request: Request) -> Response:
        """Refuse suggestions, as LibreTranslate does where they are off."""
        async with access.admitted(request):
            raise Refusal("Suggestions are disabled on this server.", status=403)


def _add_telling(app: FastAPI, service: Service, *, needs_key: bool) -> None:
    """The routes that anybody may read at any time."""

    @app.get("/languages", **schema.languages())
    async def languages() -> Response:
        """List the languages, each with what it can be translated into."""
        return JSONResponse(service.languages())

    @app.get("/health", **schema.health())
    async def health() -> Response:
        """Say whether the server translates."""
        return JSONResponse({"status": "ok"}) if service.healthy else JSONResponse({"status": "failed"}, 503)

    @app.get("/frontend/settings", **schema.settings())
    async def settings() -> Response:
        """Tell a client what it may ask."""
        return JSONResponse(frontend_settings(service, needs_key=needs_key))

    @app.get("/spec", **schema.spec())
    async def spec() -> Response:
        """Describe all this."""
        return JSONResponse(app.openapi())


def _add_metrics(app: FastAPI, service: Service, access: AccessControl) -> None:
    @app.get("/metrics", **schema.metrics())
    async def metrics(request: Request) -> Response:
        """Count requests, texts and time, in Prometheus' text format; needs a key where others do."""
        access.check_bearer(request)
        return Response(service.metrics.render(), media_type=CONTENT_TYPE)


def frontend_settings(service: Service, *, needs_key: bool) -> dict[str, Any]:
    """What LibreTranslate's own page reads, and other clients with it."""
    directions = service.models.directions
    return {
        "apiKeys": needs_key,
        "charLimit": service.options.char_limit or -1,
        "filesTranslation": True,
        "frontendTimeout": 500,
        "keyRequired": needs_key,
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": directions[0].tgt, "name": name_of(directions[0].tgt)} if directions else None,
        },
        "suggestions": False,
        "supportedFilesFormat": suffixes(),
        "transcribe": service.transcribes(),
    }


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return JSONResponse({"error": problem.message}, problem.status, headers)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=GONE)


async def _not_there(_: Request, problem: Exception) -> Response:
    """The framework's own errors, a path or a method that is not there, in the same form."""
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": str(problem.detail)}, problem.status_code, problem.headers)


async def _failed(_: Request, __: Exception) -> Response:
    """Whatever it was, it may hold what a user wrote: only the log says where it happened."""
    return JSONResponse({"error": "Cannot translate text: the server failed, its log says where"}, 500)

"""The answer to a request, unless its client goes away first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from mt.serve.middleware import GONE


async def answer(request: Request, work: Coroutine[Any, Any, Any]) -> Response:
    """The result of the work as JSON (bytes are JSON already). If the client leaves first, it is given up."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return Response(status_code=GONE)
        found = working.result()
        return (
            Response(found, media_type="application/json")
            if isinstance(found, bytes)
            else JSONResponse(found)
        )
    finally:
        leaving.cancel()
        working.cancel()


async def _left(request: Request) -> None:
    """Returns when the client has closed the connection. The body has been read, so nothing else comes."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

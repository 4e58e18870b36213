"""Routes that take files."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Route

from mt.serve.access import AccessControl
from mt.serve.refusal import Refusal

MOST_BYTES = 2**24  # of a file, with the other fields of its form


def routes(access: AccessControl) -> list[Route]:
    """`POST /translate_file`, answered as by a LibreTranslate that does not translate files."""

    async def translate_file(request: Request) -> Response:
        await access.read_body(request, MOST_BYTES)
        raise Refusal("Files translation are disabled on this server.", status=403)

    return [Route("/translate_file", translate_file, methods=["POST"], include_in_schema=False)]

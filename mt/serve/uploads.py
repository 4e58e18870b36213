"""Routes that take files."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mt.serve.access import AccessControl
from mt.serve.call import transcribe_call
from mt.serve.refusal import Refusal
from mt.serve.service import Service
from mt.serve.transcribing import MOST_BYTES as MOST_SOUND

MOST_BYTES = 2**24  # of a file, with the other fields of its form


def routes(access: AccessControl, service: Service) -> list[Route]:
    """`POST /transcribe`, and `POST /translate_file`, answered as by a LibreTranslate that does not translate
    files.
    """

    async def transcribe(request: Request) -> Response:
        asked, files = await access.admit_files(request, MOST_SOUND)
        if "file" not in files:
            raise Refusal("Invalid request: missing file parameter")
        call = transcribe_call(asked.values, files["file"])
        return JSONResponse(await service.transcribe(call, asked.client))

    async def translate_file(request: Request) -> Response:
        await access.read_body(request, MOST_BYTES)
        raise Refusal("Files translation are disabled on this server.", status=403)

    return [
        Route("/transcribe", transcribe, methods=["POST"], include_in_schema=False),
        Route("/translate_file", translate_file, methods=["POST"], include_in_schema=False),
    ]

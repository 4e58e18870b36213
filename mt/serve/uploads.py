"""Routes that take files: `POST /transcribe`, and `POST /translate_file` as LibreTranslate's."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import Response

from mt.serve import schema
from mt.serve.access import AccessControl
from mt.serve.answering import answer
from mt.serve.call import file_call, transcribe_call
from mt.serve.received_files import Documents, Upload
from mt.serve.refusal import Refusal
from mt.serve.service import Service
from mt.serve.transcribing import MOST_BYTES as MOST_SOUND

MOST_BYTES = 2**24  # of a file, with the other fields of its form
_NAME = re.compile(r"[^\w.() -]+")


def add_routes(app: FastAPI, access: AccessControl, service: Service, documents: Documents) -> None:
    """Add the routes of sound and of documents. A file is translated before the request is answered."""
    models = service.models

    @app.post("/transcribe", **schema.transcribe(list(models.listeners)))
    async def transcribe(request: Request) -> Response:
        """Tell what is said in a recording, and how it was heard."""
        async with access.admitted_file(request, MOST_SOUND) as (asked, file):
            call = transcribe_call(asked.values, file.data)
            return await answer(request, service.transcribe(call, asked.client))

    @app.post("/translate_file", **schema.translate_file(models.directions))
    async def translate_file(request: Request) -> Response:
        """Translate a document; the answer says where it is."""
        async with access.admitted_file(request, MOST_BYTES) as (asked, file):
            upload = Upload(_file_name(file.name), file.data, *file_call(asked.values))
            return await answer(request, translated(upload, request, asked.client))

    async def translated(upload: Upload, request: Request, client: str) -> dict[str, str]:
        where = await documents.translate(upload, client)
        return {"translatedFileUrl": f"{request.base_url}download_file/{quote(where)}"}

    @app.get("/download_file/{key}/{name}", **schema.download_file())
    async def download_file(key: str, name: str) -> Response:
        """Give a translated document back, for half an hour."""
        found = documents.find(key)
        if found is None or found.name != name:
            raise Refusal("this file is not here any more", status=404)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.data, media_type="application/octet-stream", headers=headers)


def _file_name(given: str) -> str:
    """A name that is no path and has no characters that mean something elsewhere."""
    return _NAME.sub("_", re.split(r"[/\\]", given)[-1]).strip(" .")[-100:] or "file"

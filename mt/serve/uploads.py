"""Routes that take files: `POST /transcribe`, and `POST /translate_file` as LibreTranslate's."""

from __future__ import annotations

import re
from io import BytesIO
from urllib.parse import quote

from fastapi import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mt.serve.access import AccessControl
from mt.serve.call import transcribe_call
from mt.serve.received_files import Documents, Upload
from mt.serve.refusal import Refusal
from mt.serve.service import Service
from mt.serve.transcribing import MOST_BYTES as MOST_SOUND

MOST_BYTES = 2**24  # of a file, with the other fields of its form
_NAME = re.compile(r"[^\w.() -]+")


def routes(access: AccessControl, service: Service, documents: Documents) -> list[Route]:
    """The routes of sound and of documents. A file is translated before the request is answered."""

    async def transcribe(request: Request) -> Response:
        asked, files = await access.admit_files(request, MOST_SOUND)
        if "file" not in files:
            raise Refusal("Invalid request: missing file parameter")
        call = transcribe_call(asked.values, files["file"])
        return JSONResponse(await service.transcribe(call, asked.client))

    async def translate_file(request: Request) -> Response:
        body = await access.read_body(request, MOST_BYTES)
        fields, name, data = read_form(body, request.headers.get("content-type", ""))
        client = access.check(request, fields.get("api_key", ""))
        for field in ("source", "target"):
            if not fields.get(field):
                raise Refusal(f"Invalid request: missing {field} parameter")
        if data is None:
            raise Refusal("Invalid request: missing file parameter")
        where = await documents.translate(Upload(name, data, fields["source"], fields["target"]), client)
        return JSONResponse({"translatedFileUrl": f"{request.base_url}download_file/{quote(where)}"})

    async def download_file(request: Request) -> Response:
        found = documents.find(request.path_params["key"])
        if found is None or found.name != request.path_params["name"]:
            raise Refusal("this file is not here any more", status=404)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.data, media_type="application/octet-stream", headers=headers)

    return [
        Route("/transcribe", transcribe, methods=["POST"], include_in_schema=False),
        Route("/translate_file", translate_file, methods=["POST"], include_in_schema=False),
        Route("/download_file/{key}/{name}", download_file, methods=["GET"], include_in_schema=False),
    ]


def read_form(body: bytes, content_type: str) -> tuple[dict[str, str], str, bytes | None]:
    """The fields of a form, and the name and the bytes of its field `file`. Raises Refusal."""
    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import Field, File

    fields: dict[str, str] = {}
    files: list[tuple[str, bytes]] = []

    def on_field(field: Field) -> None:
        fields[(field.field_name or b"").decode("utf-8", "replace")] = (field.value or b"").decode(
            "utf-8", "replace"
        )

    def on_file(file: File) -> None:
        if file.field_name == b"file":
            file.file_object.seek(0)
            files.append(((file.file_name or b"").decode("utf-8", "replace"), file.file_object.read()))
        file.close()

    try:
        parse_form({"Content-Type": content_type.encode()}, BytesIO(body), on_field, on_file)
    except (FormParserError, ValueError, LookupError):
        raise Refusal("Invalid request: the form cannot be read") from None
    name, data = files[0] if files else ("", None)
    name = _NAME.sub("_", re.split(r"[/\\]", name)[-1]).strip(" .")[-100:]
    return fields, name or "file", data

"""The page: the files of `mt/serve/page/`, read once and served from memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).with_name("page")

# Not by `mimetypes`, which asks the machine.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def page_routes(folder: Path) -> list[Route]:
    """A route for each file under the folder; index.html is at `/` too. Hidden files are not served."""
    routes = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = "/." in f"/{name}"
        if path.is_file() and path.suffix in _TYPES and not hidden:
            routes += _routes(name, path.read_bytes(), _TYPES[path.suffix])
    return routes


def _routes(name: str, content: bytes, kind: str) -> list[Route]:
    # Browsers ask each time whether it is still the same, so a newer mt shows its own page at once.
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"', "Cache-Control": "no-cache"}

    async def answer(request: Request) -> Response:
        known = [
            tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")
        ]
        if headers["ETag"] in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(content, headers={**headers, "Content-Type": kind})

    paths = [f"/{name}", *(["/"] if name == "index.html" else [])]
    return [Route(path, answer, methods=["GET"], include_in_schema=False) for path in paths]

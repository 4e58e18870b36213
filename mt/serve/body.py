"""A request's body and query string -> its fields, by name.

LibreTranslate's clients send JSON, a form of either kind, or everything in the query string.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from mt.decoding.pausing import Pause, no_pause
from mt.serve.refusal import Refusal

MOST_FIELDS = 10_000
MOST_STRUCTURE = 2**16  # bytes of JSON outside of its strings
SLICE = 2**16  # bytes of a form that are read between two pauses
_JSON_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)

Values = dict[str, Any]
"""Fields by name: what JSON had, or strings; one given several times is a list."""


def read_values(body: bytes, content_type: str, query: bytes, pause: Pause = no_pause) -> Values:
    """The fields of the query string, and over them those of the body. Raises Refusal.

    pause: called between two slices of a form.
    """
    values = _pairs(query, pause)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return values | _json(body)
    if kind == "application/x-www-form-urlencoded":
        return values | _pairs(body, pause)
    if kind == "multipart/form-data":
        return values | read_form(body, content_type, pause)[0]
    return values


def _json(body: bytes) -> Values:
    # Millions of empty arrays would take seconds, in which nobody else is answered.
    if len(body) > MOST_STRUCTURE and len(_JSON_STRING.sub(b"", body, MOST_STRUCTURE)) > MOST_STRUCTURE:
        raise Refusal(f"Invalid request: more than {MOST_STRUCTURE} bytes of JSON beside its strings")
    try:
        values = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (ValueError, RecursionError):
        raise Refusal("Invalid JSON format") from None
    if not isinstance(values, dict):
        raise Refusal("Invalid JSON format")
    return values


def _pairs(data: bytes, pause: Pause) -> Values:
    if data.count(b"&") >= MOST_FIELDS:
        raise _too_many_fields()
    pairs = (field.partition(b"=") for field in data.split(b"&") if field)
    try:
        return _collected([(_decoded(name, pause), _decoded(value, pause)) for name, _, value in pairs])
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _decoded(given: bytes, pause: Pause) -> str:
    """A name or a value as a form writes it."""
    given, begin, parts = given.replace(b"+", b" "), 0, list[bytes]()
    while begin < len(given):
        pause()
        end = begin + SLICE
        cut = given.find(b"%", end - 2, end)  # which must not be parted from its two digits
        end = cut if cut >= 0 else end
        parts.append(unquote_to_bytes(given[begin:end]))
        begin = end
    return b"".join(parts).decode()


class SentFile(NamedTuple):
    """A file of a form, under the name that its client gave."""

    name: str
    data: bytes


class _Slices(BytesIO):
    """A body with a pause before each slice that is read."""

    def __init__(self, body: bytes, pause: Pause) -> None:
        super().__init__(body)
        self._pause = pause

    def read(self, size: int | None = -1, /) -> bytes:
        self._pause()
        return super().read(size)


def read_form(body: bytes, content_type: str, pause: Pause = no_pause) -> tuple[Values, dict[str, SentFile]]:
    """The fields and the files of a form, by their names. Raises Refusal. pause: as in `read_values`."""
    import logging

    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import Field, File

    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # whoever asks is told, not the log
    fields: list[tuple[bytes, bytes]] = []
    files: list[tuple[str, SentFile]] = []

    def check_count() -> None:
        if len(fields) + len(files) >= MOST_FIELDS:
            raise _too_many_fields()

    def on_field(field: Field) -> None:
        check_count()
        fields.append((field.field_name or b"", field.value or b""))

    def on_file(file: File) -> None:
        check_count()
        file.file_object.seek(0)
        name, field = (
            part.decode(errors="replace") for part in (file.file_name or b"", file.field_name or b"")
        )
        files.append((field, SentFile(name, file.file_object.read())))
        open_files.callback(file.close)

    try:
        with ExitStack() as open_files:  # versions before 0.0.33 write to a file once more after on_file
            headers = {"Content-Type": content_type.encode()}
            parse_form(headers, _Slices(body, pause), on_field, on_file, SLICE)
        return _collected([(name.decode(), value.decode()) for name, value in fields]), dict(files)
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (FormParserError, ValueError, LookupError):
        raise Refusal("Invalid request: the form cannot be read") from None


def _collected(pairs: list[tuple[str, str]]) -> Values:
    """Lines end as in JSON: forms send CR LF."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        # PHP and jQuery write [] behind the name of an array.
        values.setdefault(name.removesuffix("[]"), []).append(value.replace("\r\n", "\n"))
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def _too_many_fields() -> Refusal:
    return Refusal(f"Invalid request: more than {MOST_FIELDS} fields")


def _not_utf8() -> Refusal:
    return Refusal("Invalid request: the body is not UTF-8")

"""A request's body and query string -> what is asked.

LibreTranslate's clients send JSON, a form of either kind, or everything in the query string.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from mt.decoding.pausing import Pause, no_pause
from mt.serve.refusal import Refusal
from mt.serve.transcribing import TranscribeCall
from mt.text.characters import sound

MOST_FIELDS = 10_000
MOST_STRUCTURE = 2**16  # bytes of JSON outside of its strings
SLICE = 2**16  # bytes of a form that are read between two pauses
_JSON_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)
_WHOLE = re.compile("-?[0-9]{1,99}")

Values = dict[str, Any]
"""Fields by name: what JSON had, or strings; one given several times is a list."""


@dataclass(frozen=True)
class TranslateCall:
    """What `POST /translate` asks."""

    texts: tuple[str, ...]
    many: bool  # asked as an array, so answered with one
    source: str
    target: str
    is_html: bool
    alternatives: int
    scores: bool
    sentences: bool


@dataclass(frozen=True)
class InspectCall:
    """What `POST /inspect` asks."""

    text: str
    source: str
    target: str
    sentence: int = 0  # which of the text is looked at, counted from 0


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


def translate_call(values: Values) -> TranslateCall:
    """Raises Refusal that names the first field that is missing or wrong."""
    many = isinstance(values.get("q"), list)
    texts = _texts(values)
    kind = _string(values, "format") or "text"
    if kind not in ("text", "html"):
        raise Refusal(f"{kind[:40]} format is not supported")
    return TranslateCall(
        texts=texts,
        many=many,
        source=_required(values, "source"),
        target=_required(values, "target"),
        is_html=kind == "html",
        alternatives=max(0, _whole(values, "alternatives")),  # clients send -1 for none
        scores=_flag(values, "scores"),
        sentences=_flag(values, "sentences"),
    )


def transcribe_call(values: Values, sound: bytes) -> TranscribeCall:
    """Raises Refusal as `translate_call`."""
    source, target = _string(values, "source"), _string(values, "target")
    return TranscribeCall(sound, source, target, _flag(values, "heard"))


def file_call(values: Values) -> tuple[str, str]:
    """Source and target of a document. Raises Refusal as `translate_call`."""
    return _required(values, "source"), _required(values, "target")


def inspect_call(values: Values) -> InspectCall:
    """Raises Refusal as `translate_call`."""
    return InspectCall(
        one_text(values),
        _required(values, "source"),
        _required(values, "target"),
        max(0, _whole(values, "sentence")),
    )


def one_text(values: Values) -> str:
    """The one text of a request that takes no array. Raises Refusal."""
    if isinstance(values.get("q"), list):
        raise Refusal("Invalid request: q parameter is not a string")
    return _texts(values)[0]


def api_key(values: Values) -> str:
    """The key of the client, or nothing."""
    return _string(values, "api_key")


def _texts(values: Values) -> tuple[str, ...]:
    given = values.get("q")
    if given is None or given in ("", []):
        raise _missing("q")
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise Refusal("Invalid request: q parameter is not a string or an array of strings")
    return tuple(map(sound, texts))  # JSON can write half of a surrogate pair


def _string(values: Values, name: str) -> str:
    given = values.get(name)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Refusal(f"Invalid request: {name} parameter is not a string")
    return sound(given)


def _required(values: Values, name: str) -> str:
    given = _string(values, name)
    if not given:
        raise _missing(name)
    return given


def _missing(name: str) -> Refusal:
    return Refusal(f"Invalid request: missing {name} parameter")


def _whole(values: Values, name: str) -> int:
    given = values.get(name)
    if given is None:
        return 0
    if isinstance(given, str):  # a form's
        whole = bool(_WHOLE.fullmatch(given))
    else:
        number = isinstance(given, int | float) and not isinstance(given, bool)
        whole = number and given == given // 1  # neither infinite nor NaN
    if not whole:
        raise Refusal(f"Invalid request: {name} parameter is not a number")
    return int(given)


def _flag(values: Values, name: str) -> bool:
    given = values.get(name)
    if given is None or isinstance(given, bool):
        return bool(given)
    if given not in ("true", "false"):  # as a form writes them
        raise Refusal(f"Invalid request: {name} parameter is not true or false")
    return bool(given == "true")


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
        file.close()

    try:
        parse_form({"Content-Type": content_type.encode()}, _Slices(body, pause), on_field, on_file, SLICE)
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

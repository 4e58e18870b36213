"""A request's body and query string -> what is asked.

LibreTranslate's clients send JSON, a form of either kind, or everything in the query string.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mt.serve.refusal import Refusal
from mt.serve.transcribing import TranscribeCall
from mt.text.characters import sound

MOST_FIELDS = 10_000
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


def read_values(body: bytes, content_type: str, query: bytes) -> Values:
    """The fields of the query string, and over them those of the body. Raises Refusal."""
    values = _pairs(query)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return values | _json(body)
    if kind == "application/x-www-form-urlencoded":
        return values | _pairs(body)
    if kind == "multipart/form-data":
        return values | read_form(body, content_type)[0]
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
    try:
        values = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (ValueError, RecursionError):
        raise Refusal("Invalid JSON format") from None
    if not isinstance(values, dict):
        raise Refusal("Invalid JSON format")
    return values


def _pairs(data: bytes) -> Values:
    try:
        text = data.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except ValueError:
        raise Refusal(f"Invalid request: more than {MOST_FIELDS} fields") from None
    return _collected(pairs)


class SentFile(NamedTuple):
    """A file of a form, under the name that its client gave."""

    name: str
    data: bytes


def read_form(body: bytes, content_type: str) -> tuple[Values, dict[str, SentFile]]:
    """The fields and the files of a form, by their names. Raises Refusal."""
    import logging
    from io import BytesIO

    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import Field, File

    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # whoever asks is told, not the log
    fields: list[tuple[bytes, bytes]] = []

    def on_field(field: Field) -> None:
        if len(fields) >= MOST_FIELDS:
            raise Refusal(f"Invalid request: more than {MOST_FIELDS} fields")
        fields.append((field.field_name or b"", field.value or b""))

    files: dict[str, SentFile] = {}

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        name, field = (
            part.decode(errors="replace") for part in (file.file_name or b"", file.field_name or b"")
        )
        files[field] = SentFile(name, file.file_object.read())
        file.close()

    try:
        parse_form({"Content-Type": content_type.encode()}, BytesIO(body), on_field, on_file)
        return _collected([(name.decode(), value.decode()) for name, value in fields]), files
    except UnicodeDecodeError:
        raise _not_utf8() from None
    except (FormParserError, ValueError, LookupError):
        raise Refusal("Invalid request: the form cannot be read") from None


def _collected(pairs: list[tuple[str, str]]) -> Values:
    """Lines end as in JSON: forms send CR LF."""
    values: Values = {}
    for name, value in pairs:
        text = value.replace("\r\n", "\n")
        name = name.removesuffix("[]")  # PHP's and jQuery's way to write an array
        before = values.get(name)
        values[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    return values


def _not_utf8() -> Refusal:
    return Refusal("Invalid request: the body is not UTF-8")

"""The OpenAPI of each route: what it takes, and every answer it can give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mt.text.languages import Direction

DESCRIPTION = (
    "Translation with your own models. The protocol is LibreTranslate's; `scores`, `sentences`, `/inspect`, "
    "`/transcribe` and `/metrics` are additions. Fields may also be sent in the query string."
)

Schema = dict[str, Any]

_JSON, _FORM = "application/json", "multipart/form-data"
_TEXT: Schema = {"type": "string"}
_KEY: Schema = {"type": "string", "description": "API key, where the server asks for one"}
# What `is_blank` says of single characters of the basic plane and beyond: spaces, controls, marks unseen.
_UNREADABLE = (
    r"\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u17b4\u17b5\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_NOT_BLANK: Schema = {"type": "string", "pattern": f"[^{_UNREADABLE}]"}
_FILE: Schema = {"type": "string", "format": "binary"}
_TRUTH: Schema = {"type": "boolean"}
_CONFIDENCE: Schema = {"type": "number", "minimum": 0, "maximum": 100}
_REFUSALS = {
    400: "Something is missing, wrong or too long; also a body that is not UTF-8, or a missing API key",
    403: "Wrong API key",
    408: "The body did not arrive in time",
    429: "Too many requests, or too many texts waiting; Retry-After says when to come again",
    500: "The server failed",
    503: "The server is stopping",
}


def translate(directions: Sequence[Direction], *, most_texts: int, most_characters: int) -> dict[str, Any]:
    """Of `POST /translate`; 0 texts or characters permit any number."""
    part = _TEXT | ({"maxLength": most_characters} if most_characters else {})
    text = part | {"minLength": 1}
    texts = _array(part) | {"minItems": 1} | ({"maxItems": most_texts} if most_texts else {})
    fields: Schema = {
        "q": {"oneOf": [text, texts], "description": "Text, or array of texts"},
        **_pair(directions, auto=True),
        "format": {"type": "string", "enum": ["text", "html", ""], "default": "text"},
        "alternatives": {
            "type": "integer",
            "default": 0,
            "description": "Other translations wanted; there may be fewer. Less than 0 is 0",
        },
        "scores": {"type": "boolean", "default": False, "description": "Give probabilities"},
        "sentences": {
            "type": "boolean",
            "default": False,
            "description": "Give the sentences that were translated one by one",
        },
        "api_key": _KEY,
    }
    answer = {
        "type": "object",
        "properties": {
            "translatedText": _one_or_many(_TEXT),
            "detectedLanguage": _one_or_many(_detected(_TEXT)),
            "alternatives": {"type": "array", "items": _one_or_many(_TEXT)},
            "scores": {"type": "array"},
            "sentences": {"type": "array"},
        },
        "required": ["translatedText"],
        "description": "For an array of texts every field is an array, in the same order.",
    }
    return _route(fields, ["q", "source", "target"], _pairs(directions, auto=True), answer)


def detect(codes: Sequence[str]) -> dict[str, Any]:
    """Of `POST /detect`."""
    answer = _array(_detected({"enum": list(codes)}))
    return _route({"q": _TEXT | {"minLength": 1}, "api_key": _KEY}, ["q"], {}, answer)


def inspect(directions: Sequence[Direction]) -> dict[str, Any]:
    """Of `POST /inspect`."""
    fields = {
        "q": _NOT_BLANK,
        **_pair(directions, auto=True),
        "sentence": {
            "type": "integer",
            "default": 0,
            "description": "Which sentence of the text, counted from 0",
        },
        "api_key": _KEY,
    }
    required = ["source", "translation", "pieces", "steps", "sentence", "sentences"]
    answer = {"type": "object", "required": required}
    pairs, also = _pairs(directions, auto=True), {404: "The text has no such sentence"}
    return _route(fields, ["q", "source", "target"], pairs, answer, also=also)


def translate_file(directions: Sequence[Direction]) -> dict[str, Any]:
    """Of `POST /translate_file`."""
    fields = {"file": _FILE, **_pair(directions, auto=True), "api_key": _KEY}
    answer = _object({"translatedFileUrl": {"type": "string", "format": "uri"}})
    required = ["file", "source", "target"]
    also = {413: "The document is too long"}
    return _route(fields, required, _pairs(directions, auto=True), answer, kinds=(_FORM,), also=also)


def download_file() -> dict[str, Any]:
    """Of `GET /download_file/{key}/{name}`, which `POST /translate_file` names."""
    refusals = {404: "The file is not here any more, or never was", 503: _REFUSALS[503]}
    return _responses({"application/octet-stream": {"schema": _FILE}}, refusals)


def transcribe(listened: Sequence[Direction]) -> dict[str, Any]:
    """Of `POST /transcribe`; in the schema where a run here reads sound."""
    number = {"type": "number"}
    part = {"start": number, "end": number, "text": _TEXT, "score": number}
    fields = {
        "file": _FILE,
        **_pair(listened, auto=False),
        "heard": {"type": "boolean", "default": False, "description": "Tell how it was heard"},
        "api_key": _KEY,
    }
    texts = {"text": _TEXT, "source": _TEXT, "target": _TEXT}
    answer = _object(
        texts | {"seconds": number, "parts": _array(_object(part))}, {"heard": {"type": "object"}}
    )
    route = _route(fields, ["file"], {}, answer, kinds=(_FORM,), also={413: "The recording is too long"})
    return {**route, "include_in_schema": bool(listened)}


def suggest() -> dict[str, Any]:
    """Of `POST /suggest`, which LibreTranslate has and this server does not."""
    return _responses({}, {status: _REFUSALS[status] for status in (400, 403, 408, 429, 503)}, done=False)


def spec() -> dict[str, Any]:
    """Of `GET /spec`."""
    return _reading({"type": "object", "required": ["openapi", "paths"]})


def languages() -> dict[str, Any]:
    """Of `GET /languages`."""
    return _reading(_array(_object({"code": _TEXT, "name": _TEXT, "targets": _array(_TEXT)})))


def health() -> dict[str, Any]:
    """Of `GET /health`."""
    return _reading(_object({"status": {"const": "ok"}}))


def settings() -> dict[str, Any]:
    """Of `GET /frontend/settings`."""
    language = _object({"code": _TEXT, "name": _TEXT})
    fields = {
        "apiKeys": _TRUTH,
        "charLimit": {"type": "integer"},
        "filesTranslation": _TRUTH,
        "frontendTimeout": {"type": "integer"},
        "keyRequired": _TRUTH,
        "language": {"type": "object", "properties": {"source": language, "target": language}},
        "suggestions": _TRUTH,
        "supportedFilesFormat": _array(_TEXT),
    }
    return _reading(_object(fields))


def metrics() -> dict[str, Any]:
    """Of `GET /metrics`."""
    refusals = {status: _REFUSALS[status] for status in (400, 403, 429, 503)}
    return _responses({"text/plain": {"schema": _TEXT}}, refusals)


def _object(fields: Schema, optional: Schema | None = None) -> Schema:
    """An object with these fields, and maybe the optional ones."""
    return {"type": "object", "properties": fields | (optional or {}), "required": list(fields)}


def _detected(language: Schema) -> Schema:
    return _object({"language": language, "confidence": _CONFIDENCE})


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_or_many(items: Schema) -> Schema:
    return {"anyOf": [items, _array(items)]}


def _pair(directions: Sequence[Direction], *, auto: bool) -> Schema:
    """The fields that name a language pair."""
    sources = [*(["auto"] if auto else []), *dict.fromkeys(pair.src for pair in directions)]
    return {
        "source": {"type": "string", "enum": sources},
        "target": {"type": "string", "enum": list(dict.fromkeys(pair.tgt for pair in directions))},
    }


def _pairs(directions: Sequence[Direction], *, auto: bool) -> Schema:
    """Which of them go together, where there are several."""
    pairs = [([*(["auto"] if auto else []), pair.src], pair.tgt) for pair in directions]
    schemas = [{"properties": {"source": {"enum": srcs}, "target": {"const": tgt}}} for srcs, tgt in pairs]
    return {"anyOf": schemas} if len(schemas) > 1 else {}


def _route(
    fields: Schema,
    required: list[str],
    any_of: Schema,
    answer: Schema,
    *,
    kinds: Sequence[str] = (_JSON, "application/x-www-form-urlencoded", _FORM),
    also: dict[int, str] | None = None,
) -> dict[str, Any]:
    """A POST that takes its fields as JSON or as a form of either kind. also: more refusals."""
    optional = [name for name in fields if name not in required]
    in_json = fields | {name: _or_null(fields[name]) for name in optional}
    in_form = {name: _in_form(schema) for name, schema in fields.items()}
    content = {}
    for kind in kinds:
        properties = in_json if kind == _JSON else in_form
        fields_schema = {"type": "object", "properties": properties, "required": required, **any_of}
        content[kind] = {"schema": fields_schema}
    route = _responses({_JSON: {"schema": answer}}, _REFUSALS | (also or {}))
    return {**route, "openapi_extra": {"requestBody": {"required": True, "content": content}}}


def _or_null(schema: Schema) -> Schema:
    """JSON may say that a field is left out."""
    plain = {**schema, "type": [schema["type"], "null"]}
    return {**plain, "enum": [*schema["enum"], None]} if "enum" in schema else plain


def _in_form(schema: Schema) -> Schema:
    """A form has strings only; a field that is there once is no array."""
    if "oneOf" in schema:
        text, texts = schema["oneOf"]
        return {**schema, "oneOf": [text, {**texts, "minItems": 2}]}
    return {**schema, "type": "string", "enum": ["true", "false"]} if schema["type"] == "boolean" else schema


def _reading(answer: Schema) -> dict[str, Any]:
    """A GET without parameters."""
    return _responses({"application/json": {"schema": answer}}, {503: _REFUSALS[503]})


def _responses(content: Schema, refusals: dict[int, str], *, done: bool = True) -> dict[str, Any]:
    error = {_JSON: {"schema": _object({"error": _TEXT})}}
    found: dict[int, Any] = {
        status: {"description": text, "content": error} for status, text in refusals.items()
    }
    if done:
        found[200] = {"description": "Done", "content": content}
    return {"response_model": None, "responses": found}

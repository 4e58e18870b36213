"""The fields of a request -> what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mt.serve.body import Values
from mt.serve.refusal import Refusal
from mt.serve.transcribing import TranscribeCall
from mt.text.characters import sound

_WHOLE = re.compile("-?[0-9]{1,99}")


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

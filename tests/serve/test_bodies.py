"""What a body costs: long ones are read outside of the event loop, in slices; what is too much is refused."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mt.serve import access
from mt.serve.body import MOST_FIELDS, MOST_STRUCTURE, SLICE, read_form, read_values
from mt.serve.body import _collected as collected
from mt.serve.refusal import Refusal
from mt.translator import Translator
from tests.serve.setup import Slow, make_middleware, on_a_port
from tests.serve.test_process import PAIR, post, until
from tests.waiting import DEADLINE

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
FILE = PART.replace(b'"\r\n', b'"; filename="f"\r\n')


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())), st.booleans())
def test_strings_of_any_length_are_read(values: dict[str, Any], ascii_only: bool) -> None:
    """However they are written, a body with a long text is longer than what may be beside strings."""
    values["q"] = '"\\' * MOST_STRUCTURE
    body = json.dumps(values, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    if b"\xed" not in body:  # half of a surrogate pair is no UTF-8
        assert read_values(body, "application/json", b"") == values


@pytest.mark.parametrize("unit", [b"[],", b'"",', b"1,", b"[", b'"a":1,', b" "])
def test_much_beside_strings_is_refused(unit: bytes) -> None:
    """Before it is read, as what comes of it would take seconds and many times its size."""
    with pytest.raises(Refusal, match="bytes of JSON beside its strings"):
        read_values(b'{"q":[' + unit * MOST_STRUCTURE + b"1]}", "application/json", b"")


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 200_000, b'"' + b'\\"' * 200_000 + b"\\", b'"' + b"a" * 200_000]
)
def test_a_string_without_its_end_is_looked_through_once(text: bytes) -> None:
    with pytest.raises(Refusal, match="Invalid JSON format"):
        read_values(text, "application/json", b"")


@given(st.binary() | st.text(alphabet="%4a1é=&+[]\r\n你").map(str.encode), st.integers(3, 9))
def test_forms_are_read_in_slices_as_python_reads_them(data: bytes, size: int) -> None:
    try:
        expected = parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mt.serve.body.SLICE", size)
        assert read_values(data, FORM, b"") == collected(expected)


def test_between_slices_others_are_answered() -> None:
    pauses: list[int] = []
    long = b"%41" * SLICE
    read_values(b"q=" + long, FORM, b"", lambda: pauses.append(1))
    assert len(pauses) >= 3
    pauses.clear()
    read_form(PART % (b"q", long) + b"--x--\r\n", MULTIPART, lambda: pauses.append(1))
    assert len(pauses) >= 3


@pytest.mark.parametrize("part", [PART, FILE])
def test_parts_and_fields_are_counted(part: bytes) -> None:
    whole = part % (b"a", b"b") * MOST_FIELDS
    read_form(whole + b"--x--\r\n", MULTIPART)
    with pytest.raises(Refusal, match="more than 10000 fields"):
        read_form(whole + part % (b"a", b"b") + b"--x--\r\n", MULTIPART)
    with pytest.raises(Refusal, match="more than 10000 fields"):
        read_values(b"a=b&" * MOST_FIELDS, FORM, b"")


def test_long_bodies_are_read_in_a_thread(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def watched(*given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return read_values(*given)

    monkeypatch.setattr("mt.serve.access.read_values", watched)
    with TestClient(make_middleware(translator)) as client:
        for text in ("ba", "ba" + " " * access.LONG):
            client.post("/translate", json=PAIR | {"q": text})
    assert [name.startswith("reader") for name in threads] == [False, True]


def test_a_body_counts_until_its_request_is_answered(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "BODIES", 4 * 300)
    slow = Slow()
    middleware = make_middleware(translator, searcher=slow)
    with on_a_port(middleware) as port:
        first = threading.Thread(target=post, args=(port, PAIR | {"q": "ba " * 60}))
        first.start()
        slow.wait_for(1)
        assert post(port, PAIR | {"q": "ba " * 60})[0] == 429
        slow.may_go_on.set()
        first.join(DEADLINE)
        assert post(port, PAIR | {"q": "ba " * 60})[0] == 200
        until(middleware, 'mt_requests_total{endpoint="/translate",status="429"}', 1)

"""POST /translate_file and GET /download_file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mt.serve.keys import read_keys
from mt.translator import Translator
from tests.serve.setup import make_middleware

PAIR = {"source": "aa", "target": "bb"}
PO = 'msgid "ba de"\nmsgstr ""\n\nmsgid "mo"\nmsgstr "MO!"\n'


def send(client: TestClient, name: str, data: str | bytes, **fields: str) -> Any:
    return client.post("/translate_file", files={"file": (name, data)}, data=PAIR | fields)


def test_a_file_comes_back_translated(client: TestClient) -> None:
    for name, data, expected in (
        ("a.po", PO, PO.replace('msgstr ""', 'msgstr "BA DE"')),
        ("lines.txt", "ba\n\nmo ne\n", "BA\n\nMO NE\n"),
        ("page.html", "<p>ba <b>mo</b></p>", "<p>BA <b>MO</b></p>"),
    ):
        answer = send(client, name, data)
        assert answer.status_code == 200, answer.text
        url = answer.json()["translatedFileUrl"]
        assert url.startswith("http://testserver/download_file/")
        found = client.get(url)
        assert found.text == expected
        assert found.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
        assert client.get(url + "x").status_code == 404
    assert client.get("/download_file/nothing/a.po").status_code == 404


def test_the_language_may_be_left_open(client: TestClient) -> None:
    url = send(client, "a.txt", "ba de", source="auto").json()["translatedFileUrl"]
    assert client.get(url).text == "BA DE"
    url = send(client, "a.txt", "BA DE", source="auto").json()["translatedFileUrl"]
    assert client.get(url).text == "BA DE"


def test_names_are_no_paths(client: TestClient) -> None:
    url = send(client, "../../a b\r\n.txt", "ba").json()["translatedFileUrl"]
    assert url.endswith("/a%20b__.txt") or url.endswith(".txt")
    assert ".." not in url
    assert client.get(url).text == "BA"


@pytest.mark.parametrize(
    ("name", "data", "fields", "said"),
    [
        ("a.pages", "x", {}, "a.pages: no document that is known"),
        ("a.csv", "x,y", {}, "not translated here"),
        ("a.po", 'msgid "x', {}, "a.po, line 1: a string without its closing quote"),
        ("a.docx", "no archive", {}, "a.docx: is no .docx file"),
        ("a.po", PO, {"target": "cc"}, "cc"),
        ("a.po", PO, {"source": ""}, "missing source"),
        ("a.txt", "ba " * 200_000, {}, "exceeds text limit (500000)"),
    ],
)
def test_mistakes(client: TestClient, name: str, data: str, fields: dict[str, str], said: str) -> None:
    answer = send(client, name, data, **fields)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_no_file_and_no_form(client: TestClient) -> None:
    assert "missing file" in client.post("/translate_file", data=PAIR).json()["error"]
    assert client.post("/translate_file", json=PAIR).status_code == 400
    large = client.post("/translate_file", files={"file": ("a.txt", b"x" * 2**24)}, data=PAIR)
    assert "longer than" in large.json()["error"]


def test_keys_are_asked_for(translator: Translator, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("secret\n")
    with TestClient(make_middleware(translator, keys=read_keys(path))) as client:
        assert send(client, "a.txt", "ba").status_code == 400
        assert send(client, "a.txt", "ba", api_key="wrong").status_code == 403
        assert send(client, "a.txt", "ba", api_key="secret").status_code == 200

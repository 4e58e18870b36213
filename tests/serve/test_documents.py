"""POST /translate_file and GET /download_file."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mt.options import ServeOptions
from mt.serve.keys import read_keys
from mt.serve.received_files import AT_A_TIME, BYTES, BYTES_UNPACKED, Documents, Upload
from mt.serve.refusal import Refusal
from mt.translator import Translator
from tests.serve.setup import Slow, make_middleware, make_service

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
        ("a.pages", "x", {}, "a.pages: unknown document format"),
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


def test_documents_that_would_take_long_to_read_are_refused(client: TestClient) -> None:
    """Before they are read; whatever they look like, and whatever member of an archive is long."""
    for member in ("word/document.xml", "picture.png"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, b" " * (BYTES_UNPACKED * 500_000 + 1))
        assert len(packed.getvalue()) < 100_000
        assert send(client, "a.docx", packed.getvalue()).status_code == 413
    text = b"<p>" * (BYTES * 500_000 // 3 + 1)
    for data in (text, text + packed.getvalue()):  # which is an archive to zipfile
        found = send(client, "a.html", data)
        assert (found.status_code, "too long" in found.json()["error"]) == (413, True)


def test_one_client_has_few_documents_at_once(translator: Translator) -> None:
    """A fifth one is refused, and another client's is not; those wait for the searches of one."""
    documents, slow = Documents(make_service(translator, ServeOptions())), Slow()
    upload = Upload("a.txt", b"ba", "aa", "bb")
    for batcher in documents._service.batchers.values():
        batcher._searcher = slow

    async def ask() -> list[object]:
        async with documents._service.running():
            tasks = [asyncio.create_task(documents.translate(upload, "one")) for _ in range(5)]
            tasks.append(asyncio.create_task(documents.translate(upload, "two")))
            await asyncio.to_thread(slow.wait_for, 1)
            slow.may_go_on.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(ask())
    assert [isinstance(one, Refusal) for one in found] == [False] * 4 + [True, False]
    assert not documents._turns.waiting
    assert not documents._turns._of_client


def test_a_document_whose_client_leaves_is_given_up(translator: Translator) -> None:
    documents, slow = Documents(make_service(translator, ServeOptions())), Slow()
    lines = "\n".join(f"ba{number}" for number in range(3 * AT_A_TIME)).encode()
    for batcher in documents._service.batchers.values():
        batcher._searcher = slow

    async def leave() -> None:
        async with documents._service.running():
            task = asyncio.create_task(documents.translate(Upload("a.txt", lines, "aa", "bb"), "one"))
            await asyncio.to_thread(slow.wait_for, 1)
            task.cancel()
            await asyncio.sleep(0)
            slow.may_go_on.set()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()

    asyncio.run(leave())
    assert sum(map(len, slow.searches)) == AT_A_TIME
    assert not documents._turns.waiting

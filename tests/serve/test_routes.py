"""The other routes, and what all have in common."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mt.errors import ConfigError
from mt.inspection.inspector import SLICE, Inspector
from mt.options import ServeOptions
from mt.serve.keys import read_keys
from mt.serve.limits import RateLimiter
from mt.serve.received_files import suffixes
from mt.serve.service import MOST_PIECES
from mt.translator import Translator
from tests.serve.setup import Slow, make_middleware

PAIR = {"source": "aa", "target": "bb"}


def test_languages(client: TestClient) -> None:
    assert client.get("/languages").json() == [
        {"code": "aa", "name": "aa", "targets": ["bb"]},
        {"code": "bb", "name": "bb", "targets": []},
    ]


def test_health_and_settings(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/frontend/settings").json() == {
        "apiKeys": False,
        "charLimit": 5000,
        "filesTranslation": True,
        "frontendTimeout": 500,
        "keyRequired": False,
        "suggestions": False,
        "supportedFilesFormat": suffixes(),
        "transcribe": None,
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": "bb", "name": "bb"},
        },
    }


def test_detect(client: TestClient) -> None:
    expected = [{"language": "aa", "confidence": 75.0}, {"language": "bb", "confidence": 25.0}]
    assert client.post("/detect", json={"q": "bade"}).json()[0] == {"language": "aa", "confidence": 100.0}
    assert client.post("/detect", data={"q": "badE"}).json() == expected
    assert client.post("/detect", params={"q": "badE"}).json() == expected
    assert [each["confidence"] for each in client.post("/detect", json={"q": "12"}).json()] == [0, 0]
    for wrong in ({}, {"q": ["ba"]}, {"q": "b" * 5001}):
        assert client.post("/detect", json=wrong).status_code == 400


def test_inspect(client: TestClient) -> None:
    """By every way; the run's place on the disk is not told."""
    fields = PAIR | {"q": "ba de"}
    found = client.post("/inspect", json=fields)
    assert found.status_code == 200
    assert found.json()["translation"] == "BA DE"
    assert found.json()["model"]["name"] == "run"
    assert found.json()["pieces"][-1] == "</s>"
    assert client.post("/inspect", data=fields).json() == found.json()
    assert client.post("/inspect", params=PAIR | {"q": "ba de", "source": "auto"}).json() == found.json()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"q": " "}, "blank"),
        ({"q": ["ba"]}, "q parameter is not a string"),
        ({"q": "ba.\nde.", "sentence": 2}, "sentence (2) of 2, counted from 0"),
        ({"q": "ba", "sentence": "x"}, "sentence parameter is not a number"),
        ({"q": "ba", "source": "xx"}, "xx is not supported"),
        ({"q": "ba", "target": ""}, "missing target"),
    ],
)
def test_what_cannot_be_inspected(client: TestClient, fields: dict[str, str], message: str) -> None:
    response = client.post("/inspect", json=PAIR | fields)
    assert response.status_code == (404 if "counted from" in message else 400)
    assert message in response.json()["error"]


def test_what_is_not_offered(client: TestClient) -> None:
    """As LibreTranslate answers where these are disabled."""
    for path, status, message in (
        ("/suggest", 403, "Suggestions are disabled on this server."),
        ("/nothing", 404, "Not Found"),
    ):
        response = client.post(path, files={"file": b"ba"})
        assert (response.status_code, response.json()) == (status, {"error": message})
    wrong = client.get("/translate")
    assert (wrong.status_code, wrong.json(), wrong.headers["allow"]) == (
        405,
        {"error": "Method Not Allowed"},
        "POST",
    )


def test_head_is_get_without_a_body(client: TestClient) -> None:
    assert client.head("/health").status_code == 200
    assert client.head("/translate").status_code == 405


@pytest.mark.parametrize("path", ["/translate", "/languages", "/nothing"])
def test_other_pages_may_ask(client: TestClient, path: str) -> None:
    """A browser's preflight, and the answer itself."""
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    preflight = client.options(path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Content-Type" in preflight.headers["access-control-allow-headers"]
    assert client.get(path, headers=asked).headers["access-control-allow-origin"] == "*"


def test_every_answer_is_guarded(client: TestClient) -> None:
    for path in ("/health", "/nothing", "/translate"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_the_openapi_names_every_route_and_the_refusals(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    assert client.get("/spec").json() == found
    asking = {"/translate", "/detect", "/inspect", "/suggest", "/translate_file"}
    telling = {"/languages", "/health", "/frontend/settings", "/metrics", "/spec"}
    assert set(found["paths"]) == asking | telling | {"/download_file/{key}/{name}"}
    told = found["paths"]["/translate"]["post"]
    assert {"200", "400", "403", "408", "429", "500", "503"} <= told["responses"].keys()
    assert "not UTF-8" in told["responses"]["400"]["description"]
    assert len(told["requestBody"]["content"]) == 3


def test_metrics_count(translator: Translator) -> None:
    with TestClient(make_middleware(translator)) as client:
        client.post("/translate", json=PAIR | {"q": ["ba", "mo ne", ""]})
        client.post("/translate", json={})
        client.get("/a/path/of/somebody")
        response = client.get("/metrics")
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.text)
    rows = [row for family in families for row in family.samples]
    samples = {(row.name, *row.labels.values()): row.value for row in rows}
    expected = {
        ("mt_requests_total", "/translate", "200"): 1,
        ("mt_requests_total", "/translate", "400"): 1,
        ("mt_requests_total", "other", "404"): 1,
        ("mt_translated_texts_total", "aa", "bb"): 2,
        ("mt_translated_characters_total", "aa", "bb"): 7,
        ("mt_request_duration_seconds_count", "/translate"): 2,
        ("mt_batch_texts_sum",): 2,
        ("mt_batch_texts_bucket", "1.0"): 0,
        ("mt_batch_texts_bucket", "2.0"): 1,
        ("mt_batch_texts_bucket", "+Inf"): 1,
        ("mt_dropped_texts_total",): 0,
        ("mt_queued_texts",): 0,
        ("mt_active_requests",): 1,
    }
    assert {name: samples.get(name) for name in expected} == expected
    assert not [name for name, *_ in samples if name.endswith("_created")]


def test_a_failure_is_told_without_what_the_user_wrote(
    translator: Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its neighbours in the batch are translated all the same."""
    searcher = Slow()
    searcher.may_go_on.set()
    searcher.fail_on = "ba"
    with TestClient(make_middleware(translator, searcher=searcher), raise_server_exceptions=False) as client:
        response = client.post("/translate", json=PAIR | {"q": ["ba", "mo"]})
        assert response.status_code == 500
        assert response.json().keys() == {"error"}
        assert client.post("/translate", json=PAIR | {"q": "mo"}).json() == {"translatedText": "MO"}
    assert searcher.searches[:3] == [["ba", "mo"], ["ba"], ["mo"]]
    error = capsys.readouterr().err
    assert "RuntimeError while answering" in error
    assert "secret" not in error.replace('RuntimeError("secret")', "")
    assert "secret" not in response.text


def test_nothing_is_told_to_opentelemetry(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI would give it the query string, and so what users write."""
    spans: list[str] = []

    class Tracer(trace.NoOpTracer):
        def start_span(self, name: str, *details: Any, **more: Any) -> trace.Span:
            spans.append(name)
            return super().start_span(name, *details, **more)

    class Provider(trace.TracerProvider):
        def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
            return Tracer()

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", Provider())
    with TestClient(make_middleware(translator)) as client:
        assert client.post("/translate", params=PAIR | {"q": "ba"}).status_code == 200
    assert spans == []


def test_keys(translator: Translator, tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("# ours\nalpha\nbeta 2  # a guest\n")
    with TestClient(make_middleware(translator, keys=read_keys(file))) as client:

        def status(path: str, **fields: str) -> int:
            return client.post(path, json=PAIR | {"q": "ba"} | fields).status_code

        for path in ("/translate", "/detect", "/inspect"):
            assert status(path) == 400
            assert status(path, api_key="alph") == 403
            assert status(path, api_key="alpha") == 200
        wrong = client.post("/translate", json=PAIR | {"q": "ba", "api_key": "é"})
        assert (wrong.status_code, wrong.json()) == (403, {"error": "Invalid API key"})
        assert "API key" in client.post("/translate", json=PAIR).json()["error"]
        assert client.post("/translate", data=PAIR | {"q": "ba", "api_key": "alpha"}).status_code == 200
        assert client.post("/translate?api_key=alpha", json=PAIR | {"q": "ba"}).status_code == 200
        assert [status("/translate", api_key="beta") for _ in range(3)] == [200, 200, 429]
        assert client.get("/languages").status_code == 200
        assert client.get("/frontend/settings").json()["keyRequired"] is True


def test_guesses_at_keys_are_limited(translator: Translator, tmp_path: Path) -> None:
    """Without any limit of requests; while a client is refused, the right key is too."""
    file = tmp_path / "keys.txt"
    file.write_text("alpha\n")
    now = [0.0]
    server = make_middleware(translator, keys=read_keys(file), limiter=RateLimiter(lambda: now[0]))
    with TestClient(server) as client:

        def status(key: str) -> int:
            return client.post("/detect", json={"q": "ba", "api_key": key}).status_code

        assert [status(f"guess {n}") for n in range(21)] == [403] * 20 + [429]
        assert status("alpha") == 429
        assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 429
        now[0] = 3.0
        assert status("alpha") == 200


def test_metrics_need_a_key_where_others_do(translator: Translator, tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("alpha\n")
    with TestClient(make_middleware(translator, keys=read_keys(file))) as client:
        assert client.get("/metrics").status_code == 400
        assert client.get("/metrics", headers={"Authorization": "Bearer beta"}).status_code == 403
        assert client.get("/metrics", headers={"Authorization": "Bearer alpha"}).status_code == 200
        assert client.get("/metrics?api_key=alpha").status_code == 200
        assert client.get("/health").status_code == 200


def test_metrics_may_have_an_address_of_their_own(translator: Translator) -> None:
    with TestClient(make_middleware(translator, ServeOptions(metrics_address="127.0.0.1:9100"))) as client:
        assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mt.example", 200),
        ("MT.example:5000", 200),
        ("a.b.example", 200),
        ("b.example", 400),
        ("evil.example", 400),
        ("[::1]:80", 200),
        ("", 400),
    ],
)
def test_only_allowed_hosts_are_answered(translator: Translator, host: str, status: int) -> None:
    options = ServeOptions(allowed_hosts=("mt.example", "*.b.example", "[::1]"))
    with TestClient(make_middleware(translator, options)) as client:
        answer = client.get("/health", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json() == {"error": "Invalid host header"}


def test_only_pages_of_some_origins_may_ask(translator: Translator) -> None:
    options = ServeOptions(cors_origins=("https://a.example",))
    with TestClient(make_middleware(translator, options)) as client:
        allowed = client.options("/translate", headers={"Origin": "https://a.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        assert "POST" in allowed.headers["access-control-allow-methods"]
        other = client.get("/languages", headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers
        assert other.headers["vary"] == "Origin"


def test_health_tells_of_a_model_that_failed(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    middleware = make_middleware(translator)
    with TestClient(middleware) as client:
        (batcher,) = middleware._service.batchers.values()
        monkeypatch.setattr(batcher._turns, "take", lambda **_: [][0])
        assert client.post("/translate", json=PAIR | {"q": "ba"}).status_code == 503
        failed = client.get("/health")
        assert (failed.status_code, failed.json()) == (503, {"status": "failed"})
    assert "IndexError while searching through the queue" in capsys.readouterr().err


def test_a_sentence_of_a_text_is_inspected(client: TestClient) -> None:
    """Not all of a long text; which one it was and how many there are is told."""
    fields = PAIR | {"q": "ba de\nmo ne\n" + "ba\n" * 500}
    first = client.post("/inspect", json=fields).json()
    assert (first["source"], first["sentence"], first["sentences"]) == ("ba de", 0, 502)
    second = client.post("/inspect", json=fields | {"sentence": 1}).json()
    assert (second["source"], second["translation"], second["sentence"]) == ("mo ne", "MO NE", 1)


def test_a_line_of_control_characters_is_no_sentence(client: TestClient) -> None:
    found = client.post("/inspect", json={"q": "\x02\x1cba", "source": "auto", "target": "bb"})
    assert (found.status_code, found.json()["source"], found.json()["sentences"]) == (200, "ba", 1)
    answer = client.post("/translate", json=PAIR | {"q": "\x02\x1cba", "sentences": True}).json()
    assert answer["translatedText"] == "\x02\x1cBA"
    assert [sentence["source"] for sentence in answer["sentences"]] == ["ba"]


def test_an_inspection_costs_no_more_than_its_length_times_a_constant(translator: Translator) -> None:
    """Counted in steps of the encoder between two pauses, and in pauses."""
    inspector = Inspector(translator)
    inspector.inspect("ba")
    lengths, pauses = (8, 32, 120), []
    for length in lengths:
        seen: list[int] = []
        inspection = inspector.inspect(" ".join(["ba"] * length)[: 3 * length], pause=partial(seen.append, 1))
        pauses.append(len(seen) - 2 * len(inspection.steps))
        assert len(inspection.pieces) <= MOST_PIECES
    assert pauses[-1] <= 2 + MOST_PIECES * len(inspection.pieces) / SLICE
    with pytest.raises(ConfigError, match="at most 128 can be inspected"):
        inspector.inspect("ba " * 200, most_pieces=MOST_PIECES)


def test_rate_limit(translator: Translator) -> None:
    now = [0.0]
    options = ServeOptions(rate_limit=2)
    with TestClient(make_middleware(translator, options, limiter=RateLimiter(lambda: now[0]))) as client:

        def ask() -> tuple[int, str | None]:
            response = client.post("/detect", json={"q": "ba"})
            return response.status_code, response.headers.get("retry-after")

        assert [ask() for _ in range(3)] == [(200, None), (200, None), (429, "30")]
        assert client.post("/detect", json={"q": "ba"}).json()["error"].startswith("Slowdown: ")
        assert client.get("/languages").status_code == 200
        now[0] = 30.0
        assert [ask() for _ in range(2)] == [(200, None), (429, "30")]


def test_the_page_is_served_from_its_folder(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"index.html": "<!doctype html>", "js/app.js": "export {}", ".secret.txt": "x", "notes.py": "x"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr("mt.serve.pages.FOLDER", tmp_path)
    with TestClient(make_middleware(translator)) as client:
        page = client.get("/")
        assert (page.status_code, page.text) == (200, "<!doctype html>")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert client.get("/index.html").text == page.text
        assert client.get("/js/app.js").headers["content-type"] == "text/javascript; charset=utf-8"
        again = client.get("/", headers={"If-None-Match": f'"other", W/{page.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200
        for hidden in ("/.secret.txt", "/notes.py", "/js", "/js/../notes.py", "/%2e%2e/pages.py"):
            assert client.get(hidden).status_code == 404
        assert client.post("/").status_code == 405

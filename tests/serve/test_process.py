"""A real server on a port of 127.0.0.1: signals, clients that leave, a client that others use."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from libretranslatepy import LibreTranslateAPI

from mt import cli
from mt.commands import serve as command
from mt.options import ServeOptions
from mt.serve import access, server
from mt.serve.middleware import Middleware
from mt.serve.models import Models, Served
from mt.translator import Translator
from tests.serve.setup import TOY, Slow, make_middleware, on_a_port
from tests.waiting import DEADLINE, wait_until

PAIR = {"source": "aa", "target": "bb"}


def post(port: int, fields: dict[str, Any], path: str = "/translate") -> tuple[int, Any]:
    """Status and answer."""
    body = json.dumps(fields)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.load(response)


def raw(fields: dict[str, Any]) -> bytes:
    """A request to translate, as it goes over the wire."""
    body = json.dumps(fields).encode()
    head = "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(port: int, path: str) -> tuple[int, str, str | None]:
    """Status, body and when to come again."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("retry-after")


def wait_for_a_request(port: int) -> None:
    """Until a request is under way, beside the one that asks for it."""
    wait_until(lambda: "mt_active_requests 2.0" in get(port, "/metrics")[1])


def metric(middleware: Middleware, name: str) -> float:
    text = middleware._service.metrics.render()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def until(middleware: Middleware, name: str, value: float) -> None:
    wait_until(lambda: metric(middleware, name) == value, middleware._service.metrics.render)


def test_libretranslates_own_client(translator: Translator) -> None:
    with on_a_port(make_middleware(translator)) as port:
        client = LibreTranslateAPI(f"http://127.0.0.1:{port}")
        assert client.translate("ba de", "aa", "bb") == "BA DE"
        assert client.translate("ba de", "auto", "bb") == "BA DE"
        assert client.detect("bade") == [
            {"confidence": 100.0, "language": "aa"},
            {"confidence": 0.0, "language": "bb"},
        ]
        assert client.languages()[0] == {"code": "aa", "name": "aa", "targets": ["bb"]}


def test_clients_at_the_same_time_share_searches(translator: Translator) -> None:
    slow = Slow()
    middleware = make_middleware(translator, searcher=slow)
    answers: dict[int, Any] = {}

    def ask(number: int) -> None:
        answers[number] = post(port, PAIR | {"q": f"t{number}"})

    with on_a_port(middleware) as port:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        threads[0].start()
        slow.wait_for(1)
        for thread in threads[1:]:
            thread.start()
        until(middleware, "mt_queued_texts", 7)
        slow.may_go_on.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert answers == {number: (200, {"translatedText": f"T{number}"}) for number in range(8)}
    assert [len(search) for search in slow.searches] == [1, 7]


def test_a_client_that_leaves_is_not_searched_for(translator: Translator) -> None:
    slow = Slow()
    middleware = make_middleware(translator, searcher=slow)
    with on_a_port(middleware) as port:
        first = threading.Thread(target=post, args=(port, PAIR | {"q": "first"}))
        first.start()
        slow.wait_for(1)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(raw(PAIR | {"q": "gone"}))
            until(middleware, "mt_queued_texts", 1)
        until(middleware, 'mt_requests_total{endpoint="/translate",status="499"}', 1)
        slow.may_go_on.set()
        first.join(DEADLINE)
        assert post(port, PAIR | {"q": "next"}) == (200, {"translatedText": "NEXT"})
    assert slow.searches == [["first"], ["next"]]
    assert metric(middleware, "mt_dropped_texts_total") == 1


def test_a_full_queue_is_told(translator: Translator) -> None:
    slow = Slow()
    middleware = make_middleware(translator, ServeOptions(queue_limit=4), searcher=slow)
    with on_a_port(middleware) as port:
        threads = []
        for waiting, text in ((0, "searched"), (2, "both\nwait")):
            threads.append(threading.Thread(target=post, args=(port, PAIR | {"q": text})))
            threads[-1].start()
            slow.wait_for(1)
            until(middleware, "mt_queued_texts", waiting)
        status, answer = post(port, PAIR | {"q": "is\nrefused"})
        slow.may_go_on.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert (status, answer) == (429, {"error": "Slowdown: too many of your sentences are waiting already"})


def test_while_it_drains_new_requests_are_refused(translator: Translator) -> None:
    slow = Slow()
    middleware = make_middleware(translator, searcher=slow)
    answers = []
    with on_a_port(middleware) as port:
        first = threading.Thread(target=lambda: answers.append(post(port, PAIR | {"q": "first"})))
        first.start()
        slow.wait_for(1)
        middleware.draining = True
        assert post(port, PAIR | {"q": "second"}) == (503, {"error": "the server is stopping"})
        assert get(port, "/health")[::2] == (503, "5")
        slow.may_go_on.set()
        first.join(DEADLINE)
    assert answers == [(200, {"translatedText": "FIRST"})]
    assert slow.searches == [["first"]]


def test_a_body_that_does_not_come(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "BODY_SECONDS", 0.05)
    with (
        on_a_port(make_middleware(translator)) as port,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(b"POST /detect HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert b" 408 " in connection.recv(1000)


def sentences(count: int) -> list[str]:
    """Different ones, as equal ones are searched once."""
    syllables = ["ba", "de", "fi", "go", "ku", "la", "mo", "ne"]
    return [" ".join(["fi", *some]) for some in islice(product(syllables, repeat=5), count)]


@contextmanager
def process(run: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """`mt serve` as a person starts it: the process, its port, what it has said."""
    arguments = [sys.executable, "-m", "mt", "serve", "-m", str(run), "--port", "0", *options]
    said: list[str] = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            for line in server.stderr:
                said.append(line)
                if found := re.search(r"serving on http://127\.0\.0\.1:(\d+)", line):
                    yield server, int(found[1]), said
                    break
        finally:
            server.kill()
    assert said


def test_sigterm_drains(toy_run: Path) -> None:
    """What was asked before the signal is answered; then success."""
    answers = []
    long = "\n".join(sentences(2000))
    options = ("--char-limit", "0", "--queue-limit", "100000", "--log-requests")
    with process(toy_run, *options) as (server, port, _):
        asking = threading.Thread(target=lambda: answers.append(post(port, PAIR | {"q": long})))
        asking.start()
        wait_for_a_request(port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE) == 0
        asking.join(DEADLINE)
        output, error = server.communicate()
    status, answer = answers[0]
    assert status == 200
    assert len(answer["translatedText"].split()) > 6000
    assert output == ""
    assert "POST /translate 200" in error
    assert "ba de" not in error
    assert error.splitlines()[-1] == "stopped by SIGTERM; all requests are answered"


def test_a_signal_in_the_same_instant_leaves_nobody_unanswered(toy_run: Path) -> None:
    """Requests that lie in the port when the signal comes are answered like any other."""
    with process(toy_run) as (server, port, _):
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for number, connection in enumerate(connections):
            connection.sendall(raw(PAIR | {"q": f"ba {number}"}))
            if number == 20:
                server.send_signal(signal.SIGTERM)
        answers = []
        for connection in connections:
            with connection:
                connection.settimeout(DEADLINE)
                answers.append(connection.recv(1000).split(b"\r\n", 1)[0])
        assert server.wait(DEADLINE) == 0
    assert answers == [b"HTTP/1.1 200 OK"] * 40


def test_ctrl_c_ends_it_with_success(toy_run: Path) -> None:
    with process(toy_run) as (server, port, _):
        assert post(port, PAIR | {"q": "ba"}) == (200, {"translatedText": "BA"})
        server.send_signal(signal.SIGINT)
        assert server.wait(DEADLINE) == 0
        _, error = server.communicate()
    assert error == "stopped by SIGINT; all requests are answered\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_before_the_server_is_ready_is_success(
    number: signal.Signals, toy_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr("mt.serve.models.open_models", stopped)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    try:
        assert cli.main(["serve", "-m", str(toy_run), "--port", "0"]) == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "stopped before the first request\n"


def test_a_second_signal_leaves_requests_unanswered(toy_run: Path) -> None:
    """That is not the end that was asked for: 128 + the signal's number, as of any other command."""
    with (
        process(toy_run, "--char-limit", "0", "--queue-limit", "100000") as (server, port, _),
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(raw(PAIR | {"q": "\n".join(sentences(30_000))}))
        wait_for_a_request(port)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: get(port, "/health")[0] == 503)
        server.send_signal(signal.SIGINT)
        assert server.wait(DEADLINE) == 130
        assert b" 200 " not in connection.recv(1000)
        _, error = server.communicate()
    assert re.fullmatch(r"mt: stopped by a second signal, \d requests? left unanswered\n", error)


def test_requests_that_are_not_answered_in_time_are_counted(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Slow()
    monkeypatch.setattr(translator, "search_parts", slow.search_parts)
    monkeypatch.setattr("mt.serve.models.open_models", lambda *_: Models([Served(TOY, translator, None)]))
    monkeypatch.setattr(server, "DRAIN_SECONDS", 0.0)
    monkeypatch.setattr(server, "CLOSE_SECONDS", 0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def ask_and_stop() -> None:
        connection = connected(port)
        connection.sendall(raw(PAIR | {"q": "ba"}))
        slow.wait_for(1)
        signal.raise_signal(signal.SIGTERM)
        connection.recv(1000)
        slow.may_go_on.set()
        connection.close()

    asking = threading.Thread(target=ask_and_stop)
    asking.start()
    code = cli.main(["serve", "--port", str(port)])
    asking.join(DEADLINE)
    assert code == 0
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "warning: stopped by SIGTERM, 1 request left unanswered after 0 s"


def test_proxies_are_believed_and_metrics_have_their_own_address(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole server: of a proxy the client's address counts, of others their own."""
    monkeypatch.setattr("mt.serve.models.open_models", lambda *_: Models([Served(TOY, translator, None)]))
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        port, metrics_port = one.getsockname()[1], two.getsockname()[1]
    statuses: list[int] = []
    pages: list[tuple[int, str]] = []

    def ask(address: str, forwarded: str) -> int:
        source = (address, 0)
        with closing(http.client.HTTPConnection("127.0.0.1", port, DEADLINE, source)) as connection:
            head = {"Content-Type": "application/json", "X-Forwarded-For": forwarded}
            connection.request("POST", "/translate", json.dumps(PAIR | {"q": "ba"}), head)
            return connection.getresponse().status

    def ask_and_stop() -> None:
        try:
            connected(port).close()
            through = [
                ("127.0.0.2", "198.51.100.1"),
                ("127.0.0.2", "198.51.100.1"),
                ("127.0.0.2", "198.51.100.2"),
            ]
            by_itself = [("127.0.0.3", "198.51.100.3"), ("127.0.0.3", "198.51.100.4")]
            statuses.extend(ask(*one) for one in through + by_itself)
            pages.extend(get(number, "/metrics")[:2] for number in (port, metrics_port))
        finally:
            signal.raise_signal(signal.SIGTERM)

    asking = threading.Thread(target=ask_and_stop)
    asking.start()
    options = ["--rate-limit", "1", "--trusted-proxies", "127.0.0.2"]
    options += ["--metrics-address", f"127.0.0.1:{metrics_port}"]
    code = cli.main(["serve", "--port", str(port), *options])
    asking.join(DEADLINE)
    assert code == 0
    assert statuses == [200, 429, 200, 200, 429]
    assert pages[0][0] == 404
    assert pages[1][0] == 200
    assert 'mt_requests_total{endpoint="/translate",status="429"} 2.0' in pages[1][1]
    with socket.create_server(("127.0.0.1", metrics_port)):
        pass  # it has been given back


def connected(port: int) -> socket.socket:
    """A connection to a server that is about to start."""
    found: list[socket.socket] = []

    def is_there() -> bool:
        with suppress(ConnectionRefusedError):
            found.append(socket.create_connection(("127.0.0.1", port)))
        return bool(found)

    wait_until(is_there)
    return found[0]


def test_mistakes_are_one_line(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistake(*options: str) -> tuple[int, str]:
        code = cli.main(["serve", "-m", str(toy_run), *options])
        captured = capsys.readouterr()
        assert captured.out == ""
        assert len(captured.err.splitlines()) == 1
        return code, captured.err

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = mistake("--port", str(port))
        assert code == 1
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use; give another" in said
    assert "should be less than or equal to 65535" in mistake("--port", "70000")[1]
    assert "cannot listen on no.such.host.invalid" in mistake("--host", "no.such.host.invalid")[1]
    assert "cannot open" in mistake("--api-keys", str(tmp_path / "none"))[1]
    monkeypatch.setattr(command, "NEEDED", ("fastapi", "not_installed"))
    assert mistake() == (1, "mt: mt serve needs not_installed: pip install 'seq2seq-mt[serve]'\n")


def test_answers_on_a_kept_connection_are_not_held_back() -> None:
    """asyncio asks for this itself, but not of a socket that was made for it: each answer took 40 ms more."""
    with command._listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

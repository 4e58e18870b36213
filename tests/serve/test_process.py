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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import HTTPServer
from itertools import islice, product
from pathlib import Path
from queue import Queue
from typing import Any

import prometheus_client
import pytest
from libretranslatepy import LibreTranslateAPI

from mt import cli
from mt.commands import serve as command
from mt.options import ServeOptions
from mt.serve import access, server
from mt.serve.middleware import Middleware
from mt.serve.models import Models, Served
from mt.serve.service import Service
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


@contextmanager
def process(run: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`mt serve` as a person starts it: the process and its port."""
    arguments = [sys.executable, "-m", "mt", "serve", "-m", str(run), "--port", "0", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            said = [next(server.stderr)]
            while (found := re.search(r"serving on http://127\.0\.0\.1:(\d+)", said[-1])) is None:
                said.append(next(server.stderr))
            yield server, int(found[1])
        finally:
            server.kill()


def test_a_second_signal_leaves_requests_unanswered(toy_run: Path) -> None:
    """That is not the end that was asked for: 128 + the signal's number, as of any other command."""
    syllables = ["ba", "de", "fi", "go", "ku", "la", "mo", "ne"]
    long = "\n".join(" ".join(some) for some in islice(product(syllables, repeat=5), 10_000))
    with (
        process(toy_run, "--char-limit", "0", "--queue-limit", "100000") as (server, port),
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(raw(PAIR | {"q": long}))
        wait_until(lambda: "mt_active_requests 2.0" in get(port, "/metrics")[1])
        server.send_signal(signal.SIGINT)
        wait_until(lambda: get(port, "/health")[0] == 503)
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE) == 143
        assert b" 200 " not in connection.recv(1000)
        output, error = server.communicate()
    assert output == ""
    assert re.fullmatch(r"mt: stopped by a second signal, \d requests? left unanswered\n", error)


Here = Callable[..., int]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs `mt serve` in this process while a thread calls `act` with its port; returns the exit code.

    `act` stops it by a signal.
    """
    ports: Queue[int] = Queue()
    serve = server.run

    def noted(
        middleware: Middleware, service: Service, listener: socket.socket, ready: Callable[[], None]
    ) -> server.Stop | None:
        def told() -> None:
            ready()
            ports.put(listener.getsockname()[1])

        return serve(middleware, service, listener, told)

    monkeypatch.setattr(server, "run", noted)
    monkeypatch.setattr("mt.serve.models.open_models", lambda *_: Models([Served(TOY, translator, None)]))

    def run(act: Callable[[int], None], *options: str) -> int:
        def acting() -> None:
            try:
                act(ports.get(timeout=DEADLINE))
            except BaseException:
                if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:  # the server is still there
                    signal.raise_signal(signal.SIGTERM)
                raise

        with ThreadPoolExecutor(1) as thread:
            acted = thread.submit(acting)
            code = cli.main(["serve", "--port", "0", *options])
            ports.put(0)  # for an `act` whose server did not begin
            acted.result(DEADLINE)
        return code

    return run


@pytest.fixture
def slow(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """What the server searches with."""
    slow = Slow()
    monkeypatch.setattr(translator, "search_parts", slow.search_parts)
    return slow


def test_sigterm_drains(here: Here, slow: Slow, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """What was asked before the signal is answered, though new requests are refused by then; then success."""
    monkeypatch.setitem(server.LINGER_SECONDS, signal.SIGTERM, 0.1)
    answers = []

    def act(port: int) -> None:
        asking = threading.Thread(target=lambda: answers.append(post(port, PAIR | {"q": "ba de"})))
        asking.start()
        slow.wait_for(1)
        signal.raise_signal(signal.SIGTERM)
        wait_until(lambda: get(port, "/health")[0] == 503)
        slow.may_go_on.set()
        asking.join(DEADLINE)

    assert here(act, "--log-requests") == 0
    assert answers == [(200, {"translatedText": "BA DE"})]
    output, error = capsys.readouterr()
    assert output == ""
    assert "POST /translate 200" in error
    assert "ba de" not in error
    assert error.splitlines()[-1] == "stopped by SIGTERM; all requests are answered"


def test_a_signal_in_the_same_instant_leaves_nobody_unanswered(here: Here) -> None:
    """Requests that lie in the port when the signal comes are answered like any other."""
    answers = []

    def act(port: int) -> None:
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for number, connection in enumerate(connections):
            connection.sendall(raw(PAIR | {"q": f"ba {number}"}))
        signal.raise_signal(signal.SIGTERM)
        for connection in connections:
            with connection:
                connection.settimeout(DEADLINE)
                answers.append(connection.recv(1000).split(b"\r\n", 1)[0])

    assert here(act) == 0
    assert answers == [b"HTTP/1.1 200 OK"] * 40


def test_ctrl_c_ends_it_with_success(here: Here, capsys: Capture) -> None:
    answers = []

    def act(port: int) -> None:
        answers.append(post(port, PAIR | {"q": "ba"}))
        signal.raise_signal(signal.SIGINT)

    assert here(act) == 0
    assert answers == [(200, {"translatedText": "BA"})]
    assert capsys.readouterr().err.splitlines()[-1] == "stopped by SIGINT; all requests are answered"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_before_the_server_is_ready_is_success(
    number: signal.Signals, toy_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
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


def test_requests_that_are_not_answered_in_time_are_counted(
    here: Here, slow: Slow, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(server.LINGER_SECONDS, signal.SIGTERM, 0.1)
    monkeypatch.setattr(server, "DRAIN_SECONDS", 0.0)
    monkeypatch.setattr(server, "CLOSE_SECONDS", 0)

    def act(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(raw(PAIR | {"q": "ba"}))
            slow.wait_for(1)
            signal.raise_signal(signal.SIGTERM)
            connection.recv(1000)
            slow.may_go_on.set()

    assert here(act) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "warning: stopped by SIGTERM, 1 request left unanswered after 0 s"


def test_proxies_are_believed_and_metrics_have_their_own_address(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole server: of a proxy the client's address counts, of others their own."""
    metrics: list[HTTPServer] = []
    statuses: list[int] = []
    pages: list[tuple[int, str]] = []
    start = prometheus_client.start_http_server

    def noted(*given: Any) -> tuple[HTTPServer, threading.Thread]:
        found = start(*given)
        metrics.append(found[0])
        return found

    monkeypatch.setattr(prometheus_client, "start_http_server", noted)

    def ask(port: int, address: str, forwarded: str) -> int:
        source = (address, 0)
        with closing(http.client.HTTPConnection("127.0.0.1", port, DEADLINE, source)) as connection:
            head = {"Content-Type": "application/json", "X-Forwarded-For": forwarded}
            connection.request("POST", "/translate", json.dumps(PAIR | {"q": "ba"}), head)
            return connection.getresponse().status

    def act(port: int) -> None:
        through = [("127.0.0.2", f"198.51.100.{client}") for client in (1, 1, 2)]
        by_itself = [("127.0.0.3", f"198.51.100.{client}") for client in (3, 4)]
        statuses.extend(ask(port, *one) for one in through + by_itself)
        pages.extend(get(number, "/metrics")[:2] for number in (port, metrics[0].server_port))
        signal.raise_signal(signal.SIGINT)

    options = ["--rate-limit", "1", "--trusted-proxies", "127.0.0.2", "--metrics-address", "127.0.0.1:0"]
    assert here(act, *options) == 0
    assert statuses == [200, 429, 200, 200, 429]
    assert pages[0][0] == 404
    assert pages[1][0] == 200
    assert 'mt_requests_total{endpoint="/translate",status="429"} 2.0' in pages[1][1]
    assert metrics[0].socket.fileno() == -1  # it has been given back


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

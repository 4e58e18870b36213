"""Connections that say nothing, that are too many, that leave; all on loopback, counts and no clock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import cast

import pytest
import uvicorn

from mt.serve import connections
from mt.serve.access import network_of
from mt.serve.connections import Connection, Crowd, most_connections
from mt.serve.problem_log import ProblemLog
from mt.translator import Translator
from tests.serve.setup import make_middleware
from tests.waiting import DEADLINE, wait_until

HALF = b"POST /translate HTTP/1.1\r\nHost: x\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def serving(translator: Translator, most: int, lines: list[str]) -> Iterator[tuple[int, Crowd]]:
    """A server with room for so many connections: its port and its crowd."""
    crowd = Crowd(most, ProblemLog(lines.append), lambda _: False)
    config = uvicorn.Config(
        make_middleware(translator),
        port=0,
        http=cast("type[Connection]", partial(Connection, crowd=crowd)),
        ws="none",
        lifespan="on",
        log_level="critical",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], crowd
    finally:
        server.should_exit = True
        thread.join(DEADLINE)


def connect(port: int, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), DEADLINE, (address, 0))


def ask(connection: socket.socket, request: bytes = HEALTH) -> bytes:
    """The status line; nothing where the connection was closed."""
    with suppress(OSError):
        connection.sendall(request)
        return connection.recv(4096).split(b"\r\n", 1)[0]
    return b""


def test_half_a_head_ends_in_time(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a connection that says nothing; one with a request does not."""
    with serving(translator, 100, []) as (port, crowd):
        with monkeypatch.context() as patch:
            patch.setattr(connections, "HEADER_SECONDS", 0.05)
            with connect(port) as half, connect(port) as silent:
                assert ask(half, HALF) == b""
                assert ask(silent, b"") == b""
            wait_until(lambda: crowd.count == 0)
        with connect(port) as one:
            assert ask(one) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_a_new_connection_is_let_in_where_half_heads_fill_the_server(
    translator: Translator, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of the client who fills it; the oldest of those go, and one line says so."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", DEADLINE)
    lines: list[str] = []
    with serving(translator, 20, lines) as (port, crowd):
        halves = [connect(port) for _ in range(30)]
        for half in halves:
            with suppress(OSError):
                half.sendall(HALF)
        with connect(port, address) as one:
            assert ask(one) == b"HTTP/1.1 200 OK"
            assert crowd.count <= 20
        for half in halves:
            half.close()
    (line,) = lines
    assert line.startswith("mt serve: too many connections of one client: at most 20, half of them of one")


def test_whoever_waits_for_an_answer_is_not_closed() -> None:
    """Where all do, a new connection is refused."""
    dropped: list[int] = []

    class Fake:
        def __init__(self, number: int, *, waits: bool) -> None:
            self.number, self.waits = number, waits

        def drop(self) -> None:
            dropped.append(self.number)
            crowd.leave(cast("Connection", self), "a")

    def enter(number: int, host: str, *, waits: bool) -> bool:
        return crowd.enter(cast("Connection", Fake(number, waits=waits)), host)

    crowd = Crowd(4, ProblemLog(lambda _: None), lambda host: host == "proxy")
    assert enter(0, "a", waits=False)
    assert enter(1, "a", waits=True)
    assert enter(2, "a", waits=False)
    assert dropped == [1]
    assert not enter(3, "a", waits=False)
    assert enter(4, "b", waits=False)
    assert enter(5, "c", waits=False)
    assert crowd.count == 4
    assert not enter(6, "d", waits=False)
    crowd = Crowd(4, ProblemLog(lambda _: None), lambda host: host == "proxy")
    assert all(enter(number, "proxy", waits=False) for number in range(4))


def test_the_limit_of_files_leaves_room(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {1024: 960, 64: 16, 10**6: 4000, -1: 4000}
    for files, most in limits.items():
        monkeypatch.setattr("resource.getrlimit", lambda _, files=files: (files, files))
        assert most_connections() == most


def test_a_client_is_an_address_or_a_network() -> None:
    assert network_of("10.1.2.3") == "10.1.2.3"
    assert network_of("::ffff:10.1.2.3") == "10.1.2.3"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("testclient") == "testclient"


def test_a_client_that_leaves_while_it_sends_is_no_failure(
    translator: Translator, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    with serving(translator, 100, lines) as (port, crowd):
        for path in (b"/translate", b"/translate_file", b"/inspect"):
            with connect(port) as leaving:
                leaving.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nq=" % path)
                wait_until(lambda: crowd.count == 1)
            wait_until(lambda: crowd.count == 0)
        with connect(port) as one:
            one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            told = b"".join(iter(partial(one.recv, 65536), b"")).decode()
    assert 'mt_requests_total{endpoint="/translate",status="499"} 1.0' in told
    assert 'status="500"' not in told
    assert lines == []
    assert capsys.readouterr().err == ""

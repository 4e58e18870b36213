"""A server over the toy run, in this process: through a test client, or on a port of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

import mt
from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Candidate
from mt.options import ServeOptions
from mt.serve.app import create_app
from mt.serve.batcher import Searcher
from mt.serve.detection import Detector
from mt.serve.keys import Keys
from mt.serve.limits import RateLimiter
from mt.serve.middleware import Middleware
from mt.serve.models import Models, Served
from mt.serve.service import Service
from mt.text.languages import Direction
from mt.translator import Translator
from tests.waiting import DEADLINE, wait_until

TOY = Direction("aa", "bb")


class Guess:
    """Stands for py3langid: small letters are aa, capitals bb."""

    def __init__(self) -> None:
        self.labels = ["aa", "bb"]

    def rank(self, text: str) -> list[tuple[str, float]]:
        small = sum(character.islower() for character in text) / max(1, len(text))
        return sorted([("aa", small), ("bb", 1 - small)], key=lambda pair: -pair[1])


class Slow:
    """Stands for a translator: notes each search, and waits in it until it may go on."""

    def __init__(self) -> None:
        self.searches: list[list[str]] = []
        self.may_go_on = threading.Event()
        self.fail_on = ""

    def search_parts(
        self,
        parts: Sequence[str],
        *,
        nbest: int,
        aligned: bool = False,  # noqa: ARG002
        tgt: str | None = None,
        pause: Pause = no_pause,
    ) -> list[list[Candidate]]:
        pause()
        self.searches.append(list(parts))
        self.may_go_on.wait(DEADLINE)
        if self.fail_on in parts:
            raise RuntimeError("secret")
        into = (tgt or "").upper()
        return [
            [Candidate(f"{into}{part.upper()}{'!' * rank}", -0.1 * rank) for rank in range(nbest)]
            for part in parts
        ]

    def wait_for(self, count: int) -> None:
        """Until so many searches have begun."""
        wait_until(lambda: len(self.searches) >= count, lambda: self.searches)


def load(run: Path) -> Translator:
    return mt.load(run, device="cpu", beam=3)


def make_service(
    translator: Translator,
    options: ServeOptions,
    directions: Sequence[Direction] = (TOY,),
    listeners: Sequence[Served] = (),
) -> Service:
    models = Models([Served(direction, translator, None) for direction in directions], listeners)
    return Service(models, Detector(models.codes, Guess()), options)


def make_middleware(
    translator: Translator,
    options: ServeOptions | None = None,
    *,
    keys: Keys | None = None,
    limiter: RateLimiter | None = None,
    searcher: Searcher | None = None,
    listeners: Sequence[Served] = (),
) -> Middleware:
    """The whole server; with a `searcher` nothing is really translated. listeners: who reads sound."""
    service = make_service(translator, options or ServeOptions(), listeners=listeners)
    if searcher is not None:
        for batcher in service.batchers.values():
            batcher._searcher = searcher
    return Middleware(create_app(service, keys=keys, limiter=limiter), service, log=None)


@contextmanager
def on_a_port(middleware: Middleware) -> Iterator[int]:
    """The server on a free port of 127.0.0.1, in a thread."""
    config = uvicorn.Config(
        middleware, port=0, http="h11", ws="none", lifespan="on", log_level="critical", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(DEADLINE)

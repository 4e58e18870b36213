"""What the measurements of `mt serve` share: a server in a process of its own, and clients on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mt.errors import MTError

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
SHORT = "我爱北京"


class Server:
    """`mt serve` of a checkout on a free port of loopback.

    core: the only one that it may use. files: how many it may have open. Raises MTError if it does not start.
    """

    def __init__(
        self, run: str, checkout: Path, *options: str, core: int | None = None, files: int | None = None
    ) -> None:
        command = [
            sys.executable,
            "-m",
            "mt",
            "serve",
            "-m",
            str(Path(run).absolute()),
            "--port",
            "0",
            *options,
        ]
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        self.process = subprocess.Popen(
            command,
            cwd=checkout,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        if files is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (files, files))
        self.said: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"serving on (http://\S+:\d+);", line):
                self.port = int(urlsplit(found[1]).port or 0)
                os.set_blocking(self.process.stderr.fileno(), False)
                return
        raise MTError(f"the server of {checkout} did not start: {''.join(self.said)}")

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far, of all threads."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICK

    @property
    def memory(self) -> float:
        """Resident memory, MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE / 2**20

    @property
    def files(self) -> int:
        """Open files."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def log(self) -> str:
        """What it has written since this was last asked."""
        assert self.process.stderr is not None
        found = b""
        with suppress(BlockingIOError):
            while more := os.read(self.process.stderr.fileno(), 2**20):
                found += more
        return found.decode(errors="replace")

    def stop(self) -> int:
        """Its exit code after SIGTERM; killed if that takes a minute."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Body(NamedTuple):
    """What a request sends as it is, and its Content-Type."""

    data: bytes
    kind: str = "application/json"


def form(name: str, data: bytes) -> Body:
    """A form with a document."""
    written = b""
    for key, value in (("source", b"zh"), ("target", b"en"), (f'file"; filename="{name}', data)):
        head = f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'
        written += head.encode() + value + b"\r\n"
    return Body(written + b"--x--\r\n", "multipart/form-data; boundary=x")


@dataclass
class Client:
    """One connection of one address, one request at a time. answers: the seconds and the status of each."""

    port: int
    address: str = "127.0.0.1"
    answers: list[tuple[float, int]] = field(default_factory=list)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def seconds(self) -> list[float]:
        """What each request took."""
        return [second for second, _ in self.answers]

    async def ask(self, path: str, fields: dict[str, Any] | Body | None) -> tuple[int, bytes]:
        """Status and body; 0 where the connection ended without an answer. Without fields it is a GET."""
        body = fields if isinstance(fields, Body) else Body(json.dumps(fields).encode() if fields else b"")
        head = (
            f"{'GET' if fields is None else 'POST'} {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {body.kind}\r\nContent-Length: {len(body.data)}\r\n\r\n"
        )
        began = time.monotonic()
        try:
            status, answer = await self._exchange(head.encode() + body.data)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            status, answer = 0, b""
        self.answers.append((time.monotonic() - began, status))
        return status, answer

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self.port, local_addr=(self.address, 0), limit=2**24
            )
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        answer = await reader.readexactly(int(length[1]) if length else 0)
        if re.search(rb"connection: close", head, re.IGNORECASE):
            self.close()
        return int(head.split(b" ", 2)[1]), answer

    def close(self) -> None:
        """End the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def translation(text: str | list[str], **more: Any) -> dict[str, Any]:
    """The fields of a request to translate Chinese to English."""
    return {"q": text, "source": "zh", "target": "en", **more}


def percentile(values: list[float], part: float) -> float:
    """By the nearest rank; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

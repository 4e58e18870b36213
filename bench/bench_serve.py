"""Load on `mt serve`: a real server on loopback, and clients that send a text, wait for it, send the next.

`python -m bench.bench_serve -m checkpoints/demo` measures answers a second with 1 and with 64 clients,
in turns so that whatever else the machine does falls on both, and the server's memory over time. It fails
if an answer is not 200, if 64 clients get less than 4 times what one gets, or if memory grows by more than
5 % in the second half. Client and server share the cores, so the numbers are lower than a server's alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from mt.config import DataConfig
from mt.data.corpus import read_whole

RATIO, GROWTH = 4.0, 1.05
PAGE = 4096


class Client:
    """One connection, one request at a time."""

    def __init__(self, port: int, texts: list[str], offset: int) -> None:
        self.port, self.texts, self.next = port, texts, offset
        self.seconds: list[float] = []
        self.statuses: dict[str, int] = {}

    async def work(self, until: float) -> None:
        """Ask until then."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while (began := time.monotonic()) < until:
            text = self.texts[self.next % len(self.texts)]
            self.next += 1
            body = json.dumps({"q": text, "source": "auto", "target": "en"}).encode()
            head = (
                f"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
            assert length is not None
            await reader.readexactly(int(length[1]))
            status = answer.split(b" ", 2)[1].decode()
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.seconds.append(time.monotonic() - began)
        writer.close()
        await writer.wait_closed()


def measure(port: int, texts: list[str], clients: int, seconds: float) -> tuple[float, float, dict[str, int]]:
    """Answers a second, the median time of one, answers by status."""

    async def all_of_them() -> list[Client]:
        found = [Client(port, texts, 101 * n) for n in range(clients)]
        until = time.monotonic() + seconds
        await asyncio.gather(*(client.work(until) for client in found))
        return found

    began = time.monotonic()
    found = asyncio.run(all_of_them())
    times = sorted(second for client in found for second in client.seconds)
    statuses: dict[str, int] = {}
    for client in found:
        for status, count in client.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return len(times) / (time.monotonic() - began), times[len(times) // 2], statuses


def resident(pid: int) -> float:
    """Memory of a process, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def start(run: str, options: list[str]) -> tuple[subprocess.Popen[str], int]:
    """A server on a free port."""
    command = [sys.executable, "-m", "mt", "serve", "-m", run, "--port", "0", *options]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        print(line, end="")
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return server, int(found[1])
    sys.exit("the server did not start")


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", required=True, help="run directory, zh to en")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("options", nargs="*", help="for mt serve, after --")
    arguments = parser.parse_args()
    texts = read_whole(["phrasebook"], DataConfig()).dataset["src"][:]
    server, port = start(arguments.model, arguments.options)
    rates: dict[int, list[float]] = {1: [], 64: []}
    memory: list[float] = []
    wrong = 0
    try:
        measure(port, texts, 64, arguments.seconds)  # everything has been allocated once
        for _ in range(arguments.rounds):
            for clients, found in rates.items():
                rate, median, statuses = measure(port, texts, clients, arguments.seconds)
                found.append(rate)
                memory.append(resident(server.pid))
                wrong += sum(count for status, count in statuses.items() if status != "200")
                print(
                    f"{clients:3} clients: {rate:6.1f} answers/s, median {1000 * median:5.0f} ms, "
                    f"{statuses}, server {memory[-1]:.0f} MB"
                )
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
    ratio = sum(rates[64]) / sum(rates[1])
    growth = memory[-1] / memory[len(memory) // 2]
    print(f"64 clients / 1 client: {ratio:.1f}; memory {growth:.3f}; not 200: {wrong}; exit code {code}")
    if wrong or ratio < RATIO or growth > GROWTH:
        sys.exit("not good enough")


if __name__ == "__main__":
    main()

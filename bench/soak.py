"""`mt serve` for a long time: mixed clients, every kind of request, faults in between; on loopback.

`python -m bench.soak -m checkpoints/demo --minutes 60` fails if an answer is a 5xx or does not come in a
minute, if memory grows by more than 5 % or the number of open files by more than 20 between the second and
the last quarter, if anything unexpected is written to the log, or if the server does not end with 0.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.bench_base import run
from bench.serve_setup import SHORT, Body, Client, Server, form, translation

HERE = Path(__file__).parent.parent
GROWTH, MORE_FILES = 1.05, 20
CLIENTS, EVERY = 12, 10.0  # seconds between two looks at the server
HTML = '<p>我爱<b>北京</b>。</p><!-- <a <![foo]> <p translate="no">你好'
Kind = tuple[str, dict[str, Any] | Body | None]


def kinds(random_source: random.Random) -> list[Kind]:
    """One request of each kind, as (path, fields)."""
    number = random_source.randrange(10**6)
    return [
        ("/translate", translation(SHORT)),
        ("/translate", translation(f"我有{number}本书。", alternatives=3, scores=True)),
        ("/translate", translation([f"我{number}", "Hello", "", "😀"], source="auto")),
        ("/translate", translation("\n".join(f"我{number + n}" for n in range(200)))),
        ("/translate", translation(HTML * random_source.randrange(1, 40), format="html")),
        ("/translate", translation("<a " * 1600, format="html")),
        ("/translate", translation("我" * 6000)),
        ("/translate", translation("我", source="xx")),
        ("/translate", {"q": 3}),
        ("/inspect", translation(f"我爱北京{number}。你想喝咖啡吗？", sentence=number % 2)),
        ("/inspect", translation("我爱北京" * 99)),
        ("/detect", {"q": "Guten Tag"}),
        ("/suggest", {"q": "x"}),
        ("/translate_file", {}),
        ("/translate_file", form("a.html", (HTML * random_source.randrange(1, 20)).encode())),
        ("/translate", Body(b'{"q": [' + b"[]," * 99_999 + b"1]}")),
        ("/nothing", None),
        ("/languages", None),
        ("/health", None),
        ("/metrics", None),
        ("/", None),
    ]


async def ask(port: int, until: float, seed: int, statuses: Counter[str]) -> None:
    """A client that sends one request of a kind after the other; at times it leaves before the answer."""
    chosen = random.Random(seed)
    client = Client(port, f"127.0.0.{2 + seed % 4}")
    while time.monotonic() < until:
        path, fields = chosen.choice(kinds(chosen))
        leaves = chosen.random() < 0.1
        try:
            status, _ = await asyncio.wait_for(client.ask(path, fields), 0.01 if leaves else 60)
            statuses[str(status)] += 1
        except TimeoutError:
            client.close()
            statuses["left" if leaves else f"no answer in a minute of {path}"] += 1
    client.close()


async def disturb(port: int, until: float) -> None:
    """Half heads, half bodies, noise, and connections that say nothing."""
    faults = (
        b"POST /translate HTTP/1.1\r\nHo",
        b"POST /detect HTTP/1.1\r\nContent-Length: 99\r\n\r\nq",
        b"\0" * 99,
        b"",
    )
    while time.monotonic() < until:
        writers = []
        for fault in faults * 5:
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0))
            writer.write(fault)
            writers.append(writer)
        await asyncio.sleep(2)
        for writer in writers:
            writer.transport.abort()


async def watch(server: Server, until: float, seen: list[tuple[float, int]]) -> None:
    """Memory and open files, now and then."""
    while time.monotonic() < until:
        await asyncio.sleep(EVERY)
        seen.append((server.memory, server.files))
        left = until - time.monotonic()
        print(f"{left:6.0f} s left: {seen[-1][0]:.0f} MB, {seen[-1][1]} files", file=sys.stderr)


def faults_of(seen: list[tuple[float, int]], statuses: Counter[str], log: str, code: int) -> list[str]:
    """What is not as it should be, a line each."""
    quarter = max(1, len(seen) // 4)
    early, late = seen[quarter : 2 * quarter] or seen[:1], seen[-quarter:]
    found = [f"{count} answers {status}" for status, count in statuses.items() if status[0] in "5n"]
    if max(memory for memory, _ in late) > GROWTH * max(memory for memory, _ in early):
        found.append(f"memory grew from {early[0][0]:.0f} to {late[-1][0]:.0f} MB")
    if min(files for _, files in late) > MORE_FILES + max(files for _, files in early):
        found.append(f"open files grew from {early[0][1]} to {late[-1][1]}")
    if log.strip():
        found.append(f"the log says: {log.strip()[:500]}")
    return found + ([f"exit code {code}"] if code else [])


async def soak(server: Server, seconds: float) -> tuple[list[tuple[float, int]], Counter[str]]:
    """All clients at once: what was seen of the server, and the answers by status."""
    until = time.monotonic() + seconds
    seen: list[tuple[float, int]] = []
    statuses: Counter[str] = Counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(server, until, seen))
        group.create_task(disturb(server.port, until))
        for seed in range(CLIENTS):
            group.create_task(ask(server.port, until, seed, statuses))
    return seen, statuses


def main() -> None:
    """Run and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", required=True, help="run directory, zh to en")
    parser.add_argument("--minutes", type=float, default=60.0)
    arguments = parser.parse_args()
    server = Server(arguments.model, HERE)
    try:
        seen, statuses = asyncio.run(soak(server, 60 * arguments.minutes))
        log, cpu = server.log(), server.cpu
    finally:
        code = server.stop()
    found = faults_of(seen, statuses, log, code)
    print(f"{statuses.total()} requests: {dict(statuses)}; exit code {code}")
    print(f"{cpu:.0f} seconds of CPU in {arguments.minutes:g} minutes")
    print(f"memory in MB and open files: {seen[0]} at first, {seen[-1]} at last")
    sys.exit("\n".join(found) if found else 0)


if __name__ == "__main__":
    run(main)

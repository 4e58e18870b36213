"""Load and attacks on `mt serve`: a real server on one core, and clients beside it, on loopback.

`python -m bench.bench_serve -m checkpoints/demo` measures answers a second, the median and the 95th
percentile of what a client waits at 1, 8 and 64 clients, the server's CPU for an answer, and what another
client waits under each of seven attacks. `--checkout DIR`, given once for each, measures other checkouts in
the same run, in turns. Tables go to stderr, one JSON object to stdout. Two runs cannot be compared where the
machine does other work too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench.bench_base import Columns, Numbers, machine, run, table
from bench.serve_attacks import ATTACKS, waiting
from bench.serve_setup import SHORT, Client, Server, percentile, translation
from mt.console import Console

HERE = Path(__file__).parent.parent
CLIENTS = (1, 8, 64)
TEXTS = (SHORT, "你想喝咖啡吗？", "这件毛衣多少钱？", "请给我两杯茶", "小红会游泳", "上海明天会下雨")
FILES = 1024  # the limit of open files of the server: what most systems give


async def load(port: int, clients: int, seconds: float) -> list[Client]:
    """So many clients that send a short sentence, wait for it, and send the next."""
    until = time.monotonic() + seconds

    async def one(number: int) -> Client:
        client = Client(port)
        while time.monotonic() < until:
            text = TEXTS[(number + len(client.answers)) % len(TEXTS)]
            await client.ask("/translate", translation(text))
        client.close()
        return client

    return await asyncio.gather(*(one(number) for number in range(clients)))


def measure(server: Server, clients: int, seconds: float) -> Numbers:
    """The rows of the table for so many clients."""
    cpu, began = server.cpu, time.monotonic()
    found = asyncio.run(load(server.port, clients, seconds))
    took, cpu = time.monotonic() - began, server.cpu - cpu
    times = [second for client in found for second in client.seconds]
    return {
        f"{clients} clients: answers/s": len(times) / took,
        f"{clients} clients: p50, ms": 1000 * percentile(times, 0.5),
        f"{clients} clients: p95, ms": 1000 * percentile(times, 0.95),
        f"{clients} clients: CPU of an answer, ms": 1000 * cpu / len(times),
        f"{clients} clients: not 200": sum(status != 200 for one in found for _, status in one.answers),
    }


def best_of(rounds: list[Numbers]) -> Numbers:
    """The median of each row."""
    return {name: percentile([numbers[name] for numbers in rounds], 0.5) for name in rounds[0]}


def attack(arguments: argparse.Namespace, checkout: Path, same: bool) -> Numbers:
    """What a victim waits under each attack, each on a fresh server."""
    rows: Numbers = {}
    for name, way in ATTACKS.items():
        server = Server(arguments.model, checkout, *arguments.options, core=arguments.core, files=FILES)
        try:
            asyncio.run(load(server.port, 1, 1.0))
            idle = asyncio.run(load(server.port, 1, arguments.seconds / 3))
            address = "127.0.0.2" if same else "127.0.0.1"
            found = asyncio.run(waiting(server.port, way, arguments.seconds, address))
            idle += asyncio.run(load(server.port, 1, arguments.seconds / 3))  # the machine may have changed
            seconds = [second for one in idle for second in one.seconds]
            found["times idle"] = found["median, ms"] / (1000 * percentile(seconds, 0.5))
            found["log, kB"] = len(server.log()) / 1000
            rows |= {f"{name}: {row}": value for row, value in found.items()}
        finally:
            server.process.kill()
            server.process.wait()
    return rows


def loads(arguments: argparse.Namespace, checkouts: list[Path]) -> Columns:
    """Load on a server of each checkout, in turns, so that what else the machine does falls on all."""
    servers = [Server(arguments.model, one, *arguments.options, core=arguments.core) for one in checkouts]
    rounds: list[list[Numbers]] = [[] for _ in servers]
    try:
        for server in servers:
            asyncio.run(load(server.port, 64, arguments.seconds / 2))  # everything has been allocated once
        for _ in range(arguments.rounds):
            for server, found in zip(servers, rounds, strict=True):
                found.append(
                    {k: v for count in CLIENTS for k, v in measure(server, count, arguments.seconds).items()}
                )
    finally:
        codes = [server.stop() for server in servers]
    columns = {_name(one): best_of(found) for one, found in zip(checkouts, rounds, strict=True)}
    for one, code in zip(checkouts, codes, strict=True):
        columns[_name(one)]["exit code"] = code
    return columns


def _name(checkout: Path) -> str:
    return "this" if checkout == HERE else checkout.name[-14:]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", required=True, help="run directory, zh to en")
    parser.add_argument("--checkout", type=Path, action="append", default=[], help="measure this one too")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0, help="the server's")
    parser.add_argument("--only", choices=("load", "attacks"), help="one half")
    parser.add_argument("--same-address", action="store_true", help="the victim has the attacker's address")
    parser.add_argument("options", nargs="*", help="for mt serve, after --")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, (os.sched_getaffinity(0) - {arguments.core}) or {arguments.core})
    checkouts = [*(one.absolute() for one in arguments.checkout), HERE]
    console, answer = Console(), dict[str, Any](machine=machine())
    if arguments.only != "attacks":
        answer["load"] = loads(arguments, checkouts)
        table("load, the server on one core", answer["load"], console)
    if arguments.only != "load":
        answer["attacks"] = {_name(one): attack(arguments, one, arguments.same_address) for one in checkouts}
        table("another client under attack", answer["attacks"], console)
    json.dump(answer, sys.stdout)
    print()


if __name__ == "__main__":
    run(main)

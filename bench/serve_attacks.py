"""Seven ways in which one client may keep `mt serve` from all others, and how long a victim then waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from bench.serve_setup import SHORT, Body, Client, form, percentile, translation

ATTACKER, VICTIM = "127.0.0.2", "127.0.0.1"
HALF = b"POST /translate HTTP/1.1\r\nHost: localhost\r\n"
HALVES = 1100
PATIENCE = 20.0

Attack = Callable[[int], Coroutine[Any, Any, None]]


async def inspections(port: int) -> None:
    """16 inspections of 396 characters."""
    text = "我爱北京" * 99
    await _all(port, 16, "/inspect", translation(text))


async def lines(port: int) -> None:
    """Four requests of 998 lines each."""
    await _all(port, 4, "/translate", translation("\n".join(f"我{n}" for n in range(998))))


async def nodes(port: int) -> None:
    """Four requests of 625 paragraphs of HTML each."""
    text = "".join(f"<p>我{n}" for n in range(625))
    await _all(port, 4, "/translate", translation(text, format="html"))


async def half_heads(port: int) -> None:
    """1,100 connections that send half of a head, and no more."""
    opened: list[asyncio.StreamWriter] = []
    try:
        for _ in range(HALVES):
            _, writer = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0)), 2
            )
            writer.write(HALF)
            opened.append(writer)
    except (OSError, TimeoutError):
        pass
    try:
        await asyncio.sleep(3600)
    finally:
        for writer in opened:
            writer.transport.abort()


async def open_tags(port: int) -> None:
    """Five requests of 1,666 tags that nothing closes."""
    await _all(port, 5, "/translate", translation("<a " * 1666, format="html"))


async def bodies(port: int) -> None:
    """Four bodies of 5 MB: JSON of empty arrays, of strings, a form of escapes, one of small files."""
    megabytes = 5_000_000
    part = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n'
    sent = [
        Body(b'{"q":[' + b"[]," * (megabytes // 3) + b"1]}"),
        Body(b'{"q":[' + b'"",' * (megabytes // 3) + b'""]}'),
        Body(b"q=" + b"%e4%bd%a0" * (megabytes // 9), "application/x-www-form-urlencoded"),
        Body(part * (megabytes // len(part)) + b"--x--\r\n", "multipart/form-data; boundary=x"),
    ]
    async with asyncio.TaskGroup() as group:
        for body in sent:
            group.create_task(_over_and_over(port, "/translate", body))


async def documents(port: int) -> None:
    """Four documents of 3 MB, of 100,000 paragraphs each."""
    body = form("a.html", "<p>我爱北京</p>".encode() * 100_000)
    await _all(port, 4, "/translate_file", body)


ATTACKS: dict[str, Attack] = {
    "16 inspections": inspections,
    "lines": lines,
    "text nodes": nodes,
    "half heads": half_heads,
    "open tags": open_tags,
    "bodies": bodies,
    "documents": documents,
}


async def _all(port: int, count: int, path: str, fields: dict[str, Any] | Body) -> None:
    """So many clients at once."""
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_over_and_over(port, path, fields))


async def _over_and_over(port: int, path: str, fields: dict[str, Any] | Body) -> None:
    client = Client(port, ATTACKER)
    while True:
        status, _ = await client.ask(path, fields)
        if status != 200:
            await asyncio.sleep(0.05)


async def waiting(port: int, attack: Attack, seconds: float, address: str = VICTIM) -> dict[str, float]:
    """What a short sentence and /health of another client take while the attack goes on, in ms.

    Each request of the victim's is waited for, if need be until PATIENCE seconds have gone.
    """
    attacking = asyncio.create_task(attack(port))
    victim, looker = Client(port, address), Client(port, address)
    try:
        await asyncio.sleep(1.0)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            victim.close()  # who comes anew has no connection yet
            for client, path, fields in (
                (victim, "/translate", translation(SHORT)),
                (looker, "/health", None),
            ):
                try:
                    await asyncio.wait_for(client.ask(path, fields), PATIENCE)
                except TimeoutError:
                    client.answers.append((PATIENCE, 0))
                    client.close()
    finally:
        attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)
    answered = [second for second, status in victim.answers if status == 200]
    return {
        "answered": len(answered),
        "not answered": len(victim.answers) - len(answered),
        "median, ms": 1000 * percentile(answered, 0.5),
        "worst, ms": 1000 * max(victim.seconds),
        "/health worst, ms": 1000 * max(looker.seconds),
    }

"""One computation at a time: quick calls go first, long ones give way at their pauses, clients take turns."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mt.decoding.pausing import Pause
from mt.serve import processor as processing
from mt.serve.processor import Line, Processor
from mt.serve.refusal import Gone, Refusal
from tests.waiting import DEADLINE


def run(script: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(script(), DEADLINE))


async def settled() -> None:
    """Every task has run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


class Steps:
    """A long call that waits before each of its steps until it may go on, and notes them."""

    def __init__(self, name: str, order: list[str], count: int) -> None:
        self.name, self.order, self.count = name, order, count
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, pause: Pause) -> str:
        self.has_begun.set()
        self.may_go_on.wait(DEADLINE)
        for _ in range(self.count):
            self.order.append(self.name)
            pause()
        return f"{self.name} done"

    async def begun(self) -> None:
        await asyncio.to_thread(self.has_begun.wait, DEADLINE)


async def quick(processor: Processor, order: list[str]) -> None:
    async with processor.quick():
        order.append("quick")


def test_a_quick_call_goes_first_where_a_long_one_pauses() -> None:
    async def script() -> None:
        processor, order = Processor(), list[str]()
        line, call = Line(processor, "long"), Steps("long", order, 2)
        long = asyncio.create_task(line.run(call, "one"))
        await call.begun()
        waiting = asyncio.create_task(quick(processor, order))
        await settled()
        assert order == []
        call.may_go_on.set()
        assert await long == "long done"
        await waiting
        assert order == ["long", "quick", "long"]
        line.close()

    run(script)


def test_quick_calls_do_not_stop_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each of them it goes on for a part of its time, whoever waits."""
    monkeypatch.setattr(processing, "PART", 1e9)

    async def script() -> None:
        processor, order = Processor(), list[str]()
        line, call = Line(processor, "long"), Steps("long", order, 3)
        long = asyncio.create_task(line.run(call, "one"))
        await call.begun()

        async def two() -> None:
            await quick(processor, order)
            await quick(processor, order)

        waiting = asyncio.create_task(two())
        await settled()
        call.may_go_on.set()
        await asyncio.gather(long, waiting)
        assert order == ["long", "quick", "long", "long", "quick"]
        line.close()

    run(script)


class Clock:
    """Counts steps: time passes only where somebody computes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("count", [1, 3])
def test_quick_calls_without_end_leave_long_ones_a_third_of_the_steps(count: int, streams: int) -> None:
    """However many of both there are; and the quick calls wait for no more than that."""
    cost, steps, clock, finished = 10, 60, Clock(), list[int]()

    async def script() -> None:
        processor, order = Processor(clock), list[str]()

        async def stream() -> None:
            while len(finished) < count:
                async with processor.quick():
                    order.append("quick")
                    clock.now += cost
                    await asyncio.sleep(0)

        def long(pause: Pause) -> None:
            for _ in range(steps):
                clock.now += 1
                order.append("long")
                pause()
            finished.append(len(order))

        quicks = [asyncio.create_task(stream()) for _ in range(streams)]
        await settled()
        lines = [Line(processor, str(number)) for number in range(count)]
        await asyncio.gather(*(line.run(long, "one") for line in lines), *quicks)
        for line in lines:
            line.close()
        # The streams also compute before the long calls have come, and once each after them.
        early = order.index("long")
        during = order[early : max(finished)]
        assert during.count("long") == steps * count
        assert during.count("quick") * cost <= 2 * steps * count + 2 * cost * streams
        between = "".join(name[0] for name in during).split("q")
        assert max(map(len, between)) <= processing.PART * cost * (streams + 1) + 1

    run(script)


def test_long_calls_take_turns_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "SLICE", 0.0)

    async def script() -> None:
        processor, order = Processor(), list[str]()
        lines = [Line(processor, name) for name in ("a", "b")]
        calls = [Steps(name, order, 3) for name in ("a", "b")]
        calls[1].may_go_on.set()
        first = asyncio.create_task(lines[0].run(calls[0], "one"))
        await calls[0].begun()
        second = asyncio.create_task(lines[1].run(calls[1], "two"))
        await settled()
        calls[0].may_go_on.set()
        await asyncio.gather(first, second)
        assert order == ["a", "b", "a", "b", "a", "b"]
        for line in lines:
            line.close()

    run(script)


def test_clients_take_turns_in_a_line() -> None:
    async def script() -> None:
        order = list[str]()
        line, call = Line(Processor(), "long"), Steps("first", order, 1)
        tasks = [asyncio.create_task(line.run(call, "one"))]
        await call.begun()
        for name, client in (("a", "one"), ("b", "one"), ("c", "two")):
            other = Steps(name, order, 1)
            other.may_go_on.set()
            tasks.append(asyncio.create_task(line.run(other, client)))
            await settled()
        call.may_go_on.set()
        await asyncio.gather(*tasks)
        assert order == ["first", "c", "a", "b"]
        assert (dict(line.waiting), line._of_client) == ({}, {})
        line.close()

    run(script)


def test_a_call_ends_at_its_next_pause_when_its_client_has_gone() -> None:
    async def script() -> None:
        order = list[str]()
        line, call = Line(Processor(), "long"), Steps("long", order, 2)
        long = asyncio.create_task(line.run(call, "one"))
        await call.begun()
        long.cancel()
        await settled()
        call.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await long
        assert order == ["long"]
        assert await line.run(lambda _: "next", "one") == "next"
        line.close()

    run(script)


def test_what_a_call_raises_reaches_whoever_asked() -> None:
    async def script() -> None:
        line = Line(Processor(), "long")

        def fail(_: Pause) -> None:
            raise Gone

        with pytest.raises(Gone):
            await line.run(fail, "one")
        assert await line.run(lambda _: "next", "one") == "next"
        line.close()

    run(script)


def test_too_many_calls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the client who has too many; where all have too many, everybody's."""
    monkeypatch.setattr("mt.serve.client_turns.WAITING", 2)
    monkeypatch.setattr("mt.serve.client_turns.WAITING_OF_ONE", 1)

    async def script() -> None:
        line, call = Line(Processor(), "long"), Steps("long", [], 1)
        tasks = [asyncio.create_task(line.run(call, "one"))]
        await call.begun()
        with pytest.raises(Refusal, match="waiting") as refusal:
            line.check("one")
        assert (refusal.value.status, refusal.value.retry_after) == (429, 1)
        line.check("two")
        tasks += [asyncio.create_task(line.run(lambda _: "done", "two"))]
        await settled()
        with pytest.raises(Refusal, match="waiting"):
            line.check("three")
        call.may_go_on.set()
        assert await asyncio.gather(*tasks) == ["long done", "done"]
        line.check("one")
        line.close()

    run(script)

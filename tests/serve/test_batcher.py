"""Texts of many requests share a search; who has gone is not searched for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mt.serve import batcher as batching
from mt.serve.batcher import Batcher
from mt.serve.counters import Metrics
from mt.serve.refusal import Refusal
from tests.serve.setup import Slow
from tests.waiting import DEADLINE

Script = Callable[[Batcher, Slow], Coroutine[Any, Any, None]]


def run(script: Script, *, limit: int = 1000) -> Metrics:
    """A script with a batcher at work over a searcher that waits until it may go on."""
    metrics = Metrics(queued=lambda: 0, active=lambda: 0)

    async def main() -> None:
        slow = Slow()
        batcher = Batcher(slow, limit=limit, metrics=metrics)
        working = asyncio.create_task(batcher.run())
        try:
            await script(batcher, slow)
        finally:
            slow.may_go_on.set()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))
    return metrics


async def ask(batcher: Batcher, *texts: str, tgt: str | None = None, nbest: int = 1) -> list[str]:
    return [found.text for found in await batcher.translate(texts, tgt=tgt, nbest=nbest)]


async def settled() -> None:
    """Every task has run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def begun(slow: Slow, count: int) -> None:
    await asyncio.to_thread(slow.wait_for, count)


def test_requests_at_the_same_time_share_a_search() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        found = await asyncio.gather(*(ask(batcher, f"t{n}") for n in range(20)))
        assert found == [[f"T{n}"] for n in range(20)]
        assert slow.searches == [[f"t{n}" for n in range(20)]]

    metrics = run(script)
    assert 'mt_batch_texts_bucket{le="32.0"} 1.0' in metrics.render()
    assert 'mt_batch_texts_bucket{le="16.0"} 0.0' in metrics.render()


def test_one_search_at_a_time_and_what_arrives_meanwhile_is_the_next() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        first = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        others = [asyncio.create_task(ask(batcher, text)) for text in "bcd"]
        await settled()
        assert slow.searches == [["a"]]
        assert batcher.waiting == 3
        slow.may_go_on.set()
        assert await asyncio.gather(first, *others) == [["A"], ["B"], ["C"], ["D"]]
        assert slow.searches == [["a"], ["b", "c", "d"]]

    run(script)


def test_a_search_has_at_most_32_texts_and_a_request_keeps_its_order() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        texts = [f"t{n}" for n in range(70)]
        assert await ask(batcher, *texts) == [text.upper() for text in texts]
        assert [len(search) for search in slow.searches] == [32, 32, 6]
        assert [text for search in slow.searches for text in search] == texts

    run(script)


def test_long_texts_do_not_fill_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "CHARACTERS", 10)

    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        await ask(batcher, "a" * 9, "b" * 100, "c")
        assert [len(search) for search in slow.searches] == [2, 1]

    run(script)


def test_a_search_is_into_one_language() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        found = await asyncio.gather(
            ask(batcher, "a", tgt="x"), ask(batcher, "b", tgt="y"), ask(batcher, "c", tgt="x")
        )
        assert list(found) == [["XA"], ["YB"], ["XC"]]
        assert slow.searches == [["a", "c"], ["b"]]

    run(script)


def test_as_many_hypotheses_as_the_one_who_wants_most() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        _, found = await asyncio.gather(ask(batcher, "a"), batcher.translate(["b"], tgt=None, nbest=3))
        assert found[0].hypotheses == ("B", "B!", "B!!")
        assert slow.searches == [["a", "b"]]

    run(script)


def test_who_gives_up_is_not_searched_for() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        first = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        gone = asyncio.create_task(ask(batcher, "b", "c"))
        stays = asyncio.create_task(ask(batcher, "d"))
        await settled()
        gone.cancel()
        slow.may_go_on.set()
        assert await asyncio.gather(*[first, stays]) == [["A"], ["D"]]
        assert slow.searches == [["a"], ["d"]]

    assert "mt_dropped_texts_total 2.0\n" in run(script).render()


def test_who_gives_up_during_the_search_harms_nobody() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        gone, stays = asyncio.create_task(ask(batcher, "a")), asyncio.create_task(ask(batcher, "b"))
        await begun(slow, 1)
        gone.cancel()
        slow.may_go_on.set()
        assert await stays == ["B"]
        assert slow.searches == [["a", "b"]]
        assert await ask(batcher, "c") == ["C"]

    run(script)


def test_a_full_queue_refuses() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        first = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        waiting = asyncio.create_task(ask(batcher, "b", "c", "d"))  # beyond the limit, but nobody waited yet
        await settled()
        with pytest.raises(Refusal, match="Slowdown: too many texts are waiting") as refusal:
            await ask(batcher, "e")
        assert (refusal.value.status, refusal.value.retry_after) == (429, 1)
        with pytest.raises(Refusal, match="waiting"):
            await batcher.alone(lambda: None)
        slow.may_go_on.set()
        assert await asyncio.gather(*[first, waiting]) == [["A"], ["B", "C", "D"]]
        assert await ask(batcher, "f") == ["F"]

    run(script, limit=2)


def test_a_text_that_fails_fails_alone() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        slow.fail_on = "bad"
        found = await asyncio.gather(
            ask(batcher, "a"), ask(batcher, "bad"), ask(batcher, "b"), return_exceptions=True
        )
        assert found[0] == ["A"]
        assert isinstance(found[1], RuntimeError)
        assert found[2] == ["B"]
        assert await ask(batcher, "c") == ["C"]

    run(script)


def test_a_call_alone_waits_for_the_search_and_searches_for_it() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        order: list[str] = []
        first = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        alone = asyncio.create_task(batcher.alone(lambda: order.append("alone")))
        later = asyncio.create_task(ask(batcher, "b"))
        await settled()
        assert order == []
        slow.may_go_on.set()
        await asyncio.gather(first, alone, later)
        assert order == ["alone"]

    run(script)


def test_too_many_calls_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "ALONE", 1)

    async def script(batcher: Batcher, slow: Slow) -> None:
        first = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        alone = asyncio.create_task(batcher.alone(lambda: "done"))
        await settled()
        with pytest.raises(Refusal, match="waiting"):
            await batcher.alone(lambda: None)
        slow.may_go_on.set()
        assert await alone == "done"
        assert await batcher.alone(lambda: "again") == "again"
        await first

    run(script)


def test_no_texts_need_no_search() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        assert await ask(batcher) == []
        await settled()
        assert batcher.waiting == 0
        slow.may_go_on.set()
        assert await ask(batcher, "a") == ["A"]

    run(script)

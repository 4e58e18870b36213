"""Texts of many requests share a search; who has gone is not searched for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mt.serve import batcher as batching
from mt.serve import turns
from mt.serve.batcher import Batcher
from mt.serve.counters import Metrics
from mt.serve.problem_log import ProblemLog
from mt.serve.processor import Processor
from mt.serve.refusal import Refusal
from tests.serve.setup import Slow
from tests.waiting import DEADLINE

Script = Callable[[Batcher, Slow], Coroutine[Any, Any, None]]


def run(script: Script, *, limit: int = 1000, lines: list[str] | None = None) -> Metrics:
    """A script with a batcher at work over a searcher that waits until it may go on; lines: its log."""
    metrics = Metrics(queued=lambda: 0, active=lambda: 0)

    async def main() -> None:
        slow = Slow()
        log: list[str] = [] if lines is None else lines
        processor, problems = Processor(), ProblemLog(log.append)
        batcher = Batcher(slow, limit=limit, metrics=metrics, problems=problems, processor=processor)
        working = asyncio.create_task(batcher.supervise())
        await asyncio.sleep(0)
        try:
            await script(batcher, slow)
        finally:
            slow.may_go_on.set()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))
    return metrics


async def ask(batcher: Batcher, *texts: str, client: str = "one", tgt: str | None = None) -> list[str]:
    return [found[0].text for found in await batcher.translate(texts, client=client, tgt=tgt, nbest=1)]


async def settled() -> None:
    """Every task has run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def begun(slow: Slow, count: int) -> None:
    await asyncio.to_thread(slow.wait_for, count)


def test_requests_at_the_same_time_share_a_search() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        found = await asyncio.gather(*(ask(batcher, f"t{n}", client=f"c{n}") for n in range(20)))
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


def test_a_document_is_searched_in_its_order() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        texts = [f"t{n}" for n in range(70)]
        assert await ask(batcher, *texts) == [text.upper() for text in texts]
        assert [len(search) for search in slow.searches] == [32, 32, 6]
        assert [text for search in slow.searches for text in search] == texts

    run(script)


def test_long_texts_do_not_fill_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "CHARACTERS", 10)

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
        _, found = await asyncio.gather(
            ask(batcher, "a"), batcher.translate(["b"], client="", tgt=None, nbest=3)
        )
        assert [candidate.text for candidate in found[0]] == ["B", "B!", "B!!"]
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


def health(batcher: Batcher) -> str:
    return "ok" if batcher.healthy else "failed"


async def fill(batcher: Batcher, slow: Slow, count: int, client: str = "one") -> asyncio.Task[list[str]]:
    """A search is under way, and a request of so many sentences waits."""
    first = asyncio.create_task(ask(batcher, "first", client="nobody"))
    await begun(slow, 1)
    waiting = asyncio.create_task(ask(batcher, *(f"t{n}" for n in range(count)), client=client))
    await settled()
    assert not first.done()
    return waiting


@pytest.mark.parametrize("client", ["one", "another"])
def test_one_sentence_is_searched_between_two_steps_of_a_document(client: str) -> None:
    """Whoever sent the document: it waits for one step, and nothing is in its search but itself."""

    async def script(batcher: Batcher, slow: Slow) -> None:
        document = asyncio.create_task(ask(batcher, *(f"t{n}" for n in range(40))))
        await begun(slow, 1)
        short = asyncio.create_task(ask(batcher, "short", client=client))
        await settled()
        assert len(slow.searches) == 1
        slow.may_go_on.set()
        assert await short == ["SHORT"]
        assert await document == [f"T{n}" for n in range(40)]
        assert [len(search) for search in slow.searches] == [32, 1, 8]

    run(script)


def test_a_client_with_many_short_requests_is_not_urgent() -> None:
    """It hurries with a few; the others are searched by themselves."""

    async def script(batcher: Batcher, slow: Slow) -> None:
        first = asyncio.create_task(ask(batcher, "first", client="nobody"))
        await begun(slow, 1)
        many = [asyncio.create_task(ask(batcher, f"t{n}")) for n in range(20)]
        short = asyncio.create_task(ask(batcher, "short", client="another"))
        await settled()
        slow.may_go_on.set()
        await asyncio.gather(first, *many, short)
        urgent = turns.URGENT_OF_ONE
        hurried = {"short", *(f"t{n}" for n in range(urgent))}
        rest = {f"t{n}" for n in range(urgent, 20)}
        assert set(slow.searches[1]) in (hurried, rest)
        assert set(slow.searches[2]) == {*hurried, *rest} - set(slow.searches[1])
        again = [asyncio.create_task(ask(batcher, f"u{n}")) for n in range(3)]
        await asyncio.gather(*again)  # those before are answered: it may hurry again
        assert slow.searches[3] == ["u0", "u1", "u2"]

    run(script)


def test_clients_take_turns_and_so_do_their_requests() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        waiting = await fill(batcher, slow, 40)
        others = [
            asyncio.create_task(ask(batcher, *(f"{name}{n}" for n in range(20)), client=client))
            for name, client in (("u", "one"), ("v", "two"))
        ]
        await settled()
        slow.may_go_on.set()
        await asyncio.gather(waiting, *others)
        assert slow.searches[1][:6] == ["t0", "v0", "u0", "v1", "t1", "v2"]
        assert len(slow.searches[1]) == turns.BATCH

    run(script)


def test_the_one_who_fills_the_queue_is_refused_and_nobody_else() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        waiting = [await fill(batcher, slow, 10)]
        with pytest.raises(Refusal, match="Slowdown: too many of your sentences") as refusal:
            await ask(batcher, *"abcdef", client="one")
        assert (refusal.value.status, refusal.value.retry_after) == (429, 1)
        waiting += [asyncio.create_task(ask(batcher, *"abcdefghij", client="two"))]
        await settled()
        assert batcher.waiting == 20
        with pytest.raises(Refusal, match="Slowdown: too many sentences are waiting"):
            await ask(batcher, *"abcdefgh", client="three")
        waiting += [asyncio.create_task(ask(batcher, "short", client=name)) for name in ("one", "three")]
        await settled()
        slow.may_go_on.set()
        assert (await asyncio.gather(*waiting))[2:] == [["SHORT"], ["SHORT"]]

    run(script, limit=20)


def test_what_never_fits_is_refused_for_good() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        with pytest.raises(Refusal, match=r"request \(11 sentences\) exceeds text limit \(10\)") as refusal:
            await ask(batcher, *"abcdefghijk")
        assert refusal.value.status == 400
        slow.may_go_on.set()
        assert len(await ask(batcher, *"abcdefghij")) == 10

    run(script, limit=20)


def test_who_leaves_makes_room_at_once() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        waiting = await fill(batcher, slow, 10)
        waiting.cancel()
        await settled()
        assert batcher.waiting == 0
        slow.may_go_on.set()
        assert len(await ask(batcher, *"abcdefghij")) == 10

    assert "mt_dropped_texts_total 10.0\n" in run(script, limit=20).render()


def test_a_batcher_that_fails_is_told_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waited gets 503; health tells it; afterwards all is well."""
    monkeypatch.setattr(batching, "REST", 0.02)
    lines: list[str] = []

    async def script(batcher: Batcher, slow: Slow) -> None:
        slow.may_go_on.set()
        assert batcher.healthy
        with monkeypatch.context() as broken:
            broken.setattr(batcher._turns, "take", lambda **_: [][0])
            with pytest.raises(Refusal) as refusal:
                await ask(batcher, "a")
        assert refusal.value.status == 503
        assert health(batcher) == "failed"
        with pytest.raises(Refusal, match="cannot translate now"):
            await ask(batcher, "b")
        while health(batcher) != "ok":
            await asyncio.sleep(0.005)
        assert await ask(batcher, "c") == ["C"]

    run(script, lines=lines)
    assert len(lines) == 1
    assert lines[0].startswith("mt serve: IndexError while searching through the queue\n")


def test_a_search_that_hangs_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "STUCK", -1.0)

    async def script(batcher: Batcher, slow: Slow) -> None:
        assert batcher.healthy
        waiting = asyncio.create_task(ask(batcher, "a"))
        await begun(slow, 1)
        assert health(batcher) == "failed"
        slow.may_go_on.set()
        assert await waiting == ["A"]
        assert batcher.healthy

    run(script)


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


def test_no_texts_need_no_search() -> None:
    async def script(batcher: Batcher, slow: Slow) -> None:
        assert await ask(batcher) == []
        await settled()
        assert batcher.waiting == 0
        slow.may_go_on.set()
        assert await ask(batcher, "a") == ["A"]

    run(script)

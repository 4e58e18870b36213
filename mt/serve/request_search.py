"""The texts of a request -> the translations of their parts, searched in the queues of the models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Candidate, Translation
from mt.serve.batcher import Batcher
from mt.serve.call import TranslateCall
from mt.serve.counters import Metrics
from mt.serve.planning import Planned, Planner
from mt.serve.processor import Line

T = TypeVar("T")

Found = dict[int, dict[str, list[Candidate]]]
"""By model, the candidates for each part that was searched."""

LONG = 500  # characters; what is longer is read outside of the event loop


class RequestSearch:
    """Plans the texts of requests and searches them. reader: where long texts are read."""

    def __init__(
        self, planner: Planner, batchers: Mapping[int, Batcher], reader: Line, metrics: Metrics
    ) -> None:
        self._planner, self._batchers, self._reader, self._metrics = planner, batchers, reader, metrics

    async def read(self, texts: Sequence[str], client: str, read: Callable[[Pause], T]) -> T:
        """The result of a call that looks through all of the texts: if they are long, in a thread."""
        if sum(map(len, texts)) <= LONG:
            return read(no_pause)
        return await self._reader.run(read, client)

    async def translations(
        self, call: TranslateCall, client: str
    ) -> tuple[list[Planned], list[list[Translation]]]:
        """The texts of a request, and the translations of each one's parts.

        What lost something of its text is searched a second time, without that.
        """
        planned = await self.read(call.texts, client, partial(self._planner.plan, call))
        found: Found = {}
        await self._search_into(found, planned, nbest=1 + call.alternatives, client=client)
        for one in planned:
            self._count(one)

        def without_lost(pause: Pause) -> list[Planned]:
            return [one.without_lost(found.get(_model(one), {}), pause) for one in planned]

        if call.is_html:
            planned = await self.read(call.texts, client, without_lost)
            await self._search_into(found, planned, nbest=1 + call.alternatives, client=client)
        return planned, [one.translations(found.get(_model(one), {})) for one in planned]

    async def _search_into(
        self, found: Found, planned: Sequence[Planned], *, nbest: int, client: str
    ) -> None:
        """Search what is not found yet; what one model translates waits as one request."""
        groups: dict[int, list[Planned]] = {}
        for one in planned:
            if one.served is not None:
                groups.setdefault(_model(one), []).append(one)

        async def search(model: int, group: list[Planned]) -> None:
            served = group[0].served
            assert served is not None
            known = found.setdefault(model, {})
            parts = list(dict.fromkeys(part for one in group for part in one.searched if part not in known))
            rows = await self._batchers[model].translate(
                parts,
                client=client,
                tgt=served.tgt,
                nbest=min(nbest, served.translator.config.beam),
                aligned=served.translator.model.attends and any(one.template.coded for one in group),
            )
            known |= zip(parts, rows, strict=True)

        await asyncio.gather(*(search(model, group) for model, group in groups.items()))

    def _count(self, one: Planned) -> None:
        if one.served is None:
            return
        texts = one.template.texts
        self._metrics.texts.labels(*one.served.direction).inc(len(texts))
        self._metrics.characters.labels(*one.served.direction).inc(sum(map(len, texts)))


def _model(one: Planned) -> int:
    """The key of the model that translates a text, among the batchers."""
    return id(one.served and one.served.translator)

"""What the server can do, without HTTP: translate, detect, inspect."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mt.decoding.translation import Translation, by_rank
from mt.errors import ConfigError
from mt.inspection import Inspector
from mt.options import ServeOptions
from mt.serve.batcher import Batcher
from mt.serve.call import InspectCall, TranslateCall
from mt.serve.counters import Metrics
from mt.serve.detection import Candidate, Detector
from mt.serve.limits import check_size
from mt.serve.models import Models, Served
from mt.serve.refusal import Refusal
from mt.serve.segments import Template, markup, plain
from mt.text.names import name_of


class Service:
    """All models, each behind a batcher of its own."""

    def __init__(self, models: Models, detector: Detector, options: ServeOptions) -> None:
        self.models, self.detector, self.options = models, detector, options
        self._batchers: dict[int, Batcher] = {}
        self._inspectors: dict[int, Inspector] = {}
        self.active = 0  # requests under way; the middleware counts them
        self.metrics = Metrics(
            queued=lambda: sum(batcher.waiting for batcher in self._batchers.values()),
            active=lambda: self.active,
        )
        for translator in models.translators:
            self._batchers[id(translator)] = Batcher(
                translator, limit=options.queue_limit, metrics=self.metrics
            )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The batchers work while this is open."""
        tasks = [asyncio.create_task(batcher.run()) for batcher in self._batchers.values()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def languages(self) -> list[dict[str, Any]]:
        """What `GET /languages` answers."""
        models = self.models
        return [
            {"code": code, "name": name_of(code), "targets": models.targets(code)} for code in models.codes
        ]

    def detect(self, text: str) -> list[dict[str, Any]]:
        """What `POST /detect` answers. Raises Refusal if the text is too long."""
        self._check([text])
        return [candidate._asdict() for candidate in self.detector.detect(text)]

    async def translate(self, call: TranslateCall) -> dict[str, Any]:
        """What `POST /translate` answers. Raises Refusal."""
        self._check(call.texts)
        target = self.models.known(call.target)
        templates = [markup(text) if call.is_html else plain(text) for text in call.texts]
        sources = self._sources(call.source, target, ["\n".join(template.texts) for template in templates])
        chosen = [self.models.choose(source.language, target) for source in sources]
        found = await self._search(chosen, templates, nbest=1 + call.alternatives)
        ranked = [_ranked(template, rows) for template, rows in zip(templates, found, strict=True)]
        texts, alternatives, scores = [], [], []
        for rows in ranked:
            kept = rows[: 1 + call.alternatives]
            texts.append(kept[0][0])
            alternatives.append([text for text, _, _ in kept[1:]])
            scores.append([_score(score, log) for _, score, log in kept])
        answer: dict[str, list[Any]] = {"translatedText": texts}
        if call.source == "auto":
            answer["detectedLanguage"] = [source._asdict() for source in sources]
        if call.alternatives:
            answer["alternatives"] = alternatives
        if call.scores:
            answer["scores"] = scores
        if call.sentences:
            answer["sentences"] = [
                [_sentence(part, call) for row in rows for part in row.parts or (row,)] for rows in found
            ]
        return answer if call.many else {name: rows[0] for name, rows in answer.items()}

    async def inspect(self, call: InspectCall) -> dict[str, Any]:
        """What `POST /inspect` answers: `Inspection.as_dict()`. Raises Refusal."""
        self._check([call.text])
        target = self.models.known(call.target)
        (source,) = self._sources(call.source, target, [call.text])
        served = self.models.choose(source.language, target)

        def look() -> dict[str, Any]:
            inspector = self._inspectors.get(id(served.translator)) or Inspector(served.translator)
            self._inspectors[id(served.translator)] = inspector
            return inspector.inspect(call.text, tgt=served.tgt).as_dict()

        try:
            found = await self._batchers[id(served.translator)].alone(look)
        except ConfigError as problem:  # a blank text, one that is too long, an ensemble
            raise Refusal(str(problem)) from None
        # Where on this machine the run lies is nobody's business.
        found["model"]["name"] = Path(found["model"]["name"]).name
        return found

    def _check(self, texts: Sequence[str]) -> None:
        check_size(texts, most_texts=self.options.batch_limit, most_characters=self.options.char_limit)

    def _sources(self, source: str, target: str, texts: Sequence[str]) -> list[Candidate]:
        """The language of each text: the one that was named, or what it looks like."""
        among = self.models.sources(target)
        if source != "auto":
            return [Candidate(self.models.known(source, among), 100.0)] * len(texts)
        if not among:
            raise Refusal(f"nothing is translated into {name_of(target)} ({target}) here")
        return self.detector.best(texts, among)

    async def _search(
        self, chosen: Sequence[Served], templates: Sequence[Template], *, nbest: int
    ) -> list[list[Translation]]:
        """The translations of each template's texts; those for one model wait as one."""
        groups: dict[int, list[int]] = {}
        for index, served in enumerate(chosen):
            groups.setdefault(id(served), []).append(index)
        results: list[list[Translation]] = [[] for _ in chosen]

        async def search(indices: list[int]) -> None:
            served = chosen[indices[0]]
            texts = [text for index in indices for text in templates[index].texts]
            most = served.translator.config.beam
            batcher = self._batchers[id(served.translator)]
            found = iter(await batcher.translate(texts, tgt=served.tgt, nbest=min(nbest, most)))
            for index in indices:
                results[index] = [next(found) for _ in templates[index].texts]
            self._count(served, texts)

        await asyncio.gather(*(search(indices) for indices in groups.values()))
        return results

    def _count(self, served: Served, texts: Sequence[str]) -> None:
        self.metrics.texts.labels(*served.direction).inc(len(texts))
        self.metrics.characters.labels(*served.direction).inc(sum(map(len, texts)))


def _score(score: float, log_prob: float) -> dict[str, float]:
    return {"score": score, "probability": math.exp(log_prob)}


def _sentence(part: Translation, call: TranslateCall) -> dict[str, Any]:
    """A sentence of a text, in the form of an answer to that sentence alone."""
    most = 1 + call.alternatives
    answer: dict[str, Any] = {"source": part.source.strip(), "translatedText": part.text}
    if call.alternatives:
        answer["alternatives"] = list(part.hypotheses[1:most])
    if call.scores:
        pairs = zip(part.scores[:most], part.log_probs[:most], strict=True)
        answer["scores"] = [_score(score, log) for score, log in pairs]
    return answer


def _ranked(template: Template, rows: Sequence[Translation]) -> list[tuple[str, float, float]]:
    """The whole text in its translations, best first and no two alike: text, score, log-probability.

    A score is the mean over the parts that were searched, as it is for the parts of a long text.
    """
    if not rows:
        return [(template.fill([]), 0.0, 0.0)]
    ranked: dict[str, tuple[float, float]] = {}
    texts = by_rank([row.hypotheses for row in rows])
    numbers = by_rank([list(zip(row.scores, row.log_probs, strict=True)) for row in rows])
    searched = max(1, sum(row.searched for row in rows))
    for parts, pairs in zip(texts, numbers, strict=True):
        score = sum(score for score, _ in pairs) / searched
        ranked.setdefault(template.fill(parts), (score, sum(log for _, log in pairs)))
    return [(text, score, log) for text, (score, log) in ranked.items()]

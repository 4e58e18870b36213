"""What the server can do, without HTTP: translate, detect, inspect."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mt.decoding.ensemble import Ensemble
from mt.decoding.judging import Judge, read_calibration
from mt.decoding.pausing import Pause
from mt.decoding.translation import Translation
from mt.errors import ConfigError
from mt.inspection import Inspector
from mt.options import ServeOptions
from mt.serve.batcher import Batcher
from mt.serve.call import InspectCall, TranslateCall
from mt.serve.counters import Metrics
from mt.serve.detection import Detector
from mt.serve.limits import check_size
from mt.serve.models import Models, Served
from mt.serve.planning import Planned, Planner, all_ranked, each
from mt.serve.problem_log import ProblemLog
from mt.serve.processor import Line, Processor
from mt.serve.refusal import Refusal
from mt.serve.request_search import RequestSearch
from mt.serve.segments import plain
from mt.serve.transcribing import MOST_BYTES, TranscribeCall, transcribe
from mt.text.names import name_of
from mt.translator import Translator

T = TypeVar("T")

MOST_PIECES = 128  # of a sentence that is inspected: the work grows with their square


class Service:
    """All models, each behind a batcher of its own."""

    def __init__(
        self, models: Models, detector: Detector, options: ServeOptions, problems: ProblemLog | None = None
    ) -> None:
        self.models, self.detector, self.options = models, detector, options
        self.planner = Planner(models, detector)
        self.problems = problems or ProblemLog()
        self.batchers: dict[int, Batcher] = {}
        self._inspectors: dict[int, Inspector] = {}
        self._judges = {id(one): _judge(one) for one in models.translators}
        processor = Processor()
        # Reads long texts; inspects and hears.
        self.reader, self._alone = Line(processor, "reader"), Line(processor, "alone")
        self.active = 0  # requests under way; the middleware counts them
        self.metrics = Metrics(
            queued=lambda: sum(batcher.waiting for batcher in self.batchers.values()),
            active=lambda: self.active,
        )
        for translator in models.translators:
            self.batchers[id(translator)] = Batcher(
                translator,
                limit=options.queue_limit,
                metrics=self.metrics,
                problems=self.problems,
                processor=processor,
            )
        self._search = RequestSearch(self.planner, self.batchers, self.reader, self.metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The batchers work while this is open."""
        tasks = [asyncio.create_task(batcher.supervise()) for batcher in self.batchers.values()]
        await asyncio.sleep(0)  # each has begun
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.reader.close()
            self._alone.close()

    @property
    def healthy(self) -> bool:
        """Whether every model answers."""
        return all(batcher.healthy for batcher in self.batchers.values())

    def languages(self) -> list[dict[str, Any]]:
        """What `GET /languages` answers."""
        models = self.models
        return [
            {"code": code, "name": name_of(code), "targets": models.targets(code)} for code in models.codes
        ]

    async def detect(self, text: str, client: str = "") -> list[dict[str, Any]]:
        """What `POST /detect` answers. Raises Refusal if the text is too long."""
        self._check([text])
        found = await self._search.read([text], client, lambda _: self.detector.detect(text))
        return [candidate._asdict() for candidate in found]

    async def translate(self, call: TranslateCall, client: str = "") -> dict[str, Any]:
        """What `POST /translate` answers. client: whose turn the request takes. Raises Refusal."""
        self._check(call.texts)
        planned, found = await self._search.translations(call, client)
        ranked = await self._search.read(call.texts, client, partial(all_ranked, planned, found))
        texts, alternatives, scores = [], [], []
        for rows in ranked:
            kept = rows[: 1 + call.alternatives]
            texts.append(kept[0][0])
            alternatives.append([text for text, _, _ in kept[1:]])
            scores.append([_score(score, log) for _, score, log in kept])
        answer: dict[str, list[Any]] = {"translatedText": texts}
        if call.source == "auto":
            answer["detectedLanguage"] = [one.language._asdict() for one in planned]
        if call.alternatives:
            answer["alternatives"] = alternatives
        if call.scores:
            answer["scores"] = scores
        if call.sentences:
            answer["sentences"] = [
                [self._sentence(part, call, one) for row in rows for part in row.parts or (row,)]
                for one, rows in zip(planned, found, strict=True)
            ]
        return answer if call.many else {name: rows[0] for name, rows in answer.items()}

    def _sentence(self, part: Translation, call: TranslateCall, planned: Planned) -> dict[str, Any]:
        """A sentence of a text, in the form of an answer to that sentence alone."""
        most = 1 + call.alternatives
        answer: dict[str, Any] = {"source": part.source.strip(), "translatedText": part.text}
        if call.alternatives:
            answer["alternatives"] = list(part.hypotheses[1:most])
        if call.scores:
            pairs = zip(part.scores[:most], part.log_probs[:most], strict=True)
            answer["scores"] = [_score(score, log) for score, log in pairs]
        judge = None if planned.served is None else self._judges[id(planned.served.translator)]
        if call.scores and judge is not None:
            answer["confidence"] = judge.judge(part).confidence
        return answer

    async def inspect(self, call: InspectCall, client: str = "") -> bytes:
        """What `POST /inspect` answers, as JSON: `Inspection.as_dict()` of one sentence of the text.

        Raises Refusal.
        """
        self._check([call.text])
        self._alone.check(client)
        served, sentences = await self._search.read([call.text], client, partial(self._sentences, call))
        if not sentences:
            raise Refusal("the text is blank: there is nothing to read")
        if call.sentence >= len(sentences):
            message = f"Invalid request: sentence ({call.sentence}) of {len(sentences)}, counted from 0"
            raise Refusal(message, status=404)
        counts = {"sentence": call.sentence, "sentences": len(sentences)}
        look = partial(self._look, served, sentences[call.sentence], counts)
        try:
            return await self._by_itself(served, look, client)
        except ConfigError as problem:  # too many pieces, an ensemble
            raise Refusal(str(problem)) from None

    def _sentences(self, call: InspectCall, pause: Pause) -> tuple[Served, list[str]]:
        """Who translates a text, and the parts in which it does, line by line. Raises Refusal."""
        target = self.models.known(call.target)
        (source,) = self.planner.sources(call.source, target, [call.text])
        among = self.models.sources(target)
        of = among[0] if source.language == target and among else source.language
        served = self.models.choose(of, target)
        lines = plain(call.text).texts
        splits = each(served.translator.split, lines, pause)
        return served, [part for split in splits for part in split.texts]

    def _look(self, served: Served, sentence: str, counts: dict[str, int], pause: Pause) -> bytes:
        inspector = self._inspectors.get(id(served.translator)) or Inspector(served.translator)
        self._inspectors[id(served.translator)] = inspector
        inspection = inspector.inspect(sentence, tgt=served.tgt, most_pieces=MOST_PIECES, pause=pause)
        found = inspection.as_dict() | counts
        # Where on this machine the run lies is nobody's business.
        found["model"]["name"] = Path(found["model"]["name"]).name
        pause()
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()

    def transcribes(self) -> dict[str, Any] | None:
        """Which languages are heard, and up to which limits; None if no run here reads sound."""
        if not self.models.listeners:
            return None
        return {
            "languages": [{"source": pair.src, "target": pair.tgt} for pair in self.models.listeners],
            "seconds_limit": self.options.seconds_limit,
            "bytes_limit": MOST_BYTES,
        }

    async def transcribe(self, call: TranscribeCall, client: str = "") -> dict[str, Any]:
        """What `POST /transcribe` answers. Raises Refusal."""
        served = self.models.listener(call.source, call.target)
        work = partial(transcribe, served, call, self.options.seconds_limit)
        return await self._by_itself(served, work, client)

    async def _by_itself(self, served: Served, call: Callable[[Pause], T], client: str) -> T:
        """The result of a call that uses a model outside of its batches. Raises Refusal."""
        self.batchers[id(served.translator)].check_running()
        self._alone.check(client)
        return await self._alone.run(call, client)

    def _check(self, texts: Sequence[str]) -> None:
        check_size(texts, most_texts=self.options.batch_limit, most_characters=self.options.char_limit)


def _judge(translator: Translator) -> Judge | None:
    """Who tells the confidence of a translation; None of several runs, or of one that is not calibrated."""
    if isinstance(translator.model, Ensemble):
        return None
    calibration = read_calibration(translator.run.path, needed=False)
    if calibration is None:
        return None
    return Judge(calibration, translator.run.languages.target, translator.glossary, None)


def _score(score: float, log_prob: float) -> dict[str, float]:
    return {"score": score, "probability": math.exp(log_prob)}

"""What the server can do, without HTTP: translate, detect, inspect."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mt.decoding.ensemble import Ensemble
from mt.decoding.judging import Judge, read_calibration
from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Candidate, Translation, by_rank, joined
from mt.errors import ConfigError
from mt.inspection import Inspector
from mt.options import ServeOptions
from mt.serve.batcher import Batcher
from mt.serve.call import InspectCall, TranslateCall
from mt.serve.counters import Metrics
from mt.serve.detection import Detector, Language, all_letters_of
from mt.serve.limits import check_size
from mt.serve.models import Models, Served
from mt.serve.problem_log import ProblemLog
from mt.serve.processor import Line, Processor
from mt.serve.refusal import Refusal
from mt.serve.segments import Lines, Template, markup, plain
from mt.serve.transcribing import MOST_BYTES, TranscribeCall, transcribe
from mt.text.names import name_of
from mt.text.passthrough import nothing_to_translate
from mt.text.sentences import Split
from mt.translator import Translator

T = TypeVar("T")

LONG = 500  # characters; what is longer is read outside of the event loop
MOST_PIECES = 128  # of a sentence that is inspected: the work grows with their square


@dataclass(frozen=True)
class Planned:
    """A text of a request, before it is searched.

    language: what it is in. served: who translates it; None where it is in the target language already.
    splits: each of the template's texts in parts. searched: the parts that have something to translate.
    """

    template: Template
    language: Language
    served: Served | None = None
    splits: tuple[Split, ...] = ()
    searched: frozenset[str] = frozenset()

    def translations(self, found: Mapping[str, list[Candidate]]) -> list[Translation]:
        """One for each of the template's texts, from the candidates of what was searched."""
        rows = []
        for text, parts in zip(self.template.texts, self.splits, strict=True):
            of_parts = [found[part] if part in self.searched else [Candidate(part)] for part in parts.texts]
            searched = sum(part in self.searched for part in parts.texts)
            rows.append(joined(text, parts, of_parts, searched, self._into))
        return rows

    @property
    def _into(self) -> str | None:
        if self.served is None:
            return None
        return self.served.tgt or self.served.translator.run.languages.target


class Service:
    """All models, each behind a batcher of its own."""

    def __init__(
        self, models: Models, detector: Detector, options: ServeOptions, problems: ProblemLog | None = None
    ) -> None:
        self.models, self.detector, self.options = models, detector, options
        self.problems = problems or ProblemLog()
        self.batchers: dict[int, Batcher] = {}
        self._inspectors: dict[int, Inspector] = {}
        self._judges = {id(one): _judge(one) for one in models.translators}
        processor = Processor()
        # Reads long texts; inspects and hears.
        self._reader, self._alone = Line(processor, "reader"), Line(processor, "alone")
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
            self._reader.close()
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
        found = await self._read([text], client, lambda _: self.detector.detect(text))
        return [candidate._asdict() for candidate in found]

    async def translate(self, call: TranslateCall, client: str = "") -> dict[str, Any]:
        """What `POST /translate` answers. client: whose turn the request takes. Raises Refusal."""
        self._check(call.texts)
        planned = await self._read(call.texts, client, partial(self._plan, call))
        found = await self._search(planned, nbest=1 + call.alternatives, client=client)
        ranked = await self._read(call.texts, client, partial(_all_ranked, planned, found))
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
        served, sentences = await self._read([call.text], client, partial(self._sentences, call))
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
        (source,) = self.sources(call.source, target, [call.text])
        among = self.models.sources(target)
        of = among[0] if source.language == target and among else source.language
        served = self.models.choose(of, target)
        lines = plain(call.text).texts
        splits = _each(served.translator.split, lines, pause)
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

    async def _read(self, texts: Sequence[str], client: str, read: Callable[[Pause], T]) -> T:
        """The result of a call that looks through all of the texts: if they are long, in a thread."""
        if sum(map(len, texts)) <= LONG:
            return read(no_pause)
        return await self._reader.run(read, client)

    def _check(self, texts: Sequence[str]) -> None:
        check_size(texts, most_texts=self.options.batch_limit, most_characters=self.options.char_limit)

    def _plan(self, call: TranslateCall, pause: Pause) -> list[Planned]:
        """What of each text is searched, and by whom. Raises Refusal."""
        target = self.models.known(call.target)
        read: Callable[[str], Template] = partial(markup, pause=pause) if call.is_html else plain
        templates = _each(read, call.texts, pause)
        sources = self.sources(call.source, target, ["\n".join(template.texts) for template in templates])
        rows = zip(call.texts, templates, sources, strict=True)
        return [self._one(text, template, source, target, pause) for text, template, source in rows]

    def _one(self, text: str, template: Template, source: Language, target: str, pause: Pause) -> Planned:
        if source.language == target:
            return Planned(Lines((text,), ()), source)
        served = self.models.choose(source.language, target)
        template = template.made_for(served.translator)
        splits = _each(served.translator.split, template.texts, pause)
        parts = list({part: None for split in splits for part in split.texts})
        needed = _each(lambda part: _needs_search(part, source.language, target), parts, pause)
        searched = frozenset(part for part, needs in zip(parts, needed, strict=True) if needs)
        return Planned(template, source, served, tuple(splits), searched)

    def sources(self, source: str, target: str, texts: Sequence[str]) -> list[Language]:
        """The language of each text: the one that was named, or what it looks like, the target's included."""
        among = self.models.sources(target)
        if source != "auto":
            return [Language(self.models.known(source, among), 100.0)] * len(texts)
        if not among:
            raise Refusal(f"nothing is translated into {name_of(target)} ({target}) here")
        return self.detector.best(texts, among, target)

    async def _search(
        self, planned: Sequence[Planned], *, nbest: int, client: str
    ) -> list[list[Translation]]:
        """The translations of each template's texts; what one model translates waits as one request."""
        groups: dict[int, list[Planned]] = {}
        for one in planned:
            if one.served is not None:
                groups.setdefault(id(one.served.translator), []).append(one)
        found: dict[int, dict[str, list[Candidate]]] = {}

        async def search(model: int, group: list[Planned]) -> None:
            served = group[0].served
            assert served is not None
            parts = list(dict.fromkeys(part for one in group for part in one.searched))
            rows = await self.batchers[model].translate(
                parts,
                client=client,
                tgt=served.tgt,
                nbest=min(nbest, served.translator.config.beam),
                aligned=served.translator.model.attends and any(one.template.coded for one in group),
            )
            found[model] = dict(zip(parts, rows, strict=True))
            for one in group:
                self._count(one)

        await asyncio.gather(*(search(model, group) for model, group in groups.items()))
        return [one.translations(found.get(id(one.served and one.served.translator), {})) for one in planned]

    def _count(self, one: Planned) -> None:
        assert one.served is not None
        texts = one.template.texts
        self.metrics.texts.labels(*one.served.direction).inc(len(texts))
        self.metrics.characters.labels(*one.served.direction).inc(sum(map(len, texts)))


def _judge(translator: Translator) -> Judge | None:
    """Who tells the confidence of a translation; None of several runs, or of one that is not calibrated."""
    if isinstance(translator.model, Ensemble):
        return None
    calibration = read_calibration(translator.run.path, needed=False)
    if calibration is None:
        return None
    return Judge(calibration, translator.run.languages.target, translator.glossary, None)


def _needs_search(part: str, source: str, target: str) -> bool:
    """Whether a part has something to translate that is not in the target language already."""
    return not nothing_to_translate(part) and not all_letters_of(part, target, not_of=source)


def _each(do: Callable[[str], T], texts: Iterable[str], pause: Pause) -> list[T]:
    """What comes of each text, with a pause before it."""
    found = []
    for text in texts:
        pause()
        found.append(do(text))
    return found


def _score(score: float, log_prob: float) -> dict[str, float]:
    return {"score": score, "probability": math.exp(log_prob)}


def _all_ranked(
    planned: Sequence[Planned], found: Sequence[Sequence[Translation]], pause: Pause
) -> list[list[tuple[str, float, float]]]:
    """The translations of each text; see `_ranked`."""
    texts = []
    for one, rows in zip(planned, found, strict=True):
        pause()
        texts.append(_ranked(one.template, rows))
    return texts


def _ranked(template: Template, rows: Sequence[Translation]) -> list[tuple[str, float, float]]:
    """The whole text in its translations, best first and no two alike: text, score, log-probability.

    A score is the mean over the parts that were searched, as it is for the parts of a long text.
    """
    if not rows:
        return [(template.fill([]), 0.0, 0.0)]
    ranked: dict[str, tuple[float, float]] = {}
    numbers = by_rank([list(zip(row.scores, row.log_probs, strict=True)) for row in rows])
    searched = max(1, sum(row.searched for row in rows))
    for rank, pairs in enumerate(numbers):
        score = sum(score for score, _ in pairs) / searched
        ranked.setdefault(template.fill(rows, rank), (score, sum(log for _, log in pairs)))
    return [(text, score, log) for text, (score, log) in ranked.items()]

"""What of each text of a request is searched and by whom, and what is answered from what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from mt.decoding.pausing import Pause
from mt.decoding.translation import Candidate, Translation, by_rank, joined
from mt.serve.call import TranslateCall
from mt.serve.detection import Detector, Language, all_letters_of
from mt.serve.models import Models, Served
from mt.serve.refusal import Refusal
from mt.serve.segments import Lines, Template, markup, plain
from mt.text.names import name_of
from mt.text.passthrough import nothing_to_translate
from mt.text.sentences import Split

T = TypeVar("T")


@dataclass(frozen=True)
class Planned:
    """A text of a request, before it is searched.

    language: what it is in. target: into what it is translated. served: who translates it; None where it is
    in the target language already. splits: each of the template's texts in parts. searched: the parts that
    have something to translate.
    """

    template: Template
    language: Language
    target: str
    served: Served | None = None
    splits: tuple[Split, ...] = ()
    searched: frozenset[str] = frozenset()

    def ready(self, template: Template, pause: Pause) -> Planned:
        """The same with that template, in parts."""
        assert self.served is not None
        splits = each(self.served.translator.split, template.texts, pause)
        parts = list({part: None for split in splits for part in split.texts})
        needed = each(lambda part: _needs_search(part, self.language.language, self.target), parts, pause)
        searched = frozenset(part for part, needs in zip(parts, needed, strict=True) if needs)
        return replace(self, template=template, splits=tuple(splits), searched=searched)

    def without_lost(self, found: Mapping[str, list[Candidate]], pause: Pause) -> Planned:
        """The same where nothing was lost; else with a template that has other texts in place of those that
        lost something, whose parts are to be searched too.
        """
        pause()
        template = self.template.without_lost(self.translations(found))
        return self if template is self.template else self.ready(template, pause)

    def translations(self, found: Mapping[str, list[Candidate]]) -> list[Translation]:
        """One for each of the template's texts, from the candidates of what was searched."""
        rows = []
        for text, parts in zip(self.template.texts, self.splits, strict=True):
            of_parts = [found[part] if part in self.searched else [Candidate(part)] for part in parts.texts]
            searched = sum(part in self.searched for part in parts.texts)
            rows.append(joined(text, parts, of_parts, searched, self._into))
        return self.template.keeping(rows)

    @property
    def _into(self) -> str | None:
        if self.served is None:
            return None
        return self.served.tgt or self.served.translator.run.languages.target


class Planner:
    """Plans requests for these models; where the language of a text is not named, the detector guesses."""

    def __init__(self, models: Models, detector: Detector) -> None:
        self._models, self._detector = models, detector

    def plan(self, call: TranslateCall, pause: Pause) -> list[Planned]:
        """What of each text is searched, and by whom. Raises Refusal."""
        target = self._models.known(call.target)
        read: Callable[[str], Template] = partial(markup, pause=pause) if call.is_html else plain
        templates = each(read, call.texts, pause)
        sources = self.sources(call.source, target, ["\n".join(template.texts) for template in templates])
        rows = zip(call.texts, templates, sources, strict=True)
        return [self._one(text, template, source, target, pause) for text, template, source in rows]

    def _one(self, text: str, template: Template, source: Language, target: str, pause: Pause) -> Planned:
        if source.language == target:
            return Planned(Lines((text,), ()), source, target)
        served = self._models.choose(source.language, target)
        return Planned(template, source, target, served).ready(template.made_for(served.translator), pause)

    def sources(self, source: str, target: str, texts: Sequence[str]) -> list[Language]:
        """The language of each text: the one that was named, or what it looks like, the target's included."""
        among = self._models.sources(target)
        if source != "auto":
            return [Language(self._models.known(source, among), 100.0)] * len(texts)
        if not among:
            raise Refusal(f"nothing is translated into {name_of(target)} ({target}) here")
        return self._detector.best(texts, among, target)


def _needs_search(part: str, source: str, target: str) -> bool:
    """Whether a part has something to translate that is not in the target language already."""
    return not nothing_to_translate(part) and not all_letters_of(part, target, not_of=source)


def each(do: Callable[[str], T], texts: Iterable[str], pause: Pause) -> list[T]:
    """What comes of each text, with a pause before it."""
    found = []
    for text in texts:
        pause()
        found.append(do(text))
    return found


def all_ranked(
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

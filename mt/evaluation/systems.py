"""The systems to evaluate: a run, or a file of translations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mt.config import Config, DataConfig
from mt.console import Console, Pace
from mt.data.formats.lines import check_whole, not_utf8, read_lines
from mt.errors import ConfigError
from mt.evaluation.test_sets import SpokenTestSet, TestSet
from mt.metrics import METRICS, Score, Scoring, score
from mt.speech.error_rates import count_errors, error_rate, units
from mt.text.characters import readable
from mt.text.counted import counted

if TYPE_CHECKING:
    from mt.translator import Translator


CHUNK = 4096  # sentences translated at once by a CPU; sorting by length within them wastes less padding


@dataclass(frozen=True)
class System:
    """Who translates: the run at `path`, opened, or the lines that the file there holds.

    Of an ensemble `path` is the first run, `name` names all.
    """

    path: Path
    name: str
    by: Translator | list[str]

    @property
    def config(self) -> Config:
        """A run's settings; of a file nothing is known."""
        return Config() if isinstance(self.by, list) else self.by.run.config

    @property
    def data(self) -> DataConfig:
        """What a run was trained on."""
        return self.config.data

    def check(self, test_set: TestSet, console: Console) -> None:
        """Raises ConfigError if a file has not as many lines as there are pairs, or if a run reads text and
        the test holds recordings. Warns of known pairs."""
        if isinstance(self.by, list) and len(self.by) != len(test_set.sources):
            raise ConfigError(
                f"{self.path} has {counted(len(self.by), 'line')} but {test_set.name} has "
                f"{counted(len(test_set.sources), 'pair')}; line n of one must translate pair n of the other"
            )
        if isinstance(self.by, list):
            return
        if isinstance(test_set, SpokenTestSet) and not self.config.speech.sound:
            raise ConfigError(f"{self.name} reads text, but {test_set.name} holds recordings")
        if self.by.recalled is not None:
            from mt.decoding.datastore import warn_of_known

            warn_of_known(self.by.recalled, test_set.sources, test_set.references, console)

    def translate(self, test_set: TestSet, console: Console) -> tuple[list[str], float | None]:
        """The hypotheses (N), and the sentences per second of the search: None where a file holds them."""
        if isinstance(self.by, list):
            return self.by, None
        if isinstance(test_set, SpokenTestSet):
            return self._transcribe(self.by, test_set, console)
        from mt.device import at_once  # and torch with it, which files of translations do not need

        total, tgt = len(test_set.sources), into(self.by, test_set)
        count = at_once(CHUNK, self.by.device)
        hypotheses: list[str] = []
        pace, began = Pace(console, "sentence"), time.perf_counter()
        while len(hypotheses) < total:
            done = len(hypotheses)
            chunk = test_set.sources[done : done + count]

            def show(part: float, done: int = done, size: int = len(chunk)) -> None:
                pace.show(done + int(part * size), total)

            hypotheses += self.by.translate(chunk, tgt=tgt, progress=show)
        seconds = time.perf_counter() - began
        pace.close(total)
        return hypotheses, total / seconds

    @staticmethod
    def _transcribe(
        translator: Translator, test_set: SpokenTestSet, console: Console
    ) -> tuple[list[str], float | None]:
        """As `translate`, of recordings."""
        from mt.speech.listening import Recording

        sounds, total, began = test_set.sounds, len(test_set.sources), time.perf_counter()
        assert sounds is not None
        pace = Pace(console, "recording")
        recordings = (Recording(name, sounds.samples(row)) for row, name in enumerate(test_set.sources))
        found = translator.transcribe(
            recordings, progress=lambda part: pace.show(int(part * total), total), total=total
        )
        seconds = time.perf_counter() - began
        pace.close(total)
        return [translation.text for translation in found], total / seconds


def open_file(path: Path) -> System:
    """The lines of a file of translations; only a line feed ends one. Raises MTError."""
    lines = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError as problem:
            check_whole(path)
            raise ConfigError(f"{path}, line {number}: {not_utf8(problem)}; save it as UTF-8") from None
    return System(path, str(path), lines)


def all_scores(
    hypotheses: list[str],
    test_set: TestSet,
    console: Console,
    scoring: Scoring,
) -> tuple[Score, ...]:
    """By each metric; TER of long Chinese texts takes minutes, so each is announced.

    Of recordings whose text is in the language that is spoken: the error rates of words and characters.
    """
    if isinstance(test_set, SpokenTestSet) and test_set.unit is not None:
        counts = {
            unit: count_errors(hypotheses, test_set.references[0], unit) for unit in units(test_set.unit)
        }
        return tuple(error_rate(of_unit, unit, scoring.bootstrap) for unit, of_unit in counts.items())
    found: list[Score] = []
    for metric in METRICS:
        console.progress(f"scoring {counted(len(hypotheses), 'sentence')} by {metric}")
        found += score(hypotheses, test_set.references, scoring, metrics=[metric])
    return tuple(found)


def into(translator: Translator, test_set: TestSet) -> str | None:
    """The language that a model of several is to translate into; others are not asked."""
    return test_set.tgt if translator.targets else None


def reference_perplexity(translator: Translator, test_set: TestSet) -> float:
    """Of all references, each beside its source, by the weights as they are: not rounded for search."""
    from mt.data.encoded import PiecePairs
    from mt.layers.loss import perplexity
    from mt.layers.prepack import unpack
    from mt.training.validation import corpus_nll

    run = translator.run
    unpack(translator.model)
    batch_tokens = run.config.training.batch_tokens
    if isinstance(test_set, SpokenTestSet):
        assert test_set.sounds is not None
        ids = run.tgt_tokenizer.encode(test_set.references[0])
        spoken = PiecePairs(test_set.sounds, PiecePairs.of(ids, ids).tgt)
        return perplexity(*corpus_nll(translator.model, spoken, batch_tokens, translator.device))
    mark = translator.tag(into(translator, test_set))
    sources = [mark + readable(text) for text in test_set.sources] * len(test_set.references)
    references = [text for stream in test_set.references for text in stream]
    src_ids, tgt_ids = run.src_tokenizer.encode(sources), run.tgt_tokenizer.encode(references, sources)
    pairs = PiecePairs.of(src_ids, tgt_ids)
    return perplexity(*corpus_nll(translator.model, pairs, batch_tokens, translator.device))

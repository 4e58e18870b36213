"""Measuring a system on a test set: its translations are scored, and saved where a model made them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

from mt.config import DatastoreConfig, SearchConfig
from mt.config.fields import changed
from mt.console import Console
from mt.errors import FileError, UsageError
from mt.evaluation.length_classes import by_length
from mt.evaluation.scores import Comparison, Evaluation, Segment
from mt.evaluation.systems import System, all_scores, reference_perplexity
from mt.evaluation.test_sets import (
    SpokenTestSet,
    TestSet,
    columns,
    read_spoken_test_set,
    read_test_set,
    read_transcribed_test_set,
)
from mt.metrics import PairedResult, Scoring, check_tokenizer, paired_bootstrap, sentence_scores
from mt.options import EvaluateOptions
from mt.speech.error_rates import compare, count_errors, units
from mt.speech.layouts import lists_recordings
from mt.storage.output import write_file
from mt.text.bleu_tokenizer import spaceless_note, tokenizer_for, wanted_tokenizer
from mt.text.glossary import TermCount, count_terms
from mt.text.languages import base_language, is_code
from mt.text.moses import PREFIX
from mt.text.placeholders import survival


@dataclass(frozen=True)
class Task:
    """What each system is put to."""

    test_set: TestSet
    scoring: Scoring
    options: EvaluateOptions
    search: SearchConfig
    console: Console

    @classmethod
    def of(
        cls, options: EvaluateOptions, search: SearchConfig, systems: list[System], console: Console
    ) -> Task:
        """The test that the options name, for systems trained on such data as the first one."""
        config = systems[0].config
        spoken = next((one.config for one in systems if one.config.speech.sound), None)
        test_set: TestSet
        if spoken is not None:
            test_set = read_spoken_test_set(options, spoken, console)
        elif options.hypotheses is not None and options.test and _lists_recordings(options):
            test_set = read_transcribed_test_set(options)
        elif named := changed(options, ("audio_column", "text_column")):
            raise UsageError(f"mt evaluate: leave out {', '.join(named)}: the test is text")
        else:
            test_set = read_test_set(options, config.data, console)
        tokenize = _tokenizer(options, test_set, console)
        scoring = Scoring(tokenize, lowercase=options.lowercase, bootstrap=options.bootstrap)
        return cls(test_set, scoring, options, search, console)


def _lists_recordings(options: EvaluateOptions) -> bool:
    """Whether --test names recordings: by its layout, or as a column of them is named."""
    return bool(columns(options)) or all(map(lists_recordings, options.test))


def measure(system: System, task: Task) -> tuple[Evaluation, list[str]]:
    """Its scores, and its hypotheses (N)."""
    test_set, options, console = task.test_set, task.options, task.console
    hypotheses, speed = system.translate(test_set, console)
    saved = _save(hypotheses, system, options.save, test_set, console)
    scores = all_scores(hypotheses, test_set, console, task.scoring)
    recalled = options.model_dump(include=set(DatastoreConfig.model_fields)) if options.datastore else None
    evaluation = Evaluation(
        test=test_set.name,
        segments=len(hypotheses),
        system=system.name,
        hypotheses=saved,
        search=None if speed is None else task.search,
        datastore=recalled,
        scores=scores,
        perplexity=None if isinstance(system.by, list) else reference_perplexity(system.by, test_set),
        sentences_per_second=speed,
        real_time_factor=_real_time(speed, test_set),
        markup=survival(test_set.sources, hypotheses),
        terms=_terms(system, task, hypotheses),
        by_length=by_length(test_set.sources, hypotheses, test_set.references, task.scoring),
        worst=_worst(hypotheses, test_set, options.worst),
    )
    return evaluation, hypotheses


def compare_with(hypotheses: list[str], other: System, task: Task) -> Comparison:
    baseline, _ = other.translate(task.test_set, task.console)
    task.console.progress(f"comparing with {other.name}")
    results = _paired(hypotheses, baseline, task.test_set, task.scoring)
    return Comparison(other.name, tuple(results))


def _paired(
    hypotheses: list[str], baseline: list[str], test_set: TestSet, scoring: Scoring
) -> list[PairedResult]:
    """By BLEU and chrF2++, or by the error rates."""
    if not isinstance(test_set, SpokenTestSet) or test_set.unit is None:
        return paired_bootstrap(hypotheses, baseline, test_set.references, scoring)
    texts, found = test_set.references[0], []
    for unit in units(test_set.unit):
        ours, theirs = (count_errors(hypothesis, texts, unit) for hypothesis in (hypotheses, baseline))
        found.append(compare(ours, theirs, unit, scoring.bootstrap))
    return found


def _terms(system: System, task: Task, hypotheses: list[str]) -> tuple[TermCount, ...]:
    """How the terms of the glossary came through."""
    paths, test_set = task.options.glossary, task.test_set
    if not paths:
        return ()
    from mt.data.glossaries import read_glossary

    glossary = read_glossary(paths, task.options.src or system.data.languages.source, test_set.tgt)
    found = count_terms(glossary, test_set.sources, hypotheses)
    if not found:
        task.console.warn(f"no term of {', '.join(map(str, paths))} occurs in the sources of {test_set.name}")
    return tuple(found)


def _real_time(speed: float | None, test_set: TestSet) -> float | None:
    """Seconds that a second of sound takes, from recordings a second; None of text."""
    if speed is None or not isinstance(test_set, SpokenTestSet) or test_set.sounds is None:
        return None
    return 1 / (speed * float(test_set.sounds.seconds.mean()))


def _save(
    hypotheses: list[str], system: System, save: Path | None, test_set: TestSet, console: Console
) -> str | None:
    """Write a model's translations, a line each; returns the file that holds them."""
    if isinstance(system.by, list):
        return str(system.path)
    together = "" if system.name == str(system.path) else "ensemble."
    together += "datastore." if system.by.recalled else ""
    language = f"{test_set.tgt}." if system.data.languages.several else ""
    path = save or system.path / f"hypotheses.{together}{language}{test_set.stem}.txt"
    try:
        write_file(path, "".join(f"{text}\n" for text in hypotheses).encode())
    except FileError as problem:
        if save is not None:
            raise
        console.warn(f"{problem}; --save FILE keeps the translations")  # a run may be read-only
        return None
    console.note(f"translations: {path}")
    return str(path)


def _worst(hypotheses: list[str], test_set: TestSet, count: int) -> tuple[Segment, ...]:
    """The segments of lowest chrF, without those that equal a reference (an empty one has chrF 0)."""
    scores = sentence_scores(hypotheses, test_set.references)
    references = list(zip(*test_set.references, strict=True))
    faulty = (row for row, text in enumerate(hypotheses) if text not in references[row])
    rows = heapq.nsmallest(count, faulty, key=scores.__getitem__)
    return tuple(
        Segment(row + 1, test_set.sources[row], references[row], hypotheses[row], scores[row]) for row in rows
    )


def _tokenizer(options: EvaluateOptions, test_set: TestSet, console: Console) -> str:
    """The BLEU tokeniser asked for, or the target language's. Raises ConfigError if it cannot be had."""
    name = options.tokenize or tokenizer_for(test_set.tgt, test_set.references[0])
    if name == "moses":
        name = PREFIX + base_language(test_set.tgt)
    if options.tokenize is None and not (test_set.tgt and is_code(test_set.tgt)):
        language = (
            f"{test_set.tgt} is not a language code" if test_set.tgt else "the target language is not known"
        )
        console.warn(f"{language}: BLEU's tokeniser is {name}; give --tgt, such as zh, or --tokenize")
    wanted = wanted_tokenizer(test_set.tgt, test_set.references[0])
    if options.tokenize is None and (note := spaceless_note(test_set.tgt, test_set.references[0])):
        console.note(f"{note}; TER counts words between spaces")
    if options.tokenize is None and name != wanted:
        extra = wanted.removesuffix("-mecab")
        console.warn(
            f"BLEU counts characters, not words, as MeCab is not installed: pip install 'sacrebleu[{extra}]'"
        )
    check_tokenizer(name)
    return name

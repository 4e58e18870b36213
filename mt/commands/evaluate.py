"""Evaluate: a run, or a file of translations, against references -> scores with all it takes to repeat them.

Everything about the model is imported where one is opened: scoring a file needs no torch.
"""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, replace
from pathlib import Path

from mt.config import DatastoreConfig, SearchConfig
from mt.config.fields import changed
from mt.console import Console
from mt.data.spec import check_files
from mt.errors import FileError, RunError, UsageError
from mt.evaluation.length_classes import by_length
from mt.evaluation.run_groups import RunGroup, RunGroups
from mt.evaluation.scores import Comparison, Evaluation, Segment
from mt.evaluation.systems import System, all_scores, open_file, reference_perplexity
from mt.evaluation.test_sets import (
    SpokenTestSet,
    TestSet,
    columns,
    files_of,
    read_spoken_test_set,
    read_test_set,
    read_transcribed_test_set,
)
from mt.metrics import (
    PairedResult,
    Scoring,
    check_tokenizer,
    paired_bootstrap,
    sentence_scores,
    spaceless_note,
    tokenizer_for,
    wanted_tokenizer,
)
from mt.options import EvaluateOptions
from mt.speech.error_rates import compare, count_errors, units
from mt.speech.layouts import lists_recordings
from mt.storage.output import check_output, same_file, stdout, write_file
from mt.text.glossary import TermCount, count_terms
from mt.text.languages import base_language, is_code
from mt.text.moses import PREFIX
from mt.text.placeholders import survival


@dataclass(frozen=True)
class _Task:
    """What each system is put to."""

    test_set: TestSet
    scoring: Scoring
    options: EvaluateOptions
    search: SearchConfig
    console: Console

    @classmethod
    def of(
        cls, options: EvaluateOptions, search: SearchConfig, systems: list[System], console: Console
    ) -> _Task:
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


def evaluate(options: EvaluateOptions, search: SearchConfig, console: Console) -> Evaluation | RunGroups:
    """Score what the options name, save the translations of models, write the result to stdout.

    Whatever can be wrong with files and flags is found before the search, which may take long.
    Raises MTError for what the user can mend.
    """
    _check(options, search)
    found: Evaluation | RunGroups
    if options.runs:
        found = _evaluate_groups(options, search, console)
    else:
        found = _evaluate_one(options, search, console)
    console.settle()
    stdout().text(f"{_shown(found, options)}\n")
    return found


def _lists_recordings(options: EvaluateOptions) -> bool:
    """Whether --test names recordings: by its layout, or as a column of them is named."""
    return bool(columns(options)) or all(map(lists_recordings, options.test))


def _shown(found: Evaluation | RunGroups, options: EvaluateOptions) -> str:
    if options.as_json:
        return json.dumps(found.as_dict(), ensure_ascii=False)
    if options.markdown:
        return found.table().markdown()
    return found.table().latex() if options.latex else str(found)


def _evaluate_one(options: EvaluateOptions, search: SearchConfig, console: Console) -> Evaluation:
    """One system, compared with those that --against names."""
    if options.hypotheses is None:
        system = _open_run(options, search, console)
    else:
        system = open_file(options.hypotheses)
    others = [_open_other(path, options, search, console) for path in options.against]
    task = _Task.of(options, search, [system, *others], console)
    for one in (system, *others):
        one.check(task.test_set, console)
    found, hypotheses = _measure(system, task)
    return replace(found, comparisons=tuple(_compare(hypotheses, other, task) for other in others))


def _evaluate_groups(options: EvaluateOptions, search: SearchConfig, console: Console) -> RunGroups:
    """The runs of each --runs, one after the other; all of their settings are looked at first."""
    _check_runs([path for group in options.runs for path in group])
    task: _Task | None = None
    groups = []
    for paths in options.runs:
        runs = []
        for path in paths:
            system = _open_run(options.model_copy(update={"model": (path,)}), search, console)
            task = task or _Task.of(options, search, [system], console)
            system.check(task.test_set, console)
            found, _ = _measure(system, task)
            console.note(f"{path}: {found.scores[0]}")
            runs.append(found)
        groups.append(RunGroup(tuple(runs)))
    return RunGroups(tuple(groups))


def _check_runs(paths: list[Path]) -> None:
    """Raises RunError for a directory that is no run, or if they translate between different languages."""
    from mt.checkpoint import read_config

    first, *others = [read_config(path)[0].data for path in paths]
    for path, data in zip(paths[1:], others, strict=True):
        if problem := first.languages.difference(data.languages):
            raise RunError(f"{paths[0]} and {path} cannot be measured on one test: {problem}")


def _measure(system: System, task: _Task) -> tuple[Evaluation, list[str]]:
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


def _terms(system: System, task: _Task, hypotheses: list[str]) -> tuple[TermCount, ...]:
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


def _compare(hypotheses: list[str], other: System, task: _Task) -> Comparison:
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


def _check(options: EvaluateOptions, search: SearchConfig) -> None:
    """Raises UsageError for flags that are at odds, or of which one would have no effect, and FileError."""
    built_in, written, groups = options.test_set is not None, options.hypotheses is not None, options.runs
    conflicts = (
        (built_in and options.test, "--test and -t both name test pairs: give one of them"),
        (built_in == (options.language_pair is None), "-t and -l need each other: -t multi30k/2016 -l en-de"),
        (built_in and (options.src or options.tgt), "-l names the languages: leave --src and --tgt out"),
        (
            written and not (built_in or options.test),
            "--hypotheses needs references: give --test SPEC, or -t and -l",
        ),
        (written and options.model, "--hypotheses and -m both name what to score: give one by --against"),
        (written and options.save, "--save writes a model's translations: leave it out with --hypotheses"),
        (
            options.against and options.bootstrap < 2,
            "--against needs --bootstrap 2 or more: the p-value comes from resamples",
        ),
        (_overwrites(options), f"--save {options.save} would overwrite what is read: write somewhere else"),
        (
            groups and (options.model or written or options.against),
            "--runs names all that is measured: leave out -m, --hypotheses and --against",
        ),
        (groups and options.save, "--save is one file: with --runs each run keeps its own translations"),
        (
            options.as_json + options.markdown + options.latex > 1,
            "--json, --markdown and --latex are three forms: give one of them",
        ),
    )
    for wrong, message in conflicts:
        if wrong:
            raise UsageError(f"mt evaluate: {message}")
    if written and not any(path.is_dir() for path in options.against):
        idle = changed(search, SearchConfig.model_fields) + changed(
            options, ("device", "threads", "datastore")
        )
        if idle:
            raise UsageError(f"mt evaluate: leave out {', '.join(idle)}: --hypotheses needs no model")
    check_files(options.test)
    check_output(None)
    if options.save is not None:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        check_output(options.save)


def _overwrites(options: EvaluateOptions) -> bool:
    """Whether --save names a file that holds test pairs or other translations."""
    save = options.save
    read = [*files_of((*options.test, *options.datastore)), *options.against, *options.glossary]
    return save is not None and any(same_file(save, path) for path in read)


def _open_run(options: EvaluateOptions, search_config: SearchConfig, console: Console) -> System:
    """The run that the options name, or the newest one."""
    from mt.translator.opening import open_translator

    translator = open_translator(options, search_config, console)
    translator.use_glossary(*options.glossary)
    return System(translator.run.path, translator.name, translator)


def _open_other(path: Path, options: EvaluateOptions, search: SearchConfig, console: Console) -> System:
    """A system to compare with: a run, without datastore and glossary, or a file of translations."""
    if path.is_dir():
        alone = options.model_copy(update={"model": (path,), "datastore": (), "glossary": ()})
        return _open_run(alone, search, console)
    return open_file(path)


def _tokenizer(options: EvaluateOptions, test_set: TestSet, console: Console) -> str:
    """The BLEU tokeniser asked for, or the target language's. Raises ConfigError if it cannot be had."""
    name = options.tokenize or tokenizer_for(test_set.tgt, test_set.references[0])
    if name == "moses":
        name = PREFIX + base_language(test_set.tgt)
    if options.tokenize is None and not (test_set.tgt and is_code(test_set.tgt)):
        language = (
            f"{test_set.tgt} is no language code" if test_set.tgt else "the target language is not known"
        )
        console.warn(f"{language}: BLEU's tokeniser is {name}; give --tgt, such as zh, or --tokenize")
    wanted = wanted_tokenizer(test_set.tgt, test_set.references[0])
    if options.tokenize is None and (note := spaceless_note(test_set.tgt, test_set.references[0])):
        console.note(f"{note}; TER counts what stands between spaces")
    if options.tokenize is None and name != wanted:
        extra = wanted.removesuffix("-mecab")
        console.warn(
            f"BLEU counts characters, not words, as MeCab is not there: pip install 'sacrebleu[{extra}]'"
        )
    check_tokenizer(name)
    return name


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
        console.warn(f"{problem}; name a file by --save to keep the translations")  # a run may be read-only
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

"""Evaluate: a run, or a file of translations, against references -> scores with all it takes to repeat them.

Everything about the model is imported where one is opened: scoring a file needs no torch.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from mt.config import SearchConfig
from mt.config.fields import changed
from mt.console import Console
from mt.data.spec import check_files
from mt.errors import RunError, UsageError
from mt.evaluation.measuring import Task, compare_with, measure
from mt.evaluation.run_groups import RunGroup, RunGroups
from mt.evaluation.scores import Evaluation
from mt.evaluation.systems import System, open_file
from mt.evaluation.test_sets import files_of
from mt.options import EvaluateOptions
from mt.storage.output import check_output, same_file, stdout


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
    task = Task.of(options, search, [system, *others], console)
    for one in (system, *others):
        one.check(task.test_set, console)
    found, hypotheses = measure(system, task)
    return replace(found, comparisons=tuple(compare_with(hypotheses, other, task) for other in others))


def _evaluate_groups(options: EvaluateOptions, search: SearchConfig, console: Console) -> RunGroups:
    """The runs of each --runs, one after the other; all of their settings are looked at first."""
    _check_runs([path for group in options.runs for path in group])
    task: Task | None = None
    groups = []
    for paths in options.runs:
        runs = []
        for path in paths:
            system = _open_run(options.model_copy(update={"model": (path,)}), search, console)
            task = task or Task.of(options, search, [system], console)
            system.check(task.test_set, console)
            found, _ = measure(system, task)
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

"""Evaluate: a run, or a file of translations, against references -> scores with all it takes to repeat them.

Everything about the model is imported where one is opened: scoring a file needs no torch.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mt.config import DatastoreConfig, SearchConfig, changed
from mt.console import Console
from mt.errors import FileError, UsageError
from mt.evaluation.systems import System, all_scores, open_file, reference_perplexity
from mt.evaluation.test_sets import TestSet, read_test_set
from mt.metrics import (
    PairedResult,
    Score,
    Scoring,
    check_tokenizer,
    paired_bootstrap,
    sentence_scores,
    tokenizer_for,
    wanted_tokenizer,
)
from mt.options import EvaluateOptions
from mt.text.languages import base_language, is_code
from mt.text.moses import PREFIX
from mt.text.placeholders import Survival, survival


@dataclass(frozen=True)
class Segment:
    """One sentence of the test; number counts from 1, chrf is 0-100."""

    number: int
    source: str
    references: tuple[str, ...]
    hypothesis: str
    chrf: float

    def __str__(self) -> str:
        rows = [
            ("source", self.source),
            *(("reference", text) for text in self.references),
            ("hypothesis", self.hypothesis),
        ]
        # What ends a line on some screen is a space here; the JSON has the text as it is.
        shown = (f"\n  {title:<10}  {' '.join(text.splitlines())}".rstrip(" ") for title, text in rows)
        return f"segment {self.number}, chrF {self.chrf:.1f}" + "".join(shown)


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    system and against: run directories or files of translations.
    hypotheses: the file that holds the system's; None if it could not be written.
    markup: see `markup.survival`.
    perplexity: of the references under the model, teacher-forced, per target piece, the end counted as one.
    datastore: what was recalled, and how; None if nothing was.
    sentences_per_second: search alone. perplexity, speed and search are None where there was no model.
    """

    test: str
    segments: int
    system: str
    hypotheses: str | None
    search: SearchConfig | None
    datastore: dict[str, Any] | None
    scores: tuple[Score, ...]
    perplexity: float | None
    sentences_per_second: float | None
    markup: Survival
    against: str | None
    comparison: tuple[PairedResult, ...]
    worst: tuple[Segment, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which has no infinity: a perplexity beyond all bounds is null there."""
        finite = self.perplexity is not None and math.isfinite(self.perplexity)
        return {
            **vars(self),
            "search": None if self.search is None else self.search.model_dump(),
            "scores": [score.as_dict() for score in self.scores],
            "perplexity": self.perplexity if finite else None,
            "markup": asdict(self.markup),
            "comparison": [result.as_dict() for result in self.comparison],
            "worst": [asdict(segment) for segment in self.worst],
        }

    def __str__(self) -> str:
        lines = [str(score) for score in self.scores]
        if self.perplexity is not None:
            lines.append(f"perplexity {self.perplexity:.2f} per target piece")
        if self.sentences_per_second is not None:
            lines.append(f"speed {self.sentences_per_second:.1f} sentences/s, search only")
        if self.markup.marked:
            lines.append(f"markup and numbers intact: {self.markup}")
        if self.against is not None:
            lines += ["", f"against {self.against}:", *map(str, self.comparison)]
        if self.worst:
            lines += ["", "worst segments:", *map(str, self.worst)]
        return "\n".join(lines)


def evaluate(options: EvaluateOptions, search_config: SearchConfig, console: Console) -> Evaluation:
    """Score what the options name, save a model's translations, write the result to stdout.

    Whatever can be wrong with files and flags is found before the search, which may take long.
    Raises MTError for what the user can mend.
    """
    _check(options, search_config)
    if options.hypotheses is None:
        system = _open_run(options, search_config, console)
    else:
        system = open_file(options.hypotheses)
    test_set = read_test_set(options, system.data, console)
    tokenize = _tokenizer(options, test_set, console)
    other = _open_other(options, search_config, console)
    for one in (system, other):
        if one is not None:
            one.check(test_set, console)
    hypotheses, speed = system.translate(test_set, console)
    saved = _save(hypotheses, system, options.save, test_set, console)
    scoring = Scoring(tokenize, lowercase=options.lowercase, bootstrap=options.bootstrap)
    scores = all_scores(hypotheses, test_set, console, scoring)
    comparison: list[PairedResult] = []
    if other is not None:
        baseline, _ = other.translate(test_set, console)
        comparison = paired_bootstrap(hypotheses, baseline, test_set.references, scoring)
    recalled = options.model_dump(include=set(DatastoreConfig.model_fields)) if options.datastore else None
    evaluation = Evaluation(
        test=test_set.name,
        segments=len(hypotheses),
        system=system.name,
        hypotheses=saved,
        search=None if speed is None else search_config,
        datastore=recalled,
        scores=scores,
        perplexity=None if isinstance(system.by, list) else reference_perplexity(system.by, test_set),
        sentences_per_second=speed,
        markup=survival(test_set.sources, hypotheses),
        against=None if other is None else other.name,
        comparison=tuple(comparison),
        worst=_worst(hypotheses, test_set, options.worst),
    )
    console.settle()
    text = json.dumps(evaluation.as_dict(), ensure_ascii=False) if options.as_json else str(evaluation)
    sys.stdout.buffer.write(f"{text}\n".encode())  # UTF-8 whatever the locale
    sys.stdout.flush()
    return evaluation


def _check(options: EvaluateOptions, search_config: SearchConfig) -> None:
    """Raises UsageError for flags that are at odds, or of which one would have no effect."""
    built_in, written = options.test_set is not None, options.hypotheses is not None
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
    )
    for wrong, message in conflicts:
        if wrong:
            raise UsageError(f"mt evaluate: {message}")
    if written and not (options.against is not None and options.against.is_dir()):
        idle = changed(search_config, SearchConfig.model_fields) + changed(
            options, ("device", "threads", "datastore")
        )
        if idle:
            raise UsageError(f"mt evaluate: leave out {', '.join(idle)}: --hypotheses needs no model")


def _overwrites(options: EvaluateOptions) -> bool:
    """Whether --save names a file that holds test pairs or the other translations."""
    save = options.save
    names = [name.strip() for spec in options.test for name in (spec, *spec.split(","))]
    read = [Path(name).expanduser() for name in names] + ([options.against] if options.against else [])
    return save is not None and save.exists() and any(path.exists() and save.samefile(path) for path in read)


def _open_run(options: EvaluateOptions, search_config: SearchConfig, console: Console) -> System:
    """The run that the options name, or the newest one."""
    from mt.translator import open_translator

    translator = open_translator(options, search_config, console)
    return System(translator.run.path, translator.name, translator)


def _open_other(options: EvaluateOptions, search_config: SearchConfig, console: Console) -> System | None:
    """What it is compared with, if anything."""
    if options.against is None:
        return None
    if options.against.is_dir():
        alone = options.model_copy(update={"model": (options.against,), "datastore": ()})
        return _open_run(alone, search_config, console)
    return open_file(options.against)


def _tokenizer(options: EvaluateOptions, test_set: TestSet, console: Console) -> str:
    """The BLEU tokeniser asked for, or the target language's. Raises ConfigError if it cannot be had."""
    name = options.tokenize or tokenizer_for(test_set.tgt)
    if name == "moses":
        name = PREFIX + base_language(test_set.tgt)
    if options.tokenize is None and not (test_set.tgt and is_code(test_set.tgt)):
        language = (
            f"{test_set.tgt} is no language code" if test_set.tgt else "the target language is not known"
        )
        console.warn(f"{language}: BLEU's tokeniser is {name}; give --tgt, such as zh, or --tokenize")
    wanted = wanted_tokenizer(test_set.tgt)
    if options.tokenize is None and name != wanted:
        extra = wanted.removesuffix("-mecab")
        console.warn(
            f"BLEU counts characters, not words, as MeCab is not there: pip install 'sacrebleu[{extra}]'"
        )
    check_tokenizer(name)
    return name


def _save(
    hypotheses: list[str], system: System, save: Path | None, test_set: TestSet, console: Console
) -> str | None:
    """Write a model's translations, a line each; returns the file that holds them."""
    if isinstance(system.by, list):
        return str(system.path)
    from mt.atomic import write_bytes

    together = "" if system.name == str(system.path) else "ensemble."
    together += "datastore." if system.by.recalled else ""
    language = f"{test_set.tgt}." if system.data.several else ""
    path = save or system.path / f"hypotheses.{together}{language}{test_set.stem}.txt"
    try:
        write_bytes(path, "".join(f"{text}\n" for text in hypotheses).encode())
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

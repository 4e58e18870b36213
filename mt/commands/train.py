"""Train: parallel text -> a run directory that translates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mt import arithmetic, checkpoint, device
from mt.arithmetic import Arithmetic
from mt.config import BUILT_IN, Config
from mt.console import Console
from mt.data.corpus import Corpus, hold_out, overlap, read_train, read_validation
from mt.data.encoded import PiecePairs, cut
from mt.data.sampling import Sampler, SideSampler
from mt.data.statistics import several_sentences
from mt.errors import RunError
from mt.metrics import spaceless_note
from mt.options import TrainOptions
from mt.text.languages import check_languages, is_code, languages_of, split_direction, targets
from mt.tokenizer import Tokenizer
from mt.training.clock import ENCODING, PIECES, READING, TEACHERS, Clock
from mt.training.distillation import load_teachers
from mt.training.loader import BatchLoader
from mt.training.lock import locked
from mt.training.logs import START, cut_logs, log_metrics
from mt.training.model_card import example, write_card
from mt.training.progress import Progress
from mt.training.reports import Reporter
from mt.training.resuming import Begun, find_begun
from mt.training.state import RunFiles
from mt.training.tensorboard import check_tensorboard, open_events
from mt.training.trainer import Trainer
from mt.training.updater import Updater
from mt.training.validation import Validator, unigram_entropy
from mt.training.vocabulary import learn_tokenizers, take_tokenizers


@dataclass(frozen=True)
class Corpora:
    """What is learned from and what is validated on."""

    train: Corpus
    validation: Corpus

    def fingerprints(self) -> dict[str, str]:
        """Digests by which a resumed run knows its pairs again."""
        return {"train": self.train.fingerprint, "validation": self.validation.fingerprint}


@dataclass(frozen=True)
class Material:
    """What a model learns from: corpora, the tokenizers of both sides, and the training pairs as ids."""

    corpora: Corpora
    tokenizers: tuple[Tokenizer, Tokenizer]
    pairs: PiecePairs


def train(config: Config, options: TrainOptions, console: Console, *, began: float | None = None) -> Path:
    """Train, or go on training, the run that `options.out` names; returns its directory.

    began: when the command did, by time.monotonic; without it now. Raises MTError for whatever the user can
    mend; Interrupted after a signal, with everything saved.
    """
    clock = Clock(options.time_budget, began)
    if options.tensorboard:
        check_tensorboard()
    config = complete(config)
    run_dir = options.out or checkpoint.CHECKPOINTS / default_name(config)
    where = device.set_up(options.device, options.threads)
    with locked(run_dir):
        begun = find_begun(run_dir, config)
        computed = _settle_arithmetic(config, where, begun, console)
        known = _known_tokenizers(config, run_dir, begun, console)
        teachers = load_teachers([Path(name) for name in config.training.teachers])
        if teachers:
            teachers.check(config.data, known)
        corpora = read_corpora(config, console)
        fingerprints = corpora.fingerprints() | ({"teachers": teachers.fingerprint} if teachers else {})
        if begun:
            _refuse_other_corpora(run_dir, begun.facts, fingerprints)
        clock.lap(READING)
        tokenizers = known or learn_tokenizers(config, corpora.train, console)
        clock.lap(PIECES)
        identity = begun.identity if begun else checkpoint.identity(config, tokenizers, fingerprints)
        facts = {
            "identity": identity,
            "corpora": fingerprints,
            "split_chars": max(30, 2 * corpora.train.report.src.p95),
            "several_sentences": several_sentences(corpora.train.dataset, config.data.source),
            "arithmetic": computed.as_dict(),
        }
        files = RunFiles(run_dir, config, identity)
        checkpoint.save_setup(run_dir, config, tokenizers, facts)
        pairs = cut(corpora.train, *tokenizers, console.progress)
        console.settle()
        _report_pieces(console, pairs)
        clock.lap(ENCODING)
        if teachers:
            pairs = teachers.annotate(pairs, where, computed.precision, console)
            clock.lap(TEACHERS)
            del teachers  # and the memory they take
        material = Material(corpora, tokenizers, pairs)
        trainer = _set_up(files, material, where, computed.precision, clock, console)
        _go_on(trainer, begun, computed)
        with _events(trainer, options):
            progress = trainer.fit()
        write_card(run_dir, config, progress, clock)
    console.note(f"time: {clock}")
    console.note(_conclusion(config, progress, run_dir))
    return run_dir


def _set_up(
    files: RunFiles,
    material: Material,
    where: torch.device,
    precision: str,
    clock: Clock,
    console: Console,
) -> Trainer:
    """Build the model and what trains it."""
    config, validation, pairs = files.config, material.corpora.validation, material.pairs
    src, tgt = material.tokenizers
    torch.manual_seed(config.training.seed)
    model = checkpoint.build(config, src, tgt).to(where)
    count = sum(weights.numel() for weights in model.parameters())
    console.note(f"{count:,} weights; run directory {files.path}")
    sources = validation.dataset["src"][:]
    validator = Validator(
        sources=sources,
        references=validation.dataset["tgt"][:],
        pairs=cut(validation, src, tgt),
        tokenizer=tgt,
        languages=languages_of(sources, config.data.tgt),
        batch_tokens=config.training.batch_tokens,
        precision=precision,
    )
    sampler = None
    if (strength := config.tokenizer.sampling) is not None:
        algorithm = config.tokenizer.algorithm
        sides = (SideSampler(tokenizer, algorithm, strength) for tokenizer in (src, tgt))
        sampler = Sampler(pairs, *sides)
    loader = BatchLoader(pairs, config.training, sampler, pin=where.type == "cuda")
    floor = unigram_entropy(pairs, tgt.vocab_size)
    reporter = Reporter(files.path, config.training, console, clock, floor)
    updater = Updater(model, config.training, where, precision)
    return Trainer(files, updater, loader, validator, reporter, clock)


def _go_on(trainer: Trainer, begun: Begun | None, computed: Arithmetic) -> None:
    """Put the trainer where the run was; its logs say so."""
    run_dir, console = trainer.files.path, trainer.reporter.console
    if begun:
        trainer.resume()
        console.note(f"going on from step {trainer.progress.step:,}")
        if begun.best_lost:
            console.warn(
                f"{run_dir / checkpoint.MODEL} is gone, and with it the best weights; those of step "
                f"{trainer.progress.step:,} are the best from now on, until better ones are found"
            )
            trainer.replace_best()
    cut_logs(run_dir, trainer.progress)
    start = computed.as_dict()
    if begun and begun.changed:
        start["changed"] = {change.name: [change.before, change.after] for change in begun.changed}
    log_metrics(run_dir, START, trainer.progress.step, start)


@contextmanager
def _events(trainer: Trainer, options: TrainOptions) -> Iterator[None]:
    """Let TensorBoard have the trainer's numbers too, if that is asked for."""
    if not options.tensorboard:
        yield
        return
    with open_events(trainer.files.path, trainer.progress.step) as events:
        trainer.reporter = replace(trainer.reporter, events=events)
        yield


def _settle_arithmetic(
    config: Config, where: torch.device, begun: Begun | None, console: Console
) -> Arithmetic:
    """What is computed with from now on; where it is not what the run was begun with, a line says so.

    Where the settings say `auto`, a run keeps the precision it was begun in.
    """
    before: Mapping[str, Any] = begun.facts.get("arithmetic", {}) if begun else {}
    precision = device.resolve_precision(config.training.precision, where)
    if (kept := before.get("precision", precision)) != precision:
        console.warn(
            f"the run was begun in {kept} and goes on in it; on this device auto would be {precision}"
        )
    console.note(device.describe(where, kept))
    computed = arithmetic.current(where, kept)
    if others := computed.differences(before):
        console.warn(
            f"the run was trained with other arithmetic: {', '.join(others)}; it goes on, "
            "but not bit for bit as it would have there"
        )
    return computed


def _known_tokenizers(
    config: Config, run_dir: Path, begun: Begun | None, console: Console
) -> tuple[Tokenizer, Tokenizer] | None:
    """Those of the run that goes on, or of another one that the settings name; None if there are none yet."""
    if begun:
        return checkpoint.read_tokenizers(run_dir, config, begun.facts)
    return take_tokenizers(config, console)


def complete(config: Config) -> Config:
    """Fill in what the built-in corpus says by itself: its languages and its validation part."""
    data = config.data
    values: dict[str, object] = {}
    if set(data.train) == {BUILT_IN}:
        values["validation"] = data.validation or (BUILT_IN,)
        if data.src is None and data.tgt is None:
            values |= {"src": "en", "tgt": "zh"} if data.swap else {"src": "zh", "tgt": "en"}
    return config.model_copy(update={"data": data.model_copy(update=values)})


def default_name(config: Config) -> str:
    """A run's name by its corpus and languages: `phrasebook-zh-en`."""
    direction, spec = split_direction(config.data.train[0])
    stem = Path(spec.split(",")[0].removeprefix("hub:")).name.split(".")[0].split("@")[0]
    codes: tuple[str | None, ...] = (config.data.src, config.data.tgt)
    if direction:  # of several the source is left out, as they may differ in it
        several = targets(config.data.train)
        codes = several if len(several) > 1 else direction
    return "-".join(part for part in (stem, *codes) if part)


def _refuse_other_corpora(run_dir: Path, facts: Mapping[str, Any], fingerprints: Mapping[str, str]) -> None:
    for name, fingerprint in fingerprints.items():
        if facts.get("corpora", {}).get(name) != fingerprint:
            what = name if name == "teachers" else f"{name} pairs"
            raise RunError(
                f"the {what} are not those that {run_dir} was begun with; "
                "restore them to go on, or give another --out to start anew"
            )


def read_corpora(config: Config, console: Console) -> Corpora:
    """Read, clean and report the training and validation pairs."""
    data = config.data
    check_languages(data.train, data.validation, "validation")
    corpus = read_train(data, console.progress)
    console.settle()
    if data.validation:
        validation = read_validation(data)
        corpora = Corpora(corpus, validation)
    else:
        count = min(data.validation_pairs, max(1, len(corpus.dataset) // 10))
        corpora = Corpora(*hold_out(corpus, count, config.training.seed))
    if data.tgt and not is_code(data.tgt):
        console.warn(f"{data.tgt} is no language code such as zh: validation BLEU knows nothing of its words")
    sample = corpora.validation.dataset[:100]["tgt"]
    for code in targets(data.train) or (data.tgt,):
        if note := spaceless_note(code, sample):
            console.note(f"validation: {note}")
    for name, part in (("train", corpora.train), ("validation", corpora.validation)):
        for line in part.report.lines():
            console.note(f"{name}: {line}")
        for warning in part.report.warnings:
            console.warn(warning)
    _report_overlap(corpora, console)
    return corpora


def _report_overlap(corpora: Corpora, console: Console) -> None:
    shared = overlap(corpora.train, corpora.validation)
    total = len(corpora.validation.dataset)
    line = (
        f"overlap: of {total:,} validation pairs {shared.src:,} sources, {shared.tgt:,} targets and "
        f"{shared.pairs:,} whole pairs occur in train"
    )
    console.note(line)
    if shared.pairs > 0.05 * total:
        console.warn("the validation pairs are partly known from training, so scores on them flatter")


def _report_pieces(console: Console, pairs: PiecePairs) -> None:
    unknown_src, unknown_tgt = pairs.unknown_rate()
    console.note(
        f"pieces: {pairs.src.lengths.mean():.1f} a source and {pairs.tgt.lengths.mean():.1f} a target "
        f"sentence on average; unknown {100 * unknown_src:.2f} % and {100 * unknown_tgt:.2f} %"
    )


def _conclusion(config: Config, progress: Progress, run_dir: Path) -> str:
    metric = {"bleu": "validation BLEU", "perplexity": "validation perplexity"}[
        config.training.validation_metric
    ]
    best = "none" if progress.best is None else f"{progress.best:.2f} at step {progress.best_step:,}"
    test = "" if set(config.data.train) == {BUILT_IN} else " --test SPEC"
    return (
        f"finished: {progress.finished}; best {metric} {best}. "
        f"Try it: {example(run_dir, config)} or mt evaluate -m {run_dir}{test}"
    )

"""Train: parallel text -> a run directory that translates.

Five stages, each of which takes its own section of the settings and hands on one value: the corpora are read,
the vocabulary is learned, the pairs become ids, the model is built, and it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mt import checkpoint, device
from mt.config import BUILT_IN, Config
from mt.console import Console
from mt.data.encoded import PiecePairs, cut
from mt.data.sampling import make_sampler
from mt.data.spec import split_weight
from mt.data.workers import cores
from mt.options import TrainOptions
from mt.text.languages import split_direction, targets
from mt.tokenizer import Tokenizer
from mt.training.arithmetic import Arithmetic, settle
from mt.training.clock import BUILDING, ENCODING, READING, TEACHERS, VOCABULARY, Clock
from mt.training.corpora import Corpora, read_corpora
from mt.training.distillation import load_teachers
from mt.training.loader import BatchLoader
from mt.training.lock import locked
from mt.training.logs import START, cut_logs, log_metrics
from mt.training.model_card import example, write_card
from mt.training.progress import Progress
from mt.training.reporter import Reporter
from mt.training.resuming import Begun, find_begun
from mt.training.starting import Start, freeze, load_start
from mt.training.state import RunFiles
from mt.training.tensorboard import check_tensorboard, open_events
from mt.training.trainer import Trainer
from mt.training.updater import Updater
from mt.training.validation import Validator, unigram_entropy
from mt.training.vocabulary import learn_tokenizers, take_tokenizers

Tokenizers = tuple[Tokenizer, Tokenizer]


@dataclass(frozen=True)
class Material:
    """What there is once the pairs are ids: all that a model is built for and trained on.

    begun: the run that goes on; None for a new one. start: the run that --init names.
    """

    files: RunFiles
    begun: Begun | None
    computed: Arithmetic
    corpora: Corpora
    tokenizers: Tokenizers
    pairs: PiecePairs
    start: Start | None


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
        material = _prepare(config, run_dir, where, clock, console, options.workers or cores())
        trainer = _make_trainer(material, where, clock, console)
        _go_on(trainer, material)
        clock.lap(BUILDING)
        with _events(trainer, options):
            progress = trainer.fit()
        write_card(run_dir, config, progress, clock)
    console.note(f"time: {clock}")
    console.note(_conclusion(config, progress, run_dir))
    return run_dir


def _prepare(
    config: Config, run_dir: Path, where: torch.device, clock: Clock, console: Console, workers: int
) -> Material:
    """Read the corpora, learn the tokenizers, make ids of the pairs; the run directory is begun by then."""
    begun = find_begun(run_dir, config)
    computed = settle(config.training.precision, where, begun.arithmetic if begun else {}, console)
    known = begun.tokenizers if begun else take_tokenizers(config.tokenizer, config.data.tags, console)
    start = load_start(config.training.init, config.data)
    teachers = load_teachers(config.training.teachers, config.data, known)
    corpora = read_corpora(config.data, config.training.seed, console, workers)
    fingerprints = corpora.fingerprints | ({"teachers": teachers.fingerprint} if teachers else {})
    fingerprints |= {"init": start.fingerprint} if start else {}
    if begun:
        begun.check_corpora(fingerprints)
    clock.lap(READING)
    tokenizers = known or learn_tokenizers(config.tokenizer, corpora.train, config.data.tags, console)
    clock.lap(VOCABULARY)
    identity = begun.identity if begun else checkpoint.identity(config, tokenizers, fingerprints)
    metadata = {"identity": identity, "corpora": fingerprints, "arithmetic": computed.as_dict()}
    checkpoint.save_setup(run_dir, config, tokenizers, metadata | corpora.metadata())
    pairs = cut(corpora.train, *tokenizers, console.progress, workers)
    console.settle()
    _report_tokens(console, pairs)
    for line in start.describe(corpora.train) if start and not begun else ():
        console.note(line)
    clock.lap(ENCODING)
    if teachers:
        pairs = teachers.annotate(pairs, where, computed.precision, console)
        clock.lap(TEACHERS)
    return Material(RunFiles(run_dir, config, identity), begun, computed, corpora, tokenizers, pairs, start)


def _make_trainer(material: Material, where: torch.device, clock: Clock, console: Console) -> Trainer:
    """Build the model and what trains it."""
    files, tokenizers, pairs = material.files, material.tokenizers, material.pairs
    config, precision = files.config, material.computed.precision
    torch.manual_seed(config.training.seed)
    model = checkpoint.build(config, *tokenizers).to(where)
    if material.start:
        material.start.give_weights(model)
        freeze(model, config.training.freeze)
    count = sum(weights.numel() for weights in model.parameters())
    console.note(f"{count:,} weights; run directory {files.path}")
    sampler = make_sampler(config.tokenizer, pairs, tokenizers)
    validation = material.corpora.validation
    validator = Validator(
        sources=validation.dataset["src"][:],
        references=validation.dataset["tgt"][:],
        pairs=cut(validation, *tokenizers),
        tokenizer=tokenizers[1],
        languages=material.corpora.validation_languages,
        batch_tokens=config.training.batch_tokens,
        precision=precision,
    )
    floor = unigram_entropy(pairs, tokenizers[1].vocab_size)
    return Trainer(
        files,
        Updater(model, config.training, where, precision),
        BatchLoader(pairs, config.training, sampler, pin=where.type == "cuda"),
        validator,
        Reporter(files.path, config.training, console, clock, floor),
        clock,
    )


def _go_on(trainer: Trainer, material: Material) -> None:
    """Put the trainer where the run was; its logs say so."""
    begun, run_dir, console = material.begun, trainer.files.path, trainer.reporter.console
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
    start = material.computed.as_dict()
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
    direction, spec = split_direction(split_weight(config.data.train[0])[0])
    stem = Path(spec.split(",")[0].removeprefix("hub:")).name.split(".")[0].split("@")[0]
    codes: tuple[str | None, ...] = (config.data.src, config.data.tgt)
    if direction:  # of several the source is left out, as they may differ in it
        several = targets(config.data.train)
        codes = several if len(several) > 1 else direction
    return "-".join(part for part in (stem, *codes) if part)


def _report_tokens(console: Console, pairs: PiecePairs) -> None:
    unknown_src, unknown_tgt = pairs.unknown_rate()
    console.note(
        f"tokens: {pairs.src.lengths.mean():.1f} a source and {pairs.tgt.lengths.mean():.1f} a target "
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

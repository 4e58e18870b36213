"""Train: parallel text -> a run directory that translates.

Five stages, each of which takes its own section of the settings and hands on one value: the corpora are read,
the vocabulary is learned, the pairs become ids, the model is built, and it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from mt import checkpoint, device
from mt.config import BUILT_IN, Config
from mt.console import Console
from mt.data.sampling import make_sampler
from mt.data.spec import split_weight
from mt.data.workers import cores
from mt.options import TrainOptions
from mt.speech.error_rates import unit_of
from mt.speech.perturbing import make_perturber
from mt.text.languages import split_direction, targets
from mt.training.clock import BUILDING, Clock
from mt.training.corpora import SoundCorpora, cut_part
from mt.training.loader import BatchLoader, BatchSampler
from mt.training.lock import locked
from mt.training.logs import START, cut_logs, log_metrics
from mt.training.material import Material, follow, prepare, told_of
from mt.training.model_card import example, write_card
from mt.training.progress import Progress
from mt.training.ranks import Ranks
from mt.training.reporter import Reporter
from mt.training.starting import freeze
from mt.training.tensorboard import check_tensorboard, open_events
from mt.training.torchrun import joined
from mt.training.trainer import Trainer
from mt.training.updater import Updater
from mt.training.validation import METRIC_NAMES, Validator, unigram_entropy


def train(config: Config, options: TrainOptions, console: Console, *, began: float | None = None) -> Path:
    """Train, or go on training, the run that `options.out` names; returns its directory.

    began: when the command did, by time.monotonic; without it now. Raises MTError for whatever the user can
    mend; Interrupted after a signal, with everything saved. Under torchrun this is one rank of several.
    """
    clock = Clock(options.time_budget, began)
    if options.tensorboard:
        check_tensorboard()
    config = complete(config)
    run_dir = options.out or checkpoint.CHECKPOINTS / default_name(config)
    where, workers = device.set_up(options.device, options.threads), options.workers or cores()
    with joined(options.timeout) as ranks, locked(run_dir) if ranks.first else nullcontext():
        material = ranks.in_turn(
            lambda: prepare(config, run_dir, where, clock, console, ranks.count, workers),
            told_of,
            lambda told: follow(config, run_dir, where, told, console),
        )
        trainer = _make_trainer(material, where, clock, console, ranks)
        _go_on(trainer, material)
        clock.lap(BUILDING)
        with _events(trainer, options):
            progress = trainer.fit()
        if ranks.first:
            write_card(run_dir, config, progress, clock)
    console.note(f"time: {clock}")
    console.note(_conclusion(config, progress, run_dir))
    return run_dir


def _make_trainer(
    material: Material, where: torch.device, clock: Clock, console: Console, ranks: Ranks
) -> Trainer:
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
    sampler = _make_sampler(material)
    validation = material.corpora.validation
    validator = Validator(
        sources=validation.dataset["src"][:],
        references=validation.dataset["tgt"][:],
        pairs=cut_part(validation, tokenizers, console),
        tokenizer=tokenizers[1],
        languages=material.corpora.validation_languages,
        batch_tokens=config.training.batch_tokens,
        precision=precision,
        unit=unit_of(config.data.target, validation.dataset["tgt"][:100]) if config.speech.sound else None,
    )
    floor = unigram_entropy(pairs, tokenizers[1].vocab_size)
    return Trainer(
        files,
        Updater(model, config.training, where, precision, ranks, ctc=config.speech.ctc),
        BatchLoader(pairs, config.training, sampler, pin=where.type == "cuda", ranks=ranks),
        validator,
        Reporter(files.path, config.training, console, clock, floor, speaks=ranks.first),
        clock,
        ranks,
    )


def _make_sampler(material: Material) -> BatchSampler | None:
    """What makes each batch another one than in the epoch before, if the settings ask for it."""
    config = material.files.config
    if isinstance(material.corpora, SoundCorpora):
        return make_perturber(config.speech, material.pairs, material.corpora.train.sounds)
    return make_sampler(config.tokenizer, material.pairs, material.tokenizers)


def _go_on(trainer: Trainer, material: Material) -> None:
    """Put the trainer where the run was; its logs say so."""
    begun, run_dir, console = material.begun, trainer.files.path, trainer.reporter.console
    if begun:
        trainer.resume()
        console.note(f"going on from step {trainer.progress.step:,}")
    trainer.share()
    if trainer.ranks.from_first(begun is not None and begun.best_lost):
        console.warn(
            f"{run_dir / checkpoint.MODEL} is gone, and with it the best weights; those of step "
            f"{trainer.progress.step:,} are the best from now on, until better ones are found"
        )
        trainer.replace_best()
    if not trainer.ranks.first:
        return
    cut_logs(run_dir, trainer.progress)
    start = material.computed.as_dict()
    if begun and begun.changed:
        start["changed"] = {change.name: [change.before, change.after] for change in begun.changed}
    log_metrics(run_dir, START, trainer.progress.step, start)


@contextmanager
def _events(trainer: Trainer, options: TrainOptions) -> Iterator[None]:
    """Let TensorBoard have the trainer's numbers too, if that is asked for."""
    if not options.tensorboard or not trainer.ranks.first:
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


def _conclusion(config: Config, progress: Progress, run_dir: Path) -> str:
    metric = f"validation {METRIC_NAMES[config.training.validation_metric]}"
    best = "none" if progress.best is None else f"{progress.best:.2f} at step {progress.best_step:,}"
    test = "" if set(config.data.train) == {BUILT_IN} else " --test SPEC"
    return (
        f"finished: {progress.finished}; best {metric} {best}. "
        f"Try it: {example(run_dir, config)} or mt evaluate -m {run_dir}{test}"
    )

"""Train: parallel text -> a run directory that translates.

Five stages, each of which takes its own section of the settings and hands on one value: the corpora are read,
the vocabulary is learned, the pairs become ids, the model is built, and it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from shlex import quote

import torch

from mt import checkpoint
from mt.config import BUILT_IN, Config
from mt.console import Console
from mt.data.lexicon import Lexicon
from mt.data.workers import cores
from mt.device import set_up
from mt.model import Seq2Seq, build
from mt.options import TrainOptions
from mt.training.agreement import Agreement
from mt.training.arithmetic import Arithmetic
from mt.training.clock import BUILDING, Clock
from mt.training.corpora import TextReader
from mt.training.guide import make_guide
from mt.training.loader import BatchLoader
from mt.training.lock import locked
from mt.training.logs import START, cut_logs, log_metrics
from mt.training.losses import Losses
from mt.training.material import Helpers, Material, Stages, follow, prepare, told_of
from mt.training.model_card import example, write_card
from mt.training.progress import Progress
from mt.training.reporter import Reporter
from mt.training.resuming import Begun
from mt.training.session import Session
from mt.training.sound_corpora import SoundReader
from mt.training.starting import freeze
from mt.training.state import RunFiles
from mt.training.tensorboard import check_tensorboard, open_events
from mt.training.torchrun import joined
from mt.training.trainer import Trainer
from mt.training.updater import Updater
from mt.training.validation import METRIC_NAMES
from mt.training.vocabulary import Vocabulary


def train(
    config: Config, run_dir: Path, options: TrainOptions, console: Console, *, began: float | None = None
) -> None:
    """Train, or go on training, a run.

    began: when the command did, by time.monotonic; without it now. Raises MTError for whatever the user can
    mend; Interrupted after a signal, with everything saved. Under torchrun this is one rank of several.
    """
    clock = Clock(options.time_budget, began)
    if options.tensorboard:
        check_tensorboard()
    device, workers = set_up(options.device, options.threads), options.workers or cores()
    with joined(options.timeout) as ranks, locked(run_dir) if ranks.first else nullcontext():
        session = Session(device, clock, console, ranks, workers)
        progress = _train(config, RunFiles(run_dir, config), session, tensorboard=options.tensorboard)
    console.note(f"time: {clock}")
    console.note(_conclusion(config, progress, run_dir))


def _train(config: Config, files: RunFiles, session: Session, *, tensorboard: bool) -> Progress:
    """Each stage takes its own section of the settings and hands on one value."""
    data, training, ranks, device = config.data, config.training, session.ranks, session.device
    stages = Stages(
        files=files,
        reader=SoundReader(data, config.speech, training.seed)
        if config.speech.sound
        else TextReader(data, training.seed),
        vocabulary=Vocabulary(config.tokenizer, data.languages.tags),
        helpers=Helpers(training, config.speech, data.languages),
    )
    material = ranks.in_turn(
        lambda: prepare(stages, session), told_of, lambda told: follow(stages, session, told)
    )
    model = _build(config, material, session)
    losses = Losses(training, config.speech.ctc, make_guide(training, Lexicon(material.pairs)))
    trainer = Trainer(
        material.files,
        Updater(model, training, device, material.computed.precision, ranks, losses),
        BatchLoader(material.pairs, training, material.sampler, pin=device.type == "cuda", ranks=ranks),
        material.validator(training.batch_tokens),
        Reporter(material.files, session.console, session.clock, material.loss_floor, speaks=ranks.first),
        Agreement(ranks, session.clock),
    )
    _go_on(trainer, material.begun, material.computed)
    session.clock.lap(BUILDING)
    with _events(trainer) if tensorboard and ranks.first else nullcontext():
        progress = trainer.fit()
    if ranks.first:
        write_card(material.files, progress, session.clock)
    return progress


def _build(config: Config, material: Material, session: Session) -> Seq2Seq:
    """The model with its first weights."""
    torch.manual_seed(config.training.seed)
    model = build(config, *material.tokenizers).to(session.device)
    if material.start:
        freeze(model, config.training.freeze)
        material.start.give_weights(model, material.tokenizers)
    count = sum(weights.numel() for weights in model.parameters())
    session.console.note(f"{count:,} weights; run directory {material.files.path}")
    return model


def _go_on(trainer: Trainer, begun: Begun | None, computed: Arithmetic) -> None:
    """Put the trainer where the run was; its logs say so."""
    run_dir, console = trainer.files.path, trainer.reporter.console
    if begun:
        trainer.resume()
        console.note(f"going on from step {trainer.progress.step:,}")
    trainer.synchronize()
    if trainer.ranks.from_first(begun is not None and begun.best_lost):
        console.warn(
            f"{run_dir / checkpoint.MODEL} is gone, and with it the best weights; those of step "
            f"{trainer.progress.step:,} are the best from now on, until better ones are found"
        )
        trainer.replace_best()
    if not trainer.ranks.first:
        return
    cut_logs(run_dir, trainer.progress)
    start = computed.as_dict()
    if begun and begun.changed:
        start["changed"] = {change.name: [change.before, change.after] for change in begun.changed}
    log_metrics(run_dir, START, trainer.progress.step, start)


@contextmanager
def _events(trainer: Trainer) -> Iterator[None]:
    """Let TensorBoard have the trainer's numbers too."""
    with open_events(trainer.files.path, trainer.progress.step) as events:
        trainer.reporter = replace(trainer.reporter, events=events)
        yield


def _conclusion(config: Config, progress: Progress, run_dir: Path) -> str:
    metric = f"validation {METRIC_NAMES[config.training.validation_metric]}"
    best = "none" if progress.best is None else f"{progress.best:.2f} at step {progress.best_step:,}"
    test = "" if set(config.data.train) == {BUILT_IN} else " --test SPEC"
    return (
        f"finished: {progress.finished}; best {metric} {best}. "
        f"Try it: {example(run_dir, config)} or mt evaluate -m {quote(str(run_dir))}{test}"
    )

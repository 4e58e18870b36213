"""Opening trained runs: the options of a command -> a translator."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mt import device
from mt.checkpoint import Run, load_runs, newest_run
from mt.config import DatastoreConfig, SearchConfig
from mt.console import Console
from mt.errors import ConfigError
from mt.heap import keep_memory
from mt.layers.trial import int8_time
from mt.options import RunOptions
from mt.translator import Translator

SENTENCES, NOTICEABLE = 64, 1.1  # searched together in the trial of int8; its time, fp32's being 1


def open_text_translator(
    what: str, options: RunOptions, config: SearchConfig, console: Console
) -> Translator:
    """As `open_translator`, for `what` works on text alone. Raises ConfigError for a run that reads sound."""
    translator = open_translator(options, config, console)
    if translator.features is not None:
        raise ConfigError(f"{what} works on text, and {translator.name} reads sound")
    return translator


def open_translator(options: RunOptions, config: SearchConfig, console: Console) -> Translator:
    """The runs that a command's options name, or the newest one, on the device they name."""
    where = device.set_up(options.device, options.threads)
    runs = load_runs(options.model or (newest_run(),), where)
    translator = with_datastore(runs, options, config, where, console)
    set_up_process(translator)
    console.note(f"model: {translator.name}; {device.describe(where, config.precision)}")
    warn_if_slower(translator, console)
    return translator


def warn_if_slower(translator: Translator, console: Console) -> None:
    """One line where int8 was asked for and fp32 is the faster on this processor."""
    if translator.config.precision == "int8":
        time = int8_time(translator.model, SENTENCES * translator.config.beam)
        if time is not None and time > NOTICEABLE:
            console.warn(
                f"int8 takes {time:.1f} times as long as fp32 on this processor: leave --precision int8 out"
            )


def set_up_process(translator: Translator) -> None:
    """For a command that translates: freed memory is kept, and faiss uses as many threads as torch."""
    keep_memory()
    if translator.recalled is not None:
        from mt.decoding.datastore import share_threads

        share_threads()


def with_datastore(
    runs: Sequence[Run],
    datastore: DatastoreConfig,
    config: SearchConfig,
    where: torch.device,
    console: Console,
) -> Translator:
    """A translator of runs; where pairs are named to be recalled, with a datastore beside each model."""
    if not datastore.datastore:
        return Translator(runs, config, where)
    if runs[0].config.speech.sound:
        raise ConfigError(f"--datastore recalls text, and {runs[0].path} reads sound: leave it out")
    from mt.decoding.datastore import recalling  # and `datasets` with it, which takes its time

    runs, corpus = recalling(runs, datastore, console)
    return Translator(runs, config, where, recalled=corpus)

"""Arguments -> the command they name; the only place that prints errors and chooses the exit code.

Exit codes: 0 done; 1 a problem that the message explains; 2 usage; 130 Ctrl-C; 143 SIGTERM; 141 the
reader of our output went away. A server that was asked to stop, by Ctrl-C or SIGTERM, and did: 0.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mt.errors import ConfigError, Interrupted, MTError, UsageError, legible, out_of_memory
from mt.output import stdout
from mt.removed import COMMANDS, VERSION

if TYPE_CHECKING:
    from mt.config import SearchConfig, Section
    from mt.console import Console

S = TypeVar("S", bound="Section")

HELP = """\
usage: mt COMMAND [options]

Train a sequence-to-sequence translator on your own sentence pairs, measure it, use it.

  mt train        learn from parallel text; without arguments from the built-in phrasebook
  mt evaluate     BLEU, chrF2++ and TER with signatures, on test pairs
  mt translate    arguments, a file, or lines from standard input
  mt inspect      a sentence seen from inside: read step by step, one vector, written out again
  mt serve        a page and an HTTP API that speaks LibreTranslate's protocol
  mt tune         which length penalty suits a model, and how much of a datastore, by validation pairs

  mt COMMAND --help     the options of a command
  mt --version          the version

Example:
  mt train --train pairs.tsv --src zh --tgt en --out checkpoints/mine
  mt translate -m checkpoints/mine "我爱北京"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _fill_closed_streams()
    try:
        with _terminable():
            code = _dispatch(arguments)
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
    except (MTError, OSError, KeyboardInterrupt, RuntimeError, MemoryError) as problem:
        if isinstance(problem, RuntimeError) and not out_of_memory(problem):
            raise
        message, code = _told(problem)
        if message:
            with suppress(OSError):  # stderr may be full, or nobody reads it
                print(legible(message), file=sys.stderr, flush=True)
        _let_go_of_stdout()
        return code


def _told(problem: BaseException) -> tuple[str, int]:
    """The line that says what happened, and the exit code."""
    if isinstance(problem, MTError):
        return f"mt: {problem}", problem.exit_code
    if isinstance(problem, KeyboardInterrupt):
        return "mt: interrupted", 130
    if isinstance(problem, BrokenPipeError):
        return "", 141
    if out_of_memory(problem):
        return "mt: out of memory; a lower --batch-tokens needs less", 1
    assert isinstance(problem, OSError)  # a full disk, a folder that may not be written
    where = f"{problem.filename}: " if problem.filename else ""
    return f"mt: {where}{problem.strerror or problem}", 1


def _fill_closed_streams() -> None:
    """Open /dev/null where a standard stream is closed: the next file opened would be taken for it.

    sys.stdin and sys.stdout stay None, so that who needs them can say so.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _let_go_of_stdout() -> None:
    """If it cannot be written, Python is not to try once more, and complain, when it exits."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _terminable() -> Iterator[None]:
    """Let signals be exceptions, so that what a command has half written is removed, as after Ctrl-C.

    A signal that is ignored, as SIGHUP under nohup, stays so.
    """

    def stop(number: int, _: object) -> None:
        raise Interrupted(f"stopped by {signal.Signals(number).name}", number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _dispatch(arguments: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int]] = {
        "train": _train,
        "evaluate": _evaluate,
        "translate": _translate,
        "inspect": _inspect,
        "serve": _serve,
        "tune": _tune,
    }
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        stdout().text(HELP)
        return 0
    if arguments[0] == "--version":
        from mt import __version__

        stdout().text(f"{__version__}\n")
        return 0
    command = commands.get(arguments[0])
    if command is None and arguments[0] in COMMANDS:
        raise UsageError(f"mt {arguments[0]} was removed in {VERSION}: {COMMANDS[arguments[0]]}")
    if command is None:
        raise UsageError(f"there is no command {arguments[0]!r}; choose one of: {', '.join(commands)}")
    return command(arguments[1:])


def _train(arguments: list[str]) -> int:
    began = time.monotonic()
    from mt.config import BUILT_IN, FORMER_PRESETS, Config, load_file, load_preset, preset_names
    from mt.flags import Parser, lay_over, parse
    from mt.options import TrainOptions

    # What the flags are laid over must be known before they are read.
    first = Parser(prog="mt train", add_help=False)
    first.add_argument("--preset", choices=[*preset_names(), *FORMER_PRESETS])
    first.add_argument("--config", type=Path)
    first.add_argument("--train", nargs="+", action="extend")
    chosen, _ = first.parse_known_args(arguments)
    file = Config() if chosen.config is None else load_file(chosen.config, Config())
    train_specs = tuple(chosen.train or file.data.train)
    preset = FORMER_PRESETS.get(chosen.preset, chosen.preset) or (
        BUILT_IN if train_specs == (BUILT_IN,) else "vector"
    )
    base = load_preset(preset)
    if chosen.config is not None:
        base = load_file(chosen.config, base)
    parser = Parser(
        prog="mt train",
        description="Learn to translate from parallel text. SPEC is a .tsv, .csv, .jsonl, .parquet, .tmx or "
        ".po file, a folder of .po files, two aligned files as train.zh,train.en (.gz, .xz and .zst too), "
        "hub:org/name[:config][@split], or phrasebook. The defaults shown are those of the preset "
        f"{preset}; presets: {', '.join(preset_names())}.",
    )
    options, data, tokenizer, model, training = parse(
        parser, arguments, TrainOptions(), base.data, base.tokenizer, base.model, base.training
    )
    parts = {"data": data, "tokenizer": tokenizer, "model": model, "training": training}
    with parser.complaining():
        config = lay_over(base, parts)

    from mt.commands.train import train

    with _console(options.log_file) as console:
        train(config, options, console, began=began)
    return 0


def _evaluate(arguments: list[str]) -> int:
    from mt.options import EvaluateOptions

    options, search = _parse_search(
        "mt evaluate",
        "Score a run, or a file of translations, on test pairs: BLEU, chrF2++ and TER as sacreBLEU computes "
        "them, with signatures.",
        arguments,
        EvaluateOptions(),
    )

    from mt.commands.evaluate import evaluate

    with _console(options.log_file) as console:
        evaluate(options, search, console)
    return 0


def _translate(arguments: list[str]) -> int:
    from mt.options import TranslateOptions

    options, search = _parse_search(
        "mt translate",
        "Translate texts, or the lines of a file or of standard input: n lines in, n lines out.",
        arguments,
        TranslateOptions(),
    )
    if options.texts and options.input is not None:
        raise UsageError("mt translate: give texts or --input, not both")
    try:
        search.check_nbest(options.nbest)
    except ConfigError as problem:
        raise UsageError(f"mt translate: {problem}") from None

    from mt.commands.translate import translate

    with _console(options.log_file) as console:
        translate(options, search, console)
    return 0


def _inspect(arguments: list[str]) -> int:
    from mt.options import InspectOptions

    options, search = _parse_search(
        "mt inspect",
        "See a sentence from inside: how it is read piece by piece, the vector it becomes, and how that is "
        "written out again.",
        arguments,
        InspectOptions(),
    )

    from mt.commands.inspect import check, inspect
    from mt.translator import open_translator

    check(options, search)
    with _console(options.log_file) as console:
        inspect(open_translator(options, search, console), options, console)
    return 0


def _serve(arguments: list[str]) -> int:
    from mt.options import ServeOptions

    options, search = _parse_search(
        "mt serve",
        "Serve runs as a page and an HTTP API that speaks LibreTranslate's protocol; the language pair of a "
        "request chooses the run.",
        arguments,
        ServeOptions(),
    )

    from mt.commands.serve import serve

    with _console(options.log_file) as console:
        serve(options, search, console)
    return 0


def _tune(arguments: list[str]) -> int:
    from mt.config import changed
    from mt.options import TuneOptions

    options, search = _parse_search(
        "mt tune",
        "Find the length penalty that gives the highest BLEU on validation pairs; the test stays unseen. One "
        "search serves all penalties. With a datastore also its share and temperature, by perplexity.",
        arguments,
        TuneOptions(),
    )
    if idle := changed(search, ("length_penalty", "mbr")):
        raise UsageError(
            f"mt tune: leave out {', '.join(idle)}: it tries all length penalties, and no other ranking"
        )
    if idle := changed(options, ("datastore_share", "datastore_temperature")):
        raise UsageError(f"mt tune: leave out {', '.join(idle)}: it tries many")
    if search.beam == 1:
        raise UsageError("mt tune: greedy search has nothing to rank: give --beam 2 or more")

    from mt.commands.tune import tune
    from mt.translator import open_translator

    with _console(options.log_file) as console:
        tune(open_translator(options, search, console), options, console)
    return 0


def _parse_search(prog: str, description: str, arguments: list[str], options: S) -> tuple[S, SearchConfig]:
    """The options of a command that searches, and how it is to search."""
    from mt.config import SearchConfig
    from mt.flags import Parser, parse

    parsed, search = parse(Parser(prog=prog, description=description), arguments, options, SearchConfig())
    return parsed, search


@contextmanager
def _console(log_file: Path | None) -> Iterator[Console]:
    """stderr for a command; its live line is gone before anything else is printed."""
    from mt.console import Console, showing_warnings

    console = Console(log_file)
    try:
        with showing_warnings(console):
            yield console
    except (MTError, OSError, KeyboardInterrupt) as problem:
        console.log(_told(problem)[0])
        raise
    finally:
        console.settle()

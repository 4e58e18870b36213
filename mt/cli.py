"""Arguments -> the command they name; the only place that prints errors and chooses the exit code.

Exit codes: 0 done; 1 a problem that the message explains; 2 usage; 130 Ctrl-C; 143 SIGTERM;
129 the terminal was closed; 141 the reader of our output went away. A server that was asked to stop, by
Ctrl-C or SIGTERM, and did: 0.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mt.errors import Interrupted, MTError, UsageError, legible, out_of_memory, reason
from mt.storage.output import stdout

if TYPE_CHECKING:
    from mt.console import Console

_TOLD = (MTError, OSError, KeyboardInterrupt, RuntimeError, MemoryError)
"""What is told in a line; a RuntimeError only where memory ran out."""

HELP = """\
usage: mt COMMAND [options]

Train a sequence-to-sequence translator on your own sentence pairs, measure it, use it.

  mt train        train on parallel text; by default on the built-in phrasebook
  mt evaluate     BLEU, chrF2++ and TER with signatures, on test pairs
  mt translate    translate texts, a file, or standard input
  mt serve        a page and an HTTP API that speaks LibreTranslate's protocol

  mt inspect      how a sentence is read, the vector it becomes, how its translation is written
  mt neighbours   the sentences of a corpus whose vectors are nearest
  mt report       a page about a run on test pairs

  mt COMMAND --help            the options of a command
  mt completion bash|zsh|fish  a script that completes commands and options with TAB
  mt --version                 versions of mt, Python and torch, and where torch computes

examples:
  mt train --train pairs.tsv --src zh --tgt en --out checkpoints/mine
  mt translate -m checkpoints/mine "我爱北京"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _fill_closed_streams()
    signals = _Signals()
    try:
        with signals.caught():
            _dispatch(arguments, signals)
            return 0
    except (Exception, KeyboardInterrupt) as problem:
        told = isinstance(problem, _TOLD)
        if isinstance(problem, RuntimeError):
            told = out_of_memory(problem)
        if not told and signals.came is None:
            raise
        # Without a line of its own it is what the interrupted code has made of the signal.
        message, code = _told(problem if told else signals.exception())
        if message:
            with suppress(OSError):  # stderr may be full, or nobody reads it
                print(legible(message), file=sys.stderr, flush=True)
        _let_go_of_stdout()
        return code


def _told(problem: BaseException) -> tuple[str, int]:
    """The line that says what happened, and the exit code."""
    if isinstance(problem, MTError):
        said = str(problem)
        begins = isinstance(problem, UsageError) and said.startswith("mt ")  # with the command it is about
        return said if begins or not said else f"mt: {said}", problem.exit_code
    if isinstance(problem, KeyboardInterrupt):
        return "mt: interrupted", 130
    if isinstance(problem, BrokenPipeError):
        return "", 141
    if out_of_memory(problem):
        return "mt: out of memory; a lower --batch-tokens needs less", 1
    if isinstance(problem, OSError):  # a full disk, a folder that may not be written
        where = f"{problem.filename}: " if problem.filename else ""
        return f"mt: {where}{reason(problem)}", 1
    return f"mt: {type(problem).__name__}: {problem}", 1


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


class _Signals:
    """Makes exceptions of signals, so that what a command has half written is removed.

    Before the command works there is nothing to remove, and the process ends at once: an exception in the
    middle of an import may be lost there, or become another one.
    """

    def __init__(self) -> None:
        self.came: int | None = None
        self.working = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """A signal that is ignored, as SIGHUP under nohup, stays so."""
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, self._stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def exception(self) -> BaseException:
        """The signal that came, as an exception."""
        if self.came in (None, signal.SIGINT):
            return KeyboardInterrupt()
        return Interrupted(f"stopped by {signal.Signals(self.came).name}", self.came)

    def _stop(self, number: int, _: object) -> None:
        self.came = number
        if self.working:
            raise self.exception()
        message, code = _told(self.exception())
        with suppress(OSError):
            os.write(2, f"{message}\n".encode())
        os._exit(code)


def _dispatch(arguments: list[str], signals: _Signals) -> None:
    began = time.monotonic()
    name, *rest = arguments or ["help"]
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name in ("-h", "--help", "help"):
        stdout().text(HELP)
        return
    if name == "--version":
        from mt.commands.version import version

        stdout().text(version())
        return
    if name == "completion":
        from mt.commands.completion import completion

        stdout().text(completion(rest))
        return

    from mt.commands.arguments import find

    command, rest = find(name, rest)
    sections = command.parse(rest)
    if isinstance(sections, str):
        stdout().text(sections)
        return
    with _console(sections[0].log_file, began) as console:
        work = command.prepare(*sections)
        signals.working = True
        work(console)


@contextmanager
def _console(log_file: Path | None, began: float) -> Iterator[Console]:
    """stderr for a command; its live line is gone before anything else is printed."""
    from mt.console import Console, showing_warnings

    console = Console(log_file, began)
    try:
        with showing_warnings(console):
            yield console
    except _TOLD as problem:
        console.log(_told(problem)[0])
        raise
    finally:
        console.settle()

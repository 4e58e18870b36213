"""What a person sees while a command works: lines on stderr, and one live line on a terminal.

stdout carries data only and is never written here. A stderr that cannot be written stops no work.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mt.errors import FileError, legible, reason
from mt.text.counted import counted

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.status import Status

_LOGGER = logging.getLogger("mt")
_LOGGER.addHandler(logging.NullHandler())  # a library says nothing unless it is asked to

PLAIN_INTERVAL = 10.0  # seconds between progress lines where there is no terminal, and in the log file


class Console:
    """Notes, warnings and progress on stderr, and with the time in a log file if there is one."""

    def __init__(self, log_file: Path | None = None, began: float | None = None) -> None:
        """began: when the command was given, by time.monotonic; else now.

        Raises FileError if the log file cannot be written; lines are added to what it has.
        """
        self.began = time.monotonic() if began is None else began
        self.hushed = False
        """Whether nothing is said: another process of a training in several says it."""
        self._status: Status | None = None
        self._shown = 0.0
        self._log_file = log_file
        if log_file is not None:
            try:
                log_file.open("a").close()
            except OSError as problem:
                raise FileError(f"cannot write {log_file}: {reason(problem)}") from None

    @cached_property
    def _rich(self) -> RichConsole:
        from rich.console import Console as RichConsole  # its import draws from the program's random numbers

        return RichConsole(stderr=True, highlight=False, soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be watching."""
        return self._rich.is_terminal

    def note(self, text: str) -> None:
        """A line that stays."""
        self._print(text)

    def warn(self, text: str) -> None:
        """A line that says that something needs attention."""
        self._print(f"warning: {text}", style="yellow")

    def progress(self, text: str) -> None:
        """How far the work is: the live line on a terminal, else a plain line now and then."""
        if self.hushed:
            return
        if self.is_terminal:
            if self._status is None:
                self._status = self._rich.status("")
                self._status.start()
            self._status.update(legible(text).replace("[", "\\["))
        if time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            self.log(text)
            if not self.is_terminal:
                self._show(text)

    def settle(self) -> None:
        """Take the live line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def log(self, text: str) -> None:
        """A line for the log file alone; a disk that has become full costs the line."""
        if self._log_file is not None and not self.hushed:
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            with suppress(OSError), self._log_file.open("a", encoding="utf-8") as file:
                file.write(f"{now} {legible(text)}\n")

    def _print(self, text: str, style: str | None = None) -> None:
        if self.hushed:
            return
        self.log(text)
        self._show(text, style)

    def _show(self, text: str, style: str | None = None) -> None:
        with suppress(OSError):  # stderr is full, or nobody reads it any more
            self._rich.print(legible(text), markup=False, style=style)


class LoggingConsole(Console):
    """For a program that uses the package: the lines go to the logger `mt`, and nothing to stderr."""

    @property
    def is_terminal(self) -> bool:
        """Nobody is watching."""
        return False

    def warn(self, text: str) -> None:
        """A warning of the log."""
        _LOGGER.warning(text)

    def _show(self, text: str, style: str | None = None) -> None:  # noqa: ARG002
        _LOGGER.info(text)


class Pace:
    """How much of a long work is done, how fast it goes and how long it will take; a line when it is done.

    unit: what is counted, in the singular. clock: seconds.
    """

    def __init__(self, console: Console, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._unit, self._clock = console, unit, clock
        self._began = clock()

    def show(self, done: int, total: int | None = None, part: float | None = None) -> None:
        """So many are done: of a known total, or of what `part` (0 to 1) says of the whole."""
        if part is None and total:
            part = done / total
        so_far = counted(done, self._unit) if total is None else f"{done:,} of {counted(total, self._unit)}"
        text = f"{so_far}, {self.rate(done)} a second"
        self._console.progress(text + time_left(self._seconds(), part))

    def close(self, done: int) -> None:
        """Say what has been done if somebody watches, or if it took long."""
        self._console.settle()
        if self._console.is_terminal or self._seconds() >= PLAIN_INTERVAL:
            took = duration(self._seconds())
            self._console.note(f"{counted(done, self._unit)} in {took}, {self.rate(done)} a second")

    def rate(self, done: int) -> str:
        """How many in a second, to three digits where there are fewer than a hundred."""
        rate = done / max(self._seconds(), 1e-9)
        return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"

    def _seconds(self) -> float:
        return self._clock() - self._began


@contextmanager
def showing_warnings(console: Console) -> Iterator[None]:
    """Inside, what the package logs as a warning, or worse, is a line of the console."""
    handler = _Lines(console)
    _LOGGER.addHandler(handler)
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        self.console.warn(record.getMessage())


def time_left(seconds: float, part: float | None) -> str:
    """Such as ", 12 min left", where a part of a work (0 to 1) took so many seconds; empty without a part."""
    return f", {duration(seconds * (1 / part - 1))} left" if part else ""


def duration(seconds: float) -> str:
    """Seconds in words: 45 s, 12 min, 1 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"

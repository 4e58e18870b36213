"""What a person sees while a command works: lines on stderr, and one live line on a terminal.

stdout carries data only and is never written here.
"""

from __future__ import annotations

import time

from rich.console import Console as RichConsole
from rich.status import Status

PLAIN_INTERVAL = 10.0  # seconds between progress lines where there is no terminal


class Console:
    """Notes, warnings and progress, all on stderr."""

    def __init__(self) -> None:
        self._rich = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._shown = 0.0

    def note(self, text: str) -> None:
        """A line that stays."""
        self._rich.print(text, markup=False)

    def warn(self, text: str) -> None:
        """A line that says that something needs attention."""
        self._rich.print(f"warning: {text}", markup=False, style="yellow")

    def progress(self, text: str) -> None:
        """How far the work is: the live line on a terminal, else a plain line now and then."""
        if self._rich.is_terminal:
            if self._status is None:
                self._status = self._rich.status("")
                self._status.start()
            self._status.update(text.replace("[", "\\["))
        elif time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            self.note(text)

    def settle(self) -> None:
        """Take the live line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def duration(seconds: float) -> str:
    """Seconds in words: 45 s, 12 min, 1 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"

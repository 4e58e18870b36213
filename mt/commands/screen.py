"""What is drawn for people on standard output, with colours only where it goes to a terminal."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable

from rich.console import Console as RichConsole

WIDEST = 120  # columns; longer lines are hard to follow
BLANK = "(blank: there is nothing to read)"


def drawn(draw: Callable[[RichConsole], None]) -> str:
    """What is drawn, as text for this terminal or file."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    terminal = True if sys.stdout.isatty() else None
    screen = RichConsole(
        file=io.StringIO(), width=width, force_terminal=terminal, highlight=False, emoji=False, markup=False
    )
    with screen.capture() as captured:
        draw(screen)
    return "".join(line.rstrip() + "\n" for line in captured.get().rstrip("\n").split("\n"))

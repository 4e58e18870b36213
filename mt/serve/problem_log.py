"""What goes wrong in the server: each kind of problem at most once a minute, never what a user wrote."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable

from mt.errors import out_of_memory

MINUTE = 60.0
KINDS = 1000  # of problems that are told apart


class ProblemLog:
    """Writes lines; a kind that was written less than a minute ago is counted, and told with the next one."""

    def __init__(
        self, write: Callable[[str], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """write: how a line is written, by default to stderr."""
        self._write = write or _to_stderr
        self._clock = clock
        self._seen: dict[
            str, tuple[float, int]
        ] = {}  # when it was last written, and how often it happened since

    def note(self, kind: str, text: str) -> None:
        """Write what happened, unless it did within the last minute."""
        now = self._clock()
        last, more = self._seen.get(kind, (-MINUTE, 0))
        if now - last < MINUTE:
            self._seen[kind] = last, more + 1
            return
        if len(self._seen) >= KINDS:
            self._seen.clear()
        self._seen[kind] = now, 0
        self._write(f"mt serve: {text}" + (f" ({more} times more since it was last written)" if more else ""))

    def failure(self, problem: BaseException, doing: str) -> None:
        """Where in the code it happened; not the message, which may hold what a user wrote."""
        if out_of_memory(problem):
            self.note("memory", f"out of memory while {doing}; a lower --batch-tokens needs less")
            return
        frames = traceback.extract_tb(problem.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        lines = "".join(traceback.format_tb(problem.__traceback__)).rstrip()
        self.note(f"{type(problem).__name__} {where}", f"{type(problem).__name__} while {doing}\n{lines}")


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)

"""Waiting for a condition: soon on a fast machine, patiently on a slow one."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE = 180.0  # seconds: no test needs so long, also where the machine does other work; a hang does


def wait_until(condition: Callable[[], bool], state: Callable[[], object] = lambda: "") -> None:
    """Return when the condition holds. Raises AssertionError with the state if it does not in DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE:.0f} s in vain: {state()}")
        time.sleep(0.005)

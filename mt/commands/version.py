"""Version: of mt, and of what else decides about speed and the last digits."""

from __future__ import annotations

import platform

from mt.device import choose, resolve_precision
from mt.release import __version__
from mt.training.arithmetic import current


def version() -> str:
    """Lines for people and for reports of problems."""
    device = choose("auto")
    here = current(device, resolve_precision("auto", device))
    threads = f"{here.threads} thread{'s' * (here.threads != 1)}"
    return (
        f"mt {__version__}\n"
        f"Python {platform.python_version()}, torch {here.torch}\n"
        f"device {here.device}, processor {here.instructions}, {threads}\n"
    )

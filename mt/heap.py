"""Memory that is free in this process: kept for the next step, or given back to the system."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's malloc.h


def keep_memory() -> None:
    """From now on let glibc keep freed memory for the next step; what is free now is given back first.

    Large tensors are otherwise given back to the system each time, and mapped and zeroed anew, page by page,
    at the next use: a tenth of a training step.
    """
    give_back_memory()
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_TRIM_THRESHOLD, 1 << 29)


def give_back_memory() -> None:
    """Give this process's free memory back to the system: glibc's, and Arrow's where it is loaded."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None

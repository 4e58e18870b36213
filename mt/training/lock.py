"""One training at a time in a run directory."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mt.errors import FileError, RunError, reason


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep a second training out of a run directory while this one writes it.

    The directory is made; if nothing came into it, it is gone afterwards. Raises RunError, FileError where
    nothing can be written there.
    """
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):  # found out before anything is read
            pass
    except (FileExistsError, NotADirectoryError):
        raise RunError(f"{path} is a file, or in one; give --out the name of a directory") from None
    except OSError as problem:
        raise FileError(f"cannot write in {path}: {reason(problem)}") from None
    with _lock(path):
        try:
            yield
        finally:
            if made and not any(path.iterdir()):
                path.rmdir()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    if sys.platform == "win32":  # has no flock
        yield
        return
    import fcntl

    folder = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another mt train is writing {path}; wait for it, or give another --out"
            ) from None
        yield
    finally:
        os.close(folder)

"""One training at a time in a run directory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

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
    lock = FileLock(path / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(f"another mt train is writing {path}; wait for it, or give another --out") from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            (path / ".lock").unlink()  # while it is locked: who waits for it sees that it is gone
        lock.release()
        if made and not any(path.iterdir()):
            path.rmdir()

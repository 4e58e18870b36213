"""A file that is written bit by bit: killed at any instant, it goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mt.errors import FileError, RunError, reason
from mt.storage.atomic import write_bytes


class Part:
    """A file under another name until it is complete, and beside it how much of it counts.

    lines: of the input that are done. source: a digest of the input.
    """

    def __init__(self, path: Path, source: str) -> None:
        """Raises RunError if it was begun for another input, or if what counts of it is not there."""
        self.path, self._source = path, source
        self._partial, self._notes = (path.with_name(f".{path.name}.{kind}") for kind in ("partial", "json"))
        found = _read(self._notes)
        self.lines: int = found.get("lines", 0)
        self._bytes: int = found.get("bytes", 0)
        if found.get("source", source) != source:
            raise RunError(f"{path} belongs to another input; delete {path.parent} to translate it anew")
        file = path if path.exists() else self._partial
        size = file.stat().st_size if file.exists() else 0
        if size < self._bytes or (self.finished and not found):
            raise RunError(f"{file} is incomplete; delete it and {self._notes} to translate it anew")

    @property
    def finished(self) -> bool:
        """Whether it is complete."""
        return self.path.exists()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Inside, `append` may be called; no other process may. At the end the file is complete.

        Raises RunError where another process writes it, FileError where it cannot be written.
        """
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise RunError(f"another process writes {self.path}; wait for it") from None
        except NotImplementedError:  # a file system without locks
            pass
        try:
            with self._partial.open("ab") as self._file:
                self._file.truncate(self._bytes)  # what came after does not count
                yield
            self._note()
            self._partial.replace(self.path)
        except OSError as problem:
            raise FileError(f"cannot write {self.path}: {reason(problem)}") from None
        finally:
            lock.release()

    def append(self, data: bytes, lines: int) -> None:
        """Add what so many further lines of the input became. From now on it counts."""
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._bytes += len(data)
        self.lines += lines
        self._note()

    def _note(self) -> None:
        notes = {"source": self._source, "lines": self.lines, "bytes": self._bytes}
        write_bytes(self._notes, json.dumps(notes).encode())


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise RunError(f"{file} cannot be read ({problem}); delete it to translate its part anew") from None
    return found

"""Files that are whole at any instant: written under another name, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from mt.errors import FileError, reason

_FOLDER_REFUSES = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}
"""Why a file may be written and not replaced. On a full disk writing it would lose the old content."""


class Replacement:
    """A file's new content on its way: written to `partial`, which becomes `target` when it is complete.

    Owner and permissions stay those of the old file. All methods raise OSError.
    """

    def __init__(self, target: Path, partial: Path) -> None:
        self._target, self._partial = target, partial
        there = target.exists()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if there and not os.access(target, os.W_OK):  # a rename would not ask
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.open(partial, flags, 0o666)
        except OSError as problem:
            if not there or problem.errno not in _FOLDER_REFUSES:
                raise
            # No file may be made here, but the one that is here may be written.
            self._file, name = tempfile.mkstemp(prefix="mt-")
            self._partial = Path(name)

    def write(self, data: bytes | memoryview) -> int:
        """Write some of the data; returns how many bytes."""
        return os.write(self._file, data)

    def commit(self) -> None:
        """Put the new content in the old one's place."""
        os.fsync(self._file)
        self._close()
        if self._target.exists():
            status = self._target.stat()
            with suppress(OSError, AttributeError):  # who is not root may give nothing away
                os.chown(self._partial, status.st_uid, status.st_gid)
            shutil.copymode(self._target, self._partial)
        try:
            self._partial.replace(self._target)
        except OSError as problem:
            if not self._target.exists() or problem.errno not in _FOLDER_REFUSES:
                raise
            # It may be written but not replaced: a mount, or another user's file in a folder like /tmp.
            with self._partial.open("rb") as new, self._target.open("r+b") as old:
                shutil.copyfileobj(new, old)
                old.truncate()
        _flush_folder(self._target.parent)

    def discard(self) -> None:
        """Remove what is left of it: nothing after `commit`."""
        self._close()
        self._partial.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file: it has the old content or the new one, never a part. Raises FileError.

    A file that may be written but not renamed over, such as a mount, is written in place instead.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = Replacement(path, path.with_name(f".{path.name}.partial"))
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[new.write(rest) :]
            new.commit()
        finally:
            new.discard()
    except OSError as problem:
        raise FileError(f"cannot write {path}: {reason(problem)}") from None


def append_text(path: Path, text: str) -> None:
    """Add text at a file's end. Raises FileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        raise FileError(f"cannot write {path}: {reason(problem)}") from None


def _flush_folder(folder: Path) -> None:
    """Let the new name survive a power failure too; not every system can open a folder for that."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

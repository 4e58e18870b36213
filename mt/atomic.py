"""Files that are whole at any instant: written under another name, flushed, then renamed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mt.errors import FileError, reason


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file: it has the old content or the new one, never a part. Raises FileError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _flush_folder(path.parent)
    except OSError as problem:
        raise FileError(f"cannot write {path}: {reason(problem)}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


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

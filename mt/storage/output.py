"""Where a command writes: standard output, or a file that is replaced as a whole or stays as it was.

A regular file is written beside its name, flushed, and renamed when it is complete. Devices, pipes and the
process's own descriptors (/dev/null, a FIFO, /dev/stdout, /dev/fd/3) are written directly.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mt.errors import ConfigError, FileError, reason
from mt.storage.atomic import Replacement

_BESIDE = ".mt-{}.partial"


class Output:
    """Bytes on their way out; whatever goes wrong names where they were to go."""

    def __init__(self, name: str, write: Callable[[Any], int], flush: Callable[[], object]) -> None:
        self._name, self._write, self._flush = name, write, flush

    def write(self, data: bytes) -> int:
        """Write all of it. Raises FileError, or BrokenPipeError if nobody reads it any more."""
        rest = memoryview(data)
        with _named(self._name):
            while rest:
                rest = rest[self._write(rest) :]
        return len(data)

    def text(self, text: str) -> None:
        """Write text as UTF-8, whatever the locale, and let it arrive. Raises as `write` does."""
        self.write(text.encode("utf-8", errors="replace"))
        self.flush()

    def flush(self) -> None:
        """Let what has been written arrive. Raises as `write` does."""
        with _named(self._name):
            self._flush()


def stdout() -> Output:
    """Standard output. Raises FileError if it is closed."""
    if sys.stdout is None:
        raise FileError("standard output is closed, and the result would be written there")
    stream = sys.stdout
    if hasattr(stream, "buffer"):
        return Output("standard output", stream.buffer.write, stream.buffer.flush)

    def write(data: memoryview) -> int:
        stream.write(str(data, "utf-8"))
        return len(data)

    return Output("standard output", write, stream.flush)  # a stream of text alone, such as a notebook's


@contextmanager
def open_output(path: Path | None) -> Iterator[Output]:
    """The file `path`, or standard output if there is none.

    A regular file has its new content when the block ends without an exception, else its old one. It keeps
    its permissions; of a symbolic link the file that it points to is replaced.
    Raises FileError if it cannot be written.
    """
    if path is None:
        yield stdout()
    elif _is_direct(path):
        with _named(str(path)):
            file = _open_directly(path)
        try:
            yield Output(str(path), lambda data: os.write(file, data), lambda: None)
        finally:
            os.close(file)
    else:
        with _replacing(path) as output:
            yield output


def write_file(path: Path, data: bytes) -> None:
    """Give a file new content, as a whole. Raises FileError."""
    with open_output(path) as output:
        output.write(data)


def check_output(path: Path | None) -> None:
    """Ask before any work is done whether `path`, or standard output, can be written.

    Raises FileError if it is closed or a folder, or if its folder or the permission is missing.
    """
    if path is None:
        stdout()
    elif not _is_direct(path):
        with _named(str(path)):
            _begin(path).discard()


def same_file(path: Path, other: Path) -> bool:
    """Whether both names are of one file that is there."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def check_apart(path: Path | None, reads: Path | None) -> None:
    """Raises ConfigError if the output is the file that is read; None are the standard streams."""
    ours, theirs = _identity(path, 1), _identity(reads, 0)
    if ours is not None and ours == theirs:
        raise ConfigError(f"{path or 'standard output'} is the input file too; write somewhere else")


@contextmanager
def _named(name: str) -> Iterator[None]:
    """What the system says becomes one line that names the file; a reader that went away is no mistake."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise FileError(f"cannot write {name}: {reason(problem)}") from None


@contextmanager
def _replacing(path: Path) -> Iterator[Output]:
    with _named(str(path)):
        new = _begin(path)
    try:
        yield Output(str(path), new.write, lambda: None)
        with _named(str(path)):
            new.commit()
    finally:
        new.discard()


def _begin(path: Path) -> Replacement:
    """Of a symbolic link the file that it points to is replaced; two commands at once do not mix."""
    target = Path(os.path.realpath(path))
    return Replacement(target, target.parent / _BESIDE.format(secrets.token_hex(8)))


def _is_direct(path: Path) -> bool:
    """Whether it is an open descriptor of this process, a device or a pipe."""
    try:
        if _descriptor(path) is not None:
            return True
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _open_directly(path: Path) -> int:
    number = _descriptor(path)
    return os.open(path, os.O_WRONLY) if number is None else os.dup(number)


def _descriptor(path: Path) -> int | None:
    """The number of the open descriptor that the path names, such as 1 for /dev/stdout."""
    folders = ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd")
    for _ in range(8):  # /dev/stdout -> /proc/self/fd/1; what that points to may be no path
        if path.name.isdecimal() and str(path.parent) in folders:
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def _identity(path: Path | None, descriptor: int) -> tuple[int, int] | None:
    """Device and inode of a regular file, by its name or else of a standard stream; None of anything else."""
    try:
        status = os.fstat(descriptor) if path is None else path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None

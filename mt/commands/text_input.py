"""Lines to work on: from a file, a pipe, or a person at a terminal."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import torch

from mt.console import Console
from mt.device import at_once
from mt.errors import ConfigError, reason
from mt.text.encoding import BOM, wide_encoding

CHUNK = 4096  # lines handed on at once, to a CPU
READ = 1 << 20  # bytes for so many lines


class Lines:
    """Chunks of lines as they come, and how much of a file they are."""

    def __init__(self, stream: BinaryIO, name: str, console: Console, before: int = 0) -> None:
        """before: lines of the file that the stream is past."""
        self.device = torch.device("cpu")  # who gets the lines: it decides how many at once
        self._number = before
        self.prompts = stream.isatty()
        self._stream, self._name, self._console = stream, name, console
        self._before, self._chunk, self._size = 0, 0, _size(stream)  # bytes

    def __iter__(self) -> Iterator[list[str]]:
        """Only a line feed ends a line; a byte order mark is no text; warns of what is not UTF-8.

        Raises ConfigError for UTF-16 and UTF-32, and if reading fails.
        """
        number, warned = self._number, False
        for lines in self._chunks():
            if number == 0:
                self._refuse_wide(b"\n".join(lines))
                lines[0] = lines[0].removeprefix(BOM)
            texts = []
            for line in lines:
                number += 1
                text = line.removesuffix(b"\r").decode("utf-8", errors="replace")
                if not warned and "\ufffd" in text and b"\xef\xbf\xbd" not in line:
                    self._console.warn(
                        f"{self._name}, line {number}: bytes that are not UTF-8 are read as U+FFFD"
                    )
                    warned = True
                texts.append(text)
            yield texts

    def part_done(self, of_chunk: float) -> float | None:
        """How much of a regular file (0 to 1) is done with so much of this chunk; else None."""
        return (self._before + of_chunk * self._chunk) / self._size if self._size else None

    def _refuse_wide(self, head: bytes) -> None:
        wide = wide_encoding(head)
        if wide is not None:
            raise ConfigError(f"{self._name} is {wide}, not UTF-8; save it as UTF-8")

    def _chunks(self) -> Iterator[list[bytes]]:
        rest, count = b"", at_once(CHUNK, self.device)
        for data in self._blocks():
            *lines, rest = (rest + data).split(b"\n")
            if data == b"" and rest.removeprefix(BOM if self._before == 0 else b""):
                lines, rest = [*lines, rest], b""
            for start in range(0, len(lines), count):
                chunk = lines[start : start + count]
                self._chunk = sum(map(len, chunk)) + len(chunk)
                yield chunk
                self._before += self._chunk

    def _blocks(self) -> Iterator[bytes]:
        """Whole blocks of a file, else what has come, without waiting for more; an empty one at the end."""
        read = self._stream.read if self._size else getattr(self._stream, "read1", self._stream.read)
        data = b"there may be some"
        while data:
            if self.prompts:
                print("> ", end="", file=sys.stderr, flush=True)
            try:
                data = self._stream.readline() if self.prompts else read(at_once(READ, self.device))
            except OSError as problem:
                raise ConfigError(f"cannot read {self._name}: {reason(problem)}") from None
            yield data
        if self.prompts:
            print(file=sys.stderr)


@contextmanager
def open_lines(path: Path | None, console: Console) -> Iterator[Lines]:
    """The lines of a file, or of standard input. Raises ConfigError if it cannot be opened or is closed."""
    if path is not None:
        try:
            file = path.open("rb")
        except OSError as problem:
            raise ConfigError(f"cannot open {path}: {reason(problem)}") from None
        with file:
            yield Lines(file, str(path), console)
    elif sys.stdin is None:
        raise ConfigError("standard input is closed, and no text or file is given")
    else:
        yield Lines(sys.stdin.buffer, "the terminal" if sys.stdin.isatty() else "standard input", console)


def each_text(texts: Sequence[str], console: Console) -> Iterator[str]:
    """The texts given, or else the lines of standard input as they come."""
    if texts:
        yield from texts
        return
    with open_lines(None, console) as lines:
        for chunk in lines:
            yield from chunk


def _size(stream: BinaryIO) -> int:
    """Bytes in a regular file; 0 of anything else, whose end is not known."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0

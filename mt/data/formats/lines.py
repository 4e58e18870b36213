"""Files as lines of bytes, plain or compressed. Only a line feed ends a line, whatever the text holds."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard

from mt.errors import CorpusError
from mt.text.encoding import BOM, wide_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 16  # bytes read from a .zst file at a time
_BUFFER = 1 << 20  # bytes decompressed at a time
_LONGEST_LINE = 1 << 20  # bytes of the first line that are read before it must have ended, if it holds CR
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class _ZstdStream(io.RawIOBase):
    """The text of a .zst file. zstandard's own reader takes a file that was cut off for a whole one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None  # None: between two frames
        self._rest = b""  # compressed bytes behind the last frame
        self._ready = memoryview(b"")  # decompressed bytes not yet handed out

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._ready:
            data = self._rest or self._file.read(_CHUNK)
            if not data and self._frame is not None:
                raise EOFError("the file ends inside a frame")
            if not data:
                return 0
            frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(frame.decompress(data))
            self._rest = frame.unused_data if frame.eof else b""
            self._frame = None if frame.eof else frame
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _gzip(file: BinaryIO) -> io.RawIOBase:
    return cast(io.RawIOBase, gzip.GzipFile(fileobj=file, mode="rb"))


def _xz(file: BinaryIO) -> io.RawIOBase:
    return cast(io.RawIOBase, lzma.LZMAFile(file, "rb"))


_OPENERS: dict[str, Callable[[BinaryIO], io.RawIOBase]] = {".gz": _gzip, ".xz": _xz, ".zst": _ZstdStream}
COMPRESSED = frozenset(_OPENERS)
"""Suffixes of compressed files."""
_open: list[BinaryIO] = []
"""What `open_bytes` has opened and not yet closed."""


def uncompressed_suffix(path: Path) -> str:
    """The suffix that names the form: ".tsv" for pairs.tsv and for pairs.tsv.gz, in lower case."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in _OPENERS else suffix


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """A file's bytes, decompressed as its suffix says.

    Raises CorpusError for a file that is missing, unreadable, damaged or cut off, also while it is read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise CorpusError(
            f"{path}: cannot be opened ({cause}); check the path and its permissions"
        ) from error
    with file, _counted(file):
        try:
            opener = _OPENERS.get(path.suffix.lower())
            stream = file if opener is None else io.BufferedReader(opener(file), _BUFFER)
            with stream:
                yield cast(io.BufferedReader, stream)
        except _DAMAGED as error:
            raise CorpusError(
                f"{path}: damaged or cut off ({error}); fetch the file or compress it again"
            ) from error


def part_read() -> float | None:
    """How much of the files that are open now has been read, 0 to 1; None where that cannot be known."""
    try:
        size = sum(os.fstat(file.fileno()).st_size for file in _open)
        return sum(file.tell() for file in _open) / size if size else None
    except OSError:  # a pipe has no position
        return None


@contextmanager
def _counted(file: BinaryIO) -> Iterator[None]:
    _open.append(file)
    try:
        yield
    finally:
        _open.remove(file)


@contextmanager
def uncompressed(path: Path) -> Iterator[Path]:
    """The path of the file, or of a copy that is not compressed, for readers that open files themselves.

    Raises what `open_bytes` does where there is something to decompress.
    """
    if path.suffix.lower() not in _OPENERS:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.stem
        with open_bytes(path) as stream, copy.open("xb") as file:
            shutil.copyfileobj(stream, file)
        yield copy


def check_whole(path: Path) -> None:
    """Raise CorpusError if a compressed file is damaged or cut off; what is not compressed passes.

    For a reader that has met nonsense: a damaged archive often gives some before the damage is known.
    """
    if path.suffix.lower() in _OPENERS:
        with open_bytes(path) as stream:
            while stream.read(1 << 20):
                pass


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file without their ends (LF or CR LF) and without byte order marks.

    CR, form feed, U+0085 and U+2028 are text here: they must not shift the lines of aligned files.
    Byte order marks are dropped at the start of every line: files that were joined have them inside.
    Raises CorpusError for what `open_bytes` does, for an empty file, for UTF-16 and UTF-32, and for line
    ends of CR alone.
    """
    with open_bytes(path) as stream:
        first = _first_line(path, stream)
        yield _without_marks(first)
        for line in stream:
            yield _without_marks(line)


def _first_line(path: Path, stream: io.BufferedReader) -> bytes:
    """The first line, once the file is known to be text in lines."""
    line = stream.readline(_LONGEST_LINE)
    if not line:
        raise CorpusError(f"{path}: is empty; name a file that has at least one line")
    # A line ends early in UTF-16 where a character holds the byte of a line feed.
    encoding = wide_encoding(line + stream.peek())
    if encoding is not None:
        raise CorpusError(f"{path}: is {encoding}; save it as UTF-8")
    ended = b"\n" in line
    if b"\r" in line.rstrip(b"\r\n") and not (ended and stream.peek()):  # it is all that there is
        raise CorpusError(f"{path}: its lines end with CR alone; save it with line ends of LF or CR LF")
    return line if ended else line + stream.readline()


def _without_marks(line: bytes) -> bytes:
    return line.removeprefix(BOM).removesuffix(b"\n").removesuffix(b"\r")


def not_utf8(error: UnicodeDecodeError) -> str:
    """Why a line could not be decoded, for BadLine. Bytes are counted from 1."""
    return f"not UTF-8 (byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line)"

"""A sound file -> samples at the model's rate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mt.errors import MissingExtraError, SoundError, reason

if TYPE_CHECKING:
    import soundfile

Samples = npt.NDArray[np.int16]
BLOCK = 1 << 20
"""Samples decoded at once: a long file never lies in memory at its own rate and with all its channels."""
QUIET = 8
"""A recording whose loudest sample (of 32,767) is below this is silence."""
SECONDS = 3 * 3600
"""The longest file that is read."""
MISSING = 0.1
"""Seconds that a file may be shorter than its header says."""
UNKNOWN = 1 << 62
"""libsndfile's frames of a FLAC file whose header does not say how many it has; it cannot read its end."""
STREAMED = 0x7FFF0000
"""Bytes in a WAV header from which on the number only says that the length was not known."""


def check_libraries() -> None:
    """Raises MissingExtraError unless what decodes sound is installed."""
    try:
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except (ImportError, OSError):  # soundfile raises OSError where libsndfile is missing
        raise MissingExtraError("reading sound needs soundfile and soxr", "speech") from None


def read_sound(
    source: Path | BinaryIO,
    rate: int,
    *,
    name: str | None = None,
    span: tuple[float, float] | None = None,
) -> Samples:
    """Decode WAV, FLAC, OGG (Vorbis, Opus) or MP3 -> mono samples (N,) at `rate` Hz.

    name: of the file, for messages. span: seconds from and to; None is all. Raises SoundError, one line with
    the name, for a file that is missing, broken, cut off, empty, silent or longer than three hours;
    MissingExtraError.
    """
    check_libraries()
    import soundfile

    name = name or str(source)
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            if file.seek(0, 2) == 0:
                raise SoundError(f"{name}: is empty")
            file.seek(0)
            with soundfile.SoundFile(file) as sound:
                samples = _decode(sound, rate, name, span)
    except IsADirectoryError:
        raise SoundError(f"{name}: is a folder; name the files in it") from None
    except OSError as problem:
        raise SoundError(f"{name}: {reason(problem)}") from None
    except soundfile.LibsndfileError as problem:
        cause = problem.error_string.removeprefix("Error : ").rstrip(".")
        raise SoundError(
            f"{name}: cannot be decoded ({cause}); give WAV, FLAC, OGG (Vorbis, Opus) or MP3"
        ) from None
    if len(samples) == 0:
        raise SoundError(f"{name}: holds no sound")
    if int(np.abs(samples.astype(np.int32)).max()) < QUIET:
        raise SoundError(f"{name}: is silent")
    return samples


def _decode(sound: soundfile.SoundFile, rate: int, name: str, span: tuple[float, float] | None) -> Samples:
    import soxr

    if sound.frames >= UNKNOWN:
        raise SoundError(
            f"{name}: its header does not say how long it is; convert it to a file, not to a pipe"
        )
    if sound.frames > SECONDS * sound.samplerate:
        raise SoundError(f"{name}: lasts more than {SECONDS // 3600} hours; cut it into shorter files")
    start, end = (round(second * sound.samplerate) for second in span) if span else (0, None)
    if start:
        sound.seek(min(start, sound.frames))
    # soxr's stream keeps what it needs of one block for the next.
    stream = soxr.ResampleStream(sound.samplerate, rate, 1) if sound.samplerate != rate else None
    parts = [_resampled(block, last, stream) for block, last in _blocks(sound, name, end and end - start)]
    joined = np.concatenate(parts) if parts else np.zeros(0)
    _check_end(sound, name, len(joined) / rate, span)
    if not np.isfinite(joined).all():
        raise SoundError(f"{name}: holds samples that are not numbers")
    return np.asarray((joined * 32767).round().clip(-32768, 32767), dtype=np.int16)


def _check_end(
    sound: soundfile.SoundFile, name: str, seconds: float, span: tuple[float, float] | None
) -> None:
    """Raises SoundError if the file ends before its header says: it was cut off."""
    promised = sound.frames / sound.samplerate
    # Of a WAV that was cut off libsndfile counts what is there, and notes what the header says.
    if noted := re.search(r"^data : (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE):
        written, found = map(int, noted.groups())
        promised *= written / found if found > 0 and written < STREAMED else 1
    start, end = span or (0.0, promised)
    promised = min(promised, end) - start
    if seconds + MISSING < promised:
        raise SoundError(f"{name}: is cut off after {seconds:.1f} of {promised:.1f} seconds; fetch it again")


def _resampled(block: npt.NDArray[np.float32], last: bool, stream: Any) -> npt.NDArray[np.float32]:
    mono = block.mean(axis=1)
    return mono if stream is None else np.asarray(stream.resample_chunk(mono, last=last))


def _blocks(
    sound: soundfile.SoundFile, name: str, count: int | None
) -> Iterator[tuple[npt.NDArray[np.float32], bool]]:
    """Blocks of up to `count` samples in all (n, channels), and whether each is the last."""
    limit = SECONDS * sound.samplerate
    left = limit + 1 if count is None else count
    block = sound.read(min(BLOCK, left), dtype="float32", always_2d=True)
    while len(block):
        left -= len(block)
        following = sound.read(min(BLOCK, left), dtype="float32", always_2d=True) if left > 0 else block[:0]
        if count is None and left <= 0:  # the header may not have said how long it is
            raise SoundError(f"{name}: lasts more than {SECONDS // 3600} hours; cut it into shorter files")
        yield block, len(following) == 0
        block = following

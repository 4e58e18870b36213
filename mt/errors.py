"""The mistakes a user can make. `cli` prints them as one line; nothing else prints or exits."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable, Mapping

DISTRIBUTION = "seq2seq-mt"  # what pip calls this package


class MTError(Exception):
    """A problem the user can mend. The message is one line that says what to do next.

    Raised by everything in this package where the cause lies in files, settings or input
    rather than in the code.
    """

    exit_code = 1


class UsageError(MTError):
    """A command line that cannot be understood."""

    exit_code = 2


class ConfigError(MTError):
    """A setting that cannot work: unknown, out of range, or at odds with another."""


class MissingExtraError(MTError):
    """A package that is not installed, and that one of our extras brings; says how to install it."""

    def __init__(self, problem: str, extra: str) -> None:
        super().__init__(f"{problem}: pip install '{DISTRIBUTION}[{extra}]'")


class VocabularySizeError(ConfigError):
    """A vocabulary larger than the text can fill, or smaller than its characters; `nearest` is possible."""

    def __init__(self, message: str, nearest: int) -> None:
        super().__init__(message)
        self.nearest = nearest


class CorpusError(MTError):
    """Parallel text that cannot be read. Names the file and, where there is one, the line."""


class DocumentError(MTError):
    """A document that cannot be read or written. Names the file and, where there is one, the line."""


class SoundError(MTError):
    """A recording that cannot be read, or holds nothing. Names the file."""


class RunError(MTError):
    """A run directory that is missing, damaged, or does not fit what is asked of it."""


class FileError(MTError):
    """A file that the system does not let us write. Names it, with the system's reason."""


class TrainingError(MTError):
    """Training cannot go on: the loss stays non-finite, or there is nothing to train on."""


class MemoryRunsOut(MTError):
    """There is less memory than the work needs."""


class Interrupted(MTError):
    """Stopped by a signal, what can be saved is; exits with 128 + the signal's number, as shells expect."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


_ADVICE = {
    errno.ENOSPC: "free some space, then give the same command again",
    errno.EACCES: "change its permissions, or name another path",
    errno.EPERM: "change its permissions, or name another path",
    errno.EROFS: "name a path that can be written",
    errno.EDQUOT: "free some space, then give the same command again",
    errno.EISDIR: "there is a folder of that name; name a file",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a part of the path is a file; check the path",
    errno.ELOOP: "check the path",
    errno.ENAMETOOLONG: "give it a shorter name",
}


def reason(problem: OSError) -> str:
    """Why the system refused something, and what helps, for the end of a message."""
    said = problem.strerror or str(problem)
    advice = _ADVICE.get(problem.errno or 0)
    return f"{said}; {advice}" if advice else said


def did_you_mean(given: str, known: Mapping[str, str] | Iterable[str]) -> str:
    """The known name that is most like a given one, for the end of a message; empty if none is like it.

    known: names, or a mapping from names to what is shown.
    """
    shown = known if isinstance(known, Mapping) else {name: name for name in known}
    near = difflib.get_close_matches(given, shown, n=1)
    return f" (did you mean {shown[near[0]]}?)" if near else ""


def legible(text: str) -> str:
    r"""The text with bytes of file names that are no UTF-8, which Python holds as surrogates, as \xff."""
    text = re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
    text = re.sub(r"\\udc([89a-f][0-9a-f])", r"\\x\1", text)  # as repr writes them
    return text.encode("utf-8", "backslashreplace").decode()


def out_of_memory(problem: BaseException) -> bool:
    """Whether that is what an error means; torch has no class of its own for it on the CPU."""
    if isinstance(problem, MemoryError):
        return True
    said = str(problem)
    return isinstance(problem, RuntimeError) and any(
        words in said for words in ("out of memory", "can't allocate memory", "ALLOC_FAILED")
    )

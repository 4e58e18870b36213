"""The keys of those who may use the server: a file with a line for each."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from pathlib import Path

from mt.errors import MTError, reason
from mt.text.encoding import decode

_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Key:
    """One key: what is kept of it, and how many requests a minute it may make (None: as everybody)."""

    digest: bytes = field(repr=False)
    limit: int | None

    @property
    def name(self) -> str:
        """What tells it from the others where requests are counted; the key cannot be got from it."""
        return self.digest.hex()[:16]


class Keys:
    """All keys."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys = keys

    def find(self, given: str) -> Key | None:
        """The key that was given; takes the same time whichever it is, or none."""
        digest = _digest(given)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def read_keys(path: Path) -> Keys:
    """Read `KEY [REQUESTS_A_MINUTE]` lines; blank lines and those that begin with # are left out.

    Raises MTError with the line's number; the key itself is never shown.
    """
    try:
        lines = decode(path.read_bytes()).splitlines()
    except OSError as problem:
        raise MTError(f"--api-keys: cannot open {path}: {reason(problem)}") from None
    except ValueError as problem:
        raise MTError(f"--api-keys: {path} {problem}; save it as UTF-8, with one key a line") from None
    keys: list[Key] = []
    for number, line in enumerate(lines, start=1):
        words = line.strip().split()
        if words and not words[0].startswith("#"):
            keys.append(_read_key(words, f"{path}, line {number}", keys))
    if not keys:
        raise MTError(f"--api-keys: {path} has no key; write one a line, or leave --api-keys out")
    return Keys(keys)


def _read_key(words: list[str], where: str, before: list[Key]) -> Key:
    if not _KEY.fullmatch(words[0]):
        raise MTError(f"{where}: a key has only visible ASCII characters")
    limited = words[1:2] and not words[1].startswith("#")
    if limited and not re.fullmatch(r"[0-9]{1,9}", words[1]):
        raise MTError(f"{where}: after a key give its requests a minute, as a whole number")
    rest = words[2:] if limited else words[1:]
    if rest and not rest[0].startswith("#"):
        raise MTError(f"{where}: give no more than a key and its requests a minute")
    key = Key(_digest(words[0]), int(words[1]) if limited else None)
    if any(other.digest == key.digest for other in before):
        raise MTError(f"{where}: this key occurs twice")
    return key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="replace")).digest()

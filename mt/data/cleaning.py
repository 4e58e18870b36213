"""Rules that drop a training pair, and hashes of the pairs that were seen before. Loads no torch."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mt.config import DataConfig
from mt.text.characters import visible

# C0 and C1 but for TAB; and U+FFFD, which is left where an earlier conversion lost a character.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffd]")
_OUTSIDE = re.compile(r"^[\s\ufeff]+|[\s\ufeff]+$")
_SHORT = 16  # bytes added to both sides before their ratio is taken

Hashes = NDArray[np.uint64]


def why_drop(rules: DataConfig, src: str, tgt: str) -> str | None:
    """The first reason against a tidied training pair, or None; duplicates are not looked for.

    The ratio of lengths is of UTF-8 bytes, as a Chinese character is about a word and 3 bytes: across scripts
    bytes say how much is being said, where characters would call every Chinese-English pair lopsided. Both
    sides get 16 bytes on top, so that "好" and "That sounds good" pass.
    """
    if not src or not tgt:
        return "empty side"
    if len(src) > rules.max_chars or len(tgt) > rules.max_chars:
        return "over-long"
    if _CONTROL.search(src) or _CONTROL.search(tgt):
        return "control characters"
    if rules.drop_identical and src == tgt:
        return "identical sides"
    sizes = len(src.encode()) + _SHORT, len(tgt.encode()) + _SHORT
    if max(sizes) > rules.max_length_ratio * min(sizes):
        return "length ratio"
    return None


def tidy(text: str) -> str:
    """Text on one line: no white space or byte order marks at its ends, each line break inside one space."""
    text = text.strip()
    if "\ufeff" in text:
        text = _OUTSIDE.sub("", text)
    if "\n" in text or "\r" in text:
        text = " ".join(part for line in re.split("[\r\n]+", text) if (part := line.strip()))
    return text


class Cleaned(NamedTuple):
    """What is left of some pairs: both sides, a hash of each; and how many were dropped for which reason.

    kept: a file with all of this, to be deleted when it is not needed any more.
    """

    src: pa.StringArray
    tgt: pa.StringArray
    hashes: Hashes
    dropped: Counter[str]
    kept: Path | None = None


@dataclass(frozen=True)
class Rules:
    """How pairs are cleaned.

    why_drop: (source, target) -> the name of a reason against a pair, or None. visible: whether sources lose
    marks that nobody sees. mark: what is put before each source.
    """

    why_drop: Callable[[str, str], str | None]
    visible: bool = False
    mark: str = ""

    def tidy(self, src: str, tgt: str) -> tuple[str, str]:
        """Both sides without what does not belong to a text."""
        return tidy(visible(src) if self.visible else src), tidy(tgt)

    def clean(self, sides: tuple[list[str], list[str]]) -> Cleaned:
        """The pairs of which N texts a side make up, tidied, but for those with a reason against them."""
        sources, targets, dropped = [], [], Counter[str]()
        for src, tgt in itertools.starmap(self.tidy, zip(*sides, strict=True)):
            reason = self.why_drop(src, tgt)
            if reason is None:
                sources.append(self.mark + src)
                targets.append(tgt)
            else:
                dropped[reason] += 1
        # Tidied text holds no line feed, so one between the sides keeps different pairs different.
        hashes = hash_texts(f"{src}\n{tgt}" for src, tgt in zip(sources, targets, strict=True))
        return Cleaned(pa.array(sources, pa.string()), pa.array(targets, pa.string()), hashes, dropped)


def hash_texts(texts: Iterable[str]) -> Hashes:
    """8 bytes for each text, so that millions can be compared without being kept."""
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint64)


class SeenHashes:
    """A set of hashes at 8 bytes each, where Python's would take 60.

    Sorted arrays of doubling length: a batch is looked up in each, then merged with those not longer.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []  # longest first

    def add(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Add hashes (N,); return where (N,) each comes up for the first time."""
        distinct, first = np.unique(hashes, return_index=True)
        known = np.zeros(len(distinct), dtype=bool)
        for run in self._runs:
            indices = np.searchsorted(run, distinct).clip(max=len(run) - 1)
            known |= run[indices] == distinct
        self._insert(distinct[~known])
        new = np.zeros(len(hashes), dtype=bool)
        new[first[~known]] = True
        return new

    def _insert(self, run: Hashes) -> None:
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")  # in place, with both parts forgotten
        if len(run):
            self._runs.append(run)

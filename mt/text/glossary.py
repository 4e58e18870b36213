"""Terms and how they are to be translated: finding them in a source, counting them in a translation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mt.text.spacing import is_word_letter

Match = Literal["any-case", "exact", "inflected"]
"""How a term is found: in any case; as it is written; in any case and with up to ENDING letters behind it."""

ENDING = 3  # letters


@dataclass(frozen=True)
class Entry:
    """A term and its translations, of which a model chooses one."""

    source: str
    targets: tuple[str, ...]
    match: Match = "any-case"


@dataclass(frozen=True)
class Occurrence:
    """Where an entry's term stands in a text: text[start:end]."""

    entry: Entry
    start: int
    end: int

    def targets(self, text: str) -> tuple[str, ...]:
        """The translations, in the cases that the source may ask for: as listed, capitalised, in capitals."""
        entry, found = self.entry, text[self.start : self.end]
        if entry.match == "exact" or entry.source in entry.targets:
            return entry.targets
        cased = list(entry.targets)
        if found[:1].isupper():
            cased += [target[:1].upper() + target[1:] for target in entry.targets]
        if len(found) > 1 and found.isupper():
            cased += [target.upper() for target in entry.targets]
        return tuple(dict.fromkeys(cased))


class Glossary:
    """Entries by their terms; those of equal terms become one."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        merged: dict[tuple[str, Match], list[str]] = {}
        for entry in entries:
            merged.setdefault((entry.source, entry.match), []).extend(entry.targets)
        self.entries = tuple(
            Entry(source, tuple(dict.fromkeys(targets)), match) for (source, match), targets in merged.items()
        )
        self._by_term: dict[str, list[Entry]] = {}  # in lower case
        sizes: dict[str, set[int]] = {}  # of the terms that begin with a letter
        for entry in self.entries:
            term = _lower(entry.source)
            self._by_term.setdefault(term, []).append(entry)
            sizes.setdefault(term[0], set()).add(len(term))
        self._sizes = {letter: sorted(found) for letter, found in sizes.items()}

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, text: str) -> list[Occurrence]:
        """The terms of a text, whole words, from left to right; none overlap, and the longest come first."""
        found, at = [], 0
        lowered = _lower(text)
        while at < len(text):
            here = None if _joins(text, at) else self._longest(text, lowered, at)
            if here is not None:
                found.append(here)
            at = at + 1 if here is None else here.end
        return found

    def _longest(self, text: str, lowered: str, start: int) -> Occurrence | None:
        best = None
        for size in self._sizes.get(lowered[start], ()):
            at = start + size
            if at > len(text):
                break
            for entry in self._by_term.get(lowered[start:at], ()):
                if entry.match == "exact" and text[start:at] != entry.source:
                    continue
                end = _word_end(text, at, ENDING if entry.match == "inflected" else 0)
                if end is not None and (best is None or end >= best.end):
                    best = Occurrence(entry, start, end)
        return best


def _lower(text: str) -> str:
    """In lower case, one character for one."""
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)


def _joins(text: str, at: int) -> bool:
    """Whether a word goes on from the character before `at` to the one there."""
    return 0 < at < len(text) and is_word_letter(text[at - 1]) and is_word_letter(text[at])


def _word_end(text: str, at: int, spare: int) -> int | None:
    """Where the word ends that has come as far as `at`, at most `spare` letters on; None if it is longer."""
    for end in range(at, at + spare + 1):
        if not _joins(text, end):
            return end
    return None


@dataclass
class TermCount:
    """Of one term: how often it stands in the sources, and how often a translation of it in the outputs."""

    source: str
    targets: tuple[str, ...]
    wanted: int = 0
    used: int = 0

    def __str__(self) -> str:
        return f"{self.source} → {' | '.join(self.targets)}: {self.used:,} of {self.wanted:,}"


def count_terms(glossary: Glossary, sources: Iterable[str], outputs: Iterable[str]) -> list[TermCount]:
    """For each term that occurs in the sources, in the order in which they first do, how it came through.

    An output counts as many occurrences of a term as it holds translations of it, whole words, in any case.
    """
    counts: dict[Entry, TermCount] = {}
    for source, output in zip(sources, outputs, strict=True):
        wanted: dict[Entry, int] = {}
        for occurrence in glossary.find(source):
            wanted[occurrence.entry] = wanted.get(occurrence.entry, 0) + 1
        for entry, number in wanted.items():
            count = counts.setdefault(entry, TermCount(entry.source, entry.targets))
            count.wanted += number
            count.used += min(number, _occurrences(entry, output))
    return list(counts.values())


def missed_terms(glossary: Glossary, source: str, output: str) -> list[str]:
    """The terms of a source of which a translation lacks some."""
    return [count.source for count in count_terms(glossary, [source], [output]) if count.used < count.wanted]


def _occurrences(entry: Entry, output: str) -> int:
    """How many translations of an entry's term an output holds."""
    flags = re.NOFLAG if entry.match == "exact" else re.IGNORECASE
    either = "|".join(re.escape(target) for target in sorted(entry.targets, key=len, reverse=True))
    return sum(
        not _joins(output, found.start())
        and _word_end(output, found.end(), ENDING if entry.match == "inflected" else 0) is not None
        for found in re.finditer(either, output, flags)
    )

"""Terms and how they are to be translated: finding them in a source, counting them in a translation."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mt.text.placeholders import span_ranges
from mt.text.spacing import is_word_letter

Match = Literal["any-case", "exact", "inflected"]
"""How a term is found: in any case; as it is written; in any case and with up to ENDING letters behind it."""

ENDING = 3  # letters
_RANKS: dict[Match, int] = {"inflected": 0, "any-case": 1, "exact": 2}  # which of equal terms is taken
_SAME = str.maketrans("\u00a0\u2007\u202f‘’ʼ‐‑", "   '''--")


@dataclass(frozen=True)
class Entry:
    """A term and its translations, of which a model chooses one."""

    source: str
    targets: tuple[str, ...]
    match: Match = "any-case"


@dataclass(frozen=True)
class Occurrence:
    """Where an entry's term stands in a text, and how it is written there."""

    entry: Entry
    start: int
    end: int
    text: str

    def targets(self) -> tuple[str, ...]:
        """The translations in the cases that the source may ask for: as listed, capitalised, in capitals.

        A source without cases, as in Chinese, may ask for a capital letter too. Those of a term in its exact
        case, or of one that is never translated, are as listed.
        """
        entry = self.entry
        if entry.match == "exact" or entry.source in map(_plain, entry.targets):
            return entry.targets
        cased = list(entry.targets)
        if not self.text[:1].islower():
            cased += [target[:1].upper() + target[1:] for target in entry.targets]
        if len(self.text) > 1 and self.text.isupper():
            cased += [target.upper() for target in entry.targets]
        return tuple(dict.fromkeys(cased))


class Glossary:
    """Entries by their terms; those of equal terms become one."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        merged: dict[tuple[str, Match], Entry] = {}
        for entry in entries:
            source = _plain(entry.source)
            key = (source if entry.match == "exact" else _folded(source)), entry.match
            before = merged.get(key, Entry(source, (), entry.match))
            targets = dict.fromkeys((*before.targets, *entry.targets))
            merged[key] = Entry(before.source, tuple(targets), entry.match)
        self.entries = tuple(merged.values())
        self._by_term: dict[str, list[Entry]] = {}
        sizes: dict[str, set[int]] = {}  # of the terms that begin with a letter
        for entry in self.entries:
            term = _folded(entry.source)
            self._by_term.setdefault(term, []).append(entry)
            sizes.setdefault(term[0], set()).add(len(term))
        self._sizes = {letter: sorted(found) for letter, found in sizes.items()}

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, text: str) -> list[Occurrence]:
        """The terms of a text, whole words, from left to right; none overlap, and the longest come first.

        A term within a placeholder, an address or code is none. Positions are those of the text in NFC.
        """
        return list(self.occurrences(text))

    def occurrences(self, text: str, at: int = 0) -> Iterator[Occurrence]:
        """What `find` finds, from a position on."""
        text = _plain(text)
        folded, spans = _folded(text), span_ranges(text)
        while at < len(text):
            here = None if _joins(text, at) else self._longest(text, folded, at)
            if here is None or any(_cuts(here, *span) for span in spans):
                at += 1
                continue
            yield here
            at = here.end

    def _longest(self, text: str, folded: str, start: int) -> Occurrence | None:
        best, rank = None, (0, 0)
        for size in self._sizes.get(folded[start], ()):
            at = start + size
            for entry in self._by_term.get(folded[start:at], ()) if at <= len(text) else ():
                if entry.match == "exact" and text[start:at] != entry.source:
                    continue
                end = _word_end(text, at, ENDING if entry.match == "inflected" else 0)
                if end is not None and (end, _RANKS[entry.match]) > rank:
                    best, rank = Occurrence(entry, start, end, text[start:end]), (end, _RANKS[entry.match])
        return best


def _plain(text: str) -> str:
    """In NFC, with one kind of space, apostrophe and hyphen."""
    return unicodedata.normalize("NFC", text).translate(_SAME)


def _folded(text: str) -> str:
    """Without case, one character for one."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := letter.casefold()) == 1 else letter for letter in text)


def _cuts(term: Occurrence, start: int, end: int) -> bool:
    """Whether a term holds a part of a span, but not all of it."""
    return term.start < end and start < term.end and not (term.start <= start and end <= term.end)


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
    What stands for one term does not stand for another, and the longest come first.
    """
    counts: dict[Entry, TermCount] = {}
    for source, output in zip(sources, outputs, strict=True):
        wanted = Counter(occurrence.entry for occurrence in glossary.find(source))
        used = _used(wanted, output)
        for entry, number in wanted.items():
            count = counts.setdefault(entry, TermCount(entry.source, entry.targets))
            count.wanted += number
            count.used += used[entry]
    return list(counts.values())


def missed_terms(glossary: Glossary, source: str, output: str) -> list[str]:
    """The terms of a source of which a translation lacks some."""
    return [count.source for count in count_terms(glossary, [source], [output]) if count.used < count.wanted]


def _used(wanted: Mapping[Entry, int], output: str) -> Counter[Entry]:
    """How many translations of each entry's term an output holds, at most as many as are wanted."""
    used, at = Counter[Entry](), 0
    while left := [entry for entry in wanted if used[entry] < wanted[entry]]:
        targets = (
            Entry(target, (str(row),), entry.match)
            for row, entry in enumerate(left)
            for target in entry.targets
        )
        found = next(Glossary(targets).occurrences(output, at), None)
        if found is None:
            break
        used[left[int(found.entry.targets[0])]] += 1
        at = found.end
    return used

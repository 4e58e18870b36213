"""Spans that a translation must copy: markup, code, addresses, numbers.

Before tokenisation each such span becomes a marker, ⟦0⟧, ⟦1⟧, …, numbered in the order of the source; equal
spans have the same number. Search makes sure that a translation has just the markers of its source, which
then become the spans again. A name that the model has never seen is one token and cannot be misspelt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mt.text.counted import counted
from mt.text.messages import skeleton
from mt.text.patterns import PATTERN

MARKERS = 24
"""Different spans of one sentence that get markers; further ones stay text."""

_PARTS = re.compile(r"⟦\d+⟧|[^⟦]+|⟦", re.ASCII)
_WORDY = re.compile(r"[A-Za-z0-9_]")
_AHEAD = 4  # characters behind a span that may change how it is read


def marker(index: int) -> str:
    """What stands for the span of that index."""
    return f"⟦{index}⟧"


def spans(text: str) -> list[str]:
    """The different spans of a source that get markers, in the order in which they first occur."""
    return list(dict.fromkeys(found[0] for found in _matches(text)))[:MARKERS]


def without_spans(text: str, *, kept: Sequence[str] = ()) -> str:
    """The text with a space for each span, but for those of the kinds that are `kept`."""
    return PATTERN.sub(lambda found: found[0] if found.lastgroup in kept else " ", text)


def span_ranges(text: str) -> list[tuple[int, int]]:
    """Where the spans of a text begin and end."""
    return [found.span() for found in _matches(text)]


def mask(text: str, of: Sequence[str]) -> str:
    """The text with markers for those of its spans that are among `of`, which are the source's."""
    markers = {span: marker(index) for index, span in enumerate(of)}
    return PATTERN.sub(lambda found: markers.get(found[0], found[0]), text)


def masked(texts: Iterable[str], sources: Iterable[str]) -> list[str]:
    """N texts with markers for the spans that their sources (N) have; a source's own are all of its spans."""
    return [mask(text, spans(source)) for text, source in zip(texts, sources, strict=True)]


def unmask(text: str, of: Sequence[str]) -> str:
    """The text with the source's spans for their markers; a marker without a span stays.

    A span is kept apart from letters and digits beside it where it would be another one with them.
    """
    of_markers = {marker(index): span for index, span in enumerate(of)}
    out, last = "", ""  # last: the span that `out` ends with
    for part in _PARTS.findall(text):
        span = of_markers.get(part, "")
        following = span or part
        touching = _WORDY.search(out[-1:]) and _WORDY.match(following)
        if touching and (span or (last and not _ends_before(last, following))):
            out += " "
        out += following
        last = span
    return out


def _ends_before(span: str, following: str) -> bool:
    """Whether a span is still read as it is with that text right behind it, as %d is in %dx."""
    found = PATTERN.match(span + following[:_AHEAD])
    return found is not None and found[0] == span


def _matches(text: str) -> Iterator[re.Match[str]]:
    """What PATTERN finds, but for the tag of a direction."""
    return (found for found in PATTERN.finditer(text) if found.lastgroup != "direction")


@dataclass(frozen=True)
class Survival:
    """Of the segments whose source has any span, how many came through intact.

    marked: of these the ones with more than numbers. Where there are none, intact says little: a 2 may well
    become a word.
    """

    segments: int
    intact: int
    marked: int

    def __str__(self) -> str:
        proportion = 100 * self.intact / max(1, self.segments)
        return f"{proportion:.1f} % ({self.intact:,} of {counted(self.segments, 'segment')} with any)"


def survival(sources: Iterable[str], outputs: Iterable[str]) -> Survival:
    """Count the sources with spans, and the outputs that have just the same markup and all of the numbers.

    Numbers may be added, as where January becomes 1 月; of all other kinds what is not in the source, or is
    there more or less often, is damage. ICU's messages are compared by their skeletons: the texts of their
    cases may be translated.
    """
    segments = intact = marked = 0
    for source, output in zip(sources, outputs, strict=True):
        (markup, numbers), (markup_out, numbers_out) = _counted(source), _counted(output)
        if markup or numbers:
            segments += 1
            marked += bool(markup)
            intact += markup == markup_out and numbers <= numbers_out
    return Survival(segments, intact, marked)


def markup_intact(source: str, output: str) -> bool:
    """Whether an output has just the markup of its source; numbers are not looked at."""
    return _counted(source)[0] == _counted(output)[0]


def _counted(text: str) -> tuple[Counter[str], Counter[str]]:
    """The spans of a text: all kinds but numbers, and numbers."""
    markup, numbers = Counter[str](), Counter[str]()
    for found in _matches(text):
        span = skeleton(found[0]) if found.lastgroup == "message" else found[0]
        (numbers if found.lastgroup == "number" else markup)[span] += 1
    return markup, numbers

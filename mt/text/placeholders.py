"""What is to come out of a translation as it went in: markup, code, addresses, numbers.

Before text is cut into pieces each such span becomes a marker, ⟦0⟧, ⟦1⟧, …, numbered by the source's spans,
equal spans alike; a translation's markers become the spans again. Search sees to it that a translation
has just its source's markers. So a name that was never seen costs one piece and cannot be misspelt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MARKERS = 24
"""Different spans of one sentence that get markers; further ones stay text."""

# One pattern a kind, of those that translators leave alone: in the Python manual's Chinese more than 99 of
# 100 spans of each kind are as in the source, but for emphasised words (93), so longer emphasis stays text.
# Of a title with its address, `text <address>`, the text is translated.
_KINDS = {
    "literal": r"``(?:[^`]|`(?!`))+``",
    "role": r":[A-Za-z][\w+.-]*(?::[\w+.-]+)*:`(?:[^`<]+`|(?=[^`]*<[^`<>]*>`))",
    "address": r"<[^`<>\s][^`<>]*>`(?:__?)?",
    "substitution": r"\|[\w.-]+\|",
    "url": r"https?://[\w./?=&%#~+:@-]*[\w/]",
    "email": r"[\w.+-]+@\w[\w-]*(?:\.\w[\w-]*)+",
    "tag": r"</?[A-Za-z][^<>\n]*>|&\#?\w+;",
    "format": r"%\(\w+\)[-+ #0-9.]*[a-z]|%[sdrfxi]\b|\$?\{\w*(?::[^{}\s]*)?\}|\$[A-Za-z_]\w*",
    "emphasis": r"(?<![\w*\\])\*\w+\*(?![\w*])",
    # The tag <2pt_BR> before a source, mt.text.languages', is no name.
    "name": r"(?<!\A<)(?<![A-Za-z0-9_.])(?:(?:[A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*\(\)"
    r"|(?:[A-Za-z_][A-Za-z0-9_]+\.)*[A-Za-z0-9]*_[A-Za-z0-9_]+)",
    # All or nothing by what may not follow, not by a possessive group: Python 3.11.2's finds "7," in "7, z".
    "number": r"(?<![A-Za-z0-9_])\d+(?:[.,:]\d+)*(?![A-Za-z0-9_]|[.,:]\d)",
    "marker": r"⟦\d+⟧",
}
PATTERN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()), re.ASCII)
_PARTS = re.compile(r"⟦\d+⟧|[^⟦]+|⟦", re.ASCII)
_WORDY = re.compile(r"[A-Za-z0-9_]")


def marker(place: int) -> str:
    """What stands for the span of that place."""
    return f"⟦{place}⟧"


def spans(text: str) -> list[str]:
    """The different spans of a source that get markers, in the order in which they first occur."""
    return list(dict.fromkeys(found[0] for found in PATTERN.finditer(text)))[:MARKERS]


def mask(text: str, of: Sequence[str]) -> str:
    """The text with markers for those of its spans that are among `of`, which are the source's."""
    places = {span: marker(place) for place, span in enumerate(of)}
    return PATTERN.sub(lambda found: places.get(found[0], found[0]), text)


def masked(texts: Iterable[str], sources: Iterable[str]) -> list[str]:
    """N texts with markers for the spans that their sources (N) have; a source's own are all of its spans."""
    return [mask(text, spans(source)) for text, source in zip(texts, sources, strict=True)]


def unmask(text: str, of: Sequence[str]) -> str:
    """The text with the source's spans for their markers; a marker without a span stays.

    A number or a name is kept apart from letters and digits beside it, or it would be another one.
    """
    places = {marker(place): span for place, span in enumerate(of)}
    out = ""
    for part in _PARTS.findall(text):
        span = places.get(part, part)
        out += " " + span if _WORDY.search(out[-1:]) and _WORDY.match(span) else span
    return out


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
        share = 100 * self.intact / max(1, self.segments)
        return f"{share:.1f} % ({self.intact:,} of {self.segments:,} segments that have any)"


def survival(sources: Iterable[str], outputs: Iterable[str]) -> Survival:
    """Count the sources with spans, and the outputs that have just the same markup and all of the numbers.

    Numbers may be added, as where January becomes 1 月; of all other kinds what is not in the source, or is
    there more or less often, is damage.
    """
    segments = intact = marked = 0
    for source, output in zip(sources, outputs, strict=True):
        (markup, numbers), (markup_out, numbers_out) = _counted(source), _counted(output)
        if markup or numbers:
            segments += 1
            marked += bool(markup)
            intact += markup == markup_out and numbers <= numbers_out
    return Survival(segments, intact, marked)


def _counted(text: str) -> tuple[Counter[str], Counter[str]]:
    """The spans of a text: all kinds but numbers, and numbers."""
    found = [(part.lastgroup == "number", part[0]) for part in PATTERN.finditer(text)]
    return Counter(span for is_number, span in found if not is_number), Counter(
        span for is_number, span in found if is_number
    )

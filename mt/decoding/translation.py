"""A text and its translations, best first; put together from those of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from mt.decoding.alignment import Alignment
from mt.text.characters import one_line
from mt.text.sentences import Split
from mt.text.spacing import is_unspaced

T = TypeVar("T")


@dataclass(frozen=True)
class HeardPart:
    """A part of a recording, from and to in seconds, and what was heard in it; score as in `Translation`."""

    start: float
    end: float
    text: str
    score: float


@dataclass(frozen=True)
class Aligned:
    """The pieces of a hypothesis, and the source piece with the largest attention weight for each."""

    source_pieces: tuple[str, ...]
    pieces: tuple[str, ...]
    alignment: Alignment

    def __str__(self) -> str:
        """Pharaoh's form: `0-0 2-1`, source first."""
        return " ".join(f"{src}-{tgt}" for src, tgt in self.alignment)

    def __add__(self, other: Aligned) -> Aligned:
        """Two parts of one text."""
        src, tgt = len(self.source_pieces), len(self.pieces)
        moved = tuple((there + src, here + tgt) for there, here in other.alignment)
        return Aligned(
            self.source_pieces + other.source_pieces, self.pieces + other.pieces, self.alignment + moved
        )


@dataclass(frozen=True)
class Translation:
    """A source and what was found for it, best first.

    scores are log-probabilities after length normalisation, in nats; of a text translated in parts, the
    mean over the parts. log_probs are without it, of a text in parts their sum. aligned, where that was asked
    for, goes with hypotheses. What holds nothing to translate has itself as its one hypothesis, of score 0
    and without alignment; a blank source an empty one. `searched` is False of both. parts: of a text that was
    translated in several parts, each of them.
    """

    source: str
    hypotheses: tuple[str, ...]
    scores: tuple[float, ...]
    aligned: tuple[Aligned, ...] = ()
    log_probs: tuple[float, ...] = ()
    searched: bool = True
    parts: tuple[Translation, ...] = ()
    heard: tuple[HeardPart, ...] = ()
    """Of a recording, its parts."""
    problem: str = ""
    """Why a recording could not be read; what was heard in it is nothing then."""

    @property
    def text(self) -> str:
        """The best hypothesis."""
        return self.hypotheses[0]

    @property
    def score(self) -> float:
        """Its score."""
        return self.scores[0]

    def of_ranks(self, ranks: Sequence[int]) -> Translation:
        """The same with these of its hypotheses, counted from 0."""

        def chosen(values: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(values[rank] for rank in ranks if values)

        return replace(
            self,
            hypotheses=chosen(self.hypotheses),
            scores=chosen(self.scores),
            aligned=chosen(self.aligned),
            log_probs=chosen(self.log_probs),
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        hypotheses: list[dict[str, Any]] = [
            {"translation": text, "score": score}
            for text, score in zip(self.hypotheses, self.scores, strict=True)
        ]
        for hypothesis, aligned in zip(hypotheses, self.aligned, strict=False):
            hypothesis |= vars(aligned)
        found = {
            "source": self.source,
            "translation": self.text,
            "score": self.score,
            "hypotheses": hypotheses,
        }
        if self.heard:
            found["parts"] = [asdict(part) for part in self.heard]
        if self.problem:
            found["error"] = self.problem
        return found


def by_rank(of_parts: Sequence[Sequence[T]]) -> list[list[T]]:
    """The parts' bests, their second bests, …; a part with fewer than the others gives its last again."""
    ranks = range(max(len(part) for part in of_parts))
    return [[part[min(rank, len(part) - 1)] for part in of_parts] for rank in ranks]


NOT_ALIGNED = Aligned((), (), ())


@dataclass(frozen=True)
class Candidate:
    """A hypothesis for a part of a text; without scores one that is the part itself."""

    text: str
    score: float = 0.0
    log_prob: float = 0.0
    aligned: Aligned = NOT_ALIGNED


def joined(
    text: str, parts: Split, of_parts: list[list[Candidate]], searched: int, tgt: str | None
) -> Translation:
    """The translation of a text from candidates for its parts. searched: how many parts were searched."""
    if not parts.texts:
        return Translation(text, ("",), (0.0,), (NOT_ALIGNED,), (0.0,), searched=False)
    rows = by_rank(of_parts)
    return Translation(
        source=text,
        hypotheses=tuple(one_line(parts.join([part.text for part in row], tgt=tgt)) for row in rows),
        scores=tuple(sum(part.score for part in row) / max(1, searched) for row in rows),
        aligned=tuple(sum((part.aligned for part in row[1:]), start=row[0].aligned) for row in rows),
        log_probs=tuple(sum(part.log_prob for part in row) for row in rows),
        searched=searched > 0,
        parts=tuple(map(_part, parts.texts, of_parts)) if len(of_parts) > 1 else (),
    )


def _part(source: str, found: Sequence[Candidate]) -> Translation:
    return Translation(
        source=source,
        hypotheses=tuple(one_line(candidate.text) for candidate in found),
        scores=tuple(candidate.score for candidate in found),
        aligned=tuple(candidate.aligned for candidate in found),
        log_probs=tuple(candidate.log_prob for candidate in found),
    )


def heard(
    name: str, parts: Sequence[HeardPart], of_parts: Sequence[Sequence[Candidate]], tgt: str | None
) -> Translation:
    """What was heard in a recording, from candidates for its parts; nothing in one without parts."""
    if not parts:
        return Translation(name, ("",), (0.0,), (), (0.0,), searched=False)
    rows, gap = by_rank(of_parts), "" if is_unspaced(tgt) else " "
    return Translation(
        source=name,
        hypotheses=tuple(one_line(gap.join(part.text for part in row if part.text)) for row in rows),
        scores=tuple(sum(part.score for part in row) / len(row) for row in rows),
        log_probs=tuple(sum(part.log_prob for part in row) for row in rows),
        heard=tuple(parts),
    )

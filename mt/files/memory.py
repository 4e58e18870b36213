"""Translation memories: what was translated before, word for word or with other numbers or placeholders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mt.data.formats import read_pairs
from mt.data.formats.pairs import BadLine, Pair
from mt.errors import CorpusError
from mt.files.document import Result
from mt.text.languages import split_direction
from mt.text.placeholders import mask, spans, unmask

_DIVIDERS, _NONE = frozenset(".,"), frozenset[str]()
_Pattern = tuple[str, tuple[frozenset[str], ...]]


def _pattern(text: str, of: Sequence[str]) -> _Pattern:
    """A text without its spans, and what divides the digits of each.

    2,500 does not take the place of 3: in German it is 2.500. 2.0 takes that of 1.5, which both sides had.
    """
    return mask(text, of), tuple(frozenset(span) & _DIVIDERS if span[:1].isdigit() else _NONE for span in of)


class Memory:
    """Pairs by their sources. Of several translations of a source the first one is taken."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: dict[_Pattern, str] = {}
        for source, target in pairs:
            self._exact.setdefault(source.strip(), target.strip())
            of = spans(source)
            if of and set(of) == set(spans(target)):
                self._patterns.setdefault(_pattern(source.strip(), of), mask(target.strip(), of))

    def find(self, source: str) -> Result | None:
        """The translation of a source that is there, or of one with other numbers or placeholders."""
        exact = self._exact.get(source)
        if exact is not None:
            return Result(exact, "memory")
        of = spans(source)
        pattern = self._patterns.get(_pattern(source, of)) if of else None
        return None if pattern is None else Result(unmask(pattern, of), "memory-adapted")


def read_memory(specs: Sequence[str], src: str | None, tgt: str | None) -> Memory:
    """The pairs of corpora, earlier ones first. Raises CorpusError, of a single line too."""
    return Memory(pair for spec in specs for pair in _pairs(spec, src, tgt))


def _pairs(spec: str, src: str | None, tgt: str | None) -> Iterable[tuple[str, str]]:
    direction, spec = split_direction(spec)
    src, tgt = direction or (src, tgt)
    for record in read_pairs(spec, src=src, tgt=tgt, split="train"):
        if isinstance(record, BadLine):
            raise CorpusError(f"{record.where}: {record.cause}; mend it or leave this memory out")
        if isinstance(record, Pair) and record.src.strip() and record.tgt.strip():
            yield record

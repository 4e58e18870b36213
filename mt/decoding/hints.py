"""What is known of N translations before the search: their beginnings, and terms that they must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mt.decoding.prefix import PieceTexts, Prefix, PrefixConstraint
from mt.decoding.terms import Spelling, Term, WordEnds, spellings
from mt.text.glossary import Glossary
from mt.tokenizer import Tokenizer

Alternatives = tuple[str, ...]
"""Texts of which a translation must hold one."""


@dataclass(frozen=True)
class Hints:
    """prefixes and terms of N sentences, and what the tokenizer's pieces look like.

    limits: the pieces that their translations have at most, without those of the terms; None leaves it open.
    """

    prefixes: Sequence[Prefix | None]
    terms: Sequence[Sequence[Term]]
    pieces: PieceTexts
    words: WordEnds
    limits: Sequence[int] | None = None

    def term_pieces(self) -> Tensor:
        """How many pieces the terms of each sentence have at most (N,)."""
        return torch.tensor([sum(term.size for term in terms) for terms in self.terms])

    def constraint(self) -> PrefixConstraint | None:
        """The beginnings, as a constraint of search."""
        return PrefixConstraint.of(self.prefixes, self.pieces)

    def select(self, rows: Sequence[int]) -> Hints:
        """The hints for these sentences (n,) only."""
        prefixes, terms = [self.prefixes[row] for row in rows], [self.terms[row] for row in rows]
        limits = None if self.limits is None else [self.limits[row] for row in rows]
        return Hints(prefixes, terms, self.pieces, self.words, limits)


class HintMaker:
    """Turns beginnings and the terms of a glossary into pieces of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._pieces, self._words = PieceTexts(tokenizer), WordEnds(tokenizer)

    def hints(
        self,
        sources: Sequence[str],
        prefixes: Sequence[str],
        glossary: Glossary | None,
        wanted: Sequence[Sequence[Alternatives]] = (),
    ) -> Hints:
        """The hints for N sources and the beginnings of their translations; "" leaves one free.

        wanted: what else each translation must hold, such as numbers.
        """
        begun = [
            Prefix.of(prefix, self._tokenizer, source)
            for source, prefix in zip(sources, prefixes, strict=True)
        ]
        terms = [[] if glossary is None else self._terms(source, glossary) for source in sources]
        for source, of_source, texts in zip(sources, terms, wanted, strict=False):
            of_source += [Term(self._spellings(each, source, inflected=False)) for each in texts]
        possible = [[term for term in of_source if term.spellings] for of_source in terms]
        return Hints(begun, possible, self._pieces, self._words)

    def _terms(self, source: str, glossary: Glossary) -> list[Term]:
        return [
            Term(self._spellings(found.targets(), source, inflected=found.entry.match == "inflected"))
            for found in glossary.find(source)
        ]

    def _spellings(self, texts: Alternatives, source: str, *, inflected: bool) -> tuple[Spelling, ...]:
        """Those of several texts; none of one with a character that the tokenizer does not know."""
        return tuple(
            spelling
            for text in texts
            for spelling in spellings(text, self._tokenizer, source, inflected=inflected)
            if Tokenizer.unk_id not in spelling.ids
        )

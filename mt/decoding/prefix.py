"""A forced beginning: what a translator has typed so far, completed by the model.

Whole words of the beginning are the pieces that the tokenizer cuts them into. The last word may go on, so
its pieces are free as long as they spell it: `Ich wohn` may become `Ich wohne`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mt.tokenizer import Tokenizer


class PieceTexts:
    """The texts of a tokenizer's pieces, and which of them may come next where a text is yet to be spelt."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.texts = tokenizer.texts()
        self._allowed: dict[str, list[int]] = {}

    def spelling(self, rest: str) -> list[int]:
        """The pieces that begin `rest`, or that `rest` is the beginning of. Not empty.

        A character that no piece has is spelt as the tokenizer spells it, in bytes or as unknown.
        """
        if rest not in self._allowed:
            found = [
                row
                for row, text in self.texts.items()
                if text and (rest.startswith(text) or text.startswith(rest))
            ]
            self._allowed[rest] = found or self.tokenizer.encode_glued(rest[0])[:1]
        return self._allowed[rest]


@dataclass(frozen=True)
class Prefix:
    """A beginning of a translation.

    ids: the pieces of its whole words. last: the space before its last word, and that word.
    """

    ids: tuple[int, ...]
    last: str

    @classmethod
    def of(cls, text: str, tokenizer: Tokenizer, source: str) -> Prefix | None:
        """Of the text that a translation of `source` begins with; None if that is blank."""
        if not text.strip():
            return None
        words, _, last = text.lstrip().rpartition(" ")
        (ids,) = tokenizer.encode([words], [source]) if words else ([],)
        (masked,) = tokenizer.masked([last], [source])
        # After a space the next piece opens a word.
        return cls(tuple(ids), Tokenizer.space + masked)


@dataclass(frozen=True)
class PrefixConstraint:
    """The beginnings of N sentences; None where one is free."""

    prefixes: tuple[Prefix | None, ...]
    pieces: PieceTexts
    longest: int = field(default=0)

    @classmethod
    def of(cls, prefixes: Sequence[Prefix | None], pieces: PieceTexts) -> PrefixConstraint | None:
        """None if no sentence has one."""
        lengths = [len(prefix.ids) + len(prefix.last.encode()) for prefix in prefixes if prefix is not None]
        return cls(tuple(prefixes), pieces, max(lengths)) if lengths else None

    def select(self, rows: Tensor) -> PrefixConstraint:
        """The constraint for these rows (n,) only."""
        return PrefixConstraint(tuple(self.prefixes[row] for row in rows.tolist()), self.pieces, self.longest)

    def mask(self, log_probs: Tensor, history: Tensor) -> None:
        """Forbid whatever does not go on as the beginning does. See `Constraint.mask`."""
        if history.shape[1] >= self.longest:
            return
        beams = len(history) // len(self.prefixes)
        for row, ids in enumerate(history.tolist()):
            prefix = self.prefixes[row // beams]
            allowed = None if prefix is None else self._next(prefix, ids)
            if allowed is not None:
                kept = log_probs[row, allowed]
                log_probs[row] = float("-inf")
                # What the mask before has forbidden is wanted here: an unknown character, say.
                log_probs[row, allowed] = torch.where(kept.isfinite(), kept, torch.full_like(kept, -100.0))

    def _next(self, prefix: Prefix, ids: list[int]) -> list[int] | None:
        """The pieces that may come after `ids`; None if the beginning is complete."""
        if len(ids) < len(prefix.ids):
            return [prefix.ids[len(ids)]]
        rest = prefix.last
        spelt = ids[len(prefix.ids) :]
        while rest and spelt:
            text = self.pieces.texts.get(spelt[0], "")
            if text:
                rest = rest[len(text) :] if rest.startswith(text) else ""
                spelt = spelt[1:]
                continue
            # Bytes, or the unknown piece: one character of the beginning.
            character = self.pieces.tokenizer.encode_glued(rest[0])
            if spelt[: len(character)] != character[: len(spelt)]:
                return None
            if len(spelt) < len(character):
                return [character[len(spelt)]]
            rest, spelt = rest[1:], spelt[len(character) :]
        return self.pieces.spelling(rest) if rest else None

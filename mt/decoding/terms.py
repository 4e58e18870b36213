"""Terms that a translation must hold (lexically constrained beam search; Post & Vilar 2018).

The hypotheses of a sentence are divided among banks by the number of pieces of terms that they hold. Each
bank keeps its best. So a term is begun where the model finds it least unlikely. A hypothesis can end when
it holds all terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from mt.text.spacing import is_word_letter
from mt.tokenizer import Tokenizer

AHEAD = 1e6  # more than log-probabilities differ
SPACE_FOLLOWS = frozenset(",.;:!?)]}%…")
Candidate = tuple[int, int]
"""A continuation: the index of the hypothesis in its sentence, and the piece."""


@dataclass(frozen=True)
class Spelling:
    """One way to write a term. ids: its pieces.

    opens: the first piece opens a word by itself. closes: what follows must not continue the word.
    """

    ids: tuple[int, ...]
    opens: bool
    closes: bool


@dataclass(frozen=True)
class Term:
    """A term that a translation must hold, in one of its spellings."""

    spellings: tuple[Spelling, ...]

    @property
    def size(self) -> int:
        """The pieces of the longest spelling."""
        return max(len(spelling.ids) for spelling in self.spellings)


class WordEnds:
    """Which pieces continue a word (V,), and behind which ones no word begins without a space (V,)."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        texts = tokenizer.texts()
        self.continuing = torch.ones(tokenizer.vocab_size, dtype=torch.bool)
        self.continuing[: Tokenizer.eos_id + 1] = False
        self.open = [False] * tokenizer.vocab_size
        for row, text in texts.items():
            self.continuing[row] = is_word_letter(text[:1])
            self.open[row] = is_word_letter(text[-1:]) or text[-1:] in SPACE_FOLLOWS


def spellings(text: str, tokenizer: Tokenizer, source: str, *, inflected: bool) -> list[Spelling]:
    """A term as pieces, behind a space and behind other text, in a translation of `source`.

    inflected: its last word may go on.
    """
    (masked,) = tokenizer.masked([text], [source])
    (spaced,) = tokenizer.encode([text], [source])
    glued = tokenizer.encode_glued(masked)
    closes = is_word_letter(text[-1:]) and not inflected
    if spaced and tokenizer.is_byte(spaced[-1]):  # another byte behind it would be no character
        closes = True
    found = [
        Spelling(tuple(spaced), True, closes),
        Spelling(tuple(glued), not is_word_letter(text[:1]), closes),
    ]
    return [spelling for spelling in dict.fromkeys(found) if spelling.ids]


@dataclass(frozen=True)
class Progress:
    """How far a hypothesis is.

    met: the indices of the terms that it holds. held: the pieces of those. under_way: (term, spelling,
    pieces so far) of those that its last pieces may belong to. closed: a term has just ended at a word's end.
    """

    met: frozenset[int] = frozenset()
    held: int = 0
    under_way: tuple[tuple[int, Spelling, int], ...] = ()
    closed: bool = False

    @cached_property
    def bank(self) -> int:
        """The pieces of terms that it holds, of the one under way too."""
        return self.held + max((size for term, _, size in self.under_way if term not in self.met), default=0)

    def expected(self) -> list[int]:
        """The pieces by which what is under way goes on."""
        return [spelling.ids[size] for _, spelling, size in self.under_way]

    def wanted(self, terms: Sequence[Term], after_word: bool) -> list[int]:
        """The pieces that bring it nearer to holding all terms."""
        going = [spelling.ids[size] for term, spelling, size in self.under_way if term not in self.met]
        return going or [
            spelling.ids[0]
            for index, term in enumerate(terms)
            if index not in self.met
            for spelling in term.spellings
            if spelling.opens or not after_word
        ]

    def after(self, piece: int, terms: Sequence[Term], after_word: bool) -> Progress:
        """How far it is with one more piece; after_word: a word may go on after the piece before."""
        steps = [
            (term, spelling, size + 1)
            for term, spelling, size in self.under_way
            if spelling.ids[size] == piece
        ]
        steps += [
            (index, spelling, 1)
            for index, term in enumerate(terms)
            if index not in self.met
            for spelling in term.spellings
            if spelling.ids[0] == piece and (spelling.opens or not after_word)
        ]
        ended = [step for step in steps if step[2] == len(step[1].ids)]
        going = [step for step in steps if step[2] < len(step[1].ids)]
        if not ended:
            return Progress(self.met, self.held, tuple(going))
        # Of terms within terms the longest counts. It may turn out to be a longer spelling of its own.
        term, spelling, size = max(ended, key=lambda step: step[2])
        longer = tuple(step for step in going if step[0] == term)
        held = self.held + size * (term not in self.met)
        return Progress(self.met | {term}, held, longer, spelling.closes)


class Moves(NamedTuple):
    """What the next piece makes of a progress.

    after: by piece, of those that belong to terms. other: by any other piece. wanted: see `Progress.wanted`.
    """

    after: dict[int, Progress]
    other: Progress
    wanted: list[int]


class SentenceTerms:
    """The terms of a sentence, and the moves between how far its hypotheses are, each worked out once."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        self.pieces = sum(term.size for term in terms)
        self._first = {spelling.ids[0] for term in terms for spelling in term.spellings}
        self._moves: dict[tuple[Progress, bool], Moves] = {}

    def moves(self, progress: Progress, after_word: bool) -> Moves:
        """Those from a progress; after_word: as in `Progress.after`."""
        key = progress, after_word
        if key not in self._moves:
            pieces = self._first.union(progress.expected())
            self._moves[key] = Moves(
                {piece: progress.after(piece, self.terms, after_word) for piece in pieces},
                Progress(progress.met, progress.held),
                progress.wanted(self.terms, after_word),
            )
        return self._moves[key]


class TermSteering:
    """Beam search's hypotheses and the terms of their sentences: R sentences × K beams."""

    def __init__(self, terms: Sequence[Sequence[Term]], words: WordEnds, size: int) -> None:
        self.sentences, self.words, self.size = [SentenceTerms(row) for row in terms], words, size
        self.progress = [[Progress()] * size for _ in terms]
        self.moves = [[sentence.moves(Progress(), False)] * size for sentence in self.sentences]

    def mask(self, log_probs: Tensor) -> None:
        """Forbid in log_probs (R·K, V): to end without all terms, to go on with the word that a term ends."""
        lacking = (~self._complete(log_probs.device)).flatten()
        log_probs[:, Tokenizer.eos_id].masked_fill_(lacking, float("-inf"))
        for row, progress in enumerate(chain.from_iterable(self.progress)):
            if progress.closed:
                kept = log_probs[row, progress.expected()]
                log_probs[row, self.words.continuing] = float("-inf")
                log_probs[row, progress.expected()] = kept

    def _complete(self, device: torch.device) -> Tensor:
        """Which hypotheses hold all terms (R, K)."""
        found = [
            [len(progress.met) == len(sentence.terms) for progress in row]
            for row, sentence in zip(self.progress, self.sentences, strict=True)
        ]
        return torch.tensor(found, device=device)

    def candidates(
        self, log_probs: Tensor, totals: Tensor, top: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The continuations that may be kept: totals, hypotheses, pieces, (R, C) each.

        log_probs (R·K, V), totals (R, K). They are the best of each hypothesis, which `top` gives, and those
        that begin terms or go on with them. Those of hypotheses that hold all terms come first, best first.
        """
        best, pieces = top
        shape = (len(self.sentences), -1)
        values = (totals.view(-1, 1) + best).view(shape)
        parents = torch.arange(self.size, device=totals.device).repeat_interleave(best.shape[1])
        parents, pieces = parents.expand(len(values), -1), pieces.view(shape)
        more, of, added = self._wanted(log_probs, totals)
        here, there = parents * log_probs.shape[1] + pieces, of * log_probs.shape[1] + added
        more = more.masked_fill((there.unsqueeze(2) == here.unsqueeze(1)).any(dim=2), float("-inf"))
        values = torch.cat([values, more], dim=1)
        parents, pieces = torch.cat([parents, of], dim=1), torch.cat([pieces, added], dim=1)
        complete = self._complete(totals.device)
        order = (values + AHEAD * complete.gather(1, parents)).argsort(dim=1, descending=True)
        return values.gather(1, order), parents.gather(1, order), pieces.gather(1, order)

    def _wanted(self, log_probs: Tensor, totals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The continuations that bring hypotheses nearer to holding all terms, (R, F); -inf where none is."""
        alive = totals.isfinite().tolist()
        wanted: list[list[Candidate]] = [
            list(
                dict.fromkeys(
                    (beam, piece)
                    for beam, moves in enumerate(of_row)
                    if alive[row][beam]
                    for piece in moves.wanted
                )
            )
            for row, of_row in enumerate(self.moves)
        ]
        width = max(map(len, wanted))
        filled = [[*row, *[(0, Tokenizer.pad_id)] * (width - len(row))] for row in wanted]
        extra = torch.tensor(filled, dtype=torch.long, device=totals.device).view(len(wanted), width, 2)
        parents, pieces = extra[:, :, 0], extra[:, :, 1]  # padding has a piece that is never possible
        rows = torch.arange(len(wanted), device=totals.device).unsqueeze(1) * self.size
        return log_probs[rows + parents, pieces] + totals.gather(1, parents), parents, pieces

    def keep(self, totals: Tensor, parents: Tensor, pieces: Tensor) -> Tensor:
        """Which K continuations go on (R, K); totals (R, C) are -inf for those that end."""
        chosen = []
        for row, columns in enumerate(zip(totals.tolist(), parents.tolist(), pieces.tolist(), strict=True)):
            sentence, moves = self.sentences[row], self.moves[row]
            after = [
                moves[beam].after.get(piece, moves[beam].other)
                for beam, piece in zip(columns[1], columns[2], strict=True)
            ]
            banks = [progress.bank for progress in after]
            kept = share_out(columns[0], banks, self.size, sentence.pieces + 1)
            self.progress[row] = [after[column] for column in kept]
            self.moves[row] = [
                sentence.moves(after[column], self.words.open[columns[2][column]]) for column in kept
            ]
            chosen.append(kept)
        return torch.tensor(chosen, device=totals.device)

    def select(self, rows: Tensor) -> None:
        """Keep these sentences (n,) only."""
        kept = rows.tolist()
        self.sentences = [self.sentences[row] for row in kept]
        self.progress = [self.progress[row] for row in kept]
        self.moves = [self.moves[row] for row in kept]


def missing(ids: Sequence[int], terms: Sequence[Term], words: WordEnds) -> int:
    """How many of the terms a translation lacks."""
    before, progress, after_word = Progress(), Progress(), False
    for piece in ids:
        if progress.closed and words.continuing[piece] and piece not in progress.expected():
            progress = replace(progress, met=before.met, held=before.held)  # the word is a longer one
        after = progress.after(piece, terms, after_word)
        before, progress = (progress if after.met > progress.met else before), after
        after_word = words.open[piece]
    return len(terms) - len(progress.met)


def share_out(totals: Sequence[float], banks: Sequence[int], size: int, count: int) -> list[int]:
    """The indices of `size` continuations: of each of `count` banks its best, then the best of the others.

    Banks have equal quotas; what cannot be divided goes to those that hold most.
    """
    order = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)
    quotas = [size // count + (bank >= count - size % count) for bank in range(count)]
    kept, rest = [], []
    for column in order:
        bank = min(banks[column], count - 1)
        if totals[column] > float("-inf") and quotas[bank]:
            quotas[bank] -= 1
            kept.append(column)
        else:
            rest.append(column)
    kept += rest[: size - len(kept)]
    return sorted(kept, key=totals.__getitem__, reverse=True)

"""Subword regularisation: each time a sentence is learned from, its segmentation into pieces is drawn anew.

The draws are ours. SentencePiece has its own, but the generator of its release 0.2.3 starts anew in each
process whatever the seed, so that a run could neither be repeated nor resumed exactly.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import numpy as np

from mt.config import TokenizerConfig
from mt.data.batches import Batch, IntArray, frame
from mt.data.encoded import PiecePairs
from mt.tokenizer import Tokenizer, Tokenizers

CACHED_WORDS = 16_384
"""Words whose lattice is kept: the frequent ones are most of a text."""
CACHED_LENGTH = 40
"""Characters of the longest word that is kept; whole sentences, of languages without spaces, seldom recur."""

Draw = Callable[[], float]
"""Gives a number in [0, 1), each time another one."""


class Segmenter(Protocol):
    """Draws a segmentation of a word."""

    def __call__(self, word: str, draw: Draw) -> list[int]:
        """The ids of pieces that make up the word."""


class Edges(NamedTuple):
    """The pieces that may come next at a position of a word: cumulative probabilities, ids and ends."""

    cumulative: list[float]
    ids: list[int]
    ends: list[int]


class UnigramSampler:
    """Draws a segmentation x of a word with a probability in proportion to P(x)^alpha (Kudo 2018).

    P(x) is the product of the pieces' probabilities. All segmentations can come out: the sums over what
    follows each position are worked out from the end of the word, and pieces are drawn from its start.
    """

    def __init__(self, scores: dict[str, tuple[int, float]], alpha: float) -> None:
        """scores: id and log-probability of each piece."""
        self._scores, self._alpha = scores, alpha
        self._longest = max(map(len, scores), default=0)
        self._cached_lattice = lru_cache(CACHED_WORDS)(self.lattice)

    def __call__(self, word: str, draw: Draw) -> list[int]:
        lattice = self._cached_lattice(word) if len(word) <= CACHED_LENGTH else self.lattice(word)
        found, position = [], 0
        while position < len(word):
            cumulative, ids, ends = lattice[position]
            chosen = bisect(cumulative, draw())
            found.append(ids[chosen])
            position = ends[chosen]
        return found

    def lattice(self, word: str) -> list[Edges]:
        """For each position of a word, what may come next there."""
        size = len(word)
        edges: list[Edges] = [Edges([], [], [])] * size
        rest = [-math.inf] * size + [0.0]  # log of the sum over all segmentations from a position on
        for start in reversed(range(size)):
            ids, ends, logs = [], [], []
            for end in range(start + 1, min(size, start + self._longest) + 1):
                piece = self._scores.get(word[start:end])
                if piece is not None and rest[end] > -math.inf:
                    ids.append(piece[0])
                    ends.append(end)
                    logs.append(self._alpha * piece[1] + rest[end])
            if ids:
                cumulative, rest[start] = _cumulate(logs)
                edges[start] = Edges(cumulative, ids, ends)
        return edges


def _cumulate(logs: list[float]) -> tuple[list[float], float]:
    """Logarithms of weights -> their cumulative probabilities, and the logarithm of their sum."""
    highest = max(logs)
    total, sums = 0.0, []
    for log in logs:
        total += math.exp(log - highest)
        sums.append(total)
    return [part / total for part in sums[:-1]] + [1.0], highest + math.log(total)


class BpeDropout:
    """Merges the characters of a word, but leaves each possible merge out of a round with probability `rate`.

    The merge of highest priority among the rest is done; with no merge left in a round the word is done
    (Provilkov et al. 2020, algorithm 1).
    """

    def __init__(self, scores: dict[str, tuple[int, float]], rate: float) -> None:
        """scores: id and priority of each piece."""
        self._ids = {piece: found for piece, (found, _) in scores.items()}
        self._ranks = {piece: -score for piece, (_, score) in scores.items() if len(piece) > 1}
        self._rate = rate

    def __call__(self, word: str, draw: Draw) -> list[int]:
        parts = list(word)
        ranks = [self._rank(parts, position) for position in range(len(parts) - 1)]
        while (position := self._choose(ranks, draw)) is not None:
            parts[position : position + 2] = [parts[position] + parts[position + 1]]
            del ranks[position]
            for changed in (position - 1, position):
                if 0 <= changed < len(ranks):
                    ranks[changed] = self._rank(parts, changed)
        return [self._ids[part] for part in parts]

    def _rank(self, parts: list[str], position: int) -> float:
        """Of the merge of a part and the next one, the smallest first; infinite where there is none."""
        return self._ranks.get(parts[position] + parts[position + 1], math.inf)

    def _choose(self, ranks: list[float], draw: Draw) -> int | None:
        """The position of the first merge that is not left out in this round; None if there is none."""
        left_out, found = [], None
        while found is None and (best := min(ranks, default=math.inf)) < math.inf:
            position = ranks.index(best)
            if draw() < self._rate:
                left_out.append((position, best))
                ranks[position] = math.inf
            else:
                found = position
        for position, rank in left_out:
            ranks[position] = rank
        return found


class SideSampler:
    """Draws segmentations of the sentences of one language."""

    def __init__(self, tokenizer: Tokenizer, algorithm: Literal["unigram", "bpe"], strength: float) -> None:
        """strength: alpha of `UnigramSampler`, or the rate of `BpeDropout`."""
        self._texts = tokenizer.divisible_pieces()
        scores = {text: (row, score) for row, (text, score) in self._texts.items()}
        self.segment: Segmenter = (UnigramSampler if algorithm == "unigram" else BpeDropout)(scores, strength)

    def sample(self, ids: IntArray, draw: Draw) -> list[int]:
        """The ids of a sentence -> ids of the same text, drawn anew word by word.

        Bytes, unknown characters, tags and markers stay as they are.
        """
        found: list[int] = []
        word = ""
        for row in ids.tolist():
            piece = self._texts.get(row)
            if piece is None or piece[0].startswith(Tokenizer.space):
                found += self.segment(word, draw)
                word = ""
            if piece is None:
                found.append(row)
            else:
                word += piece[0]
        return found + self.segment(word, draw)


@dataclass(frozen=True)
class Sampler:
    """Batches of freshly segmented pairs."""

    pairs: PiecePairs
    src: SideSampler
    tgt: SideSampler

    def batch(self, rows: IntArray, seed: int) -> Batch:
        """The pairs of these rows, segmented as the seed says, framed and padded."""
        draw = random.Random(seed).random
        sides = [
            [sampler.sample(np.asarray(ids[row]), draw) for row in rows]
            for sampler, ids in ((self.src, self.pairs.src), (self.tgt, self.pairs.tgt))
        ]
        return frame(*sides)


def make_sampler(settings: TokenizerConfig, pairs: PiecePairs, tokenizers: Tokenizers) -> Sampler | None:
    """That of the settings; None where they ask for none. tokenizers: of source and target."""
    if settings.sampling is None:
        return None
    assert settings.algorithm != "char"  # checked by TokenizerConfig
    algorithm = settings.algorithm
    src, tgt = (SideSampler(tokenizer, algorithm, settings.sampling) for tokenizer in tokenizers)
    return Sampler(pairs, src, tgt)

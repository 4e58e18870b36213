"""Which source piece a target piece translates: IBM model 1 with a prior for the diagonal, learned by EM.

The model is that of Brown et al. (1993); the prior is fast_align's (Dyer et al. 2013). A target piece of a
pair was made from one source piece, eos being one too: with a probability in proportion to t(target | source)
and to how near the two stand in their sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mt.data.batches import Batch, IntArray, by_length
from mt.data.encoded import PiecePairs
from mt.tokenizer import Tokenizer

Floats = npt.NDArray[np.float64]

ROUNDS = 5  # of EM
TENSION = 4.0  # fast_align's λ
MOST = 8_000_000  # pairs of a source and a target piece that are learned from
SEED = 1  # of the sample
_BATCH = 1 << 13  # tokens
_WORD = 1 << 32


class Candidates(NamedTuple):
    """The pieces that may belong together in B pairs, one after another, by target piece.

    keys (N,): of source and target piece together. nearness (N,): the prior. counts (M,): how many each of M
    target pieces has.
    """

    keys: IntArray
    nearness: Floats
    counts: IntArray


def _candidates(batch: Batch) -> tuple[Candidates, npt.NDArray[np.bool_]]:
    """Those of a batch, and where they stand in (B, T, S)."""
    src, tgt = batch.src.cpu().numpy(), batch.tgt_out.cpu().numpy()
    there, wanted = src != Tokenizer.pad_id, tgt != Tokenizer.pad_id
    from_start = [
        (np.arange(side.shape[1]) + 0.5) / side.sum(axis=1, keepdims=True) for side in (there, wanted)
    ]
    distance = np.abs(from_start[0][:, None, :] - from_start[1][:, :, None])
    where = there[:, None, :] & wanted[:, :, None]
    keys = src[:, None, :] * _WORD + tgt[:, :, None]
    counts = np.broadcast_to(there.sum(axis=1, keepdims=True), tgt.shape)[wanted]
    return Candidates(keys[where], np.exp(-TENSION * distance[where]), counts), where


def _posteriors(probs: Floats, counts: IntArray) -> Floats:
    """Probabilities (N,) -> the same in proportion, so that those of each target piece sum up to 1 or 0."""
    sums = np.add.reduceat(probs, np.cumsum(counts) - counts)
    inverse = np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
    return probs * np.repeat(inverse, counts)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Lexicon:
    """t(target piece | source piece) of the pieces that occur together in `pairs`; learned at its first use.

    Of large corpora it learns from a sample.
    """

    pairs: PiecePairs

    def alignment(self, batch: Batch) -> npt.NDArray[np.float32]:
        """How likely each target piece was made from each source piece, eos included: (B, T, S).

        Rows sum up to 1; those of padding, and of pieces that were never seen together, are 0.
        """
        known, probs = self._table
        found, where = _candidates(batch)
        at = np.minimum(np.searchsorted(known, found.keys), len(known) - 1)
        likely = np.where(known[at] == found.keys, probs[at], 0) * found.nearness
        weights = np.zeros(where.shape, dtype=np.float32)
        weights[where] = _posteriors(likely, found.counts)
        return weights

    @cached_property
    def _table(self) -> tuple[IntArray, Floats]:
        """Sorted keys (K,) and their t (K,)."""
        parts = [_candidates(self.pairs.batch(rows))[0] for rows in self._batches()]
        keys, nearness, counts = map(np.concatenate, zip(*parts, strict=True))
        known, at = np.unique(keys, return_inverse=True)
        _, source = np.unique(known // _WORD, return_inverse=True)
        probs = np.ones(len(known))
        for _ in range(ROUNDS):
            expected = np.bincount(at, _posteriors(probs[at] * nearness, counts), len(known))
            probs = expected / np.bincount(source, expected)[source]
        return known, probs

    def _batches(self) -> list[IntArray]:
        count = min(len(self.pairs), MOST // 4)  # each has two pieces or more on both sides, with eos
        order = np.random.default_rng(SEED).choice(len(self.pairs), count, replace=False)
        src, tgt = (side.lengths[order].astype(np.int64) + 1 for side in (self.pairs.src, self.pairs.tgt))
        enough = 1 + int(np.searchsorted((src * tgt).cumsum(), MOST))
        return [order[part] for part in by_length(np.maximum(src, tgt)[:enough], _BATCH)]

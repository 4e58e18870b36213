"""The plan of an epoch: which pairs share a batch, and in which order the batches come."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import overload

import numpy as np
from numpy.typing import NDArray

from mt.data.batches import IntArray, cut_by_tokens
from mt.heap import give_back_memory

PLAN = 2
"""Its version: another one puts other pairs into the batches of a seed and an epoch."""
ROWS_MULTIPLE = 8
"""Of rows in a training batch: fewer shapes, for each of which oneDNN compiles and keeps a product."""
_SHARD = 2**20  # pairs planned at a time, at about 24 bytes each
_LARGE = 2**17  # pairs whose plan takes some MB to make
_BLOCK = 2**12  # pairs that follow each other and are of one shard: a few pages of the file of lengths
_BANDS = 1.6  # times the square root of the batches: then about as much padding is left on either side
_LONGEST = 2**16 - 1  # longer ones are grouped as if so long: numpy sorts 16 bits in linear time


class Plan(Sequence[IntArray]):
    """The batches of one epoch, each an array of row numbers: a pure function of its arguments.

    Pairs are planned by shards of about a million, one after the other: memory does not grow with the corpus.
    A shard is cut into bands of like target length, and each band is sorted by source length. A batch holds
    as many neighbours as fit `batch_tokens`, counted with padding on the longer side, so hardly any padding
    is computed on either side. Which pairs share a batch, and the order of the batches, change with (seed,
    epoch) and with nothing else: that is what makes a resumed run the run that was not stopped. A pair longer
    than the budget is a batch of its own.
    """

    def __init__(
        self, src_lengths: IntArray, tgt_lengths: IntArray, *, batch_tokens: int, seed: int, epoch: int
    ) -> None:
        """The lengths (N,) are without eos, which is added to each."""
        self._lengths, self._batch_tokens = (src_lengths, tgt_lengths), batch_tokens
        self._seed = [seed, epoch]
        self._shards = max(1, -(-len(src_lengths) // _SHARD))
        self._order = np.random.default_rng(self._seed).permutation(self._shards)
        self._planned: tuple[int, list[IntArray]] = (-1, [])  # the latest shard
        # Where each shard starts; from the last one to the first, as that is asked for next.
        counts = [len(self._plan(index)) for index in reversed(range(self._shards))][::-1]
        self._starts = np.cumsum([0, *counts])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> IntArray: ...
    @overload
    def __getitem__(self, index: slice) -> list[IntArray]: ...
    def __getitem__(self, index: int | slice) -> IntArray | list[IntArray]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        shard = int(np.searchsorted(self._starts, position, side="right")) - 1
        return self._plan(shard)[position - int(self._starts[shard])]

    def _plan(self, index: int) -> list[IntArray]:
        """The batches of the shard that comes at this index."""
        if self._planned[0] != index:
            self._planned = index, self._plan_shard(int(self._order[index]))
            if len(self._lengths[0]) > _LARGE:
                give_back_memory()  # that making it took, which training would keep
        return self._planned[1]

    def _plan_shard(self, shard: int) -> list[IntArray]:
        generator = np.random.default_rng([*self._seed, shard])
        rows = generator.permutation(self._rows(shard))
        sides = [_with_eos(lengths, rows) for lengths in self._lengths]
        longer = np.maximum(*sides)
        count = _BANDS * sqrt(int(longer.sum(dtype=np.int64)) / self._batch_tokens)
        src, tgt = (np.minimum(lengths, _LONGEST).astype(np.uint16) for lengths in sides)
        del sides
        bands = _bands(tgt, count, generator.random())
        # Every second band is turned round: where two bands meet in a batch, their source lengths are alike.
        np.subtract(_LONGEST, src, out=src, where=bands % 2 == 1)
        order = _order(bands, src)
        del bands, src, tgt
        rows, longer = rows[order], longer[order]
        del order
        batches = np.split(rows, cut_by_tokens(longer, self._batch_tokens, multiple=ROWS_MULTIPLE))
        return [batches[batch] for batch in generator.permutation(len(batches)) if len(rows)]

    def _rows(self, shard: int) -> IntArray:
        """The rows of every n-th block, where n is the number of shards."""
        total = len(self._lengths[0])
        kind = np.dtype(np.int32 if total < 2**31 else np.int64)
        if self._shards == 1:
            return np.arange(total, dtype=kind)
        blocks = np.arange(shard * _BLOCK, total, self._shards * _BLOCK)
        rows = (blocks[:, None] + np.arange(_BLOCK)).ravel().astype(kind)
        return rows[rows < total]


def _with_eos(lengths: IntArray, rows: IntArray) -> NDArray[np.int32]:
    """The lengths of some rows, with eos; by blocks, as numpy makes 8 bytes of each index."""
    found = np.empty(len(rows), np.int32)
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        found[block] = lengths[rows[block]] + 1
    return found


def _order(first: NDArray[np.uint16], then: NDArray[np.uint16]) -> NDArray[np.int64]:
    """As np.lexsort((then, first)), in half of the memory: both keys and the index sorted as one number."""
    keys = first.astype(np.uint64)
    for key in (then, np.arange(len(first), dtype=np.uint32)):
        keys <<= np.uint64(8 * key.itemsize)
        keys |= key
    keys.sort()
    keys &= np.uint64(2**32 - 1)
    return keys.view(np.int64)


def _bands(lengths: NDArray[np.uint16], count: float, offset: float) -> NDArray[np.uint16]:
    """For each of N lengths the number of its band (N,); about `count` bands hold as many tokens each.

    offset: by which proportion of a band, 0 to 1, all bounds are moved.
    """
    tokens = np.bincount(lengths) * np.arange(int(lengths.max(initial=0)) + 1)
    before = (tokens.cumsum() - tokens) / max(1, tokens.sum())
    band: NDArray[np.uint16] = np.floor(count * before + offset).astype(np.uint16)[lengths]
    return band

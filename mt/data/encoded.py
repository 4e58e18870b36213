"""Sentence pairs as ids: a corpus cut into pieces once, memory-mapped from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import torch

from mt.data.batches import Batch, IntArray, TopK, frame
from mt.data.cache import BATCH, store_table
from mt.data.corpus import Corpus
from mt.text.patterns import PATTERN
from mt.tokenizer import Tokenizer

_SCHEMA = pa.schema([("src", pa.list_(pa.int32())), ("tgt", pa.list_(pa.int32()))])


class Ragged:
    """N rows of ids of different lengths; a row is a view of the file it lies in."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        self._offsets = [chunk.offsets.to_numpy() for chunk in chunks]
        self._values = [chunk.values.to_numpy() for chunk in chunks]
        self._starts = np.cumsum([0, *(len(chunk) for chunk in chunks)])
        self.lengths: IntArray = np.concatenate([np.diff(offsets) for offsets in self._offsets])

    def __len__(self) -> int:
        return len(self.lengths)

    def counts(self, vocab_size: int) -> IntArray:
        """How often each id below `vocab_size` occurs (V,)."""
        total = np.zeros(vocab_size, dtype=np.int64)
        for offsets, values in zip(self._offsets, self._values, strict=True):
            total += np.bincount(values[offsets[0] : offsets[-1]], minlength=vocab_size)[:vocab_size]
        return total

    def __getitem__(self, row: int) -> IntArray:
        """The ids of a row."""
        chunk = int(np.searchsorted(self._starts, row, side="right")) - 1
        offsets = self._offsets[chunk]
        local = row - self._starts[chunk]
        return self._values[chunk][offsets[local] : offsets[local + 1]]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Expected:
    """Row by row, for each target piece and eos, flat: the N likeliest pieces to teachers, and how likely."""

    ids: Ragged
    probs: Ragged
    count: int

    def of(self, rows: IntArray, length: int) -> TopK:
        """Those of some rows (B, T, N), padded to `length` positions with nothing."""
        ids = np.zeros((len(rows), length, self.count), dtype=np.int64)
        probs = np.zeros(ids.shape, dtype=np.float32)
        for index, row in enumerate(rows):
            for all_rows, found in ((ids, self.ids[row]), (probs, self.probs[row])):
                all_rows[index, : len(found) // self.count] = found.reshape(-1, self.count)
        return TopK(torch.from_numpy(ids), torch.from_numpy(probs))


@dataclass(frozen=True)
class PiecePairs:
    """The ids of both sides, without bos and eos, row by row; and what teachers expect, if there are any.

    name: of the table in the cache, a digest of all that the ids depend on.
    """

    src: Ragged
    tgt: Ragged
    name: str = ""
    expected: Expected | None = None

    @classmethod
    def of(cls, src: Sequence[Sequence[int]], tgt: Sequence[Sequence[int]]) -> PiecePairs:
        """Ids of both sides, N rows each, that are in memory."""
        columns = (pa.chunked_array([pa.array(ids, pa.list_(pa.int32()))]) for ids in (src, tgt))
        of_src, of_tgt = map(Ragged, columns)
        return cls(of_src, of_tgt)

    def __len__(self) -> int:
        return len(self.src)

    def batch(self, rows: IntArray) -> Batch:
        """The pairs of these rows, framed and padded."""
        batch = frame([self.src[row] for row in rows], [self.tgt[row] for row in rows])
        if self.expected is None:
            return batch
        return replace(batch, expected=self.expected.of(rows, batch.tgt_out.shape[1]))

    def unknown_rate(self) -> tuple[float, float]:
        """The proportion of unknown pieces on each side."""
        src, tgt = (side.counts(Tokenizer.unk_id + 1)[Tokenizer.unk_id] for side in (self.src, self.tgt))
        return src / max(1, self.src.lengths.sum()), tgt / max(1, self.tgt.lengths.sum())


def cut(
    corpus: Corpus,
    src_tokenizer: Tokenizer,
    tgt_tokenizer: Tokenizer,
    progress: Callable[[str], None] | None = None,
) -> PiecePairs:
    """Cut a corpus into pieces, or find the pieces in the cache where that was done before.

    progress: is told now and then how far a large corpus is.
    """
    names = [corpus.fingerprint, src_tokenizer.fingerprint, tgt_tokenizer.fingerprint]
    if src_tokenizer.markers:
        names.append(PATTERN.pattern)
    name = "pieces-" + blake2b(" ".join(names).encode(), digest_size=16).hexdigest()

    def batches() -> Iterator[pa.RecordBatch]:
        total = len(corpus.dataset)
        for number, table in enumerate(corpus.dataset.with_format("arrow").iter(batch_size=BATCH)):
            if progress is not None and number:
                progress(f"cutting into tokens: {number * BATCH:,} of {total:,} pairs")
            sources, targets = table.column("src").to_pylist(), table.column("tgt").to_pylist()
            ids = [src_tokenizer.encode(sources), tgt_tokenizer.encode(targets, sources)]
            yield pa.record_batch(ids, schema=_SCHEMA)

    table = store_table(name, _SCHEMA, batches)
    return PiecePairs(Ragged(table.column("src")), Ragged(table.column("tgt")), name)

"""Sentence pairs as ids: a corpus cut into pieces once, memory-mapped from then on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Protocol

import numpy as np
import torch

from mt.console import time_left
from mt.data.batches import Batch, IntArray, Rows, Source, TopK, frame
from mt.data.cache import BATCH, pairs_file, stored
from mt.data.corpus import Corpus
from mt.data.ragged import Ragged, store_joined
from mt.data.token_task import TokenTask
from mt.data.workers import ordered_map
from mt.heap import give_back_memory
from mt.text.patterns import PATTERN
from mt.tokenizer import Tokenizer

SHARD = 1_000_000  # pairs that are encoded before they are kept
_TYPES = {"src": np.int32, "tgt": np.int32}


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
        for numbers, side in ((ids, self.ids), (probs, self.probs)):
            flat, lengths = side.take(rows)
            numbers[np.arange(length) < lengths[:, None] // self.count] = flat.reshape(-1, self.count)
        return TopK(torch.from_numpy(ids), torch.from_numpy(probs))


class Sources(Protocol):
    """N sources: ids, or frames of sound."""

    @property
    def lengths(self) -> IntArray: ...
    def __len__(self) -> int: ...
    def __getitem__(self, row: int) -> Source: ...
    def take(self, rows: IntArray) -> Sequence[Source] | Rows: ...


@dataclass(frozen=True)
class PiecePairs:
    """The ids of both sides, without bos and eos, row by row; and what teachers expect, if there are any.

    name: of the table in the cache, a digest of all that the ids depend on.
    """

    src: Sources
    tgt: Ragged
    name: str = ""
    expected: Expected | None = None

    @classmethod
    def of(
        cls, src: Sequence[Sequence[int] | IntArray], tgt: Sequence[Sequence[int] | IntArray]
    ) -> PiecePairs:
        """Ids of both sides, N rows each, that are in memory."""
        return cls(Ragged.of(src), Ragged.of(tgt))

    def __len__(self) -> int:
        return len(self.src)

    def batch(self, rows: IntArray) -> Batch:
        """The pairs of these rows, framed and padded."""
        batch = frame(self.src.take(rows), self.tgt.take(rows))
        if self.expected is None:
            return batch
        return replace(batch, expected=self.expected.of(rows, batch.tgt_out.shape[1]))

    def unknown_rate(self) -> tuple[float, float]:
        """The proportion of unknown pieces on each side; sound has none."""
        src, tgt = (
            side.counts(Tokenizer.unk_id + 1)[Tokenizer.unk_id] if isinstance(side, Ragged) else 0
            for side in (self.src, self.tgt)
        )
        return src / max(1, self.src.lengths.sum()), tgt / max(1, self.tgt.lengths.sum())


def cut(
    corpus: Corpus,
    src_tokenizer: Tokenizer,
    tgt_tokenizer: Tokenizer,
    progress: Callable[[str], None] | None = None,
    workers: int = 1,
) -> PiecePairs:
    """Cut a corpus into tokens, or find the tokens in the cache where that was done before.

    A large corpus is cut by shards of a million pairs: stopped and begun again, it goes on with the first one
    that is not finished. progress: is told now and then how far a large corpus is. workers: processes.
    """
    names = [corpus.fingerprint, src_tokenizer.fingerprint, tgt_tokenizer.fingerprint]
    if src_tokenizer.markers:
        names.append(PATTERN.pattern)
    name = "ids-" + blake2b(" ".join(names).encode(), digest_size=16).hexdigest()
    task = TokenTask(str(pairs_file(corpus.fingerprint)), src_tokenizer.serialized, tgt_tokenizer.serialized)
    total = len(corpus.dataset)

    shards = {f"{name}.{start}": range(start, min(start + SHARD, total)) for start in range(0, total, SHARD)}
    chunks = [chunk for part, rows in shards.items() if not stored(part) for chunk in _chunks(rows)]
    began, ended = time.monotonic(), {chunk: number for number, chunk in enumerate(chunks, start=1)}
    found = zip(chunks, ordered_map(task.encode, chunks, workers), strict=True)

    def encoded(rows: range) -> Iterator[dict[str, Rows]]:
        for wanted in _chunks(rows):
            src, tgt = next(ids for chunk, ids in found if chunk == wanted)
            if progress is not None and wanted.stop < total:
                left = time_left(time.monotonic() - began, ended[wanted] / len(chunks))
                progress(f"cutting into tokens: {wanted.stop:,} of {total:,} pairs{left}")
            yield {"src": Rows(*src), "tgt": Rows(*tgt)}

    columns = store_joined(name, _TYPES, {part: partial(encoded, rows) for part, rows in shards.items()})
    if chunks:
        give_back_memory()  # of the texts and their tokens
    return PiecePairs(columns["src"], columns["tgt"], name)


def _chunks(rows: range) -> list[range]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]

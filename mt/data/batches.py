"""Ids -> length-grouped, padded `Batch`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mt.tokenizer import Tokenizer

IntArray = npt.NDArray[np.integer]
FloatArray = npt.NDArray[np.float32]
Source = Sequence[int] | IntArray | FloatArray
"""Ids, or the frames of a recording (S, M)."""


class TopK(NamedTuple):
    """The N most probable pieces at each position: ids (…, N), and their probabilities, probs (…, N)."""

    ids: Tensor
    probs: Tensor

    def each(self, change: Callable[[Tensor], Tensor]) -> TopK:
        """The same with both tensors changed."""
        return TopK(change(self.ids), change(self.probs))


@dataclass(frozen=True)
class Batch:
    """Padded id tensors. Teacher forcing reads `tgt_in` (bos …) and predicts `tgt_out` (… eos).

    src (B, S) ends in eos; src_lengths (B,) counts it; tgt_in and tgt_out (B, T). Of sound src is frames
    (B, S, M). Where teachers are learned from, `expected` (B, T, N) is what they expect; see `distillation`.
    """

    src: Tensor
    src_lengths: Tensor
    tgt_in: Tensor
    tgt_out: Tensor
    expected: TopK | None = None

    def pin(self) -> Batch:
        """The same batch in memory from which a GPU copies without waiting."""
        return self._each(lambda part: part.pin_memory())

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return self._each(lambda part: part.to(device, non_blocking=True))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        return Batch(
            change(self.src),
            change(self.src_lengths),
            change(self.tgt_in),
            change(self.tgt_out),
            self.expected and self.expected.each(change),
        )


class Rows(NamedTuple):
    """N sequences of ids, one after another: flat (sum of lengths,), and lengths (N,)."""

    flat: IntArray
    lengths: IntArray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int] | IntArray]) -> Rows:
        """Sequences that are not laid out like that."""
        lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        parts = [np.asarray(row, dtype=np.int64) for row in rows]
        return cls(np.concatenate(parts) if parts else np.empty(0, np.int64), lengths)


def pad_frames(rows: Sequence[npt.NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """N recordings of frames (S, M) -> frames (N, longest, M), padded with zeros, and their lengths (N,)."""
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    frames = np.zeros((len(rows), int(lengths.max()), rows[0].shape[1]), dtype=np.float32)
    for target, row in zip(frames, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(frames), torch.from_numpy(lengths)


def collate_source(rows: Sequence[Source] | Rows, *, pad_id: int, eos_id: int) -> tuple[Tensor, Tensor]:
    """Source ids -> src (B, S), each row closed by eos, and src_lengths (B,); or frames -> src (B, S, M)."""
    if not isinstance(rows, Rows):
        frames = [row for row in rows if isinstance(row, np.ndarray) and row.ndim == 2]
        if frames:
            return pad_frames(frames)
        rows = Rows.of([np.asarray(row) for row in rows])
    flat, lengths = rows
    ids = np.full((len(lengths), int(lengths.max(initial=0)) + 1), pad_id, dtype=np.int64)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = flat
    ids[np.arange(len(ids)), lengths] = eos_id
    return torch.from_numpy(ids), torch.from_numpy(lengths.astype(np.int64) + 1)


def collate(
    sources: Sequence[Source] | Rows,
    targets: Sequence[Sequence[int] | IntArray] | Rows,
    *,
    pad_id: int,
    bos_id: int,
    eos_id: int,
) -> Batch:
    """Pairs of ids without bos and eos -> `Batch`."""
    src, src_lengths = collate_source(sources, pad_id=pad_id, eos_id=eos_id)
    tgt_out, _ = collate_source(targets, pad_id=pad_id, eos_id=eos_id)
    before = tgt_out[:, :-1]
    before = before.masked_fill(before == eos_id, pad_id)  # the shorter rows' eos is no input
    tgt_in = torch.cat([torch.full((len(tgt_out), 1), bos_id), before], dim=1)
    return Batch(src, src_lengths, tgt_in, tgt_out)


def frame(sources: Sequence[Source] | Rows, targets: Sequence[Sequence[int] | IntArray] | Rows) -> Batch:
    """Pairs of ids -> a batch, with the ids that frame sequences here."""
    return collate(
        sources, targets, pad_id=Tokenizer.pad_id, bos_id=Tokenizer.bos_id, eos_id=Tokenizer.eos_id
    )


def by_length(lengths: IntArray, batch_tokens: int) -> list[IntArray]:
    """Rows of like length together, the longest first: row numbers, in batches within `batch_tokens`."""
    if len(lengths) == 0:
        return []
    order = np.argsort(-lengths, kind="stable")
    return np.split(order, cut_by_tokens(lengths[order], batch_tokens))


def cut_by_tokens(lengths: IntArray, batch_tokens: int, *, multiple: int = 1) -> list[int]:
    """Where to cut a sequence of lengths so that rows × longest row stays within `batch_tokens`.

    A batch of more than `multiple` rows has a multiple of them, but for the last one.
    """
    cuts: list[int] = []
    start = 0
    while (rows := _fitting(lengths[start:], batch_tokens)) < len(lengths) - start:
        start += rows - rows % multiple if rows > multiple else rows
        cuts.append(start)
    return cuts


def _fitting(lengths: IntArray, batch_tokens: int) -> int:
    """How many of the first lengths fit; at least one."""
    window = batch_tokens // max(1, int(lengths[0])) + 1 if len(lengths) else 1
    while True:
        longest = np.maximum.accumulate(lengths[:window])
        fits = int(np.count_nonzero(longest * np.arange(1, len(longest) + 1) <= batch_tokens))
        if fits < window or window > len(lengths):
            return max(1, fits)
        window *= 2  # shorter ones follow

"""Ids -> length-grouped, padded `Batch`; the seeded plan of batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mt.tokenizer import Tokenizer

# Of rows in a training batch: fewer shapes, for each of which oneDNN compiles and keeps a product.
ROWS_MULTIPLE = 8
IntArray = npt.NDArray[np.integer]


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

    src (B, S) ends in eos; src_lengths (B,) counts it; tgt_in and tgt_out (B, T). Where teachers are learned
    from, `expected` (B, T, N) is what they expect; see `distillation`.
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


def pad(rows: Sequence[Sequence[int] | IntArray], pad_id: int) -> tuple[Tensor, Tensor]:
    """N sequences of ids -> ids (N, longest), padded at the right, and their lengths (N,)."""
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    ids = np.full((len(rows), int(lengths.max(initial=0))), pad_id, dtype=np.int64)
    for target, row in zip(ids, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(ids), torch.from_numpy(lengths)


def collate_source(
    rows: Sequence[Sequence[int] | IntArray], *, pad_id: int, eos_id: int
) -> tuple[Tensor, Tensor]:
    """Source ids -> src (B, S), each row closed by eos, and src_lengths (B,)."""
    return pad([[*row, eos_id] for row in rows], pad_id)


def collate(
    sources: Sequence[Sequence[int] | IntArray],
    targets: Sequence[Sequence[int] | IntArray],
    *,
    pad_id: int,
    bos_id: int,
    eos_id: int,
) -> Batch:
    """Pairs of ids without bos and eos -> `Batch`."""
    src, src_lengths = collate_source(sources, pad_id=pad_id, eos_id=eos_id)
    framed, _ = pad([[bos_id, *row, eos_id] for row in targets], pad_id)
    tgt_in = framed[:, :-1]
    tgt_in = tgt_in.masked_fill(tgt_in == eos_id, pad_id)  # the shorter rows' eos is no input
    return Batch(src, src_lengths, tgt_in.contiguous(), framed[:, 1:].contiguous())


def frame(sources: Sequence[Sequence[int] | IntArray], targets: Sequence[Sequence[int] | IntArray]) -> Batch:
    """Pairs of ids -> a batch, with the ids that frame sequences here."""
    return collate(
        sources, targets, pad_id=Tokenizer.pad_id, bos_id=Tokenizer.bos_id, eos_id=Tokenizer.eos_id
    )


def plan(
    src_lengths: IntArray, tgt_lengths: IntArray, *, batch_tokens: int, seed: int, epoch: int
) -> list[IntArray]:
    """The batches of one epoch, each an array of row numbers: a pure function of its arguments.

    Pairs of like length stand together and a batch holds as many as fit `batch_tokens`, counted with
    padding on the longer side, so hardly any padding is computed. Who stands beside whom, and the
    order of the batches, change with (seed, epoch) and with nothing else: that is what makes a
    resumed run the run that was not stopped. A pair longer than the budget is a batch of its own.
    """
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(len(src_lengths))
    order = shuffled[np.lexsort((src_lengths[shuffled], tgt_lengths[shuffled]))]
    longer = np.maximum(src_lengths, tgt_lengths)[order]
    cuts = cut_by_tokens(longer, batch_tokens, multiple=ROWS_MULTIPLE)
    batches = np.split(order, cuts)
    return [batches[index] for index in generator.permutation(len(batches))]


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
    cuts, start, longest = [], 0, 0
    for position, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        while (rows := position - start) and (rows + 1) * longest > batch_tokens:
            start += rows - rows % multiple if rows > multiple else rows
            cuts.append(start)
            longest = int(lengths[start : position + 1].max())
    return cuts

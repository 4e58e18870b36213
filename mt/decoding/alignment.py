"""Which source piece each target piece was made from: the one with the largest attention weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mt.data.batches import IntArray, by_length, frame
from mt.decoding.ensemble import Ensemble
from mt.model import Seq2Seq

Alignment = tuple[tuple[int, int], ...]
"""(source piece, target piece), both from 0, in the order of the target."""


def align(
    model: Seq2Seq | Ensemble,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    batch_tokens: int,
    device: torch.device,
) -> list[Alignment]:
    """N sources and a target of each, ids without eos -> N alignments, by teacher forcing.

    A target piece made while looking at the source's end has none. The model must have attention.
    """
    found: list[Alignment] = [()] * len(sources)
    lengths = np.array([max(len(src), len(tgt)) + 1 for src, tgt in zip(sources, targets, strict=True)], int)
    for rows in by_length(lengths, batch_tokens):
        for row, positions in zip(rows, _looked_at(model, sources, targets, rows, device), strict=True):
            pairs = zip(positions, range(len(targets[row])), strict=False)
            found[row] = tuple((src, tgt) for src, tgt in pairs if src < len(sources[row]))
    return found


def _looked_at(
    model: Seq2Seq | Ensemble,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    rows: IntArray,
    device: torch.device,
) -> list[list[int]]:
    """For each row the source position with the greatest weight, step by step; padding follows."""
    batch = frame(
        [np.array(sources[row], dtype=np.int64) for row in rows],
        [np.array(targets[row], dtype=np.int64) for row in rows],
    ).to(device)
    with torch.inference_mode():
        encoded: Any = model.encode(batch.src, batch.src_lengths)
        weights = model.align(batch.tgt_in, encoded)
    assert weights is not None
    positions: list[list[int]] = weights.argmax(dim=2).tolist()
    return positions

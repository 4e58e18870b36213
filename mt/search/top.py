"""The greatest of many numbers, fast."""

from __future__ import annotations

import torch
from torch import Tensor

SEGMENT = 64  # pieces in each segment whose maximum `top` takes first
FEW_ROWS = 8  # `top` calls torch.topk for fewer


def top(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` greatest of each row (N, V) and their indices: `torch.topk`, faster where V is large.

    It takes the maximum of each segment first, at the speed of memory. The best lie in the best segments.
    """
    whole = scores.shape[1] // SEGMENT
    if whole <= count or len(scores) < FEW_ROWS:
        return scores.topk(min(count, scores.shape[1]), dim=1)
    segments = scores[:, : whole * SEGMENT].view(len(scores), whole, SEGMENT)
    best = segments.amax(dim=2).topk(count, dim=1).indices
    indices = (best.unsqueeze(2) * SEGMENT + torch.arange(SEGMENT, device=scores.device)).flatten(1)
    rest = torch.arange(whole * SEGMENT, scores.shape[1], device=scores.device)
    indices = torch.cat([indices, rest.expand(len(scores), -1)], dim=1)
    values, among = scores.gather(1, indices).topk(count, dim=1)
    return values, indices.gather(1, among)


def top_of_beams(log_probs: Tensor, totals: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best continuations of R sentences' K hypotheses, best first.

    log_probs: (R·K, V). totals: (R, K), what each hypothesis has so far. Returns totals, hypotheses and
    pieces, (R, count) each, or (R, K·V) where there are fewer.
    """
    sentences, size = totals.shape
    values, pieces = top(log_probs, count)
    candidates = (totals.unsqueeze(2) + values.view(sentences, size, -1)).flatten(1)
    best, among = candidates.topk(min(count, candidates.shape[1]), dim=1)
    return best, among // values.shape[1], pieces.view(sentences, -1).gather(1, among)

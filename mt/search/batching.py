"""Many sources are searched in batches of similar length; a batch is halved where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mt.config import SearchConfig
from mt.data.batches import Source, by_length
from mt.decoding.hints import Hints
from mt.errors import out_of_memory
from mt.search.hypothesis import Hypothesis

COPIES = 4  # of the logits, that a step makes
MOST_TOKENS = 1 << 17  # in a batch, however much memory there is

Find = Callable[[Sequence[Source], Hints | None], list[list[Hypothesis]]]
"""The sources of a batch, and what is known of their translations -> the hypotheses of each source."""


def in_batches(
    find: Find,
    sources: Sequence[Source],
    hints: Hints | None,
    batch_tokens: int,
    progress: Callable[[float], None] | None = None,
) -> list[list[Hypothesis]]:
    """The hypotheses of all sources in their order, found in batches of up to `batch_tokens`.

    After each batch `progress` gets the proportion of source pieces that have been searched, 0 to 1.
    """
    lengths = np.fromiter((len(row) + 1 for row in sources), dtype=np.int64, count=len(sources))
    results: list[list[Hypothesis]] = [[] for _ in sources]
    done = 0
    for rows in by_length(lengths, batch_tokens):
        of_rows = None if hints is None else hints.select(rows.tolist())
        found = _halving(find, [sources[row] for row in rows], of_rows)
        for row, hypotheses in zip(rows, found, strict=True):
            results[row] = hypotheses
        done += int(lengths[rows].sum())
        if progress is not None:
            progress(done / int(lengths.sum()))
    return results


def _halving(find: Find, sources: Sequence[Source], hints: Hints | None) -> list[list[Hypothesis]]:
    """The hypotheses of one batch, found together; in two halves where memory runs out."""
    try:
        return find(sources, hints)
    except (RuntimeError, MemoryError) as problem:
        if len(sources) == 1 or not out_of_memory(problem):
            raise
    half = len(sources) // 2  # here, where what the failed search held is free again
    parts = list(range(half)), list(range(half, len(sources)))
    return [
        found
        for part in parts
        for found in _halving(
            find, [sources[row] for row in part], None if hints is None else hints.select(part)
        )
    ]


def tokens_that_fit(room: float, config: SearchConfig, *, vocab_size: int, states: int) -> int:
    """About how many source tokens a batch may have to need no more than `room` bytes.

    Reckoned with the shortest sentences, of a token and eos: each has `config.beam` rows of `vocab_size`
    numbers, in a few copies. states: numbers that the encoder computes for a token.
    """
    bytes_of_token = 4 * (COPIES * config.beam * vocab_size / 2 + states)
    return min(MOST_TOKENS, int(room / bytes_of_token))

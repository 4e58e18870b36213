"""Pairs of a corpus to token ids, some at a time, in whichever process. Loads no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mt.tokenizer import Tokenizer

Ids = tuple[NDArray[np.int32], NDArray[np.int32]]
"""The ids of N texts, one after another, and how many each has (N,)."""


@dataclass(frozen=True)
class TokenTask:
    """What a process needs to encode pairs: the Arrow file that holds them, and both tokenizers' bytes."""

    file: str
    src: bytes
    tgt: bytes

    def encode(self, rows: range) -> tuple[Ids, Ids]:
        """The ids of both sides of these rows."""
        table, src, tgt = _opened(self)
        part = table.slice(rows.start, len(rows))
        sources, targets = (part.column(side).to_pylist() for side in ("src", "tgt"))
        return _flat(src.encode(sources)), _flat(tgt.encode(targets, sources))


@lru_cache(maxsize=1)
def _opened(task: TokenTask) -> tuple[pa.Table, Tokenizer, Tokenizer]:
    """The file, mapped, so that all processes share its memory."""
    return pa.ipc.open_stream(pa.memory_map(task.file)).read_all(), Tokenizer(task.src), Tokenizer(task.tgt)


def _flat(ids: Sequence[Sequence[int]]) -> Ids:
    lengths = np.fromiter(map(len, ids), dtype=np.int32, count=len(ids))
    return np.fromiter(chain.from_iterable(ids), dtype=np.int32, count=int(lengths.sum())), lengths

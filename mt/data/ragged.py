"""Rows of different lengths in files that are memory-mapped: any of them are taken without a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mt.data.batches import IntArray, Rows
from mt.data.cache import BATCH, forget, store_folder


class Ragged:
    """N rows of numbers, one after another: values (sum of lengths,); lengths (N,); starts (N,)."""

    def __init__(self, values: NDArray[Any], lengths: IntArray, starts: IntArray) -> None:
        self._values, self.lengths, self._starts = values, lengths, starts

    @classmethod
    def of(cls, rows: Sequence[Sequence[int] | IntArray]) -> Ragged:
        """Rows that are in memory."""
        flat, lengths = Rows.of(rows)
        return cls(flat, lengths, lengths.cumsum() - lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> IntArray:
        """The numbers of a row."""
        start = int(self._starts[row])
        found: IntArray = self._values[start : start + int(self.lengths[row])]
        return found

    def take(self, rows: IntArray) -> Rows:
        """Several rows, one after another."""
        lengths = self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        indices = np.repeat(self._starts[rows] - before, lengths) + np.arange(int(lengths.sum()))
        return Rows(self._values[indices], lengths)

    def counts(self, size: int) -> IntArray:
        """How often each number from 0 to size - 1 occurs (size,)."""
        total = np.zeros(size, dtype=np.int64)
        for start in range(0, len(self._values), 1 << 20):
            total += np.bincount(self._values[start : start + (1 << 20)], minlength=size)[:size]
        return total


def store_ragged(
    name: str, types: Mapping[str, DTypeLike], batches: Callable[[], Iterable[Mapping[str, Rows]]]
) -> dict[str, Ragged]:
    """Map columns of rows from the cache; where they are not there yet, write `batches()` of them first.

    name: of the table in the cache. types: what numbers each column holds, by its name.
    """

    def write(folder: Path) -> None:
        with ExitStack() as stack:
            columns = {
                column: _Column(
                    [stack.enter_context(file.open("xb")) for file in _files(folder, column)], dtype
                )
                for column, dtype in types.items()
            }
            for batch in batches():
                for column, rows in batch.items():
                    columns[column].write(rows)

    folder = store_folder(name, write)
    return {column: _open(_files(folder, column), dtype) for column, dtype in types.items()}


def store_joined(
    name: str, types: Mapping[str, DTypeLike], parts: Mapping[str, Callable[[], Iterable[Mapping[str, Rows]]]]
) -> dict[str, Ragged]:
    """As `store_ragged`, of several parts, each of which is kept under its name as soon as it is complete."""

    def joined() -> Iterator[Mapping[str, Rows]]:
        for part, batches in parts.items():
            columns = store_ragged(part, types, batches)
            total = len(columns[next(iter(types))])
            for start in range(0, total, BATCH):
                rows = np.arange(start, min(start + BATCH, total))
                yield {column: ragged.take(rows) for column, ragged in columns.items()}

    if len(parts) == 1:
        return store_ragged(name, types, *parts.values())
    whole = store_ragged(name, types, joined)
    for part in parts:
        forget(part)
    return whole


class _Column:
    """A column that is being written to the three files of `Ragged`."""

    def __init__(self, files: Sequence[BinaryIO], dtype: DTypeLike) -> None:
        self._files, self._dtype, self._end = files, dtype, 0

    def write(self, rows: Rows) -> None:
        lengths = rows.lengths.astype(np.int32)
        starts = self._end + rows.lengths.cumsum() - rows.lengths
        self._end += len(rows.flat)
        for file, numbers in zip(self._files, (rows.flat.astype(self._dtype), lengths, starts), strict=True):
            file.write(np.ascontiguousarray(numbers).data)


def _files(folder: Path, column: str) -> list[Path]:
    return [folder / f"{column}.{part}" for part in ("values", "lengths", "starts")]


def _open(files: Sequence[Path], dtype: DTypeLike) -> Ragged:
    values, lengths, starts = map(_map, files, (dtype, np.int32, np.int64))
    return Ragged(values, lengths, starts)


def _map(file: Path, dtype: DTypeLike) -> NDArray[Any]:
    """The numbers of a file; an empty one cannot be mapped."""
    if file.stat().st_size == 0:
        return np.empty(0, dtype)
    return np.asarray(np.memmap(file, dtype, mode="r"))

"""Tables on disk: files in the cache of `datasets`, named by what they hold and memory-mapped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import datasets
import pyarrow as pa
import pyarrow.compute as pc

BATCH = 10_000  # pairs handled at a time
SCHEMA = pa.schema([("src", pa.string()), ("tgt", pa.string())])


def store_pairs(batches: Iterable[pa.RecordBatch]) -> tuple[datasets.Dataset, str]:
    """Write batches of `SCHEMA` to the cache, under the digest of their text, and map them from there.

    Returns the data set and the digest in hex. Of the same pairs in the same order only one file is kept.
    """
    sides = blake2b(digest_size=16), blake2b(digest_size=16)
    with _partial() as partial:
        _write(partial, _digested(batches, sides))
        fingerprint = blake2b(sides[0].digest() + sides[1].digest(), digest_size=16).hexdigest()
        path = pairs_file(fingerprint)
        if not path.exists():
            partial.replace(path)
    return _open_pairs(path), fingerprint


def repeated(batches: Iterable[pa.RecordBatch], times: int) -> Iterator[pa.RecordBatch]:
    """Batches of `SCHEMA`, all of them so many times over, without keeping them in memory."""
    if times == 1:
        yield from batches
        return
    with _partial() as partial:
        _write(partial, batches)
        for _ in range(times):
            yield from pa.ipc.open_stream(pa.memory_map(str(partial)))


def _write(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    with path.open("xb") as file, pa.ipc.new_stream(file, SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _digested(batches: Iterable[pa.RecordBatch], sides: tuple[blake2b, blake2b]) -> Iterator[pa.RecordBatch]:
    """Pass batches on, and the text of each side to its digest."""
    for batch in batches:
        yield batch
        for side, texts in zip(sides, batch.columns, strict=True):
            side.update(_lines(texts))


def _lines(texts: pa.StringArray) -> memoryview:
    """The texts as UTF-8, each with a line feed behind it."""
    lines = pc.binary_join_element_wise(texts, "", "\n")
    size = pc.sum(pc.binary_length(lines)).as_py() or 0
    return memoryview(lines.buffers()[2] or b"")[:size]


def find_pairs(fingerprint: str) -> datasets.Dataset | None:
    """The pairs that `store_pairs` left under that digest; None where they are not in the cache any more."""
    path = pairs_file(fingerprint)
    return _open_pairs(path) if path.exists() else None


def pairs_file(fingerprint: str) -> Path:
    """The file in which `store_pairs` left the pairs of that digest."""
    return folder() / f"{fingerprint}.arrow"


def _open_pairs(path: Path) -> datasets.Dataset:
    # The fingerprint of the text, not of the file's age.
    return datasets.Dataset(datasets.Dataset.from_file(str(path)).data, fingerprint=path.stem)


def store_file(name: str, write: Callable[[Path], None]) -> Path:
    """The file `name` in the cache; where it is not there yet, `write` makes it first, under another name."""
    path = folder() / name
    if path.exists():
        return path
    with _partial() as partial:
        write(partial)
        try:
            partial.replace(path)
        except OSError:
            if not path.exists():  # if it does, another process was faster with a folder
                raise
    return path


def store_folder(name: str, write: Callable[[Path], None]) -> Path:
    """As `store_file`, of a folder: `write` gets an empty one."""

    def fill(partial: Path) -> None:
        partial.mkdir()
        write(partial)

    return store_file(name, fill)


def stored(name: str) -> bool:
    """Whether the cache has a file or folder of that name."""
    return (folder() / name).exists()


def forget(name: str) -> None:
    """Delete a file or folder of the cache, if it is there."""
    _delete(folder() / name)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def folder() -> Path:
    """Where all of them are; made if it is not there."""
    found = Path(datasets.config.HF_DATASETS_CACHE) / "mt"
    found.mkdir(parents=True, exist_ok=True)
    return found


@contextmanager
def _partial() -> Iterator[Path]:
    """A name to write under until the file is whole; gone afterwards whatever happens."""
    path = folder() / f"{uuid4().hex}.partial"
    try:
        yield path
    finally:
        _delete(path)

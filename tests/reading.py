"""What tests of corpora share: write a file, read it by its SPEC, take its fault."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from mt.data.formats import read_pairs
from mt.data.formats.pairs import Record, Split
from mt.errors import CorpusError

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def read(
    spec: Path | str,
    src: str | None = "zh",
    tgt: str | None = "en",
    split: Split = "train",
) -> list[Record]:
    return list(read_pairs(str(spec), src=src, tgt=tgt, split=split))


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def fault(spec: Path | str, src: str | None = "zh", tgt: str | None = "en") -> str:
    """The message of the CorpusError that reading raises: always one line."""
    with pytest.raises(CorpusError) as caught:
        read(spec, src, tgt)
    assert "\n" not in str(caught.value)
    return str(caught.value)

"""Cleaned pairs of a large corpus, kept until all is read: stopped and begun again, none is cleaned twice.

Loads no torch and no `datasets`: it works in other processes.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa

from mt.data.cleaning import Cleaned, Rules
from mt.data.workers import ALONE
from mt.storage.atomic import write_bytes

_DROPPED = b"dropped"


@dataclass(frozen=True)
class KeptRules:
    """Rules whose results are files. key: all that the results depend on besides the pairs."""

    rules: Rules
    key: str
    folder: Path

    def clean(self, chunk: tuple[int, tuple[list[str], list[str]]]) -> Cleaned:
        """As `Rules.clean`, of the chunk with that number; a small corpus is not kept."""
        number, sides = chunk
        if number < ALONE:
            return self.rules.clean(sides)
        digest = blake2b(self.key.encode(), digest_size=16)
        for side in sides:
            digest.update("\n".join(side).encode(errors="surrogatepass") + b"\n\n")
        path = self.folder / f"clean-{digest.hexdigest()}.arrow"
        try:
            cleaned = _unpacked(path)
        except FileNotFoundError:  # also if another process has just deleted it
            cleaned = self.rules.clean(sides)
            write_bytes(path, _packed(cleaned))
        return cleaned._replace(kept=path)


def _packed(cleaned: Cleaned) -> bytes:
    arrays = [cleaned.src, cleaned.tgt, pa.array(cleaned.hashes)]
    batch = pa.record_batch(arrays, names=["src", "tgt", "hashes"])
    batch = batch.replace_schema_metadata({_DROPPED: json.dumps(cleaned.dropped)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _unpacked(path: Path) -> Cleaned:
    with pa.ipc.open_stream(path.read_bytes()) as reader:
        batch = reader.read_next_batch()
    dropped = Counter[str](json.loads(batch.schema.metadata[_DROPPED]))
    return Cleaned(batch.column(0), batch.column(1), np.asarray(batch.column(2)), dropped)

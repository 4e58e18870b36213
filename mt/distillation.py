"""Word-level distillation: a student learns how probable each piece is to its teachers, not just which came.

What trained models expect says which other pieces would have done as well, and a mean of several models says
it better than each of them (Hinton et al. 2015, Kim & Rush 2016). Their predictions on the training pairs are
worked out once, before training: a step of a student costs as much as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from mt.batch import IntArray, by_length
from mt.checkpoint import MODEL, Run
from mt.console import Console
from mt.device import autocast
from mt.ensemble import Ensemble
from mt.pieces import PiecePairs, Ragged
from mt.store import BATCH, store_table

LIKELIEST = 8  # pieces kept at each place: they hold nearly all that is not spread over the whole vocabulary
_TOKENS = 2048  # predicted at once
_SCHEMA = pa.schema([("ids", pa.list_(pa.int32())), ("probs", pa.list_(pa.float16()))])


@dataclass(frozen=True)
class Expected:
    """Row by row, for each target piece and eos, the `LIKELIEST` pieces and their probabilities, flat."""

    ids: Ragged
    probs: Ragged

    def of(self, rows: IntArray, length: int) -> tuple[Tensor, Tensor]:
        """Ids and probabilities of some rows (B, T, N), padded to `length` places with nothing."""
        ids = np.zeros((len(rows), length, LIKELIEST), dtype=np.int64)
        probs = np.zeros(ids.shape, dtype=np.float32)
        for place, row in enumerate(rows):
            for all_rows, found in ((ids, self.ids[row]), (probs, self.probs[row])):
                all_rows[place, : len(found) // LIKELIEST] = found.reshape(-1, LIKELIEST)
        return torch.from_numpy(ids), torch.from_numpy(probs)


def taught(
    pairs: PiecePairs, teachers: Sequence[Run], fingerprint: str, console: Console, *, precision: str
) -> PiecePairs:
    """The same pairs with what the teachers expect, together as an ensemble: from the cache, or predicted.

    fingerprint: of the corpus that the pairs are cut from, by the teachers' tokenizers.
    """
    digest = blake2b(f"{LIKELIEST} {precision} {fingerprint}".encode(), digest_size=16)
    for run in teachers:
        digest.update((run.path / MODEL).read_bytes())
        digest.update(f"{run.facts['src_tokenizer']} {run.facts['tgt_tokenizer']}".encode())
    device = next(teachers[0].model.parameters()).device
    ensemble = Ensemble([run.model for run in teachers]).eval()

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(pairs), BATCH):
            console.progress(f"teachers: {start:,} of {len(pairs):,} pairs")
            rows = np.arange(start, min(start + BATCH, len(pairs)))
            yield _predict(pairs, rows, ensemble, device, precision)

    table = store_table(f"expected-{digest.hexdigest()}", _SCHEMA, batches)
    expected = Expected(Ragged(table.column("ids")), Ragged(table.column("probs")))
    return replace(pairs, expected=expected)


def _predict(
    pairs: PiecePairs, rows: IntArray, ensemble: Ensemble, device: torch.device, precision: str
) -> pa.RecordBatch:
    """What the teachers expect in these rows, a row of the table for each."""
    targets = pairs.tgt.lengths[rows] + 1
    ids, probs = [np.empty(0)] * len(rows), [np.empty(0)] * len(rows)
    for places in by_length(np.maximum(pairs.src.lengths[rows] + 1, targets), _TOKENS):
        batch = pairs.batch(rows[places]).to(device)
        with torch.inference_mode(), autocast(device, precision):
            best = ensemble.predict(batch).topk(LIKELIEST)
        found = zip(places, best.indices.cpu().numpy(), best.values.exp().cpu().numpy(), strict=True)
        for place, of_ids, of_probs in found:
            ids[place] = of_ids[: targets[place]].astype(np.int32).reshape(-1)
            probs[place] = of_probs[: targets[place]].astype(np.float16).reshape(-1)
    return pa.record_batch([pa.array(ids, _SCHEMA.types[0]), pa.array(probs, _SCHEMA.types[1])], _SCHEMA)

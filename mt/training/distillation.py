"""Word-level distillation: a student learns how probable each piece is to its teachers, not just which came.

What trained models expect says which other pieces would have done as well, and a mean of several models says
it better than each of them (Hinton et al. 2015, Kim & Rush 2016). Their predictions on the training pairs are
worked out once, before training: a step of a student costs as much as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import pad

from mt.checkpoint import Run, load_runs
from mt.console import Console
from mt.data.batches import IntArray, Rows, by_length
from mt.data.cache import BATCH
from mt.data.encoded import Expected, PiecePairs
from mt.data.ragged import store_ragged
from mt.decoding.ensemble import Ensemble
from mt.device import autocast
from mt.errors import ConfigError
from mt.model import fingerprint
from mt.text.counted import counted
from mt.text.languages import Languages
from mt.tokenizer import Tokenizers

LIKELIEST = (
    8  # pieces kept at each position: they hold nearly all that is not spread over the whole vocabulary
)
_TOKENS = 2048  # predicted at once
_TYPES = {"ids": np.int32, "probs": np.float16}


@dataclass(frozen=True)
class Teachers:
    """Runs with the same pieces, asked together; fingerprint: of their weights, in their order."""

    runs: Sequence[Run]
    fingerprint: str

    def check(self, languages: Languages, tokenizers: Tokenizers | None) -> None:
        """Raises ConfigError unless the teachers know the student's languages, and it takes their pieces."""
        first = self.runs[0]
        theirs = [first.src_tokenizer.fingerprint, first.tgt_tokenizer.fingerprint]
        if [tokenizer.fingerprint for tokenizer in tokenizers or ()] != theirs:
            raise ConfigError(
                f"--teachers: a student cuts text as its teachers do; give --tokenizer-from {first.path} too"
            )
        for run in self.runs:
            if problem := languages.difference(run.languages):
                raise ConfigError(f"--teachers: {run.path} cannot teach this student: {problem}")

    def annotate(
        self, pairs: PiecePairs, device: torch.device, precision: str, console: Console
    ) -> PiecePairs:
        """The same pairs with what the teachers expect: from the cache, or predicted now on that device."""
        key = f"{pairs.name} {LIKELIEST} {precision} {self.fingerprint}"
        name = f"teachers-{blake2b(key.encode(), digest_size=16).hexdigest()}"

        def batches() -> Iterator[dict[str, Rows]]:
            ensemble = Ensemble([run.model for run in self.runs]).to(device).eval()
            for start in range(0, len(pairs), BATCH):
                rows = np.arange(start, min(start + BATCH, len(pairs)))
                yield _predict(ensemble, pairs, rows, precision, console)
            console.note(f"teachers: all {counted(len(pairs), 'pair')}")

        columns = store_ragged(name, _TYPES, batches)
        expected = Expected(columns["ids"], columns["probs"], LIKELIEST)
        return replace(pairs, expected=expected)


def load_teachers(
    names: Sequence[str], languages: Languages, tokenizers: Tokenizers | None
) -> Teachers | None:
    """The runs of these names for a student of these languages and tokenizers; None if there are no names.

    Raises RunError if their pieces differ, ConfigError if they cannot teach this student.
    """
    if not names:
        return None
    runs = load_runs([Path(name) for name in names], torch.device("cpu"))
    teachers = Teachers(runs, fingerprint(run.model for run in runs))
    teachers.check(languages, tokenizers)
    return teachers


def _predict(
    ensemble: Ensemble, pairs: PiecePairs, rows: IntArray, precision: str, console: Console
) -> dict[str, Rows]:
    """What the teachers expect in these rows, a row of the table for each."""
    device = next(ensemble.parameters()).device
    targets = pairs.tgt.lengths[rows] + 1
    ids, probs = [np.empty(0)] * len(rows), [np.empty(0)] * len(rows)
    done = int(rows[0])
    for indices in by_length(np.maximum(pairs.src.lengths[rows] + 1, targets), _TOKENS):
        batch = pairs.batch(rows[indices]).to(device)
        with torch.inference_mode(), autocast(device, precision):
            predicted = ensemble.predict(batch)
        best = predicted.topk(min(LIKELIEST, predicted.shape[2]))
        lacking = (0, LIKELIEST - best.indices.shape[2])  # in a vocabulary smaller than that
        likeliest = [pad(part, lacking).cpu().numpy() for part in (best.indices, best.values.exp())]
        found = zip(indices, *likeliest, strict=True)
        for index, of_ids, of_probs in found:
            ids[index] = of_ids[: targets[index]].astype(np.int32).reshape(-1)
            probs[index] = of_probs[: targets[index]].astype(np.float16).reshape(-1)
        done += len(indices)
        console.progress(f"teachers: {done:,} of {counted(len(pairs), 'pair')}")
    lengths = targets * LIKELIEST
    return {"ids": Rows(np.concatenate(ids), lengths), "probs": Rows(np.concatenate(probs), lengths)}

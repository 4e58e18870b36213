"""What a model with a datastore recalled at each step of a translation: the places that counted most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mt.inspection.floats import Arrays, short
from mt.translator import Translator

PLACES = 3


@dataclass(frozen=True)
class Recollection:
    """A place in a recalled pair. share: of the step's whole prediction, what this place made up.

    source, target: the pair. before: what of the target stands before the place. piece: what came next.
    """

    share: float
    source: str
    target: str
    before: str
    piece: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: short(value) for name, value in asdict(self).items()}


def recollect(translator: Translator, readouts: Tensor) -> tuple[tuple[Recollection, ...], ...] | None:
    """At each of T steps, read out as (T, F), the places that counted most; None without a datastore."""
    if translator.recalled is None:
        return None
    from mt.decoding.datastore import Recalling

    model, pairs, tokenizer = translator.run.model, translator.recalled.dataset, translator.run.tgt_tokenizer
    assert isinstance(model, Recalling)  # as something is recalled

    def recollection(share: float, row: int, place: int) -> Recollection:
        source, target = pairs[row]["src"], pairs[row]["tgt"]
        ids = [*tokenizer.encode([target], [source])[0], tokenizer.eos_id]
        before = tokenizer.decode([ids[:place]], [source])[0]
        return Recollection(share, source, target, before, tokenizer.spell([ids[place]], source)[0])

    return tuple(tuple(recollection(*place) for place in step) for step in model.places(readouts, PLACES))


def recollection_arrays(recalled: Sequence[Sequence[Recollection]]) -> Arrays:
    """T steps for npz, (T, 3) each: `recalled_share` and, as texts, the others; 0 and empty where fewer."""
    nothing = Recollection(0.0, "", "", "", "")
    table = [[*step, *[nothing] * PLACES][:PLACES] for step in recalled]
    return {
        f"recalled_{name}": np.array([[getattr(place, name) for place in step] for step in table])
        for name in vars(nothing)
    }

"""What a model with a datastore retrieved at each step of a translation: the tokens that counted most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mt.inspection.floats import Arrays
from mt.translator import Translator

TOKENS = 3


@dataclass(frozen=True)
class RetrievedToken:
    """A target token of a stored pair. proportion: its part of the step's whole prediction, 0..1.

    source, target: the pair. before: the target's text before the token. piece: the token.
    """

    proportion: float
    source: str
    target: str
    before: str
    piece: str


def retrieved_tokens(
    translator: Translator, readouts: Tensor
) -> tuple[tuple[RetrievedToken, ...], ...] | None:
    """At each of T steps, read out as (T, F), the tokens that counted most; None without a datastore."""
    if translator.recalled is None:
        return None
    from mt.decoding.datastore import Recalling

    model, pairs, tokenizer = translator.run.model, translator.recalled.dataset, translator.run.tgt_tokenizer
    assert isinstance(model, Recalling)  # as something is recalled

    def token(proportion: float, row: int, index: int) -> RetrievedToken:
        source, target = pairs[row]["src"], pairs[row]["tgt"]
        ids = [*tokenizer.encode([target], [source])[0], tokenizer.eos_id]
        before = tokenizer.decode([ids[:index]], [source])[0]
        return RetrievedToken(proportion, source, target, before, tokenizer.spell([ids[index]], source)[0])

    return tuple(tuple(token(*found) for found in step) for step in model.retrieved(readouts, TOKENS))


def retrieval_arrays(retrieved: Sequence[Sequence[RetrievedToken]]) -> Arrays:
    """T steps for npz, (T, 3) each: `recalled_proportion`; the others as texts. 0 and empty where fewer."""
    nothing = RetrievedToken(0.0, "", "", "", "")
    table = [[*step, *[nothing] * TOKENS][:TOKENS] for step in retrieved]
    return {
        f"recalled_{name}": np.array([[getattr(token, name) for token in row] for row in table])
        for name in vars(nothing)
    }

"""How the decoder writes a translation: the piece at each step, the runners-up, attention and influence.

Shapes as in `model`: T steps, the closing eos included; S source length; H numbers in the decoder's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mt.decoding.pausing import Pause, no_pause
from mt.encoder import Encoded
from mt.inspection.floats import Arrays, FloatArray, to_array
from mt.inspection.trace import Spell
from mt.model import Seq2Seq
from mt.search import BOS, EOS, Hypothesis
from mt.search.unfinished import NEVER

RUNNERS_UP = 4


@dataclass(frozen=True)
class Step:
    """One piece of the translation.

    probability: of the piece, given those before it. runners_up: the next likeliest pieces, at most 4.
    attention: (S,), where the model looked, summing to 1; None without attention.
    influence: from 0 to 1, how much the prediction hangs on the sentence vector: the total variation
    Σ|p - q| / 2 between the prediction with it and with another vector.
    """

    piece: str
    probability: float
    runners_up: tuple[tuple[str, float], ...]
    attention: FloatArray | None
    influence: float


@dataclass(frozen=True)
class Written:
    """A translation that has been written, in T steps.

    states: (T, H), the top layer's after each. readouts: (T, F), what was read out at each.
    """

    steps: tuple[Step, ...]
    states: FloatArray
    readouts: Tensor


def write_translation(
    model: Seq2Seq,
    encoded: Encoded,
    found: Hypothesis,
    other_vector: Tensor,
    spell: Spell,
    pause: Pause = no_pause,
) -> Written:
    """Follow the decoder along a translation that search found, to eos where it was reached.

    encoded: of the one source sentence. other_vector: (D,), what its vector's influence is measured against:
    both predictions are made beside each other, after the same pieces.
    """
    ids = [*found.ids, *([EOS] if found.steps > len(found.ids) else [])]
    both = Encoded(
        torch.stack([encoded.sentence_vector[0], other_vector]),
        encoded.src_mask.expand(2, -1),
        None if encoded.memory is None else encoded.memory.expand(2, -1, -1),
    )
    tgt_in = torch.tensor([[BOS, *ids[:-1]]], device=other_vector.device)
    readouts, states = walk(model, tgt_in.expand(2, -1), both, pause)
    probabilities = model.log_probs(readouts).exp()
    influence = (probabilities[0] - probabilities[1]).abs().sum(dim=1) / 2
    weights = model.align(tgt_in, encoded)
    looks = [None] * len(ids) if weights is None else list(to_array(weights[0]))
    steps = []
    influences = influence.clamp(max=1).tolist()
    for row, piece, look, moved in zip(probabilities[0], ids, looks, influences, strict=True):
        spelled = spell([piece])[0]
        steps.append(Step(spelled, float(row[piece]), _runners_up(row, piece, spell), look, moved))
    return Written(tuple(steps), to_array(states[0]), readouts[0])


def step_arrays(steps: Sequence[Step]) -> Arrays:
    """Steps (T) for npz; where there are fewer runners-up an empty piece and 0, attention where it is."""
    rows = [[*step.runners_up, *[("", 0.0)] * RUNNERS_UP][:RUNNERS_UP] for step in steps]
    looks = [step.attention for step in steps if step.attention is not None]
    return {
        "step_pieces": np.array([step.piece for step in steps]),
        "probabilities": np.array([step.probability for step in steps]),
        "influence": np.array([step.influence for step in steps]),
        "runners_up": np.array([[piece for piece, _ in row] for row in rows]),
        "runners_up_probabilities": np.array([[probability for _, probability in row] for row in rows]),
        **({"attention": np.stack(looks)} if looks else {}),
    }


def _runners_up(probabilities: Tensor, chosen: int, spell: Spell) -> tuple[tuple[str, float], ...]:
    """The likeliest pieces of (V,) but the chosen one, and those that are never written."""
    others = probabilities.clone()
    others[NEVER] = -1
    others[chosen] = -1
    best = others.topk(min(RUNNERS_UP, len(others)))
    found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return tuple((spell([piece])[0], probability) for piece, probability in found if probability >= 0)


def walk(model: Seq2Seq, tgt_in: Tensor, encoded: Encoded, pause: Pause = no_pause) -> tuple[Tensor, Tensor]:
    """Previous ids (B, T) -> the readouts (B, T, F) and the top layer's states (B, T, H), step by step."""
    decoder = model.decoder
    state, prepared = model.start(encoded), model.prepare(encoded)
    top = -decoder.recurrences[-1].states
    readouts, states = [], []
    for previous in tgt_in.unbind(dim=1):
        readout, state = decoder.step(previous, state, prepared)
        readouts.append(readout)
        states.append(state[top])
        pause()
    return torch.stack(readouts, dim=1), torch.stack(states, dim=1)

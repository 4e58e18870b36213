"""One step of h' = f(W·x + b + U·h + B) worked out with a model's own numbers, small enough to follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from mt.encoder import Encoder
from mt.errors import ConfigError
from mt.layers.recurrence import Recurrence

UNITS = 3
TERMS = 2


@dataclass(frozen=True)
class Dot:
    """A dot product w·v: its largest terms (w_k, v_k), the sum of the others, and how many these are."""

    terms: tuple[tuple[float, float], ...]
    others: float
    count: int

    @property
    def value(self) -> float:
        """The sum of all terms."""
        return sum(weight * value for weight, value in self.terms) + self.others

    @classmethod
    def of(cls, weights: Tensor, values: Tensor) -> Dot:
        """Of two vectors (N,)."""
        products = weights * values
        largest = products.abs().argsort(descending=True, stable=True)[:TERMS]
        terms = zip(weights[largest].tolist(), values[largest].tolist(), strict=True)
        others = products.sum() - products[largest].sum()
        return cls(tuple(terms), float(others), len(products) - len(largest))

    def __str__(self) -> str:
        parts = [
            f"{_sign(weight)} {abs(weight):.3f}×{f'(−{-value:.3f})' if value < 0 else f'{value:.3f}'}"
            for weight, value in self.terms
        ]
        if self.count:
            parts.append(f"{_sign(self.others)} {abs(self.others):.3f} ({self.count} more)")
        return " ".join(parts).removeprefix("+ ").replace("− ", "−", 1 if self.terms[0][0] < 0 else 0)


@dataclass(frozen=True)
class Unit:
    """One of the numbers of h: its index, what it was, the parts of its sum, what torch makes of it.

    input_bias and state_bias are b and B.
    """

    index: int
    before: float
    from_input: Dot
    input_bias: float
    from_state: Dot
    state_bias: float
    by_torch: float

    @property
    def sum(self) -> float:
        """W·x + b + U·h + B, of this unit."""
        return self.from_input.value + self.input_bias + self.from_state.value + self.state_bias

    @property
    def after(self) -> float:
        """f of it."""
        return math.tanh(self.sum)

    def lines(self) -> list[str]:
        """The sum, as a person would write it down."""
        return [
            f"number {self.index} of h: it was {_column(self.before).strip()}",
            f"  W·x  {_column(self.from_input.value)} = {self.from_input}",
            f"  b    {_column(self.input_bias)}",
            f"  U·h  {_column(self.from_state.value)} = {self.from_state}",
            f"  B    {_column(self.state_bias)}",
            f"  sum  {_column(self.sum)}",
            f"  h'   {_column(self.after)} = f(sum); torch works out {_column(self.by_torch).strip()}",
        ]


@dataclass(frozen=True)
class ByHand:
    """A step of reading: the piece it reads, the pieces read before it, and the units that it moved most.

    input_size, state_size: numbers in x and in h.
    """

    piece: str
    before: tuple[str, ...]
    input_size: int
    state_size: int
    units: tuple[Unit, ...]

    def __str__(self) -> str:
        head = [
            f"The state h has read {' '.join(self.before)}; now comes {self.piece}.",
            "h' = f(W·x + b + U·h + B), where",
            f"  x           {self.input_size} numbers that stand for {self.piece}",
            f"  h           {self.state_size} numbers, the state: all that is left of what was read",
            "  W, U, b, B  what training has found, the same for every piece and sentence",
            "  f           tanh, which presses any sum between -1 and 1",
            f"Of the {self.state_size} numbers of h these {len(self.units)} move most; of each product the "
            f"{TERMS} largest terms",
            "are shown, and what the others add up to:",
        ]
        return "\n".join([*head, *("\n" + "\n".join(unit.lines()) for unit in self.units)])


def work_out(encoder: Encoder, ids: Sequence[int], pieces: Sequence[str]) -> ByHand:
    """The second step of reading the ids (S,), eos included, by the first layer: the first that has a state.

    pieces: (S,), as they are to be shown. Raises ConfigError if the cell is not the plain one.
    """
    layer = encoder.forwards[0]
    if not isinstance(layer, Recurrence) or layer.cell != "rnn":
        raise ConfigError(
            f"--by-hand needs a model with --cell rnn; the cells of this one are {layer.cell}, which have "
            "gates: mt train --preset elman trains one"
        )
    assert isinstance(encoder.embedding, torch.nn.Embedding)  # of text: mt inspect looks at that first
    order = list(range(len(ids)))
    if encoder.reverse_source:
        order.reverse()
    device = encoder.embedding.weight.device
    with torch.inference_mode():
        inputs = encoder.embedding(torch.tensor([[ids[index] for index in order]], device=device))
        # In double precision on the CPU: a GPU's products may have ten bits only.
        inputs = inputs.cpu().double()
        states = deepcopy(layer.layer).cpu().double()(inputs)[0][0]
        x, before, after = inputs[0, 1], states[0], states[1]
        moved = (after - before).abs().argsort(descending=True, stable=True)[:UNITS]
        units = tuple(_unit(layer, x, before, int(index), float(after[index])) for index in moved)
    return ByHand(pieces[order[1]], (pieces[order[0]],), len(x), len(before), units)


def _unit(layer: Recurrence, x: Tensor, before: Tensor, index: int, by_torch: float) -> Unit:
    weights, state_weights, bias, state_bias = layer.weights()
    return Unit(
        index,
        float(before[index]),
        Dot.of(weights[index].cpu().double(), x),
        float(bias[index]),
        Dot.of(state_weights[index].cpu().double(), before),
        float(state_bias[index]),
        by_torch,
    )


def _sign(value: float) -> str:
    return "−" if value < 0 else "+"


def _column(value: float) -> str:
    """Three decimals, as wide whatever the sign."""
    return f"{value: .3f}".replace("-", "−")

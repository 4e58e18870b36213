"""The recurrences: this moment's input + the last moment's state = this moment's state.

Shapes (legend in `model`): inputs (B, T, I), outputs (B, T, H). A layer's state is a tuple of
(B, H) tensors whose first is its output: `(h, c)` for the LSTM, `(h,)` for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import linear

from mt.layers.dropout import mask
from mt.layers.operators import LinearFunction
from mt.layers.prepack import Prepackable, SearchPrecision, prepack_linear

Cell = Literal["rnn", "gru", "lstm"]
State = tuple[Tensor, ...]


class LinearParts(NamedTuple):
    """A layer's matrices as functions of rows (N, ·). Single steps use them.

    inputs and constant together are W·x + b, from the part of x that changes and the part that does not;
    state is U·h + B. both is [W U]·[x h] + b + B, for cells that only ever see the sum, once the matrices are
    packed.
    """

    inputs: LinearFunction
    state: LinearFunction
    constant: LinearFunction | None
    both: LinearFunction | None = None


class Recurrence(Prepackable):
    """One recurrent layer, read from left to right: whole sequences in `forward`, single steps in `step`.

    `rnn` is h' = tanh(W·x + b + U·h + B) (Elman 1990); `gru` is Cho et al. 2014; `lstm` is Hochreiter &
    Schmidhuber 1997 with the forget gate of Gers et al. 2000. Whole sequences run in one call of torch's
    fused layer.

    input_size: numbers of x that change from step to step.
    constant_size: numbers of x that are the same at every step of a sequence, as the sentence vector is.
        A step adds their part of the gates, computed once a sentence, instead of multiplying them again.
    dropout: proportion of U's numbers that a training batch does without (DropConnect; Merity et al. 2018):
        it acts at every step of the recurrence and costs nothing at any.
    """

    LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}  # noqa: RUF012

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, *, constant_size: int = 0, dropout: float
    ) -> None:
        super().__init__()
        self.cell, self.dropout = cell, dropout
        self.input_size, self.hidden_size, self.constant_size = input_size, hidden_size, constant_size
        self.states = 2 if cell == "lstm" else 1
        self.layer = self.LAYERS[cell](input_size + constant_size, hidden_size, batch_first=True)
        self.prepacked: LinearParts | None = None  # set by `pack`
        self._initialise()

    def _initialise(self) -> None:
        """Gate by gate: orthogonal recurrent weights keep the state's norm over time (Saxe et al. 2014)."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.weights()
        with torch.no_grad():
            gates = weight_ih.shape[0] // self.hidden_size
            for gate in weight_ih.chunk(gates):
                nn.init.xavier_uniform_(gate)
            for gate in weight_hh.chunk(gates):
                nn.init.orthogonal_(gate)
            bias_ih.zero_()
            bias_hh.zero_()
            if self.cell == "lstm":  # remember at first (Jozefowicz et al. 2015)
                bias_ih.chunk(4)[1].fill_(1.0)

    def weights(self) -> list[Tensor]:
        """W (G·H, I + C), U (G·H, H), b (G·H), B (G·H); G is the number of gates."""
        return list(self.layer.all_weights[0])

    def forward(self, inputs: Tensor, state: State | None = None, constant: Tensor | None = None) -> Tensor:
        """All steps: (B, T, I), start state or zeros, constant inputs (B, C) -> outputs (B, T, H)."""
        if state is None:
            state = (inputs.new_zeros(inputs.shape[0], self.hidden_size),) * self.states
        if self.prepacked is not None and self.cell != "lstm":  # torch has oneDNN's LSTM, no other
            return self._walk(self.prepacked, inputs, state, constant)
        if constant is not None:
            spread = constant.unsqueeze(1).expand(-1, inputs.shape[1], -1)
            inputs = torch.cat([inputs, spread], dim=2)
        parts = tuple(part.unsqueeze(0).contiguous() for part in state)
        first = parts if self.cell == "lstm" else parts[0]
        if not self.training or self.dropout == 0:
            return self.layer(inputs, first)[0]  # type: ignore[no-any-return]
        recurrent = self.weights()[1]
        dropped = {"weight_hh_l0": recurrent * mask(recurrent, self.dropout)}
        return functional_call(self.layer, dropped, (inputs, first))[0]  # type: ignore[no-any-return]

    def pack(self, precision: SearchPrecision) -> None:
        parts = self._linear_parts(lambda weight, bias: prepack_linear(weight, bias, precision))
        if self.cell != "gru":  # which looks at the halves of its sums
            weight, recurrent, bias, recurrent_bias = self.weights()
            joined = torch.cat([weight[:, : self.input_size], recurrent], dim=1)
            biases = recurrent_bias if self.constant_size else bias + recurrent_bias
            parts = parts._replace(both=prepack_linear(joined, biases, precision))
        self.prepacked = parts

    def unpack(self) -> None:
        self.prepacked = None

    def _linear_parts(self, make: Callable[[Tensor, Tensor | None], LinearFunction]) -> LinearParts:
        weight, recurrent, bias, recurrent_bias = self.weights()
        varying, constant = weight[:, : self.input_size], weight[:, self.input_size :]
        return LinearParts(
            make(varying, None if self.constant_size else bias),
            make(recurrent, recurrent_bias),
            make(constant, bias) if self.constant_size else None,
        )

    def constant_gates(self, constant: Tensor) -> Tensor | None:
        """What constant inputs (B, C) add to the gates (B, G·H); None where there are none."""
        product = (self.prepacked or self._linear_parts(_as_they_are)).constant
        return product(constant) if product else None

    def step(self, inputs: Tensor, state: State, from_constant: Tensor | None = None) -> State:
        """One step: (N, I), this layer's state, the constants' part (B, G·H) -> the next state."""
        parts = self.prepacked or self._linear_parts(_as_they_are)
        if parts.both is None:
            return self._advance_by(parts, parts.inputs(inputs), state, from_constant)
        gates = parts.both(torch.cat([inputs, state[0]], dim=1))
        return self._advance(
            gates if from_constant is None else add_per_sentence(gates, from_constant), None, state
        )

    def _walk(self, parts: LinearParts, inputs: Tensor, state: State, constant: Tensor | None) -> Tensor:
        """`forward` by single steps, which is as fast as the fused layer where oneDNN has none."""
        from_constant = None if constant is None else self.constant_gates(constant)
        outputs = []
        for from_inputs in parts.inputs(inputs).unbind(dim=1):
            state = self._advance_by(parts, from_inputs, state, from_constant)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1)

    def _advance_by(
        self, parts: LinearParts, from_inputs: Tensor, state: State, from_constant: Tensor | None
    ) -> State:
        if from_constant is not None:
            from_inputs = add_per_sentence(from_inputs, from_constant)
        return self._advance(from_inputs, parts.state(state[0]), state)

    def _advance(self, from_inputs: Tensor, from_state: Tensor | None, state: State) -> State:
        """W·x + b (N, G·H), U·h + B, or None where it is in the first already, and the state -> the next."""
        size = self.hidden_size
        if self.cell == "gru" and from_state is not None:
            reset, update = (
                (from_inputs[:, : 2 * size] + from_state[:, : 2 * size]).sigmoid_().chunk(2, dim=1)
            )
            new = torch.addcmul(from_inputs[:, 2 * size :], reset, from_state[:, 2 * size :]).tanh_()
            return (torch.lerp(new, state[0], update),)
        gates = from_inputs if from_state is None else from_inputs + from_state
        if self.cell == "rnn":
            return (torch.tanh(gates),)
        new = gates[:, 2 * size : 3 * size].tanh()
        enter, forget, _, leave = gates.sigmoid_().chunk(4, dim=1)
        memory = torch.addcmul(forget * state[1], enter, new)
        return leave * memory.tanh(), memory


def add_per_sentence(rows: Tensor, shared: Tensor) -> Tensor:
    """Rows (B·K, F), the K of a sentence next to each other, or (B, T, F), plus what they share (B, F)."""
    if rows.dim() == 3:
        return rows + shared.unsqueeze(1)
    if rows.shape[0] == shared.shape[0]:
        return rows + shared
    return (rows.view(shared.shape[0], -1, rows.shape[1]) + shared.unsqueeze(1)).view_as(rows)


def reverse_by_length(sequences: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the first `lengths[b]` steps of each row; padding stays where it is, at the right.

    Args: sequences (B, S) or (B, S, F); lengths (B,). Reading the result from left to right is reading
    the sentence from right to left, and no padding comes before a token.
    """
    positions = torch.arange(sequences.shape[1], device=sequences.device).unsqueeze(0)
    mirrored = lengths.unsqueeze(1) - 1 - positions
    index = torch.where(mirrored >= 0, mirrored, positions)
    if sequences.dim() == 3:
        index = index.unsqueeze(2).expand(-1, -1, sequences.shape[2])
    return sequences.gather(1, index)


def _as_they_are(weight: Tensor, bias: Tensor | None) -> LinearFunction:
    return lambda rows: linear(rows, weight, bias)

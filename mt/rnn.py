"""The recurrences: this moment's input + the last moment's state = this moment's state.

Shapes (legend in `model`): inputs (B, T, I), outputs (B, T, H). A layer's state is a tuple of
(B, H) tensors: `(h,)` for the plain RNN and the GRU, `(h, c)` for the LSTM.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Cell = Literal["rnn", "gru", "lstm"]
State = tuple[Tensor, ...]

_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
_STATES: dict[str, int] = {"rnn": 1, "gru": 1, "lstm": 2}


class Recurrence(nn.Module):
    """One recurrent layer, read from left to right.

    `rnn` is the formula of the mission, h' = tanh(W·x + b + U·h + B) (Elman 1990); `gru` is Cho et
    al. 2014; `lstm` is Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000.
    Whole sequences run in one fused call; single steps run the same weights through a cell, which is
    about ten times faster than a sequence of length one.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.states = _STATES[cell]
        self.layer = _LAYERS[cell](input_size, hidden_size, batch_first=True)
        self._initialise()

    def _initialise(self) -> None:
        """Orthogonal recurrent weights keep the state's norm over time (Saxe et al. 2014)."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.layer.all_weights[0]
        gates = weight_hh.shape[0] // self.hidden_size
        with torch.no_grad():
            for gate in weight_ih.chunk(gates):
                nn.init.xavier_uniform_(gate)
            for gate in weight_hh.chunk(gates):
                nn.init.orthogonal_(gate)
            bias_ih.zero_()
            bias_hh.zero_()
            if self.cell == "lstm":  # remember at first (Jozefowicz et al. 2015)
                bias_ih.chunk(4)[1].fill_(1.0)

    def forward(self, inputs: Tensor, state: State | None = None) -> Tensor:
        """All steps at once: (B, T, I), start state or zeros -> outputs (B, T, H)."""
        if state is None:
            outputs, _ = self.layer(inputs)
        else:
            first = tuple(part.unsqueeze(0).contiguous() for part in state)
            outputs, _ = self.layer(inputs, first if self.cell == "lstm" else first[0])
        return outputs  # type: ignore[no-any-return]

    def step(self, inputs: Tensor, state: State) -> State:
        """One step: (B, I) and this layer's state -> its next state, whose first part is the output."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.layer.all_weights[0]
        if self.cell == "lstm":
            return torch.lstm_cell(inputs, state, weight_ih, weight_hh, bias_ih, bias_hh)
        if self.cell == "gru":
            return (torch.gru_cell(inputs, state[0], weight_ih, weight_hh, bias_ih, bias_hh),)
        return (torch.rnn_tanh_cell(inputs, state[0], weight_ih, weight_hh, bias_ih, bias_hh),)


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

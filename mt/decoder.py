"""Sentence vector + previous ids -> logits and next state: the decoder reads the vector back out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mt.encoder import Encoded
from mt.rnn import Cell, Recurrence, State


class Decoder(nn.Module):
    """A stack of recurrent layers over the embedded target, and a readout over the vocabulary.

    The sentence vector reaches it in up to three places (Sutskever et al. 2014 use the first, Cho et
    al. 2014 all three):
    feed_start: through the `bridge`, as the state every layer starts from;
    feed_steps: as a part of the first layer's input at each step;
    feed_readout: as a part of what each output is read from.

    With `readout`, a layer tanh(W·state + V·vector + E·previous) of the embedding's size comes before
    the output matrix (deep output, Pascanu et al. 2014); without it the output is read straight off the
    state. With `tied` the output matrix is the target embedding (Press & Wolf 2017).
    """

    def __init__(
        self,
        embedding: nn.Embedding,
        *,
        vector_size: int,
        cell: Cell,
        hidden: int,
        layers: int,
        readout: bool,
        tied: bool,
        feed_start: bool,
        feed_steps: bool,
        feed_readout: bool,
        dropout_embedding: float,
        dropout_layers: float,
        dropout_output: float,
    ) -> None:
        super().__init__()
        vocab_size, width = embedding.num_embeddings, embedding.embedding_dim
        self.embedding = embedding
        self.dropout_embedding = nn.Dropout(dropout_embedding)
        self.dropout_layers = nn.Dropout(dropout_layers)
        self.dropout_output = nn.Dropout(dropout_output)
        self.feed_steps = feed_steps
        inputs = width + (vector_size if feed_steps else 0)
        self.layers = nn.ModuleList(
            Recurrence(cell, inputs if depth == 0 else hidden, hidden) for depth in range(layers)
        )
        self.state_parts = sum(layer.states for layer in self.recurrences)
        self.hidden = hidden
        self.bridge = nn.Linear(vector_size, self.state_parts * hidden) if feed_start else None
        self.readout_state = nn.Linear(hidden, width) if readout else None
        self.readout_previous = nn.Linear(width, width, bias=False) if readout else None
        self.readout_vector = nn.Linear(vector_size, width, bias=False) if feed_readout else None
        self.output = nn.Linear(width if readout else hidden, vocab_size)
        if tied:
            self.output.weight = embedding.weight
        nn.init.zeros_(self.output.bias)

    @property
    def recurrences(self) -> list[Recurrence]:
        """The layers, from the bottom up."""
        return [layer for layer in self.layers if isinstance(layer, Recurrence)]

    def start(self, encoded: Encoded) -> State:
        """The state before the first step: `state_parts` tensors of (B, H), the bottom layer's first."""
        vector = encoded.sentence_vector
        if self.bridge is None:
            return tuple(vector.new_zeros(vector.shape[0], self.hidden) for _ in range(self.state_parts))
        return tuple(torch.tanh(self.bridge(vector)).chunk(self.state_parts, dim=1))

    def forward(self, tgt_in: Tensor, encoded: Encoded) -> Tensor:
        """Teacher forcing: previous ids (B, T) -> logits (B, T, V), in one fused call a layer."""
        vector = encoded.sentence_vector.unsqueeze(1)
        previous = self.dropout_embedding(self.embedding(tgt_in))
        states = previous
        if self.feed_steps:
            states = torch.cat([previous, vector.expand(-1, tgt_in.shape[1], -1)], dim=2)
        parts = list(self.start(encoded))
        for depth, layer in enumerate(self.recurrences):
            below = states if depth == 0 else self.dropout_layers(states)
            states = layer(below, tuple(parts[: layer.states]))
            del parts[: layer.states]
        return self._read_out(self.dropout_layers(states), previous, vector)

    def step(self, previous_ids: Tensor, state: State, encoded: Encoded) -> tuple[Tensor, State]:
        """One step: previous ids (N,), state -> logits (N, V), next state. N = B × K rows.

        The K hypotheses of a sentence stand next to each other and share its row of `encoded`.
        """
        vector = encoded.sentence_vector
        beams = previous_ids.shape[0] // vector.shape[0]
        if beams > 1:
            vector = vector.repeat_interleave(beams, dim=0)
        previous = self.embedding(previous_ids)
        below = torch.cat([previous, vector], dim=1) if self.feed_steps else previous
        parts = list(state)
        following: list[Tensor] = []
        for layer in self.recurrences:
            following += layer.step(below, tuple(parts[: layer.states]))
            below = following[-layer.states]
            del parts[: layer.states]
        return self._read_out(below, previous, vector), tuple(following)

    def _read_out(self, states: Tensor, previous: Tensor, vector: Tensor) -> Tensor:
        """States (…, H), embedded previous ids (…, E) and the vector (…, D) -> logits (…, V)."""
        if self.readout_state is not None and self.readout_previous is not None:
            states = self.readout_state(states) + self.readout_previous(previous)
            if self.readout_vector is not None:
                states = states + self.readout_vector(vector)
            states = torch.tanh(states)
        return self.output(self.dropout_output(states))  # type: ignore[no-any-return]

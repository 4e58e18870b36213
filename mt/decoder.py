"""The decoder: sentence vector + previous ids -> readouts and next state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mt.attention import Attention, Memory
from mt.config import ModelConfig
from mt.encoder import Encoded
from mt.layers.dropout import Dropout, PieceDropout
from mt.layers.operators import LinearFunction
from mt.layers.prepack import Linear, Prepackable, SearchPrecision, prepack_linear
from mt.layers.recurrence import Recurrence, State, add_per_sentence


@dataclass(frozen=True)
class Prepared:
    """What all steps of B sentences need, computed once. The K hypotheses of a sentence share its row.

    gates: (B, G·H), what the sentence vector adds to the first layer's gates, or None.
    readout: (B, F), what it adds to the readout before tanh, or None.
    memory: what attention reads, or None.
    """

    gates: Tensor | None
    readout: Tensor | None
    memory: Memory | None

    def select(self, rows: Tensor) -> Prepared:
        """The sentences `rows` (N,), in that order."""
        return Prepared(
            None if self.gates is None else self.gates.index_select(0, rows),
            None if self.readout is None else self.readout.index_select(0, rows),
            None if self.memory is None else self.memory.select(rows),
        )


class Decoder(Prepackable):
    """A stack of recurrent layers over the embedded target, and a readout over the vocabulary.

    The names below are the config's. The sentence vector enters the decoder in up to three ways (Sutskever et
    al. 2014 use the first, Cho et al. 2014 all three):
    feed_start: the `bridge` maps it to the start state of every layer;
    feed_steps: it is a part of the first layer's input at each step;
    feed_readout: it is a part of the readout's input.

    attention, if given, reads the encoder's states. Its query is the top layer's output and its context feeds
    the readout (Luong et al. 2015). With `between` its query is the first layer's output and its context
    feeds the readout and all layers above (GNMT, Wu et al. 2016; RNMT+, Chen et al. 2018). Both run over
    whole sequences.

    With `readout`, a layer tanh(W·state + V·vector + C·context + E·previous) of that size comes before the
    output matrix (deep output, Pascanu et al. 2014). Without it the output matrix reads the state itself.
    With `tied` the output matrix is the target embedding (Press & Wolf 2017).
    residual: as in the encoder.
    """

    def __init__(
        self, embedding: nn.Embedding, config: ModelConfig, *, vector_size: int, memory_size: int
    ) -> None:
        super().__init__()
        vocab_size, width, hidden = embedding.num_embeddings, embedding.embedding_dim, config.decoder_hidden
        readout = (config.readout_size or width) if config.readout else 0
        self.embedding, self.hidden, self.residual = embedding, hidden, config.residual
        self.between = config.attention_position == "between"
        self.attention = (
            None
            if config.attention == "none"
            else Attention(config.attention, query_size=hidden, memory_size=memory_size)
        )
        self.dropout_pieces = PieceDropout(config.dropout_tgt_tokens)
        self.dropout_embedding = Dropout(config.dropout_embedding, locked=config.dropout_locked)
        self.dropout_layers = Dropout(config.dropout_layers, locked=config.dropout_locked)
        self.dropout_output = Dropout(config.dropout_output, locked=config.dropout_locked)
        context = memory_size if self.attention else 0
        self.layers = nn.ModuleList(
            Recurrence(
                config.cell,
                hidden + context * self.between if depth else width,
                hidden,
                constant_size=0 if depth else vector_size * config.feed_steps,
                dropout=config.dropout_recurrent,
            )
            for depth in range(config.decoder_layers)
        )
        self.state_size = sum(layer.states for layer in self.recurrences)  # tensors in a state
        self.bridge = Linear(vector_size, self.state_size * hidden) if config.feed_start else None
        # The three that change from step to step are packed as one, by `pack`.
        self.readout_state = nn.Linear(hidden, readout) if readout else None
        self.readout_previous = nn.Linear(width, readout, bias=False) if readout else None
        self.readout_vector = (
            Linear(vector_size, readout, bias=False) if readout and config.feed_readout else None
        )
        self.readout_context = nn.Linear(context, readout, bias=False) if readout and context else None
        self.output = Linear(readout or hidden, vocab_size)
        if config.tied:
            self.output.weight = embedding.weight
        nn.init.zeros_(self.output.bias)
        self.prepacked_readout: LinearFunction | None = None  # of the parts that change from step to step

    def pack(self, precision: SearchPrecision) -> None:
        """Prepack the readout's parts that change from step to step as one matrix."""
        parts = (self.readout_state, self.readout_previous, self.readout_context)
        weights = [part.weight for part in parts if part is not None]
        if self.readout_state is not None:
            self.prepacked_readout = prepack_linear(
                torch.cat(weights, dim=1), self.readout_state.bias, precision
            )

    def unpack(self) -> None:
        self.prepacked_readout = None

    @property
    def recurrences(self) -> list[Recurrence]:
        """The layers, from the bottom up."""
        return [layer for layer in self.layers if isinstance(layer, Recurrence)]

    def prepare(self, encoded: Encoded) -> Prepared:
        """What every step needs of the sentences."""
        gates = self.recurrences[0].constant_gates(encoded.sentence_vector)
        return Prepared(gates, self._readout_from_vector(encoded), self._memory(encoded))

    def vector_readout(self, encoded: Encoded) -> Tensor:
        """The readout of the sentence vector alone: (B, F). Needs feed_readout."""
        readout = self._readout_from_vector(encoded)
        assert readout is not None  # checked by Config
        return self.dropout_output(torch.tanh(readout).unsqueeze(1)).squeeze(1)  # type: ignore[no-any-return]

    def _readout_from_vector(self, encoded: Encoded) -> Tensor | None:
        return None if self.readout_vector is None else self.readout_vector(encoded.sentence_vector)

    def _memory(self, encoded: Encoded) -> Memory | None:
        if self.attention is None or encoded.memory is None:
            return None
        return self.attention.prepare(encoded.memory, encoded.src_mask)

    def start(self, encoded: Encoded) -> State:
        """The state before the first step: tensors of (B, H), the bottom layer's first."""
        vector = encoded.sentence_vector
        if self.bridge is None:
            return tuple(vector.new_zeros(len(vector), self.hidden) for _ in range(self.state_size))
        return tuple(torch.tanh(self.bridge(vector)).chunk(self.state_size, dim=1))

    def forward(self, tgt_in: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing: previous ids (B, T) -> readouts (B, T, F), attention's weights (B, T, S) or None.

        Each layer makes one fused call.
        """
        previous = self.dropout_embedding(self.dropout_pieces(self.embedding(tgt_in)))
        memory = self._memory(encoded)
        parts = list(self.start(encoded))
        below, weights = previous, None
        context: Tensor | None = None
        for depth, layer in enumerate(self.recurrences):
            inputs = below if depth == 0 else self.dropout_layers(below)
            if depth and self.between and context is not None:
                inputs = torch.cat([inputs, context], dim=2)
            constant = encoded.sentence_vector if layer.constant_size else None
            states = layer(inputs, tuple(parts[: layer.states]), constant)
            del parts[: layer.states]
            below = self._finish(depth, states, below)
            if self._attends_after(depth) and memory is not None and self.attention is not None:
                context, weights = self.attention(below, memory)
        shared = self._readout_from_vector(encoded)
        return self._read_out(self.dropout_layers(below), previous, context, shared), weights

    def step(self, previous_ids: Tensor, state: State, prepared: Prepared) -> tuple[Tensor, State]:
        """One step: previous ids (N,), state -> readouts (N, F), next state. N = B × K rows.

        The K hypotheses of a sentence stand next to each other and share its row of `prepared`.
        """
        previous = self.embedding(previous_ids)
        parts, below = list(state), previous
        following: list[Tensor] = []
        context: Tensor | None = None
        for depth, layer in enumerate(self.recurrences):
            inputs = below if depth == 0 else self.dropout_layers(below)
            if depth and self.between and context is not None:
                inputs = torch.cat([inputs, context], dim=1)
            following += layer.step(
                inputs, tuple(parts[: layer.states]), prepared.gates if depth == 0 else None
            )
            del parts[: layer.states]
            below = self._finish(depth, following[-layer.states], below)
            if self._attends_after(depth) and prepared.memory is not None and self.attention is not None:
                sentences = len(prepared.memory.bias)
                found = self.attention(below.view(sentences, -1, self.hidden), prepared.memory)
                context = found[0].flatten(0, 1)
        readouts = self._read_out(self.dropout_layers(below), previous, context, prepared.readout)
        return readouts, tuple(following)

    def _finish(self, depth: int, states: Tensor, below: Tensor) -> Tensor:
        """The layer's output, with its residual connection if there is one."""
        return states + below if self.residual and depth else states

    def _attends_after(self, depth: int) -> bool:
        return depth == (0 if self.between else len(self.layers) - 1)

    def _read_out(
        self, states: Tensor, previous: Tensor, context: Tensor | None, shared: Tensor | None
    ) -> Tensor:
        """States (…, H), embedded previous ids (…, E), contexts, the vector's part -> readouts (…, F)."""
        if self.readout_state is not None and self.readout_previous is not None:
            if self.prepacked_readout is not None:
                parts = [states, previous] if context is None else [states, previous, context]
                states = self.prepacked_readout(torch.cat(parts, dim=-1))
            else:
                states = self.readout_state(states) + self.readout_previous(previous)
                if self.readout_context is not None:
                    states = states + self.readout_context(context)
            if shared is not None:
                states = add_per_sentence(states, shared)
            states = torch.tanh(states)
        return self.dropout_output(states)  # type: ignore[no-any-return]

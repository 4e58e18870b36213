"""The encoder: source ids, or frames of sound -> sentence vector of a fixed size, by a recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mt.config import ModelConfig
from mt.layers.dropout import Dropout, PieceDropout
from mt.layers.prepack import Linear
from mt.layers.recurrence import Recurrence, reverse_by_length

if TYPE_CHECKING:
    from mt.speech.front_end import FrontEnd


@dataclass(frozen=True)
class Encoded:
    """What the decoder gets of the source.

    sentence_vector: (B, D); D does not depend on the sentence's length.
    src_mask: (B, S), True where there is a token, False in padding.
    memory: (B, S, M), what attention reads at each source position; None in a fixed-vector model.
    """

    sentence_vector: Tensor
    src_mask: Tensor
    memory: Tensor | None = None


class Heads(nn.Module):
    """Attentive pooling (Lin et al. 2017, a structured self-attentive sentence embedding).

    Each head is a weighted mean of the states. Its weights are a softmax over positions of W₂·tanh(W₁·h). The
    result has the same size for any length.
    """

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.inner = Linear(size, size // 2)
        self.outer = Linear(size // 2, heads)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States (B, S, H) and where there are tokens (B, S) -> (B, heads·H)."""
        scores = self.outer(torch.tanh(self.inner(states))).float()
        weights = torch.softmax(scores.masked_fill(~mask.unsqueeze(2), float("-inf")), dim=1)
        return torch.bmm(weights.to(states.dtype).transpose(1, 2), states).flatten(1)


def _layers(config: ModelConfig, widths: Sequence[int]) -> nn.ModuleList:
    """One layer for each input width, from the bottom up."""
    return nn.ModuleList(
        Recurrence(config.cell, width, config.encoder_hidden, dropout=config.dropout_recurrent)
        for width in widths
    )


class Encoder(nn.Module):
    """A stack of recurrent layers over the embedded source, pooled into the sentence vector.

    Of the config it reads:
    bidirectional: every layer also reads from right to left. The states of both directions are concatenated
        (Schuster & Paliwal 1997), so H is 2 × hidden.
    reverse_source: read the sentence from its end (Sutskever et al. 2014). The vector then remembers the
        sentence's beginning best, and the decoder starts with the beginning.
    pooling: how the top layer's states become the vector: the `last` state, their `mean`, their `max`,
        `attentive` pooling (`Heads`), or a concatenation of several. The vector never depends on padding or
        on the other sentences of a batch.
    vector_size: D. The pooled states go through a tanh layer of that size; None leaves them unchanged.
    residual: add each layer's input to its output, from the second layer on (He et al. 2016). Deep stacks
        such as GNMT's need it.
    attention: whether to return the states too, in the order of the source. attend_embedding: concatenate the
        piece's embedding to each state (Gehring et al. 2017 add it to the output of their convolutions).
    """

    def __init__(
        self, embedding: nn.Embedding | FrontEnd, config: ModelConfig, *, keep_states: bool = False
    ) -> None:
        """embedding: nn.Embedding of pieces, or the front end of sound. keep_states: return them without
        attention too.
        """
        super().__init__()
        self.embedding = embedding
        self.reverse_source, self.pooling = config.reverse_source, config.pooling
        self.residual = config.residual
        self.attended = config.attention != "none" or keep_states
        self.attend_embedding = config.attend_embedding
        self.dropout_pieces = PieceDropout(config.dropout_src_tokens)
        self.dropout_embedding = Dropout(config.dropout_embedding, locked=config.dropout_locked)
        self.dropout_layers = Dropout(config.dropout_layers, locked=config.dropout_locked)
        size, self.memory_size = config.encoder_state_size, config.memory_size
        widths = [embedding.embedding_dim] + [size] * (config.encoder_layers - 1)
        self.forwards = _layers(config, widths)
        self.backwards = _layers(config, widths if config.bidirectional else [])
        self.heads = Heads(size, config.pooling_heads) if "attentive" in self.pooling else None
        means = len(self.pooling) + (config.pooling_heads - 1 if self.heads else 0)
        self.vector_size = config.vector_size or size * means
        self.projection = Linear(size * means, config.vector_size) if config.vector_size else None

    def forward(self, src: Tensor, src_lengths: Tensor) -> Encoded:
        """Source ids (B, S) or frames (B, S, M), padded at the right, and their lengths (B,) -> `Encoded`."""
        if src.is_floating_point():
            embedded, src_lengths = self.embedding(src, src_lengths)
            if self.reverse_source:
                embedded = reverse_by_length(embedded, src_lengths)
            embedded = self.dropout_embedding(embedded)
        else:
            embedded = self.embed(reverse_by_length(src, src_lengths) if self.reverse_source else src)
        return self.pool_states(embedded, self.read(embedded, src_lengths), src_lengths)

    def embed(self, src: Tensor) -> Tensor:
        """Ids (B, S) in reading order -> what the recurrence reads (B, S, E)."""
        return self.dropout_embedding(self.dropout_pieces(self.embedding(src)))  # type: ignore[no-any-return]

    def read(self, embedded: Tensor, src_lengths: Tensor) -> Tensor:
        """Embedded pieces (B, S, E) -> the top layer's state after each piece (B, S, H)."""
        states = embedded
        for depth, forwards in enumerate(self.forwards):
            below = states if depth == 0 else self.dropout_layers(states)
            states = forwards(below)
            if self.backwards:
                mirrored = self.backwards[depth](reverse_by_length(below, src_lengths))
                states = torch.cat([states, reverse_by_length(mirrored, src_lengths)], dim=2)
            if self.residual and depth > 0:
                states = states + below
        return self.dropout_layers(states)  # type: ignore[no-any-return]

    def pool_states(self, embedded: Tensor, states: Tensor, src_lengths: Tensor) -> Encoded:
        """Embedded pieces (B, S, E) and the top layer's states (B, S, H) in reading order -> `Encoded`."""
        src_mask = torch.arange(states.shape[1], device=states.device) < src_lengths.unsqueeze(1)
        memory = None
        if self.attended:
            memory = torch.cat([states, embedded], dim=2) if self.attend_embedding else states
            if self.reverse_source:
                memory = reverse_by_length(memory, src_lengths)
        return Encoded(self.sentence_vector(states, src_mask, src_lengths), src_mask, memory)

    def sentence_vector(self, states: Tensor, src_mask: Tensor, src_lengths: Tensor) -> Tensor:
        """The top layer's states (B, S, H) in reading order and their mask (B, S) -> the vectors (B, D)."""
        pooled = torch.cat([self._pool(how, states, src_mask, src_lengths) for how in self.pooling], dim=1)
        return pooled if self.projection is None else torch.tanh(self.projection(pooled))

    def _pool(self, how: str, states: Tensor, src_mask: Tensor, src_lengths: Tensor) -> Tensor:
        """States (B, S, H) -> (B, H), or (B, heads·H) for several heads. Padding has no weight."""
        if how == "last":
            return self._last(states, src_lengths)
        if how == "attentive" and self.heads is not None:
            return self.heads(states, src_mask)  # type: ignore[no-any-return]
        mask = src_mask.unsqueeze(2)
        if how == "mean":
            return (states * mask).sum(dim=1) / src_lengths.unsqueeze(1)
        return states.masked_fill(~mask, float("-inf")).amax(dim=1)

    def _last(self, states: Tensor, src_lengths: Tensor) -> Tensor:
        """The final state of each direction: at the last token left to right, at the first right to left."""
        end = (src_lengths - 1).view(-1, 1, 1).expand(-1, 1, states.shape[2])
        last = states.gather(1, end).squeeze(1)
        if not self.backwards:
            return last
        half = states.shape[2] // 2
        return torch.cat([last[:, :half], states[:, 0, half:]], dim=1)

"""Settings of the model."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from mt.config.fields import Positive, Probability, Section


class ModelConfig(Section):
    """Model."""

    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Recurrent cell: rnn (h' = tanh(W·x + b + U·h + B)), gru or lstm"""
    embedding: Positive = 256
    """Size of the embeddings"""
    encoder_hidden: Positive = 512
    """Size of the encoder's hidden state, in each direction"""
    encoder_layers: Positive = 1
    """Recurrent layers in the encoder"""
    bidirectional: bool = True
    """Read the source in both directions"""
    reverse_source: bool = False
    """Read the source from its end (Sutskever et al. 2014)"""
    pooling: tuple[Literal["last", "mean", "max", "attentive"], ...] = ("last",)
    """How encoder states become the sentence vector: the last state, their mean, their maximum, or
    attentive (weighted means with learned weights). Several are concatenated"""
    pooling_heads: Positive = 4
    """Number of weighted means in attentive pooling (Lin et al. 2017)"""
    vector_size: Positive | None = None
    """Size of the sentence vector, projected by a tanh layer. If unset, the pooled states are not
    projected"""
    decoder_hidden: Positive = 512
    """Size of the decoder's hidden state"""
    decoder_layers: Positive = 1
    """Recurrent layers in the decoder"""
    attention: Literal["none", "dot", "general", "mlp"] = "none"
    """Attention over the encoder states; none leaves the decoder only the sentence vector"""
    attention_position: Literal["after", "between"] = "after"
    """Which decoder layer queries attention: the last, or the first, whose context then feeds the layers
    above"""
    attend_embedding: bool = False
    """Attend to each source token's embedding as well as to its encoder state"""
    feed_start: bool = True
    """Initialise the decoder from the sentence vector"""
    feed_steps: bool = True
    """Give the decoder the sentence vector as input at each step (Cho et al. 2014)"""
    feed_readout: bool = True
    """Give the readout layer the sentence vector; needs --readout"""
    readout: bool = True
    """A tanh layer between the decoder state and the output, which also sees the previous token"""
    readout_size: Positive | None = None
    """Size of the readout layer. If unset, that of the embeddings"""
    tied: bool = True
    """Share one matrix between target embedding and output. Without readout --embedding and
    --decoder-hidden must be equal"""
    residual: bool = False
    """Residual connections, from the second layer on"""
    dropout_embedding: Probability = 0.2
    """Dropout of embeddings"""
    dropout_layers: Probability = 0.2
    """Dropout of the outputs of recurrent layers"""
    dropout_output: Probability = 0.2
    """Dropout before the output matrix"""
    dropout_recurrent: Probability = 0.0
    """Dropout of the recurrent weights U, one mask for each batch (Merity et al. 2018)"""
    dropout_locked: bool = False
    """One dropout mask for all steps of a sentence (Gal & Ghahramani 2016)"""
    dropout_src_tokens: Probability = 0.0
    """Word dropout: proportion of source tokens that are dropped"""
    dropout_tgt_tokens: Probability = 0.0
    """Word dropout: proportion of previous target tokens that are dropped"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        width = (self.readout_size or self.embedding) if self.readout else self.decoder_hidden
        if self.tied and width != self.embedding:
            raise ValueError(
                "`tied` needs embeddings and an output layer of one size: give `embedding` the value of "
                f"`{'readout_size' if self.readout else 'decoder_hidden'}`"
            )
        if self.feed_readout and not self.readout:
            raise ValueError("`feed_readout` needs `readout`")
        if self.attention == "none" and not (self.feed_start or self.feed_steps or self.feed_readout):
            raise ValueError(
                "the decoder needs the sentence vector: turn on `feed_start`, `feed_steps` or `feed_readout`"
            )
        if not self.pooling or len(set(self.pooling)) != len(self.pooling):
            raise ValueError("`pooling` names one or more of last, mean, max, attentive, each once")
        if self.attention != "none":
            self._attention_fits()
        elif self.attend_embedding:
            raise ValueError(
                "`attend_embedding` needs attention: choose a kind by `attention`, or leave it out"
            )
        elif self.attention_position == "between":
            raise ValueError('`attention_position = "between"` needs attention: choose a kind by `attention`')
        return self

    @property
    def encoder_state_size(self) -> int:
        """Size of a state of the encoder, of both directions where there are two."""
        return self.encoder_hidden * (2 if self.bidirectional else 1)

    @property
    def memory_size(self) -> int:
        """Size of what attention sees of a source token."""
        return self.encoder_state_size + self.embedding * self.attend_embedding

    def _attention_fits(self) -> None:
        if self.attention == "dot" and self.memory_size != self.decoder_hidden:
            raise ValueError(
                f"dot attention needs `decoder_hidden = {self.memory_size}`, the size of what it attends to; "
                "general attention does not"
            )
        if self.attention_position == "between" and self.decoder_layers == 1:
            raise ValueError("attention between layers needs `decoder_layers = 2` or more")
        if not self.readout and self.attention_position == "after":
            raise ValueError("attention after the decoder needs `readout`")

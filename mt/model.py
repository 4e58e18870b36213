"""The sequence-to-sequence model, encoder and decoder, and the function that builds it.

Legend of shapes, everywhere in this package:
B batch · S source length · T target length · E embedding · H hidden · D sentence vector · L layers ·
K beam · V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import torch
from torch import Tensor, nn

from mt.config import Config, ModelConfig
from mt.config.speech import SpeechConfig
from mt.data.batches import Batch
from mt.decoder import Decoder, Prepared
from mt.encoder import Encoded, Encoder
from mt.layers.loss import Targets, cross_entropy
from mt.layers.recurrence import State
from mt.tokenizer import Tokenizer


class Seq2Seq(nn.Module):
    """An encoder that compresses the source into one vector, and a decoder that generates the target from it.

    Training calls `encode` and `decode`. Search calls `encode`, `start`, and `step` once for each piece.
    The decoder's state is an argument and a result; the model keeps none.
    """

    def __init__(self, encoder: Encoder, decoder: Decoder, ctc: nn.Linear | None = None) -> None:
        """ctc: reads pieces from the encoder's states, which it then learns from too."""
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.ctc = ctc

    def forward(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        """Ids (B, S), lengths (B,), previous ids (B, T) -> logits (B, T, V)."""
        return self.decode(tgt_in, self.encode(src, src_lengths))

    def encode(self, src: Tensor, src_lengths: Tensor) -> Encoded:
        """Ids (B, S), padded at the right, and lengths (B,) -> `Encoded`: sentence vectors, mask, memory."""
        return self.encoder(src, src_lengths)  # type: ignore[no-any-return]

    @property
    def attends(self) -> bool:
        """Whether the model has attention, so that `align` returns weights."""
        return self.decoder.attention is not None

    def nll(self, batch: Batch) -> Tensor:
        """The summed negative log-likelihood of a batch's targets, in nats. Padding counts for nothing."""
        readouts = self.readouts(batch.tgt_in, self.encode(batch.src, batch.src_lengths))
        return cross_entropy(self.decoder.output, readouts, Targets(batch.tgt_out, Tokenizer.pad_id)).nll

    def predict(self, batch: Batch) -> Tensor:
        """The log-probabilities (B, T, V) at each step of a batch's targets."""
        return self.log_probs(self.readouts(batch.tgt_in, self.encode(batch.src, batch.src_lengths)))

    def log_probs(self, readouts: Tensor) -> Tensor:
        """Readouts (…, F) -> log-probabilities (…, V), in fp32."""
        return torch.log_softmax(self.decoder.output(readouts).float(), dim=-1)

    def decode(self, tgt_in: Tensor, encoded: Encoded) -> Tensor:
        """Teacher forcing: previous ids (B, T) -> logits (B, T, V)."""
        return self.decoder.output(self.readouts(tgt_in, encoded))  # type: ignore[no-any-return]

    def readouts(self, tgt_in: Tensor, encoded: Encoded) -> Tensor:
        """What `decode` computes before the output matrix: (B, T, F), V / F times smaller than logits."""
        return self.decoder(tgt_in, encoded)[0]  # type: ignore[no-any-return]

    def align(self, tgt_in: Tensor, encoded: Encoded) -> Tensor | None:
        """Attention weights of each step over the source positions: (B, T, S); None without attention."""
        return self.decoder(tgt_in, encoded)[1]  # type: ignore[no-any-return]

    def start(self, encoded: Encoded) -> State:
        """The decoder's state before the first step: tensors of (B, H)."""
        return self.decoder.start(encoded)

    def prepare(self, encoded: Encoded) -> Prepared:
        """What all steps of these sentences need, computed once."""
        return self.decoder.prepare(encoded)

    def step(self, previous_ids: Tensor, state: State, prepared: Prepared) -> tuple[Tensor, State]:
        """One step for search: previous ids (B·K,) -> log-probabilities (B·K, V), next state."""
        readouts, state = self.decoder.step(previous_ids, state, prepared)
        return self.log_probs(readouts), state


def nll_of(log_probs: Tensor, tgt_out: Tensor) -> Tensor:
    """The sum of `Seq2Seq.nll`, from log-probabilities (B, T, V) of targets (B, T)."""
    of_targets = log_probs.gather(2, tgt_out.unsqueeze(2)).squeeze(2)
    return -of_targets.masked_fill(tgt_out == Tokenizer.pad_id, 0).sum()


def fingerprint(models: Iterable[nn.Module]) -> str:
    """A hex digest of all weights of the models, in their order."""
    digest = blake2b(digest_size=16)
    for model in models:
        for name, weights in model.named_parameters():
            digest.update(name.encode())
            digest.update(weights.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def build_model(
    config: ModelConfig,
    *,
    src_vocab: int,
    tgt_vocab: int,
    shared: bool,
    pad_id: int,
    speech: SpeechConfig | None = None,
) -> Seq2Seq:
    """Build an untrained model. Its sizes come from the config and the tokenizers' vocabularies only.

    With a `shared` vocabulary source and target use one embedding matrix. With `speech` the source is frames.
    """
    tgt_embedding = _embedding(tgt_vocab, config.embedding, pad_id)
    if speech is not None:
        from mt.speech.front_end import FrontEnd  # only where there is sound

        encoder = Encoder(FrontEnd(speech.mel_bands, config.embedding), config, keep_states=speech.ctc > 0)
    else:
        encoder = Encoder(
            tgt_embedding if shared else _embedding(src_vocab, config.embedding, pad_id), config
        )
    decoder = Decoder(tgt_embedding, config, vector_size=encoder.vector_size, memory_size=encoder.memory_size)
    ctc = nn.Linear(encoder.memory_size, tgt_vocab) if speech is not None and speech.ctc else None
    return Seq2Seq(encoder, decoder, ctc)


def build(config: Config, src: Tokenizer, tgt: Tokenizer) -> Seq2Seq:
    """The untrained model of a config and its tokenizers."""
    return build_model(
        config.model,
        src_vocab=src.vocab_size,
        tgt_vocab=tgt.vocab_size,
        shared=config.one_vocabulary,
        pad_id=Tokenizer.pad_id,
        speech=config.speech if config.speech.sound else None,
    )


def _embedding(vocab_size: int, size: int, pad_id: int) -> nn.Embedding:
    embedding = nn.Embedding(vocab_size, size, padding_idx=pad_id)
    nn.init.normal_(embedding.weight, std=size**-0.5)
    with torch.no_grad():
        embedding.weight[pad_id].zero_()
    return embedding

"""What a batch is learned from: cross-entropy, and what the settings and the kind of model add to it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mt.config import TrainingConfig
from mt.data.batches import Batch
from mt.layers.loss import Targets, bag_of_words, cross_entropy
from mt.model import Seq2Seq
from mt.speech.ctc import ctc_loss
from mt.tokenizer import Tokenizer
from mt.training.guide import Guide


@dataclass(frozen=True)
class Losses:
    """ctc: the weight of CTC's loss, of a model that has it. guide: what attention also learns from."""

    training: TrainingConfig
    ctc: float = 0.0
    guide: Guide | None = None

    def of(self, model: Seq2Seq, batch: Batch, step: int) -> tuple[Tensor, Tensor]:
        """The loss of a batch, with a gradient, and its nll, both sums over the target pieces."""
        training, decoder = self.training, model.decoder
        encoded = model.encode(batch.src, batch.src_lengths)
        readouts, weights = decoder(batch.tgt_in, encoded)
        targets = Targets(
            batch.tgt_out,
            Tokenizer.pad_id,
            training.label_smoothing,
            batch.expected,
            training.distillation_weight,
        )
        loss, nll = cross_entropy(decoder.output, readouts, targets)
        if training.bag_of_words:
            counted = (batch.tgt_out != Tokenizer.pad_id) & (batch.tgt_out != Tokenizer.eos_id)
            bag = bag_of_words(decoder.output, decoder.vector_readout(encoded), batch.tgt_out, counted)
            loss = loss + training.bag_of_words * bag
        if self.guide is not None and (guided := self.guide.weight(step)):
            loss = loss + guided * self.guide.loss(batch, weights)
        if model.ctc is not None and encoded.memory is not None:
            of_ctc = ctc_loss(model.ctc, encoded.memory, encoded.src_mask, batch.tgt_out)
            loss = (1 - self.ctc) * loss + self.ctc * of_ctc
        return loss, nll

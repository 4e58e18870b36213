"""CTC (Graves et al. 2006): the encoder's states read out piece by piece, with blanks between."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mt.tokenizer import Tokenizer

BLANK = Tokenizer.pad_id
"""The id that stands for no piece: padding, which is never output."""


def ctc_loss(output: nn.Linear, memory: Tensor, src_mask: Tensor, tgt_out: Tensor) -> Tensor:
    """The summed negative log-likelihood, in nats, of pieces (B, T) under the states (B, S, H) of the
    encoder.

    tgt_out ends in eos, which is not a piece here. A text with more pieces than the recording has steps
    counts for nothing.
    """
    log_probs = torch.log_softmax(output(memory).float(), dim=2).transpose(0, 1)
    pieces = tgt_out.masked_fill(tgt_out == Tokenizer.eos_id, Tokenizer.pad_id)
    lengths = (pieces != Tokenizer.pad_id).sum(dim=1)
    return nn.functional.ctc_loss(
        log_probs, pieces, src_mask.sum(dim=1), lengths, blank=BLANK, reduction="sum", zero_infinity=True
    )

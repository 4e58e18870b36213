"""One update of the weights: gradients of a step's batches, clipped, and Adam (Kingma & Ba 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mt.config import TrainingConfig
from mt.data.batches import Batch
from mt.device import autocast
from mt.heap import keep_memory
from mt.model import Seq2Seq
from mt.tokenizer import Tokenizer
from mt.training.averaging import MovingAverage
from mt.training.gradients import GradientSum
from mt.training.losses import Losses
from mt.training.outcome import Outcome
from mt.training.ranks import Ranks
from mt.training.skipping import step_unless

BETAS = (0.9, 0.98)
"""Adam's decay rates, those of Vaswani et al. (2017)."""


class Updater:
    """Changes the weights of a model, in all ranks alike.

    Everything random in an update is drawn from (seed, step, a batch's position in the step).
    """

    def __init__(
        self,
        model: Seq2Seq,
        training: TrainingConfig,
        device: torch.device,
        precision: str,
        ranks: Ranks | None = None,
        losses: Losses | None = None,
    ) -> None:
        """precision: fp32 or bf16, of the products. losses: by default those of the settings alone."""
        keep_memory()
        self.losses = losses or Losses(training)
        self.model, self.training = model, training
        self.device, self.precision = device, precision
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(model, training.weight_decay),
            lr=training.learning_rate,
            betas=BETAS,
            fused=True,
        )
        decay = training.average_decay
        self.average = MovingAverage(model, decay) if decay else None
        self.gradients = None
        if ranks and ranks.count > 1:
            exchanged = torch.bfloat16 if training.exchange_precision == "bf16" else torch.float32
            self.gradients = GradientSum(model, ranks, exchanged)

    @property
    def best_model(self) -> Seq2Seq:
        """What is validated and kept: the model, or its moving average."""
        return self.model if self.average is None else self.average.model

    @property
    def models(self) -> dict[str, Seq2Seq]:
        """All weights that resuming needs, by name."""
        return {"model": self.model} | ({"average": self.average.model} if self.average else {})

    def update(
        self,
        batches: Sequence[Batch],
        *,
        step: int,
        learning_rate: float,
        positions: Sequence[int] | None = None,
        tokens: int | None = None,
    ) -> Outcome:
        """Update by the mean gradient over the target tokens of all batches; not if it is not finite.

        With several ranks `batches` are this one's, `positions` theirs in the step, and `tokens` those of the
        whole step.
        """
        if tokens is None:
            tokens = sum(int((batch.tgt_out != Tokenizer.pad_id).sum()) for batch in batches)
        nll = self._add_gradients(batches, positions or range(len(batches)), step, tokens)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.training.clip_norm)
        skipped = ~torch.isfinite(norm + nll)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        step_unless(self.optimizer, skipped)
        if self.average is not None:
            self.average.update(step)
        return Outcome(step, tokens, nll, skipped)

    def _add_gradients(
        self, batches: Sequence[Batch], positions: Sequence[int], step: int, tokens: int
    ) -> Tensor:
        """Gradients of a step of so many tokens, of all ranks' batches; returns the step's nll."""
        if self.gradients is None:
            self.optimizer.zero_grad()
        else:
            self.gradients.begin()
        nll = torch.zeros((), device=self.device)
        for batch, position in zip(batches, positions, strict=True):
            self._seed(step, position)
            with autocast(self.device, self.precision):
                loss, of_batch = self.losses.of(self.model, batch.to(self.device), step)
            nll = nll + of_batch
            if self.gradients is not None and position == positions[-1]:
                self.gradients.send(nll)
            (loss / tokens).backward()  # type: ignore[no-untyped-call]
        return nll if self.gradients is None else self.gradients.finish()

    def _seed(self, step: int, position: int) -> None:
        """Let dropout be that of a batch, whoever computes it."""
        state = np.random.SeedSequence([self.training.seed, step, position]).generate_state(1, np.uint64)
        torch.manual_seed(int(state[0] >> np.uint64(1)))


def _parameter_groups(model: Seq2Seq, weight_decay: float) -> list[dict[str, Any]]:
    """What is learned: matrices, which decay, and vectors (biases, attention's v), which do not."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in learned if parameter.dim() > 1]
    vectors = [parameter for parameter in learned if parameter.dim() == 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]

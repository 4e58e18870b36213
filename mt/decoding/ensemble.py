"""Several models that translate as one: at each step the mean of their log-probabilities decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mt.data.batches import Batch
from mt.decoder import Prepared
from mt.encoder import Encoded
from mt.layers.recurrence import State
from mt.model import Seq2Seq, nll_of


@dataclass(frozen=True)
class JointlyPrepared:
    """What all steps of a batch need, for each model."""

    parts: tuple[Prepared, ...]

    def select(self, rows: Tensor) -> JointlyPrepared:
        """The sentences `rows` (N,), in that order."""
        return JointlyPrepared(tuple(part.select(rows) for part in self.parts))


class Ensemble(nn.Module):
    """Models with the same pieces, whatever their shapes, with the verbs of `Seq2Seq` that are used of it.

    Search averages log-probabilities, so that a translation's is the mean of what each model gives it.
    `predict` and `nll` have to come from a distribution, and average the probabilities themselves.
    """

    def __init__(self, models: Sequence[Seq2Seq]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)

    @property
    def members(self) -> list[Seq2Seq]:
        """The models."""
        return [model for model in self.models if isinstance(model, Seq2Seq)]

    @property
    def attends(self) -> bool:
        """Whether any of them can tell where it looked."""
        return any(model.attends for model in self.members)

    def encode(self, src: Tensor, src_lengths: Tensor) -> tuple[Encoded, ...]:
        """As `Seq2Seq.encode`, of each model."""
        return tuple(model.encode(src, src_lengths) for model in self.members)

    def start(self, encoded: tuple[Encoded, ...]) -> State:
        """All models' states, one after the other."""
        return sum((model.start(part) for model, part in self._with(encoded)), start=())

    def prepare(self, encoded: tuple[Encoded, ...]) -> JointlyPrepared:
        """As `Seq2Seq.prepare`, of each model."""
        return JointlyPrepared(tuple(model.prepare(part) for model, part in self._with(encoded)))

    def step(self, previous_ids: Tensor, state: State, prepared: JointlyPrepared) -> tuple[Tensor, State]:
        """Previous ids (N,) -> the mean of the log-probabilities (N, V), next state."""
        found: list[Tensor] = []
        following: list[Tensor] = []
        at = 0
        for model, part in zip(self.members, prepared.parts, strict=True):
            own = state[at : at + model.decoder.state_size]
            at += len(own)
            log_probs, after = model.step(previous_ids, own, part)
            found.append(log_probs)
            following += after
        return torch.stack(found).mean(dim=0), tuple(following)

    def predict(self, batch: Batch) -> Tensor:
        """The log of the mean probabilities at each step of a batch's targets (B, T, V)."""
        found = [model.predict(batch) for model in self.members]
        return torch.logsumexp(torch.stack(found), dim=0).sub_(math.log(len(found)))

    def nll(self, batch: Batch) -> Tensor:
        """As `Seq2Seq.nll`, under the mean of the probabilities."""
        return nll_of(self.predict(batch), batch.tgt_out)

    def align(self, tgt_in: Tensor, encoded: tuple[Encoded, ...]) -> Tensor | None:
        """The mean of the weights (B, T, S) of those that have attention; None if none has."""
        weights = [model.align(tgt_in, part) for model, part in self._with(encoded)]
        found = [part for part in weights if part is not None]
        return torch.stack(found).mean(dim=0) if found else None

    def _with(self, encoded: tuple[Encoded, ...]) -> list[tuple[Seq2Seq, Encoded]]:
        return list(zip(self.members, encoded, strict=True))

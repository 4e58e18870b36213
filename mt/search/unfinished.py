"""The loop over steps that greedy and beam search share: sentences leave a batch when their search ends."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.decoding.constraints import Constraint
from mt.layers.recurrence import State
from mt.search.hypothesis import EOS, Hypothesis, Model

NEVER = slice(0, EOS)  # pad, unk and bos are never output
GPU_STEPS = 8  # steps between checks of what has ended: a check makes the GPU wait


class Unfinished:
    """The sentences of a batch whose search has not ended.

    previous (N,), history (N, t): the last and all pieces of the N hypotheses.
    """

    previous: Tensor
    history: Tensor

    def __init__(
        self,
        model: Model,
        encoded: Any,
        limit: Tensor,
        config: SearchConfig,
        constraint: Constraint | None = None,
    ) -> None:
        self.model, self.config, self.limit, self.constraint = model, config, limit, constraint
        self.state, self.prepared = model.start(encoded), model.prepare(encoded)
        self.alive = torch.arange(len(limit), device=limit.device)
        self.found: list[list[Hypothesis]] = [[] for _ in range(len(limit))]
        self._begin()

    def run(self) -> list[list[Hypothesis]]:
        """Search to the end -> the hypotheses of each sentence, in no order."""
        last = int(self.limit.max())
        for step in range(1, last + 1):
            self.advance(step)
            if rows := leaving(self.ended(), step, last):
                self.collect()
                if len(rows) == len(self.alive):
                    break
                self.drop()
        return self.found

    def _next(self) -> Tensor:
        """Do one step of the model -> log-probabilities (N, V) of the next pieces, -inf where forbidden."""
        log_probs, self.state = self.model.step(self.previous, self.state, self.prepared)
        log_probs[:, NEVER] = float("-inf")
        if self.constraint is not None:
            self.constraint.mask(log_probs, self.history)
        if self.config.no_repeat_ngram:
            forbid_repeats(log_probs, self.history, self.config.no_repeat_ngram)
        return log_probs

    def _begin(self) -> None:
        """Set what is known before the first step."""
        raise NotImplementedError

    def advance(self, step: int) -> None:
        """Do one step."""
        raise NotImplementedError

    def ended(self) -> Tensor:
        """Which sentences are done (R,)."""
        raise NotImplementedError

    def collect(self) -> None:
        """Turn what has ended into hypotheses. Only here must a GPU wait."""
        raise NotImplementedError

    def drop(self) -> None:
        """Remove the sentences that are done from the batch."""
        raise NotImplementedError


def leaving(done: Tensor, step: int, last: int) -> list[int]:
    """The rows that are done (B,), if they are a quarter of all or more, else none.

    Dropping rows copies the others. On a GPU the rows are checked at every `GPU_STEPS`-th step only.
    """
    if done.device.type != "cpu" and step % GPU_STEPS and step < last:
        return []
    rows: list[int] = done.nonzero().flatten().tolist()
    return rows if 4 * len(rows) >= len(done) else []


def select(state: State, rows: Tensor) -> State:
    """The state of these rows."""
    return tuple(part.index_select(0, rows) for part in state)


def forbid_repeats(log_probs: Tensor, history: Tensor, size: int) -> None:
    """Set log_probs (N, V) of pieces that would repeat `size` pieces of the history (N, t) to -inf."""
    if history.shape[1] < size:
        return
    windows = history.unfold(1, size, 1)
    tail = history[:, history.shape[1] - size + 1 :].unsqueeze(1)
    repeats = (windows[:, :, :-1] == tail).all(dim=2)
    penalties = torch.zeros_like(repeats, dtype=log_probs.dtype).masked_fill_(repeats, float("-inf"))
    log_probs.scatter_add_(1, windows[:, :, -1], penalties)

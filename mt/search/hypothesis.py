"""What search asks of a model, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from mt.layers.recurrence import State
from mt.tokenizer import Tokenizer

PAD, UNK, BOS, EOS = Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id, Tokenizer.eos_id


class Model(Protocol):
    """What search needs of `Seq2Seq` or `Ensemble`. Search does not look into what `encode` returns.

    State is a tuple of (N, ·) tensors. What `prepare` returns has `select`, as `decoder.Prepared` has.
    """

    @property
    def training(self) -> bool: ...
    def train(self, mode: bool = True) -> Any: ...
    def encode(self, src: Tensor, src_lengths: Tensor) -> Any: ...
    def start(self, encoded: Any) -> State: ...
    def prepare(self, encoded: Any) -> Any: ...
    def step(self, previous_ids: Tensor, state: State, prepared: Any) -> tuple[Tensor, State]: ...


@dataclass(frozen=True)
class Hypothesis:
    """A translation found by search.

    ids: without bos and eos. log_prob: natural log-probability of the ids, eos included; with CTC beside the
    decoder the weighted sum of both. steps: pieces, eos included. score: log_prob after length
    normalisation. Hypotheses are ranked by it.
    """

    ids: tuple[int, ...]
    log_prob: float
    steps: int
    score: float

    @classmethod
    def of(cls, ids: list[int], log_prob: float, steps: int, alpha: float) -> Hypothesis:
        """With the score after length normalisation by `alpha`."""
        return cls(tuple(ids), log_prob, steps, log_prob / length_norm(steps, alpha))


def length_norm(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, of GNMT (Wu et al. 2016, equation 14); length counts eos."""
    return float(((5 + length) / 6) ** alpha)

"""Joint search of sound by the decoder and by CTC (Watanabe et al. 2017).

The decoder alone ends too early now and then: a short text has few factors. CTC has to explain each step of
the encoder, so it knows what has not been written yet.

Shapes: N = B·K hypotheses, S steps of the encoder, V pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mt.decoding.ensemble import Ensemble
from mt.layers.recurrence import State
from mt.model import Seq2Seq
from mt.speech.ctc import BLANK
from mt.tokenizer import Tokenizer

CTC_WEIGHT = 0.3  # as measured (docs/speech.md)
NEVER = -1e30
"""The logarithm of no probability: -inf would make differences that are no numbers."""
WORST = -1e4
"""What a piece costs at most. So a text that is too long for CTC is still ordered by the decoder."""


@dataclass(frozen=True)
class JointEncoded:
    """Recordings that were read: what the model returns, and CTC's log-probabilities (B, S, V), fp64."""

    own: Any
    emissions: Tensor


@dataclass(frozen=True)
class JointPrepared:
    """What all steps need: what the model itself prepares, and CTC's log-probabilities (B, S, V), fp64."""

    own: Any
    emissions: Tensor

    def select(self, rows: Tensor) -> JointPrepared:
        """The recordings `rows` (N,), in that order."""
        return JointPrepared(self.own.select(rows), self.emissions.index_select(0, rows))


class JointModel:
    """A model of sound as search sees it, whose steps add up (1 - weight) · decoder + weight · CTC.

    The state holds the model's own, then the `Prefixes` of the hypotheses.
    """

    def __init__(self, model: Seq2Seq | Ensemble, weight: float) -> None:
        self.model, self.weight = model, weight

    @property
    def training(self) -> bool:
        """Whether the model has dropout on."""
        return self.model.training

    def train(self, mode: bool = True) -> None:
        """As of nn.Module."""
        self.model.train(mode)

    def encode(self, src: Tensor, src_lengths: Tensor) -> JointEncoded:
        """Read recordings, by the model and by CTC."""
        own = self.model.encode(src, src_lengths)
        return JointEncoded(own, emissions(self.model, own))

    def start(self, encoded: JointEncoded) -> State:
        """The model's own state, and that of the empty prefix."""
        return (*self.model.start(encoded.own), *start_prefixes(encoded.emissions))

    def prepare(self, encoded: JointEncoded) -> JointPrepared:
        """What all steps of these recordings need."""
        return JointPrepared(self.model.prepare(encoded.own), encoded.emissions)

    def step(self, previous_ids: Tensor, state: State, prepared: JointPrepared) -> tuple[Tensor, State]:
        """Previous ids (N,) -> scores (N, V) of the next pieces, next state."""
        *own, paths, last = state
        log_probs, after = self.model.step(previous_ids, tuple(own), prepared.own)
        paths, before = extend(paths, last, previous_ids, prepared.emissions)
        of_ctc = continuations(paths, previous_ids, prepared.emissions) - before.unsqueeze(1)
        of_ctc = of_ctc.clamp(min=WORST).to(log_probs.dtype)
        scores = (1 - self.weight) * log_probs + self.weight * of_ctc
        return scores, (*after, paths, previous_ids)


def emissions(model: Seq2Seq | Ensemble, encoded: Any) -> Tensor:
    """CTC's log-probabilities (B, S, V) of the pieces at each step, the mean of several models'.

    Padding is certainly blank, so that it changes nothing.
    """
    members = model.members if isinstance(model, Ensemble) else [model]
    parts = encoded if isinstance(model, Ensemble) else (encoded,)
    found = [
        torch.log_softmax(member.ctc(part.memory).double(), dim=2)
        for member, part in zip(members, parts, strict=True)
        if member.ctc is not None
    ]
    mean = torch.stack(found).mean(dim=0)
    padding = ~parts[0].src_mask.unsqueeze(2)
    mean = mean.masked_fill(padding, NEVER)
    mean[:, :, BLANK].masked_fill_(padding.squeeze(2), 0.0)
    return mean


def start_prefixes(of_steps: Tensor) -> tuple[Tensor, Tensor]:
    """Emissions (B, S, V) -> the paths (B, 2, S + 1) of the empty prefix, and its last pieces (B,).

    Paths are log-probabilities, of all that a prefix may have been heard as in the first t steps: ending in
    its last piece, ending in a blank.
    """
    blanks = torch.nn.functional.pad(of_steps[:, :, BLANK].cumsum(dim=1), (1, 0))
    paths = torch.stack([torch.full_like(blanks, NEVER), blanks], dim=1)
    return paths, torch.full_like(paths[:, 0, 0], Tokenizer.bos_id, dtype=torch.long)


def _arrivals(paths: Tensor, last: Tensor, pieces: Tensor) -> Tensor:
    """The log-probability (N, S) of a prefix before each step at which the next piece may begin.

    A piece that repeats the last one (N,) needs a blank between.
    """
    piece, blank = paths[:, 0, :-1], paths[:, 1, :-1]
    return torch.where((pieces == last).unsqueeze(1), blank, torch.logaddexp(piece, blank))


def extend(paths: Tensor, last: Tensor, pieces: Tensor, of_steps: Tensor) -> tuple[Tensor, Tensor]:
    """Paths (N, 2, S + 1) of prefixes with one more piece (N,), and their log-probabilities (N,) as
    beginnings of whole texts. bos adds nothing.

    Both recurrences over the steps are linear, so that a cumulative sum in logarithms solves each.
    """
    count = len(pieces) // len(of_steps)
    each = torch.arange(len(pieces), device=pieces.device) // count
    of_piece, of_blank = of_steps[each, :, pieces], of_steps[each, :, BLANK]  # (N, S)
    arrivals = _arrivals(paths, last, pieces)
    begun = torch.logsumexp(arrivals + of_piece, dim=1)
    stays = of_piece.cumsum(dim=1)
    ending = stays + torch.logcumsumexp(arrivals - stays + of_piece, dim=1)
    never = torch.full_like(ending[:, :1], NEVER)
    in_piece = torch.cat([never, ending], dim=1)
    blanks = of_blank.cumsum(dim=1)
    in_blank = blanks + torch.logcumsumexp(in_piece[:, :-1] - blanks + of_blank, dim=1)
    extended = torch.stack([in_piece, torch.cat([never, in_blank], dim=1)], dim=1)
    first = pieces == Tokenizer.bos_id
    return torch.where(first.view(-1, 1, 1), paths, extended), begun.masked_fill(first, 0.0)


def continuations(paths: Tensor, last: Tensor, of_steps: Tensor) -> Tensor:
    """The log-probability (N, V) of each prefix with each piece behind it, as the beginning of whole texts;
    of eos, as a whole text.
    """
    count = len(last) // len(of_steps)
    arrivals = torch.logaddexp(paths[:, 0, :-1], paths[:, 1, :-1])
    highest = arrivals.amax(dim=1, keepdim=True)
    sums = torch.bmm((arrivals - highest).exp().view(len(of_steps), count, -1), of_steps.exp())
    found = sums.flatten(0, 1).clamp(min=torch.finfo(sums.dtype).tiny).log() + highest
    each = torch.arange(len(last), device=last.device) // count
    repeated = torch.logsumexp(paths[:, 1, :-1] + of_steps[each, :, last], dim=1)
    found.scatter_(1, last.unsqueeze(1), repeated.unsqueeze(1))
    found[:, Tokenizer.eos_id] = torch.logaddexp(paths[:, 0, -1], paths[:, 1, -1])
    return found

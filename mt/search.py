"""Sentence vector -> ids: greedy and beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mt.batch import IntArray, collate_source, cut_by_tokens
from mt.config import SearchConfig
from mt.encoder import Encoded
from mt.model import Seq2Seq
from mt.rnn import State
from mt.tokenizer import Tokenizer

PAD, UNK, BOS, EOS = Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id, Tokenizer.eos_id
NEVER = [PAD, UNK, BOS]  # ids that are no output
SPARE_LENGTH = 10


@dataclass(frozen=True)
class Hypothesis:
    """A translation found by search.

    ids: without bos and eos. log_prob: natural log-probability of the ids, eos included.
    score: log_prob after length normalisation; what hypotheses are ranked by.
    """

    ids: tuple[int, ...]
    log_prob: float
    score: float


def length_norm(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, of GNMT (Wu et al. 2016, equation 14); length counts eos."""
    return float(((5 + length) / 6) ** alpha)


def search(
    model: Seq2Seq, sources: Sequence[Sequence[int] | IntArray], config: SearchConfig, device: torch.device
) -> list[list[Hypothesis]]:
    """Translate N sources, ids without eos -> for each, in the same order, its hypotheses, best first.

    Sources of like length are searched together; greedy search gives one hypothesis, beam search up
    to `config.beam`.
    """
    was_training = model.training
    model.eval()
    lengths = np.fromiter((len(row) + 1 for row in sources), dtype=np.int64, count=len(sources))
    order = np.argsort(-lengths, kind="stable")
    results: list[list[Hypothesis]] = [[] for _ in sources]
    for rows in np.split(order, cut_by_tokens(lengths[order], config.batch_tokens)):
        if len(rows) == 0:
            continue
        src, src_lengths = collate_source([sources[row] for row in rows], pad_id=PAD, eos_id=EOS)
        limit = (src_lengths * config.max_length_ratio).long() + SPARE_LENGTH
        with torch.inference_mode():
            encoded = model.encode(src.to(device), src_lengths.to(device))
            found = (
                greedy_search(model, encoded, limit, config)
                if config.beam == 1
                else beam_search(model, encoded, limit, config)
            )
        for row, hypotheses in zip(rows, found, strict=True):
            results[row] = hypotheses
    model.train(was_training)
    return results


def greedy_search(
    model: Seq2Seq, encoded: Encoded, limit: Tensor, config: SearchConfig
) -> list[list[Hypothesis]]:
    """The likeliest piece at each step, until eos or `limit` (B,) pieces; a list of one for each row.

    A sentence that is finished leaves the batch.
    """
    device = encoded.sentence_vector.device
    state = model.start(encoded)
    alive = torch.arange(len(limit), device=device)
    previous = torch.full((len(limit),), BOS, device=device)
    limit = limit.to(device)
    history = previous.new_zeros((len(limit), 0))
    total = torch.zeros(len(limit), device=device)
    found: list[list[Hypothesis]] = [[] for _ in range(len(limit))]
    for step in range(1, int(limit.max()) + 1):
        log_probs, state = model.step(previous, state, encoded)
        best, previous = _mask(log_probs, history, config.no_repeat_ngram).max(dim=1)
        total = total + best
        history = torch.cat([history, previous.unsqueeze(1)], dim=1)
        ended = previous == EOS
        done = ended | (step >= limit)
        if done.any():
            for row in done.nonzero().flatten().tolist():
                ids = history[row, : step - int(ended[row])].tolist()
                found[int(alive[row])] = [_hypothesis(ids, float(total[row]), step, config.length_penalty)]
            going = (~done).nonzero().flatten()
            if len(going) == 0:
                break
            alive, limit, previous = alive[going], limit[going], previous[going]
            history, total = history[going], total[going]
            state, encoded = _select(state, going), encoded.select(going)
    return found


def beam_search(
    model: Seq2Seq, encoded: Encoded, limit: Tensor, config: SearchConfig
) -> list[list[Hypothesis]]:
    """The best `config.beam` hypotheses of each row, best first (Graves 2012; stopping as fairseq's).

    Of a sentence's 2K best continuations those that end within the first K are finished, the K best
    others go on. A sentence leaves the batch once K hypotheses are finished or at `limit` (B,) pieces.
    """
    beam = _Beam(model, encoded, limit, config)
    for step in range(1, int(limit.max()) + 1):
        beam.advance(step)
        if not beam.retire(step):
            break
    return [sorted(rows, key=lambda found: -found.score)[: config.beam] for rows in beam.found]


class _Beam:
    """The hypotheses under way: R sentences × K beams, those of a sentence next to each other."""

    def __init__(self, model: Seq2Seq, encoded: Encoded, limit: Tensor, config: SearchConfig) -> None:
        device = encoded.sentence_vector.device
        self.model, self.encoded, self.config = model, encoded, config
        self.limit = limit.to(device)
        self.alive = torch.arange(len(limit), device=device)
        self.found: list[list[Hypothesis]] = [[] for _ in range(len(limit))]
        size = config.beam
        self.state = tuple(part.repeat_interleave(size, dim=0) for part in model.start(encoded))
        self.previous = torch.full((len(limit) * size,), BOS, device=device)
        self.history = self.previous.new_zeros((len(limit) * size, 0))
        # All beams begin alike: only the first one counts, or they would stay alike.
        self.totals = torch.full((len(limit), size), float("-inf"), device=device)
        self.totals[:, 0] = 0.0

    def advance(self, step: int) -> None:
        """One step of all hypotheses: finish those that end, keep the K best others of each sentence."""
        size = self.config.beam
        log_probs, self.state = self.model.step(self.previous, self.state, self.encoded)
        log_probs = _mask(log_probs, self.history, self.config.no_repeat_ngram)
        vocabulary = log_probs.shape[1]
        candidates = (self.totals.unsqueeze(2) + log_probs.view(-1, size, vocabulary)).flatten(1)
        totals, flat = candidates.topk(min(2 * size, candidates.shape[1]), dim=1)
        parents, pieces = flat // vocabulary, flat % vocabulary
        ends = pieces == EOS
        self._finish(ends[:, :size] & totals[:, :size].isfinite(), parents, totals, step)
        # A stable sort on `ends` moves the K best that go on to the front, in their order.
        keep = ends.to(torch.int8).argsort(dim=1, stable=True)[:, :size]
        self.totals = totals.masked_fill(ends, float("-inf")).gather(1, keep)
        rows = torch.arange(len(self.alive), device=flat.device).unsqueeze(1) * size
        chosen = (rows + parents.gather(1, keep)).flatten()
        self.previous = pieces.gather(1, keep).flatten()
        self.history = torch.cat([self.history[chosen], self.previous.unsqueeze(1)], dim=1)
        self.state = _select(self.state, chosen)

    def _finish(self, ended: Tensor, parents: Tensor, totals: Tensor, step: int) -> None:
        for row, column in ended.nonzero().tolist():
            ids = self.history[row * self.config.beam + int(parents[row, column])].tolist()
            self._add(row, ids, float(totals[row, column]), step)

    def _add(self, row: int, ids: list[int], log_prob: float, length: int) -> None:
        hypothesis = _hypothesis(ids, log_prob, length, self.config.length_penalty)
        self.found[int(self.alive[row])].append(hypothesis)

    def retire(self, step: int) -> bool:
        """Drop the sentences that are done from the batch; False when none is left."""
        size = self.config.beam
        going = []
        for row, sentence in enumerate(self.alive.tolist()):
            stuck = not bool(self.totals[row].isfinite().any())
            if len(self.found[sentence]) >= size or stuck:
                continue
            if step < int(self.limit[row]):
                going.append(row)
                continue
            for column in range(size):
                if self.totals[row, column].isfinite():
                    ids = self.history[row * size + column].tolist()
                    self._add(row, ids, float(self.totals[row, column]), step)
        if len(going) < len(self.alive):
            rows = torch.tensor(going, dtype=torch.long, device=self.alive.device)
            beams = (rows.unsqueeze(1) * size + torch.arange(size, device=rows.device)).flatten()
            self.alive, self.limit, self.totals = self.alive[rows], self.limit[rows], self.totals[rows]
            self.previous, self.history = self.previous[beams], self.history[beams]
            self.state, self.encoded = _select(self.state, beams), self.encoded.select(rows)
        return bool(going)


def _hypothesis(ids: list[int], log_prob: float, length: int, alpha: float) -> Hypothesis:
    return Hypothesis(tuple(ids), log_prob, log_prob / length_norm(length, alpha))


def _select(state: State, rows: Tensor) -> State:
    return tuple(part.index_select(0, rows) for part in state)


def _mask(log_probs: Tensor, history: Tensor, no_repeat_ngram: int) -> Tensor:
    """log_probs (N, V) with what may not come next at -inf; history (N, t) are the pieces so far."""
    log_probs[:, NEVER] = float("-inf")
    size = no_repeat_ngram
    if size and history.shape[1] >= size:
        windows = history.unfold(1, size, 1)
        tail = history[:, history.shape[1] - size + 1 :].unsqueeze(1)
        repeats = (windows[:, :, :-1] == tail).all(dim=2)
        rows, places = repeats.nonzero(as_tuple=True)
        log_probs[rows, windows[rows, places, -1]] = float("-inf")
    return log_probs

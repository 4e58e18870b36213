"""Greedy and beam search: encoded sources -> ids of translations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.data.batches import Source, by_length, collate_source
from mt.decoding.constraints import Constraint, MarkerConstraint, Together
from mt.decoding.hints import Hints
from mt.decoding.terms import TermSteering, missing
from mt.device import autocast
from mt.errors import out_of_memory
from mt.layers.recurrence import State
from mt.tokenizer import Tokenizer

PAD, UNK, BOS, EOS = Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id, Tokenizer.eos_id
NEVER = slice(0, EOS)  # pad, unk and bos are never output
SPARE_LENGTH = 10
FRAMES = 10  # that count as one source piece: a tenth of a second
SEGMENT = 64  # pieces in each segment whose maximum `top` takes first
FEW_ROWS = 8  # `top` calls torch.topk for fewer
TERM_BEAMS = 16  # hypotheses more than the beam, where a translation must hold terms
COPIES = 4  # of the logits, that a step makes
MOST_TOKENS = 1 << 17  # in a batch, however much memory there is
GPU_STEPS = 8  # steps between checks of what has ended: a check makes the GPU wait


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


def length_norm(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, of GNMT (Wu et al. 2016, equation 14); length counts eos."""
    return float(((5 + length) / 6) ** alpha)


def length_limit(src_lengths: Tensor, config: SearchConfig, *, frames: bool = False) -> Tensor:
    """The maximum number of pieces (B,) of translations. src_lengths (B,) count eos, or frames of sound."""
    if frames:
        src_lengths = src_lengths // FRAMES
    return (src_lengths * config.max_length_ratio).long() + SPARE_LENGTH


def search(
    model: Model,
    sources: Sequence[Source],
    config: SearchConfig,
    device: torch.device,
    markers: range = range(0),
    progress: Callable[[float], None] | None = None,
    hints: Hints | None = None,
) -> list[list[Hypothesis]]:
    """Translate N sources, ids without eos or frames -> the hypotheses of each, in the same order, best
    first.

    Sources of similar length are searched together. Greedy search returns one hypothesis, beam search up to
    `config.beam`. A prepacked model (`prepack.packed`) is faster. A translation holds the same `markers` as
    its source; both sides have the same ids for them. After each batch `progress` gets the proportion of
    source pieces that have been searched, 0 to 1. hints: beginnings of the N translations, and terms that
    they must hold. Where the best hypothesis lacks terms a search for them follows.
    """
    was_training = model.training
    model.train(False)
    results = Searching(model, config, device, markers).run(sources, hints, progress)
    if hints is not None and (lacking := hints.lacking([rows[0].ids for rows in results])):
        for_terms = TermSearching(model, config, device, markers)
        again = for_terms.run([sources[row] for row in lacking], hints.select(lacking))
        for row, hypotheses in zip(lacking, again, strict=True):
            results[row] = hypotheses
    model.train(was_training)
    return results


@dataclass(frozen=True)
class Searching:
    """What the batches of a search have in common."""

    model: Model
    config: SearchConfig
    device: torch.device
    markers: range

    @property
    def batch_tokens(self) -> int:
        """The source tokens that are searched together."""
        return self.config.batch_tokens

    def run(
        self,
        sources: Sequence[Source],
        hints: Hints | None,
        progress: Callable[[float], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """As `search`, in batches of sources of similar length."""
        lengths = np.fromiter((len(row) + 1 for row in sources), dtype=np.int64, count=len(sources))
        results: list[list[Hypothesis]] = [[] for _ in sources]
        done = 0
        for rows in by_length(lengths, self.batch_tokens):
            of_rows = None if hints is None else hints.select(rows.tolist())
            found = self._batch([sources[row] for row in rows], of_rows)
            for row, hypotheses in zip(rows, found, strict=True):
                results[row] = hypotheses
            done += int(lengths[rows].sum())
            if progress is not None:
                progress(done / int(lengths.sum()))
        return results

    def _batch(self, sources: Sequence[Source], hints: Hints | None) -> list[list[Hypothesis]]:
        """The hypotheses of some sources, searched together; in two halves where memory runs out."""
        try:
            return self._together(sources, hints)
        except (RuntimeError, MemoryError) as problem:
            if len(sources) == 1 or not out_of_memory(problem):
                raise
        half = len(sources) // 2  # here, where what the failed search held is free again
        parts = range(half), range(half, len(sources))
        return [
            found
            for part in parts
            for found in self._batch(
                [sources[row] for row in part], None if hints is None else hints.select(list(part))
            )
        ]

    def _together(self, sources: Sequence[Source], hints: Hints | None) -> list[list[Hypothesis]]:
        src, src_lengths = collate_source(sources, pad_id=PAD, eos_id=EOS)
        limit = length_limit(src_lengths, self.config, frames=src.dim() == 3)
        with computing(self.config, self.device):
            encoded = self.model.encode(src.to(self.device), src_lengths.to(self.device))
            begun = None if hints is None else hints.constraint()
            constraint = Together.of(MarkerConstraint.of(sources, self.markers, self.device), begun)
            return self._from(encoded, limit, constraint, hints)

    def _from(
        self, encoded: Any, limit: Tensor, constraint: Constraint | None, hints: Hints | None
    ) -> list[list[Hypothesis]]:
        del hints  # are in the constraint
        method = greedy_search if self.config.beam == 1 else beam_search
        return method(self.model, encoded, limit.to(self.device), self.config, constraint)


class TermSearching(Searching):
    """A search for translations that hold the terms of their sentences (see `mt.decoding.terms`).

    A hypothesis that lacks terms when it is as long as it may be ranks behind those that do not.
    """

    @property
    def batch_tokens(self) -> int:
        """Fewer, as the beams are wider."""
        return max(1, self.config.batch_tokens // TERM_BEAMS)

    def _from(
        self, encoded: Any, limit: Tensor, constraint: Constraint | None, hints: Hints | None
    ) -> list[list[Hypothesis]]:
        assert hints is not None
        limit = (limit + hints.term_pieces()).to(self.device)
        found = TermBeam(self.model, encoded, limit, self.config, constraint, hints).run()
        ranked = [
            sorted(rows, key=lambda row: (missing(row.ids, terms, hints.words), -row.score))
            for terms, rows in zip(hints.terms, found, strict=True)
        ]
        return [rows[: self.config.beam] for rows in ranked]


@contextmanager
def computing(config: SearchConfig, device: torch.device) -> Iterator[None]:
    """What search computes in: without gradients, in its precision. Weights in int8 are packed before."""
    precision = "bf16" if config.precision == "bf16" else "fp32"
    with torch.inference_mode(), autocast(device, precision):
        yield


def tokens_that_fit(room: float, config: SearchConfig, *, vocab_size: int, states: int) -> int:
    """About how many source tokens a batch may have to need no more than `room` bytes.

    Reckoned with the shortest sentences, of a token and eos: each has `config.beam` rows of `vocab_size`
    numbers, in a few copies. states: numbers that the encoder computes for a token.
    """
    bytes_of_token = 4 * (COPIES * config.beam * vocab_size / 2 + states)
    return min(MOST_TOKENS, int(room / bytes_of_token))


def greedy_search(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None = None,
) -> list[list[Hypothesis]]:
    """Take the most probable piece at each step, until eos or `limit` (B,) pieces. One hypothesis a row."""
    return Greedy(model, encoded, limit, config, constraint).run()


class Unfinished:
    """The sentences of a batch whose search has not ended."""

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
            if rows := _leaving(self.ended(), step, last):
                self.collect()
                if len(rows) == len(self.alive):
                    break
                self.drop()
        return self.found

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


class Greedy(Unfinished):
    """One translation of each of R sentences. `length` (R,): steps of those that have ended, else 0."""

    def _begin(self) -> None:
        limit = self.limit
        self.previous = torch.full_like(limit, BOS)
        self.history = self.previous.new_zeros((len(limit), 0))
        self.total = torch.zeros(len(limit), device=limit.device)
        self.length = torch.zeros_like(limit)

    def advance(self, step: int) -> None:
        """Do one step: append the most probable piece to each sentence."""
        log_probs, self.state = self.model.step(self.previous, self.state, self.prepared)
        log_probs = _mask(log_probs, self.history, self.config.no_repeat_ngram, self.constraint)
        best, pieces = top(log_probs, 1)
        self.previous = pieces.squeeze(1)
        self.total = self.total + best.squeeze(1).masked_fill(self.length > 0, 0.0)
        self.history = torch.cat([self.history, pieces], dim=1)
        ends = ((self.previous == EOS) | (self.limit <= step)) & (self.length == 0)
        self.length = self.length.masked_fill(ends, step)

    def ended(self) -> Tensor:
        return self.length > 0

    def collect(self) -> None:
        rows = self.ended()
        of_rows = (self.alive, self.history, self.total, self.length)
        for sentence, ids, log_prob, size in zip(*(part[rows].tolist() for part in of_rows), strict=True):
            closed = ids[size - 1] == EOS
            alpha = self.config.length_penalty
            self.found[sentence] = [_hypothesis(ids[: size - closed], log_prob, size, alpha)]

    def drop(self) -> None:
        """Remove the sentences that have ended from the batch."""
        going = (self.length == 0).nonzero().flatten()
        self.alive, self.limit, self.length = self.alive[going], self.limit[going], self.length[going]
        self.previous, self.history, self.total = self.previous[going], self.history[going], self.total[going]
        self.state, self.prepared = _select(self.state, going), self.prepared.select(going)
        self.constraint = self.constraint and self.constraint.select(going)


def _leaving(done: Tensor, step: int, last: int) -> list[int]:
    """The rows that are done (B,), if they are a quarter of all or more, else none.

    Dropping rows copies the others. On a GPU the rows are checked at every `GPU_STEPS`-th step only.
    """
    if done.device.type != "cpu" and step % GPU_STEPS and step < last:
        return []
    rows: list[int] = done.nonzero().flatten().tolist()
    return rows if 4 * len(rows) >= len(done) else []


def beam_search(
    model: Model,
    encoded: Any,
    limit: Tensor,
    config: SearchConfig,
    constraint: Constraint | None = None,
) -> list[list[Hypothesis]]:
    """The best `config.beam` hypotheses of each row, best first (Graves 2012).

    Each step takes a sentence's 2K best continuations. Those among the first K that end are finished; the K
    best others go on. A sentence is done when K hypotheses are finished and the best of those under way is
    not better than all of them, or at `limit` (B,) pieces. K alone, as fairseq stops, loses the most probable
    text where K shorter ones end before it.
    """
    found = Beam(model, encoded, limit, config, constraint).run()
    return [sorted(rows, key=lambda row: -row.score)[: config.beam] for rows in found]


class Beam(Unfinished):
    """R sentences × K beams; the beams of a sentence are neighbours."""

    def _begin(self) -> None:
        limit, size = self.limit, self.config.beam
        self.goal = size  # the number of finished hypotheses that ends a search
        # Step, which (R, K), ids, log-probabilities.
        self.records: list[tuple[int, Tensor, Tensor, Tensor]] = []
        self.state = tuple(part.repeat_interleave(size, dim=0) for part in self.state)
        self.previous = torch.full((len(limit) * size,), BOS, device=limit.device)
        self.history = self.previous.new_zeros((len(limit) * size, 0))
        self.finished = torch.zeros_like(limit)  # hypotheses of each sentence
        self.best = torch.full((len(limit),), float("-inf"), device=limit.device)  # score of those
        self.done = torch.zeros_like(limit, dtype=torch.bool)
        # All beams begin alike: only the first one counts, or they would stay alike.
        self.totals = torch.full((len(limit), size), float("-inf"), device=limit.device)
        self.totals[:, 0] = 0.0

    def ended(self) -> Tensor:
        return self.done

    def advance(self, step: int) -> None:
        """Do one step: finish the hypotheses that end, keep the K best others of each sentence."""
        size = self.config.beam
        log_probs, self.state = self.model.step(self.previous, self.state, self.prepared)
        log_probs = _mask(log_probs, self.history, self.config.no_repeat_ngram, self.constraint)
        totals, parents, pieces = self._continuations(log_probs)
        ends = pieces == EOS
        width = min(size, ends.shape[1])
        rows = torch.arange(len(self.alive), device=ends.device).unsqueeze(1) * size
        before = self.history[(rows + parents[:, :width]).flatten()].view(len(rows), width, -1)
        self._finish(step, ends[:, :width] & totals[:, :width].isfinite(), before, totals[:, :width])
        going = totals.masked_fill(ends, float("-inf"))
        keep = self._kept(going, parents, pieces)
        self.totals = going.gather(1, keep)
        chosen = (rows + parents.gather(1, keep)).flatten()
        self.previous = pieces.gather(1, keep).flatten()
        self.history = torch.cat([self.history[chosen], self.previous.unsqueeze(1)], dim=1)
        self.state = _select(self.state, chosen)
        cut = (self.limit <= step) & (self.finished < self.goal)
        under_way = self.history.view(len(rows), size, -1)
        self._finish(step, cut.unsqueeze(1) & self.totals.isfinite(), under_way, self.totals)
        enough = (self.finished >= self.goal) & ~self._better(step)
        self.done |= enough | (self.limit <= step) | ~self.totals.isfinite().any(dim=1)

    def _better(self, step: int) -> Tensor:
        """Whether a hypothesis under way is better than all that are finished (R,)."""
        return self.totals.amax(dim=1) / length_norm(step, self.config.length_penalty) > self.best

    def _continuations(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The continuations that may be kept: totals, hypotheses, pieces, (R, 2K) each, best first.

        Those among the first K that end are finished.
        """
        return top_of_beams(log_probs, self.totals, 2 * self.config.beam)

    def _kept(self, totals: Tensor, parents: Tensor, pieces: Tensor) -> Tensor:  # noqa: ARG002
        """The indices of the K continuations that go on (R, K); totals are -inf for those that end."""
        # A stable sort moves the K best that go on to the front, in their order.
        return (pieces == EOS).to(torch.int8).argsort(dim=1, stable=True)[:, : self.config.beam]

    def _finish(self, step: int, which: Tensor, ids: Tensor, totals: Tensor) -> None:
        """Record hypotheses that end at this step: `which` (R, K) of ids (R, K, t). Skip done sentences."""
        which = which & ~self.done.unsqueeze(1)
        self.finished = self.finished + which.sum(dim=1)
        scores = totals.masked_fill(~which, float("-inf")).amax(dim=1)
        self.best = self.best.maximum(scores / length_norm(step, self.config.length_penalty))
        self.records.append((step, which, ids, totals))

    def collect(self) -> None:
        """Turn the records into hypotheses. Only here must a GPU wait."""
        alive, alpha = self.alive.tolist(), self.config.length_penalty
        for step, which, ids, totals in self.records:
            indices = which.nonzero()
            rows, columns = indices[:, 0], indices[:, 1]
            for row, pieces, total in zip(
                rows.tolist(), ids[rows, columns].tolist(), totals[rows, columns].tolist(), strict=True
            ):
                self.found[alive[row]].append(_hypothesis(pieces, total, step, alpha))
        self.records = []

    def drop(self) -> None:
        """Remove the sentences that are done from the batch."""
        size = self.config.beam
        rows = (~self.done).nonzero().flatten()
        beams = (rows.unsqueeze(1) * size + torch.arange(size, device=rows.device)).flatten()
        self.alive, self.limit, self.totals = self.alive[rows], self.limit[rows], self.totals[rows]
        self.finished, self.done, self.best = self.finished[rows], self.done[rows], self.best[rows]
        self.previous, self.history = self.previous[beams], self.history[beams]
        self.state, self.prepared = _select(self.state, beams), self.prepared.select(rows)
        self.constraint = self.constraint and self.constraint.select(rows)


class TermBeam(Beam):
    """A beam whose translations hold terms. It is wider than `config.beam`, by the terms' pieces."""

    def __init__(
        self,
        model: Model,
        encoded: Any,
        limit: Tensor,
        config: SearchConfig,
        constraint: Constraint | None,
        hints: Hints,
    ) -> None:
        most = max(sum(term.size for term in terms) for terms in hints.terms)
        wide = config.model_copy(update={"beam": config.beam + min(TERM_BEAMS, most)})
        super().__init__(model, encoded, limit, wide, constraint)
        self.goal = config.beam
        self.steering = TermSteering(hints.terms, hints.words, wide.beam)

    def _continuations(self, log_probs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.steering.mask(log_probs)
        return self.steering.candidates(log_probs, self.totals, self.goal)

    def _better(self, step: int) -> Tensor:
        """Never: a hypothesis may be better as it avoids the terms, and it cannot end."""
        del step
        return torch.zeros_like(self.done)

    def _kept(self, totals: Tensor, parents: Tensor, pieces: Tensor) -> Tensor:
        return self.steering.keep(totals, parents, pieces)

    def drop(self) -> None:
        """Remove the sentences that are done from the batch."""
        self.steering.select((~self.done).nonzero().flatten())
        super().drop()


def top(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` greatest of each row (N, V) and their indices: `torch.topk`, faster where V is large.

    It takes the maximum of each segment first, at the speed of memory. The best lie in the best segments.
    """
    whole = scores.shape[1] // SEGMENT
    if whole <= count or len(scores) < FEW_ROWS:
        return scores.topk(min(count, scores.shape[1]), dim=1)
    segments = scores[:, : whole * SEGMENT].view(len(scores), whole, SEGMENT)
    best = segments.amax(dim=2).topk(count, dim=1).indices
    indices = (best.unsqueeze(2) * SEGMENT + torch.arange(SEGMENT, device=scores.device)).flatten(1)
    rest = torch.arange(whole * SEGMENT, scores.shape[1], device=scores.device)
    indices = torch.cat([indices, rest.expand(len(scores), -1)], dim=1)
    values, among = scores.gather(1, indices).topk(count, dim=1)
    return values, indices.gather(1, among)


def top_of_beams(log_probs: Tensor, totals: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best continuations of R sentences' K hypotheses, best first.

    log_probs: (R·K, V). totals: (R, K), what each hypothesis has so far. Returns totals, hypotheses and
    pieces, (R, count) each, or (R, K·V) where there are fewer.
    """
    sentences, size = totals.shape
    values, pieces = top(log_probs, count)
    candidates = (totals.unsqueeze(2) + values.view(sentences, size, -1)).flatten(1)
    best, among = candidates.topk(min(count, candidates.shape[1]), dim=1)
    return best, among // values.shape[1], pieces.view(sentences, -1).gather(1, among)


def _hypothesis(ids: list[int], log_prob: float, length: int, alpha: float) -> Hypothesis:
    return Hypothesis(tuple(ids), log_prob, length, log_prob / length_norm(length, alpha))


def _select(state: State, rows: Tensor) -> State:
    return tuple(part.index_select(0, rows) for part in state)


def _mask(log_probs: Tensor, history: Tensor, no_repeat_ngram: int, constraint: Constraint | None) -> Tensor:
    """Set log_probs (N, V) of forbidden next pieces to -inf. history (N, t) are the pieces so far."""
    log_probs[:, NEVER] = float("-inf")
    if constraint is not None:
        constraint.mask(log_probs, history)
    size = no_repeat_ngram
    if size and history.shape[1] >= size:
        windows = history.unfold(1, size, 1)
        tail = history[:, history.shape[1] - size + 1 :].unsqueeze(1)
        repeats = (windows[:, :, :-1] == tail).all(dim=2)
        penalties = torch.zeros_like(repeats, dtype=log_probs.dtype).masked_fill_(repeats, float("-inf"))
        log_probs.scatter_add_(1, windows[:, :, -1], penalties)
    return log_probs

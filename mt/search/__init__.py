"""Search: encoded sources -> ids of translations.

`greedy` and `beam` are the two methods, `term_beam` a beam for translations that hold terms. `unfinished` is
the loop over steps that they share, `batching` the loop over batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from mt.config import SearchConfig
from mt.data.batches import Source, collate_source
from mt.decoding.constraints import Constraint, MarkerConstraint, Together
from mt.decoding.hints import Hints
from mt.device import autocast
from mt.search.batching import in_batches
from mt.search.beam import Beam, beam_search
from mt.search.greedy import Greedy, greedy_search
from mt.search.hypothesis import BOS, EOS, PAD, UNK, Hypothesis, Model, length_norm
from mt.search.term_beam import first_with_terms, lacking, term_search

__all__ = ["BOS", "EOS", "PAD", "UNK", "Beam", "Greedy", "Hypothesis", "Model", "Search", "beam_search"]
__all__ += ["greedy_search", "length_limit", "length_norm", "search"]

SPARE_LENGTH = 10
FRAMES = 10  # that count as one source piece: a tenth of a second


def search(
    model: Model,
    sources: Sequence[Source],
    config: SearchConfig,
    device: torch.device,
    markers: range = range(0),
) -> list[list[Hypothesis]]:
    """Translate N sources, ids without eos or frames -> the hypotheses of each, in the same order, best
    first.

    Sources of similar length are searched together. Greedy search returns one hypothesis, beam search up to
    `config.beam`. A prepacked model (`prepack.packed`) is faster. A translation holds the same `markers` as
    its source; both sides have the same ids for them.
    """
    return Search(model, config, device, markers).first(sources)


@dataclass(frozen=True)
class Search:
    """The search for translations. Its fields are what all batches of sources have in common."""

    model: Model
    config: SearchConfig
    device: torch.device
    markers: range = range(0)

    def first(
        self,
        sources: Sequence[Source],
        hints: Hints | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """The hypotheses of N sources, best first, whatever terms they hold.

        hints: beginnings of the N translations. After each batch `progress` gets the proportion of source
        pieces that have been searched, 0 to 1.
        """
        with evaluating(self.model):
            return in_batches(self.free, sources, hints, self.config.batch_tokens, progress)

    def again(
        self, sources: Sequence[Source], hints: Hints, found: Sequence[list[Hypothesis]]
    ) -> list[list[Hypothesis]]:
        """What was `found` for N sources, the hypotheses that hold their terms first.

        Where none does, the sources are searched for one.
        """
        results = [first_with_terms(*of_row) for of_row in zip(found, hints.terms, repeat(hints.words))]
        hints = replace(hints, limits=[usual_length(*row) for row in zip(sources, results, strict=True)])
        for width, rows in lacking(results, hints).items():
            # There are few of them: up to twice the hypotheses of other batches, for fewer steps in all.
            tokens = self.config.batch_tokens * min(1, 2 * self.config.beam / (self.config.beam + width))
            of_rows = [sources[row] for row in rows]
            with evaluating(self.model):
                new = in_batches(self.with_terms, of_rows, hints.select(rows), max(1, int(tokens)))
            for row, hypotheses in zip(rows, new, strict=True):
                results[row] = hypotheses
        return results

    def free(self, sources: Sequence[Source], hints: Hints | None) -> list[list[Hypothesis]]:
        """The hypotheses of each source, whatever terms they hold."""
        method = greedy_search if self.config.beam == 1 else beam_search
        with computing(self.config, self.device):
            encoded, limit, constraint = self._begin(sources, hints)
            return method(self.model, encoded, limit.to(self.device), self.config, constraint)

    def with_terms(self, sources: Sequence[Source], hints: Hints | None) -> list[list[Hypothesis]]:
        """The hypotheses of each source, those that hold its terms first."""
        assert hints is not None
        with computing(self.config, self.device):
            encoded, limit, constraint = self._begin(sources, hints)
            if hints.limits is not None:
                limit = limit.minimum(torch.tensor(hints.limits))
            limit = (limit + hints.term_pieces()).to(self.device)
            return term_search(self.model, encoded, limit, self.config, constraint, hints)

    def _begin(self, sources: Sequence[Source], hints: Hints | None) -> tuple[Any, Tensor, Constraint | None]:
        """The encoded sources, the maximum number of pieces of their translations, what these must hold."""
        src, src_lengths = collate_source(sources, pad_id=PAD, eos_id=EOS)
        limit = length_limit(src_lengths, self.config, frames=src.dim() == 3)
        encoded = self.model.encode(src.to(self.device), src_lengths.to(self.device))
        begun = None if hints is None else hints.constraint()
        constraint = Together.of(MarkerConstraint.of(sources, self.markers, self.device), begun)
        return encoded, limit, constraint


def length_limit(src_lengths: Tensor, config: SearchConfig, *, frames: bool = False) -> Tensor:
    """The maximum number of pieces (B,) of translations. src_lengths (B,) count eos, or frames of sound."""
    if frames:
        src_lengths = src_lengths // FRAMES
    return (src_lengths * config.max_length_ratio).long() + SPARE_LENGTH


def usual_length(source: Source, found: Sequence[Hypothesis]) -> int:
    """The pieces of a translation that is half as long again as the best one found.

    One that was cut at its limit says nothing: then a translation is taken to be as long as its source.
    """
    best = found[0]
    was_cut = len(best.ids) == best.steps
    return (len(source) if was_cut else best.steps * 3 // 2) + SPARE_LENGTH


@contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """With the model as it is for evaluation, and afterwards as it was."""
    was_training = model.training
    model.train(False)
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def computing(config: SearchConfig, device: torch.device) -> Iterator[None]:
    """What search computes in: without gradients, in its precision. Weights in int8 are packed before."""
    precision = "bf16" if config.precision == "bf16" else "fp32"
    with torch.inference_mode(), autocast(device, precision):
        yield

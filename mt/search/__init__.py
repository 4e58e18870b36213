"""Search: encoded sources -> ids of translations.

`greedy` and `beam` are the two methods, `term_beam` a beam for translations that hold terms. `unfinished` is
the loop over steps that they share, `batching` the loop over batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

__all__ = ["BOS", "EOS", "PAD", "UNK", "Beam", "Greedy", "Hypothesis", "Model", "beam_search"]
__all__ += ["greedy_search", "length_limit", "length_norm", "search"]

SPARE_LENGTH = 10
FRAMES = 10  # that count as one source piece: a tenth of a second


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
    they must hold. The best hypothesis that holds them comes first; a search for one follows where there is
    none.
    """
    was_training = model.training
    model.train(False)
    batch = BatchSearch(model, config, device, markers)
    results = in_batches(batch.free, sources, hints, config.batch_tokens, progress)
    if hints is not None:
        results = [first_with_terms(*of_row) for of_row in zip(results, hints.terms, repeat(hints.words))]
        for width, rows in lacking(results, hints).items():
            # There are few of them: up to twice the hypotheses of other batches, for fewer steps in all.
            tokens = config.batch_tokens * min(1, 2 * config.beam / (config.beam + width))
            of_rows = [sources[row] for row in rows]
            again = in_batches(batch.with_terms, of_rows, hints.select(rows), max(1, int(tokens)))
            for row, hypotheses in zip(rows, again, strict=True):
                results[row] = hypotheses
    model.train(was_training)
    return results


@dataclass(frozen=True)
class BatchSearch:
    """The search of one batch of sources. Its fields are what all batches have in common."""

    model: Model
    config: SearchConfig
    device: torch.device
    markers: range

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


@contextmanager
def computing(config: SearchConfig, device: torch.device) -> Iterator[None]:
    """What search computes in: without gradients, in its precision. Weights in int8 are packed before."""
    precision = "bf16" if config.precision == "bf16" else "fp32"
    with torch.inference_mode(), autocast(device, precision):
        yield

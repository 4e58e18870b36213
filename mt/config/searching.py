"""Settings of search, and of nearest-neighbour translation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mt.config.fields import Count, Positive, PositiveFloat, Section, Spec, differing, quoted
from mt.errors import ConfigError


class SearchConfig(Section):
    """Search."""

    beam: Positive = 5
    """Beam size; 1 is greedy search"""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Length normalisation: exponent of (5 + length) / 6 (Wu et al. 2016); 0 turns it off"""
    max_length_ratio: PositiveFloat = 3.0
    """Maximum length of a translation: this many tokens for each source token, plus ten"""
    ctc_weight: Annotated[float, Field(ge=0, le=1)] | None = None
    """Weight of CTC in the joint search of a run that reads sound and has attention and CTC (default there:
    0.3); 0 uses the decoder alone"""
    no_repeat_ngram: Count = 0
    """Never repeat an n-gram of this many tokens; 0 allows it"""
    mbr: Literal["none", "chrf", "bleu"] = "none"
    """Minimum Bayes risk decoding: choose the hypothesis that is most similar to the others, by chrF or
    BLEU"""
    precision: Literal["fp32", "bf16", "int8"] = "fp32"
    """Arithmetic of matrix products: fp32; int8, which is faster on most CPUs and rounds; bf16, for GPUs"""
    batch_tokens: Positive = 2048
    """Batch size in source tokens, padding included; 2048 on a GPU: as many as fit its memory"""

    def check_nbest(self, nbest: int) -> None:
        """Raises ConfigError if the beam is too small for so many hypotheses."""
        if nbest > self.beam:
            raise ConfigError(f"--nbest {nbest} needs --beam {nbest} or more (it is {self.beam})")


class DatastoreConfig(Section):
    """Nearest-neighbour translation (Khandelwal et al. 2021)."""

    datastore: tuple[Spec, ...] = ()
    """Pairs to look up while translating, such as the training pairs; needs faiss"""
    datastore_neighbours: Positive = 16
    """Neighbours to look up at each step"""
    datastore_temperature: PositiveFloat = 0.07
    """Temperature of the weights of neighbours; a low one favours the nearest"""
    datastore_weight: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """Weight of the neighbours' distribution; the model's has the rest"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        others = ("datastore_neighbours", "datastore_temperature", "datastore_weight")
        if not self.datastore and (idle := differing(self, others)):
            raise ValueError(f"{quoted(idle)}: no effect without `datastore`")
        return self

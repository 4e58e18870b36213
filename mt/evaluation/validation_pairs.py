"""The validation pairs of a run, for what is fitted on them."""

from __future__ import annotations

from collections.abc import Sequence

from datasets import Dataset

from mt.checkpoint import Run
from mt.console import Console
from mt.data.cache import find_pairs
from mt.data.corpus import read_validation
from mt.errors import RunError
from mt.text.languages import check_languages
from mt.training.corpora import TextReader


def validation_pairs(run: Run, specs: Sequence[str], console: Console) -> Dataset:
    """The pairs that SPECs name; without any those that the run was validated on.

    These come from the cache, or are read again. Raises ConfigError for SPECs of other languages than the
    run's, RunError if what is read again are other pairs: some of them may have been learned from.
    """
    data = run.config.data
    if specs:
        check_languages(data.train, specs, "validation")
        return read_validation(data.model_copy(update={"validation": tuple(specs)})).dataset
    dataset = find_pairs(run.validated_on)
    if dataset is not None:
        return dataset
    if data.validation:
        found = read_validation(data)
    else:
        found = TextReader(data, run.config.training.seed).read(console).validation
    if found.fingerprint != run.validated_on:
        raise RunError(
            f"the pairs that {run.path} was validated on are gone; restore the files it was "
            "trained with, or name pairs it has not seen by --validation"
        )
    return found.dataset

"""Tune: which length penalty suits a model, found on its validation pairs.

The penalty ranks finished hypotheses and does not steer the search, so one search serves all of them. (Of a
sentence that finishes more than a beam of them at once the worst by penalty 1 are gone: that is rare.)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from datasets import Dataset

from mt.checkpoint import Run
from mt.config import SearchConfig
from mt.console import Console
from mt.corpus import read_validation
from mt.direction import check_languages, languages_of
from mt.errors import RunError
from mt.metrics import language_bleu
from mt.options import TuneOptions
from mt.search import Hypothesis, length_norm, search
from mt.store import find_pairs
from mt.tokenizer import Tokenizer
from mt.train import read_corpora
from mt.translator import Translator

PENALTIES = tuple(step / 10 for step in range(0, 21))


@dataclass(frozen=True)
class Trial:
    """What a length penalty comes to: BLEU (0-100, cased), and output pieces over reference pieces."""

    length_penalty: float
    bleu: float
    length_ratio: float


@dataclass(frozen=True)
class Searched:
    """N sources, what search found for each, their references and languages, and all pieces of those."""

    found: Sequence[Sequence[Hypothesis]]
    sources: Sequence[str]
    references: Sequence[str]
    languages: Sequence[str | None]
    reference_pieces: int
    tokenizer: Tokenizer

    def at(self, penalty: float) -> Trial:
        """How good the best of each are by that penalty."""
        best = [
            max(rows, key=lambda row: row.log_prob / length_norm(row.steps, penalty)) for rows in self.found
        ]
        hypotheses = self.tokenizer.decode([row.ids for row in best], self.sources)
        bleu = language_bleu(hypotheses, self.references, self.languages)
        pieces = sum(len(row.ids) for row in best)
        return Trial(penalty, bleu.value, pieces / max(1, self.reference_pieces))


def tune(translator: Translator, options: TuneOptions, console: Console) -> list[Trial]:
    """Try penalties from 0 to 2 and write what each gave to stdout, the best one last and named."""
    run = translator.run
    if options.validation:
        data = run.config.data.model_copy(update={"validation": options.validation})
        check_languages(data.train, data.validation, "validation")
        pairs = read_validation(data).dataset
    else:
        pairs = own_validation(run, console)
    sources, references = pairs["src"][:], pairs["tgt"][:]
    languages = languages_of(sources, run.config.data.tgt)
    if translator.recalled is not None:
        from mt.datastore import warn_of_known

        warn_of_known(translator.recalled, sources, [references], console)
    found = search(
        translator.model, run.src_tokenizer.encode(sources), translator.config, translator.device,
        markers=run.tgt_tokenizer.markers,
    )  # fmt: skip
    pieces = sum(map(len, run.tgt_tokenizer.encode(references, sources)))
    searched = Searched(found, sources, references, languages, pieces, run.tgt_tokenizer)
    trials = [searched.at(penalty) for penalty in PENALTIES]
    default = SearchConfig().length_penalty  # which wins where several are as good
    best = max(trials, key=lambda trial: (trial.bleu, -abs(trial.length_penalty - default)))
    if options.as_json:
        text = json.dumps({"best": asdict(best), "trials": [asdict(trial) for trial in trials]})
    else:
        rows = [f"{t.length_penalty:14.1f}{t.bleu:8.2f}{t.length_ratio:14.3f}" for t in trials]
        text = "\n".join(
            [
                "length penalty    BLEU  length ratio",
                *rows,
                f"best: --length-penalty {best.length_penalty} --beam {translator.config.beam}",
            ]
        )
    sys.stdout.write(text + "\n")
    return trials


def own_validation(run: Run, console: Console) -> Dataset:
    """The pairs that the run was validated on: from the cache, or read again.

    Raises RunError if what is read now are other pairs: some of them may have been learned from.
    """
    dataset = find_pairs(run.validated_on)
    if dataset is not None:
        return dataset
    data = run.config.data
    found = read_validation(data) if data.validation else read_corpora(run.config, console).validation
    if found.fingerprint != run.validated_on:
        raise RunError(
            f"the pairs that {run.path} was validated on are not there any more; restore the files it was "
            "trained with, or name pairs it has not seen by --validation"
        )
    return found.dataset

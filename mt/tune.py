"""Tune: which length penalty suits a model, found on its validation pairs.

The penalty ranks finished hypotheses and does not steer the search, so one search serves all of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mt.console import Console
from mt.corpus import read_validation
from mt.direction import check_validation
from mt.metrics import score, tokenizer_for
from mt.options import TuneOptions
from mt.search import Hypothesis, length_norm, search
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
    """N sources, what search found for each, their references, all pieces of those, and the language code."""

    found: Sequence[Sequence[Hypothesis]]
    sources: Sequence[str]
    references: Sequence[str]
    reference_pieces: int
    tokenizer: Tokenizer
    tgt: str | None

    def at(self, penalty: float) -> Trial:
        """How good the best of each are by that penalty."""
        best = [
            max(rows, key=lambda row: row.log_prob / length_norm(row.steps, penalty)) for rows in self.found
        ]
        hypotheses = self.tokenizer.decode([row.ids for row in best], self.sources)
        bleu = score(
            hypotheses, [self.references], metrics=["bleu"], tokenize=tokenizer_for(self.tgt),
            lowercase=False, bootstrap=0, seed=1,
        )[0]  # fmt: skip
        pieces = sum(len(row.ids) for row in best)
        return Trial(penalty, bleu.value, pieces / max(1, self.reference_pieces))


def tune(translator: Translator, options: TuneOptions, console: Console) -> list[Trial]:
    """Try penalties from 0 to 2 and write what each gave to stdout, the best one last and named."""
    data = translator.run.config.data
    if options.validation:
        data = data.model_copy(update={"validation": options.validation})
        check_validation(data.train, data.validation)
        pairs = read_validation(data)
    else:
        pairs = read_corpora(translator.run.config, console).validation
    run = translator.run
    sources, references = pairs.dataset["src"][:], pairs.dataset["tgt"][:]
    found = search(
        translator.model, run.src_tokenizer.encode(sources), translator.config, translator.device,
        markers=run.tgt_tokenizer.markers,
    )  # fmt: skip
    pieces = sum(map(len, run.tgt_tokenizer.encode(references, sources)))
    searched = Searched(found, sources, references, pieces, run.tgt_tokenizer, data.tgt)
    trials = [searched.at(penalty) for penalty in PENALTIES]
    best = max(trials, key=lambda trial: trial.bleu)
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

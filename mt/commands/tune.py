"""Tune: find the best length penalty, and weight and temperature of a datastore, on validation pairs.

The best weight and temperature give the references the lowest perplexity. Neighbours are looked up once.

The penalty ranks finished hypotheses and does not steer the search, so one search serves all penalties.
(Penalty 1 decides whether a search goes on for a better one under way, and which are lost if more hypotheses
finish than the beam holds: both are rare.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from mt.config import SearchConfig
from mt.console import Console
from mt.data.batches import by_length, frame
from mt.decoding.datastore import Recalling, warn_of_known
from mt.evaluation.validation_pairs import validation_pairs
from mt.layers.loss import perplexity
from mt.metrics import language_bleu
from mt.options import ValidationOptions
from mt.search import Hypothesis, length_norm, search
from mt.storage.output import check_output, stdout
from mt.text.languages import languages_of
from mt.tokenizer import Tokenizer
from mt.translator import Translator
from mt.translator.opening import open_text_translator

PENALTIES = tuple(step / 10 for step in range(21))
WEIGHTS = tuple(step / 10 for step in range(1, 10))
TEMPERATURES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Trial:
    """A length penalty, its BLEU (0-100, cased), and output tokens divided by reference tokens."""

    length_penalty: float
    bleu: float
    length_ratio: float


@dataclass(frozen=True)
class RecallTrial:
    """A weight and a temperature of the datastore, and the perplexity of the references."""

    datastore_weight: float
    datastore_temperature: float
    perplexity: float

    @property
    def flags(self) -> str:
        """The flags that set both."""
        weight, temperature = self.datastore_weight, self.datastore_temperature
        return f"--datastore-weight {weight} --datastore-temperature {temperature}"


@dataclass(frozen=True)
class Searched:
    """N sources: the hypotheses, reference and language of each, and the number of reference tokens."""

    found: Sequence[Sequence[Hypothesis]]
    sources: Sequence[str]
    references: Sequence[str]
    languages: Sequence[str | None]
    reference_tokens: int
    tokenizer: Tokenizer

    def at(self, penalty: float) -> Trial:
        """BLEU of the hypotheses that this penalty ranks first."""
        best = [
            max(rows, key=lambda row: row.log_prob / length_norm(row.steps, penalty)) for rows in self.found
        ]
        hypotheses = self.tokenizer.decode([row.ids for row in best], self.sources)
        bleu = language_bleu(hypotheses, self.references, self.languages)
        pieces = sum(len(row.ids) for row in best)
        return Trial(penalty, bleu.value, pieces / max(1, self.reference_tokens))


def tune(options: ValidationOptions, search_config: SearchConfig, console: Console) -> list[Trial]:
    """Try penalties from 0 to 2; write the result of each to stdout, and the best one last.

    With a datastore, its weight and temperature are tuned first, and the search uses the best ones.
    """
    check_output(None)
    translator = open_text_translator("mt evaluate --tune", options, search_config, console)
    run = translator.run
    pairs = validation_pairs(run, options.validation, console)
    sources, references = pairs["src"][:], pairs["tgt"][:]
    src_ids, tgt_ids = run.src_tokenizer.encode(sources), run.tgt_tokenizer.encode(references, sources)
    warn_of_known(translator.recalled, sources, [references], console)
    recalls = [] if translator.recalled is None else tune_datastore(translator, src_ids, tgt_ids)
    found = search(
        translator.model, src_ids, translator.config, translator.device, markers=run.tgt_tokenizer.markers
    )
    languages = languages_of(sources, run.config.data.tgt)
    searched = Searched(found, sources, references, languages, sum(map(len, tgt_ids)), run.tgt_tokenizer)
    trials = [searched.at(penalty) for penalty in PENALTIES]
    default = SearchConfig().length_penalty  # which wins where several are as good
    best = max(trials, key=lambda trial: (trial.bleu, -abs(trial.length_penalty - default)))
    if options.as_json:
        tables: dict[str, object] = {"best": asdict(best), "trials": [asdict(trial) for trial in trials]}
        if recalls:
            tables["datastore"] = {
                "best": asdict(_best(recalls)),
                "trials": [asdict(trial) for trial in recalls],
            }
        text = json.dumps(tables)
    else:
        text = "\n".join(_table(trials, recalls, best, translator.config.beam))
    stdout().text(f"{text}\n")
    return trials


def tune_datastore(
    translator: Translator, src_ids: Sequence[Sequence[int]], tgt_ids: Sequence[Sequence[int]]
) -> list[RecallTrial]:
    """Perplexity of N references at each weight and temperature; the translator then uses the best ones."""
    members = [part for part in translator.model.modules() if isinstance(part, Recalling)]
    temperatures = torch.tensor(TEMPERATURES, device=translator.device)
    weights = torch.tensor(WEIGHTS, device=translator.device).view(-1, 1, 1)
    total, pieces = torch.zeros(len(WEIGHTS), len(TEMPERATURES), device=translator.device), 0
    pairs = [tuple(map(np.asarray, pair)) for pair in zip(src_ids, tgt_ids, strict=True)]
    lengths = np.array([max(map(len, pair)) + 1 for pair in pairs])
    for rows in by_length(lengths, translator.config.batch_tokens):
        batch = frame(*zip(*(pairs[row] for row in rows), strict=True)).to(translator.device)
        with torch.inference_mode():
            mixed = torch.stack(
                [
                    (1 - weights) * own.unsqueeze(1) + weights * recalled
                    for own, recalled in (member.chances(batch, temperatures) for member in members)
                ]
            ).mean(dim=0)
        total -= mixed.log().sum(dim=1)
        pieces += mixed.shape[1]
    trials = [
        RecallTrial(weight, temperature, perplexity(float(loss), pieces))
        for weight, losses in zip(WEIGHTS, total, strict=True)
        for temperature, loss in zip(TEMPERATURES, losses, strict=True)
    ]
    best = _best(trials)
    chosen = {name: getattr(best, name) for name in ("datastore_weight", "datastore_temperature")}
    for member in members:
        member.config = member.config.model_copy(update=chosen)
    return trials


def _best(trials: Sequence[RecallTrial]) -> RecallTrial:
    return min(trials, key=lambda trial: trial.perplexity)


def _table(trials: Sequence[Trial], recalls: Sequence[RecallTrial], best: Trial, beam: int) -> Iterator[str]:
    """The lines of the report, the flags that gave the best one last."""
    flags = [f"--length-penalty {best.length_penalty} --beam {beam}"]
    if recalls:
        flags.append(_best(recalls).flags)
        yield "datastore weight  best temperature  perplexity"
    for weight in dict.fromkeys(trial.datastore_weight for trial in recalls):
        one = _best([trial for trial in recalls if trial.datastore_weight == weight])
        yield f"{weight:15.1f}{one.datastore_temperature:18.2f}{one.perplexity:12.2f}"
    yield "length penalty    BLEU  length ratio"
    for trial in trials:
        yield f"{trial.length_penalty:14.1f}{trial.bleu:8.2f}{trial.length_ratio:14.3f}"
    yield f"best: {' '.join(flags)}"

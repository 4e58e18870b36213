"""Calibrate: how far the confidence of a run's translations can be trusted, from its validation pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from mt.config import SearchConfig
from mt.console import Console
from mt.decoding import confidence
from mt.decoding.confidence import Calibration
from mt.errors import ConfigError
from mt.evaluation.validation_pairs import validation_pairs
from mt.metrics import sentence_scores
from mt.options import CalibrateOptions
from mt.storage.output import check_output, stdout
from mt.text.doubts import doubts
from mt.translator import Translator
from mt.translator.opening import open_text_translator

FEWEST = 40  # pairs: fewer say too little


def calibrate(options: CalibrateOptions, search: SearchConfig, console: Console) -> Calibration:
    """Fit the confidence of one run, save it in its directory, write the reliability to stdout.

    Raises MTError for what the user can mend.
    """
    if len(options.model) > 1:
        raise ConfigError("mt evaluate --calibrate: it calibrates one run: give -m once")
    check_output(None)
    translator = open_text_translator("mt evaluate --calibrate", options, search, console)
    run = translator.run
    pairs = validation_pairs(run, options.validation, console)
    sources, references = pairs["src"][:], pairs["tgt"][:]
    if len(sources) < FEWEST:
        raise ConfigError(
            f"too few pairs to calibrate on ({len(sources)}): give {FEWEST} or more by --validation"
        )
    found = _fit(translator, sources, references, options)
    found.save(run.path)
    console.note(f"confidence: {run.path / confidence.FILE}")
    table = {**asdict(found), "error": found.error}
    stdout().text((json.dumps(table) if options.as_json else "\n".join(_lines(found))) + "\n")
    return found


def _fit(
    translator: Translator, sources: list[str], references: list[str], options: CalibrateOptions
) -> Calibration:
    tgt = translator.run.languages.target
    translations = translator.search(sources, nbest=1)
    outputs = [translation.text for translation in translations]
    doubtful = [bool(doubts(*pair, tgt=tgt)) for pair in zip(sources, outputs, strict=True)]
    if options.good_exact:
        meaning = "equal to the reference"
        good = [one.strip() == other.strip() for one, other in zip(outputs, references, strict=True)]
    else:
        meaning = f"chrF of {options.good_chrf:g} or more against the reference"
        good = [score >= options.good_chrf for score in sentence_scores(outputs, [references])]
    return confidence.fit(translations, doubtful, good, meaning, confidence.digest(translator.run.path))


def _lines(found: Calibration) -> Iterator[str]:
    yield f"good: {found.good}"
    yield "confidence   good  translations"
    for one in found.reliability:
        yield f"{one.confidence:10.2f}{one.good:7.2f}{one.count:14,}"
    yield f"expected calibration error {found.error:.3f}, each half judged by the other one"

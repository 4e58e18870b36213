"""`mt report`: a run on a test set as one page, for who wants to find out why a model fails.

The page is one file: no script, nothing fetched, and a policy in it that forbids both.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mt.console import Console
from mt.decoding.judging import read_calibration
from mt.errors import ConfigError
from mt.evaluation.test_sets import read_test_set
from mt.inspection.report.charts import by_length, reliability, training, vectors
from mt.inspection.report.difference import mark_difference
from mt.inspection.report.examples import best, worst
from mt.inspection.report.findings import hints
from mt.inspection.report.measure import Measured, measure
from mt.options import ReportOptions
from mt.storage.output import check_output, write_file
from mt.translator import Translator

FILE = "report.html"


def write_report(translator: Translator, options: ReportOptions, console: Console) -> Path:
    """Measure one run on the test pairs that the options name and write the page; returns its file.

    Raises ConfigError for an ensemble, FileError for a file that cannot be written, MTError for pairs that
    cannot be read.
    """
    if translator.model is not translator.run.model:
        raise ConfigError(f"{translator.name} are several runs: a report is about one, name it with -m")
    path = options.save or translator.run.path / FILE
    check_output(path)
    test = read_test_set(options, translator.run.config.data, console)
    measured = measure(translator, test, console)
    console.settle()
    write_file(path, page(translator, measured).encode())
    console.note(f"report: {path}")
    return path


def page(translator: Translator, measured: Measured) -> str:
    """The report as HTML."""
    style = files("mt.inspection.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    calibration = read_calibration(translator.run.path, needed=False)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        environment()
        .get_template("report.html")
        .render(
            title=f"Report: {translator.name}",
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            style=Markup(style),
            summary=summary(translator, measured),
            measured=measured,
            hints=hints(measured),
            curves=training(measured.curves),
            calibration=calibration,
            reliability=reliability(calibration) if calibration else None,
            by_length=by_length(measured),
            worst=worst(measured),
            best=best(measured),
            difference=mark_difference,
            map=vectors(measured),
        )
    )


def environment() -> Environment:
    """Templates that escape every text they take in, and know the ways in which numbers are written."""
    found = Environment(
        loader=PackageLoader("mt.inspection.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["percent"] = "{:.1%}".format
    found.filters["tenth"] = lambda value: f"{round(value, 1):g}"
    return found


def summary(translator: Translator, measured: Measured) -> list[str]:
    """What the run is and what it was tested on."""
    config, search = translator.run.config, translator.config
    model, data = config.model, config.data
    parameters = sum(weight.numel() for weight in translator.run.model.parameters())
    attention = "no attention" if model.attention == "none" else f"{model.attention} attention"
    return [
        f"{data.languages.source or '?'} to {measured.test.tgt or '?'}",
        f"{model.cell}, {model.encoder_layers} + {model.decoder_layers} layers, {attention}",
        f"a vector of {measured.of_vector:,} numbers",
        f"{parameters / 1e6:.1f} M parameters",
        f"trained on {' '.join(data.train)}",
        f"tested on {measured.test.name}, {len(measured.hypotheses):,} pairs",
        f"beam {search.beam}",
    ]

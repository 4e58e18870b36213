"""What each command takes beside the settings of `config`: where to read, where to write, on what device."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mt.config import Count, DatastoreConfig, Positive, RunDir, Section

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _seconds(text: object) -> object:
    """`90`, `90s`, `30m`, `1.5h`, `1h30m` -> seconds."""
    if not isinstance(text, str):
        return text
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise ValueError("should be a time such as 90s, 30m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


Duration = Annotated[float, BeforeValidator(_seconds)]


class Device(Section):
    """Where to compute."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes CUDA if it is there, else the CPU"""
    threads: Positive | None = None
    """Processor threads to use; without it as many as there are cores"""
    log_file: Path | None = None
    """Add every line of stderr to this file too, with its time"""


class TrainOptions(Device):
    """Where the run goes, and how long it may take."""

    out: RunDir | None = None
    """Run directory, made if missing; the same command again goes on where it was (default: by the corpus)"""
    preset: str | None = None
    """Named settings to start from (default: vector; phrasebook for the built-in corpus)"""
    config: Path | None = None
    """TOML file with settings, laid over the preset, or the config.toml of a run; flags are laid over both"""
    time_budget: Duration | None = None
    """Stop after so much training, such as 90s, 30m or 1h30m, keeping the best"""


class RunOptions(DatastoreConfig, Device):
    """Which trained model to use."""

    model: tuple[RunDir, ...] = ()
    """Run directory of the model (default: the newest under checkpoints/); -m A -m B translate together"""


class TranslateOptions(RunOptions):
    """What to translate, and how the result is written."""

    texts: tuple[str, ...] = ()
    """What to translate; without it the lines of the input"""
    input: Path | None = None
    """Translate this file, a line each (default: standard input)"""
    output: Path | None = None
    """Write here (default: standard output)"""
    tgt: str | None = None
    """Language to translate into, for a model that was trained on several"""
    nbest: Positive = 1
    """Translations for each line, best first; more than one needs a beam as large"""
    scores: bool = False
    """Write each translation's score and a TAB before it"""
    alignments: bool = False
    """Write after each translation which source piece each of its pieces was made from, in Pharaoh's form"""
    as_json: bool = False
    """Write a JSON object for each line: id, source, translation, score, hypotheses"""


class InspectOptions(RunOptions):
    """What to look at, and how it is shown."""

    model: tuple[RunDir, ...] = ()
    """Run directory of the model (default: the newest under checkpoints/)"""

    texts: tuple[str, ...] = ()
    """What to look at from inside; without it the lines of standard input"""
    tgt: str | None = None
    """Language to translate into, for a model that was trained on several"""
    as_json: bool = False
    """Write all numbers, as one JSON object for each text, instead of showing them"""
    npz: Path | None = None
    """Write all numbers into this file too, as numpy's arrays by name"""
    picture: Path | None = None
    """Draw the one text into this file too: .png, .svg or .html; needs matplotlib"""
    by_hand: bool = False
    """Work out one step of h' = f(W·x + b + U·h + B) with the numbers of a model of cell rnn instead"""
    neighbours: str | None = None
    """SPEC of a corpus: show its sentences whose vectors are nearest to the text's instead"""
    count: Positive = 10
    """Nearest sentences to show"""
    report: str | None = None
    """SPEC of test pairs: write a page about the run on them instead"""
    save: Path | None = None
    """Write the report here (default: report.html in the run directory)"""


class ServeOptions(DatastoreConfig, Device):
    """What is served, where, and how much of it one client may have."""

    model: tuple[str, ...] = ()
    """Run directory (default: the newest under checkpoints/); several choose by language pair; zh-en=RUN
    gives a run the languages that it does not know"""
    ensemble: bool = False
    """Runs of the same language pair translate together"""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every machine that can reach this one"""
    port: Annotated[int, Field(ge=0, le=65535)] = 5000
    """Port to listen on; 0 takes a free one"""
    api_keys: Path | None = None
    """File of keys, one a line, with requests a minute behind it if wanted; who has none is refused"""
    char_limit: Count = 5000
    """Characters in one request; 0 permits any number"""
    batch_limit: Count = 100
    """Texts in one request; 0 permits any number"""
    rate_limit: Count = 0
    """Requests a minute of one client or key; 0 permits any number"""
    queue_limit: Positive = 1000
    """Texts that may wait; while there are more, requests are refused"""
    log_requests: bool = False
    """Write a line to stderr for each request: method, route, status, time; never its text"""


class TuneOptions(RunOptions):
    """What it is tuned on."""

    validation: tuple[str, ...] = ()
    """SPEC of the pairs (default: the run's own validation pairs)"""
    as_json: bool = False
    """Write one JSON object instead of a table"""


class EvaluateOptions(RunOptions):
    """What is measured, and against what."""

    test: tuple[str, ...] = ()
    """SPEC of the test pairs (default: the test part of the corpus that the run was trained on)"""
    test_set: str | None = None
    """One of sacreBLEU's own test sets, such as multi30k/2016; needs --language-pair"""
    language_pair: str | None = None
    """Direction of the test set, such as en-de"""
    src: str | None = None
    """Source language code (default: the run's)"""
    tgt: str | None = None
    """Target language code (default: the run's); chooses the tokeniser"""
    swap: bool | None = None
    """Exchange the two sides of the test pairs, unless their languages are named (default: as in training)"""
    hypotheses: Path | None = None
    """Score this file of translations, a line each, instead of a model's"""
    against: tuple[RunDir, ...] = ()
    """Compare with this run, or file of translations, too: the difference and the paired bootstrap's p-value.
    May be given several times"""
    runs: tuple[tuple[RunDir, ...], ...] = ()
    """Runs that differ in their seeds: the scores of each, their mean and standard deviation. May be given
    once for each system"""
    tokenize: str | None = None
    """Tokeniser for BLEU (default: by the target language: zh, ja-mecab, ko-mecab, char, 13a); or moses"""
    lowercase: bool = False
    """Score without regard to case"""
    bootstrap: Count = 1000
    """Resamples for the 95 % interval and the p-value; 0 leaves the interval out"""
    worst: Count = 5
    """Show so many of the worst segments"""
    save: Path | None = None
    """Write the hypotheses here (default: into the run directory)"""
    as_json: bool = False
    """Write one JSON object instead of text"""
    markdown: bool = False
    """Write a table in Markdown instead"""
    latex: bool = False
    """Write a table in LaTeX, for the package booktabs, instead"""

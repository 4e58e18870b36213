"""OpenNMT-py 3.5.1 as a competitor."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from bench.peer_base import (
    Finished,
    Places,
    Round,
    Snapshot,
    fill,
    fresh,
    interval,
    run,
    run_for,
    snapshots,
)
from bench.peer_search import onmt_arguments
from bench.peer_setup import Patch, make_environment

# Its own metadata pins torch below 2.3, so it comes without what it depends on.
STEPS = (
    ("torch==2.13.0",),
    ("--no-deps", "OpenNMT-py==3.5.1"),
    (
        "configargparse",
        "ctranslate2<5,>=4",
        "fasttext-wheel",
        "flask",
        "pyahocorasick",
        "pyonmttok<2,>=1.37",
        "pyyaml",
        "rapidfuzz",
        "regex",
        "sacrebleu",
        "sentencepiece",
        "six",
        "spacy",
        "tensorboard>=2.3",
        "waitress",
    ),
)
PATCHES = (
    Patch(
        "onmt/models/model_saver.py",
        'map_location=torch.device("cpu"))',
        'map_location=torch.device("cpu"), weights_only=False)',
    ),
)
# Step 20/  100; …; bsz: 1768/1764/117; 1444/1441 tok/s; …: source and target tokens a batch and a second
REPORT = re.compile(r"Step +\d+/ *\d+; .*bsz: +\d+/ *(\d+)/ *\d+; +\d+/ *(\d+) tok/s")


class OpenNMT:
    """Trains and translates through its commands."""

    name, title = "onmt", "OpenNMT-py 3.5.1"

    def __init__(self, places: Places) -> None:
        self.places = places
        self.folder = places.runs / self.name
        self.environment = places.work / "env-onmt"
        self.checkpoint: Path | None = None
        self.batches: list[int] = []  # target tokens

    def install(self) -> None:
        """See `Tool`."""
        make_environment(self.environment, STEPS, PATCHES)

    def prepare(self) -> None:
        """See `Tool`."""
        fresh(self.folder)

    def train(self, done: int, updates: int) -> Round:
        """See `Tool`. Each round draws other batches: going on begins the corpus anew."""
        last = done + updates
        settings = {
            "seed": 42 + done,
            "train_steps": last,
            "valid_steps": 1000 * last,
            "save_checkpoint_steps": last,
            "report_every": interval(updates),
        }
        text = fill(self.places.settings / "onmt" / "rnn.yaml", self.places, settings)
        if self.checkpoint:
            text += f"train_from: {self.checkpoint}\n"
        config = self.folder / f"train-{last}.yaml"
        config.write_text(text, encoding="utf-8")
        log = self.folder / f"train-{last}.log"
        finished = run([self._command("onmt_train"), "-config", str(config)], log)
        self.checkpoint = self.folder / f"model_step_{last}.pt"
        reports = REPORT.findall(log.read_text(encoding="utf-8"))
        self.batches += [int(pieces) for pieces, _ in reports]
        return Round(tuple(float(speed) for _, speed in reports[1:]), finished.peak_mb)

    def train_for(self, seconds: float, every: int) -> list[Snapshot]:
        """Train anew for so long, with a checkpoint every so many updates."""
        settings = {
            "train_steps": 1_000_000,
            "valid_steps": 1_000_000,
            "save_checkpoint_steps": every,
            "keep_checkpoint": -1,
        }
        config = self.folder / "train.yaml"
        text = fill(self.places.settings / "onmt" / "rnn.yaml", self.places, settings)
        config.write_text(text, encoding="utf-8")
        command = [self._command("onmt_train"), "-config", str(config)]
        began = run_for(command, self.folder / "train.log", seconds)
        return snapshots(self.folder.glob("model_step_*.pt"), began, seconds - 1)

    def tokens_per_update(self) -> float:
        """See `Tool`."""
        return statistics.mean(self.batches)

    def translate(self, source: Path, output: Path, beam: int) -> Finished:
        """See `Tool`."""
        model, pieces = str(self.checkpoint), str(self.places.pieces)
        searching = onmt_arguments(model, str(beam), pieces, str(source), str(output))
        command = [self._command("onmt_translate"), *searching]
        return run(command, self.folder / f"translate-{beam}.log")

    def searcher(self, beam: int) -> list[str]:
        """See `Tool`."""
        return [self._command("python"), "onmt", str(self.checkpoint), str(beam)]

    def _command(self, name: str) -> str:
        return str(self.environment / "bin" / name)

"""Joey NMT 2.3.0 as a competitor."""

from __future__ import annotations

import re
import subprocess
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
from bench.peer_search import LONGEST
from bench.peer_setup import Patch, make_environment

STEPS = (("torch==2.13.0",), ("joeynmt==2.3.0", "importlib_metadata", "sentencepiece==0.2.0"))
PATCHES = (Patch("joeynmt/builders.py", '            "verbose": False,\n', ""),)
# Epoch   1, Step:       20, …, Tokens per Sec:      563, …: target tokens, </s> counted
REPORT = re.compile(r"Step: +\d+, .*Tokens per Sec: +(\d+)")
LEARNED = "import sys, torch; print(torch.load(sys.argv[1])['stats_state']['total_tokens'])"


class Joey:
    """Trains and translates through its commands."""

    name, title = "joey", "Joey NMT 2.3.0"

    def __init__(self, places: Places) -> None:
        self.places = places
        self.folder = places.runs / self.name
        self.python = str(places.work / "env-joey" / "bin" / "python")
        self.checkpoint: Path | None = None
        self.updates = 0

    def install(self) -> None:
        """See `Tool`."""
        make_environment(self.places.work / "env-joey", STEPS, PATCHES)

    def prepare(self) -> None:
        """See `Tool`."""
        fresh(self.folder)

    def train(self, done: int, updates: int) -> Round:
        """See `Tool`. A run directory for each round, since it empties the one it is given; each round
        draws other batches, since going on begins the corpus anew."""
        last = done + updates
        run_dir = self.folder / f"round-{last}"
        settings = {
            "model_dir": str(run_dir),
            "random_seed": 42 + done,
            "updates": last,
            "logging_freq": interval(updates),
            "validation_freq": 100_000 * interval(updates),
        }
        text = fill(self.places.settings / "joey" / "rnn.yaml", self.places, settings)
        if self.checkpoint:
            text = text.replace("training:\n", f'training:\n    load_model: "{self.checkpoint}"\n')
        config = self._config(f"train-{last}", text)
        log = self.folder / f"train-{last}.log"
        finished = run([self.python, "-m", "joeynmt", "train", str(config), "--skip-test"], log)
        self.checkpoint, self.updates = run_dir / "latest.ckpt", last
        reports = REPORT.findall(log.read_text(encoding="utf-8"))
        return Round(tuple(float(speed) for speed in reports[1:]), finished.peak_mb)

    def train_for(self, seconds: float, every: int) -> list[Snapshot]:
        """Train anew for so long, with a checkpoint every so many updates. It is asked for perplexity only,
        so that its validations, without which it saves nothing, cost it little."""
        settings = {
            "updates": 1_000_000,
            "validation_freq": every,
            "logging_freq": every,  # it must divide the other
            "keep_best_ckpts": -1,
            "eval_metrics": [],
            "early_stopping_metric": "ppl",
        }
        run_dir = self.folder / "run"
        text = fill(
            self.places.settings / "joey" / "rnn.yaml", self.places, settings | {"model_dir": str(run_dir)}
        )
        command = [
            self.python,
            "-m",
            "joeynmt",
            "train",
            str(self._config("train", text)),
            "--skip-test",
        ]
        began = run_for(command, self.folder / "train.log", seconds)
        return snapshots(run_dir.glob("[0-9]*.ckpt"), began, seconds - 1)

    def tokens_per_update(self) -> float:
        """See `Tool`; its log does not say, its checkpoint does."""
        command = [self.python, "-c", LEARNED, str(self.checkpoint)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout) / self.updates

    def translate(self, source: Path, output: Path, beam: int) -> Finished:
        """See `Tool`."""
        command = [self.python, "-m", "joeynmt", "translate", str(self._decoding(beam))]
        return run(command, self.folder / f"translate-{beam}.log", stdin=source, stdout=output)

    def searcher(self, beam: int) -> list[str]:
        """See `Tool`."""
        return [self.python, "joey", str(self._decoding(beam)), str(beam)]

    def _decoding(self, beam: int) -> Path:
        """The settings to translate with; the batch size is theirs."""
        name = "decode_greedy" if beam == 1 else "decode_beam5"
        settings = {
            "model_dir": str(self.checkpoint.parent) if self.checkpoint else "",
            "load_model": str(self.checkpoint),
            "beam_size": beam,
            "max_output_length": LONGEST,
        }
        text = fill(self.places.settings / "joey" / f"{name}.yaml", self.places, settings)
        return self._config(f"translate-{beam}", text)

    def _config(self, name: str, text: str) -> Path:
        file = self.folder / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return file

"""mt as a competitor, twice: all in fp32, and in the fastest arithmetic it has for each thing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.peer_base import Finished, Places, Round, flags, fresh, interval, run
from mt.storage.tensors import read_tensors
from mt.training.state import STATE

SETTINGS = Path(__file__).with_name("peer_model.toml")
# The command as it is, but reporting as often as the peers do.
TRAIN = (
    "import sys, mt.training.trainer; mt.training.trainer.REPORT_STEPS = int(sys.argv.pop(1)); "
    "from mt.cli import main; sys.exit(main())"
)


class Ours:
    """Trains and translates through `mt train` and `mt translate`, on the CPU.

    precision: of training; auto is bf16 where the CPU is good at it. search: of translating.
    """

    def __init__(self, places: Places, name: str, precision: str, search: str) -> None:
        self.name, self.title = name, name
        self.places, self.precision, self.search = places, precision, search
        self.folder = places.runs / self.name
        self.run_dir = self.folder / "run"

    def install(self) -> None:
        """See `Tool`; `make setup` did it."""

    def prepare(self) -> None:
        """See `Tool`."""
        fresh(self.folder)

    def train(self, done: int, updates: int) -> Round:
        """See `Tool`."""
        data, last = self.places.data, done + updates
        settings = {
            "preset": "tiny",
            "config": SETTINGS,
            "train": f"{data}/train.en,{data}/train.de",
            "validation": f"{data}/val.en,{data}/val.de",
            "src": "en",
            "tgt": "de",
            "precision": self.precision,
            "device": "cpu",
            "max-steps": last,
            "out": self.run_dir,
        }
        command = [sys.executable, "-c", TRAIN, str(interval(updates)), "train", *flags(settings)]
        log = self.folder / f"train-{last}.log"
        finished = run(command, log)
        where = next(line for line in log.read_text(encoding="utf-8").splitlines() if "device: " in line)
        self.title = f"{self.name} ({where.removeprefix('device: ')}; search in {self.search})"
        lines = (self.run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        speeds = [
            float(entry["tokens_per_second"])
            for entry in map(json.loads, lines)
            if entry["kind"] == "training" and entry["step"] > done
        ]
        return Round(tuple(speeds[1:]), finished.peak_mb)

    def tokens_per_update(self) -> float:
        """See `Tool`."""
        _, progress = read_tensors(self.run_dir / STATE)
        return float(progress["tokens"] / progress["step"])

    def pieces(self) -> Path:
        """The SentencePiece model that it learned."""
        return self.run_dir / "shared.spm"

    def translate(self, source: Path, output: Path, beam: int) -> Finished:
        """See `Tool`."""
        files = {"model": self.run_dir, "input": source, "output": output}
        how = {"beam": beam, "precision": self.search, "device": "cpu"}
        command = [sys.executable, "-m", "mt", "translate", *flags(files | how)]
        return run(command, self.folder / f"translate-{beam}.log")

    def searcher(self, beam: int) -> list[str]:
        """See `Tool`."""
        return [sys.executable, f"mt-{self.search}", str(self.run_dir), str(beam)]

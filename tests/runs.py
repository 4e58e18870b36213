"""What tests ask of run directories: whether two are equal, and what a run has logged."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mt.storage.tensors import read_tensors
from mt.training.state import STATE
from mt.training.trainer import Trainer

TIMES = {"seconds", "tokens_per_second"}
WITH_TIMES = {"metrics.jsonl", "README.md", "clock.json"}
"""Files in which equal runs differ, by times alone."""


def kept(run: Path) -> dict[str, bytes]:
    """By name all files of a run in which no times are."""
    files = [path for path in run.rglob("*") if path.is_file() and path.name not in WITH_TIMES]
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def logged(run: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """metrics.jsonl without times, and without starts where no kind is named."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in TIMES}
        for line in lines
        if line["kind"] == kind or (kind is None and line["kind"] != "start")
    ]


def progress(run: Path) -> dict[str, Any]:
    """The counters that were saved."""
    return read_tensors(run / STATE)[1]


def assert_equal(one: Path, other: Path) -> None:
    """Raises AssertionError that names the files in which two runs differ by more than times."""
    ours, theirs = kept(one), kept(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert logged(one) == logged(other)


def same_weights(one: Path, other: Path) -> bool:
    """Whether the last weights and the optimiser's state are equal."""
    ours, theirs = (read_tensors(run / STATE)[0] for run in (one, other))
    return ours.keys() == theirs.keys() and all(ours[name].equal(theirs[name]) for name in ours)


def furthest(one: Path, other: Path) -> float:
    """The largest difference between the last weights of two runs."""
    ours, theirs = (read_tensors(run / STATE)[0] for run in (one, other))
    assert ours.keys() == theirs.keys()
    return max(
        float((ours[name] - theirs[name]).abs().max()) for name in ours if not name.startswith("optimizer/")
    )


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C pressed while `step` is computed."""
    original = Trainer.step

    def press(self: Trainer, batches: Any) -> None:
        if self.progress.step + 1 == step:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, batches)

    monkeypatch.setattr(Trainer, "step", press)

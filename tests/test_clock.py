"""What time is spent on: counted from the start of the command, the last validation included."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from mt import cli
from mt.config import Config, TrainingConfig
from mt.training.agreement import Agreement
from mt.training.clock import READING, TRAINING, VALIDATING, Clock
from mt.training.corpora import TextReader
from mt.training.loader import Part
from mt.training.progress import Progress
from mt.training.ranks import Ranks
from mt.training.trainer import Trainer
from mt.training.updater import Updater
from mt.training.validation import Validator
from tests.runs import logged, progress
from tests.toy import train_arguments

Capture = pytest.CaptureFixture[str]


class Time:
    """Stands for the module `time`: goes on only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        for module in ("mt.training.clock", "mt.training.trainer", "mt.cli"):
            monkeypatch.setattr(f"{module}.time", self)

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_laps_leave_nothing_out(time: Time) -> None:
    clock = Clock(budget=60, began=90)  # the command began ten seconds ago
    assert clock.left == 50
    clock.lap(READING)
    time.now = 103
    clock.lap(TRAINING)
    time.now = 107
    clock.lap(VALIDATING)
    time.now = 108
    clock.lap(TRAINING)
    assert clock.spent == {READING: 10, TRAINING: 4, VALIDATING: 4}
    assert clock.latest == {READING: 10, TRAINING: 1, VALIDATING: 4}
    assert (clock.learning, clock.since_report) == (8, 4)
    time.now = 110
    assert clock.left == 40
    assert str(clock) == "reading 10 s, training 4 s, validating 4 s"
    assert Clock().left == math.inf
    assert str(Clock()) == "less than a second"


def test_the_commands_of_a_run_share_its_time(time: Time) -> None:
    first = Clock()
    time.now = 130
    first.lap(TRAINING)
    second = Clock(budget=60)
    time.now = 135
    second.lap(READING)
    second.go_on(first.as_dict())
    assert second.spent == {READING: 5, TRAINING: 30}
    assert second.since_report == 30
    assert second.left == 25


def trainer(clock: Clock, training: TrainingConfig, device: str = "cpu") -> Trainer:
    """One whose epochs have ten steps; nothing else of it is there."""
    parts = {
        "files": SimpleNamespace(config=Config(training=training), path=Path("run")),
        "updater": SimpleNamespace(device=torch.device(device)),
        "loader": SimpleNamespace(steps=lambda: 10),
        "validator": None,
        "reporter": SimpleNamespace(skipped=lambda *_: None),
        "agreed": Agreement(Ranks(), clock),
    }
    return Trainer(**cast(dict[str, Any], parts))


@pytest.mark.parametrize(
    ("limits", "budget", "left"),
    [
        ({"max_epochs": 3}, None, 40),  # 30 steps, of which 10 took 20 seconds
        ({"max_epochs": 3, "max_steps": 15}, None, 10),
        ({"max_epochs": 3}, 50, 30),  # the budget ends first
        ({"max_epochs": 3}, 15, 0),
        ({"max_epochs": 1}, None, 0),
    ],
)
def test_the_time_that_is_left(limits: dict[str, Any], budget: float | None, left: float, time: Time) -> None:
    clock = Clock(budget)
    taught = trainer(clock, TrainingConfig(**limits))
    assert taught.time_left() is None
    time.now = 120
    clock.lap(TRAINING)
    taught.progress = Progress(step=10)
    assert taught.time_left() == left


class Later:
    """What a step on a GPU came to: whoever waits for it waits until that step is done."""

    def __init__(self, time: Time, ready: float, step: int) -> None:
        self.time, self.ready, self.step, self.tokens = time, ready, step, 10

    def begin_copy(self) -> Later:
        return self

    def wait(self) -> tuple[float, bool]:
        self.time.now = max(self.time.now, self.ready)
        return 7.0, False


def test_a_gpu_s_step_counts_when_it_is_done(time: Time) -> None:
    """Steps are launched at once and done every 5 seconds: so many tokens in so much time."""
    clock = Clock()
    taught = trainer(clock, TrainingConfig(max_epochs=1), device="cuda")
    done: Iterator[float] = iter(range(105, 200, 5))

    def update(*_: object, step: int, **__: object) -> Later:
        return Later(time, next(done), step)

    taught.updater = cast(Updater, SimpleNamespace(device=torch.device("cuda"), update=update))
    for step in range(1, 4):
        taught.step(Part([], [], 1, 0))
        assert taught.progress.window_tokens == 10 * (step - 1), "the last one is still at work"
        assert clock.since_report == 5 * (step - 1), "and so is its time"
    assert taught.time_left() == 10 / 2 * 7
    taught._settle()
    assert (taught.progress.window_tokens, taught.progress.window_nll) == (30, 21.0)
    assert (clock.since_report, clock.learning) == (15, 15)
    assert taught._unsettled == deque()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, time: Time) -> Time:
    """Reading takes 20 seconds, a step 1, a validation 10."""

    def slowed(original: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        def work(*arguments: Any, **options: Any) -> Any:
            time.now += seconds
            return original(*arguments, **options)

        return work

    monkeypatch.setattr(TextReader, "read", slowed(TextReader.read, 20))
    monkeypatch.setattr(Updater, "update", slowed(Updater.update, 1))
    monkeypatch.setattr(Validator, "validate", slowed(Validator.validate, 10))
    return time


def budgeted(folder: Path, budget: str, *more: str) -> list[str]:
    limits = ["--max-epochs", "999", "--patience", "999", "--validate-every", "999", "--time-budget", budget]
    return [*train_arguments(folder, pairs=100), *limits, *more, "--out", str(folder / "run")]


@pytest.mark.parametrize(
    ("every", "validated", "spent"),
    [
        ("999", [41, 60], "reading 20 s, training 60 s, validating 20 s"),
        ("25", [25, 50], "reading 20 s, training 50 s, validating 20 s"),
        ("20", [20, 40, 50], "reading 20 s, training 50 s, validating 30 s"),
    ],
)
def test_a_time_budget_includes_reading_and_the_last_validation(
    every: str, validated: list[int], spent: str, slow: Time, tmp_path: Path, capsys: Capture
) -> None:
    """Where none was due in its first half, one in the middle tells how long the last one will take.

    There is no step that no time is left to validate.
    """
    run = tmp_path / "run"
    assert cli.main(budgeted(tmp_path, "100s", "--validate-every", every)) == 0
    error = capsys.readouterr().err
    assert f"time: {spent}" in error
    assert "finished: the time budget is spent" in error
    assert slow.now <= 100 + 100
    assert [entry["step"] for entry in logged(run, "validation")] == validated
    assert progress(run)["validated"] == progress(run)["step"]
    assert cli.main(["translate", "-m", str(run), "ba"]) == 0


def test_a_time_budget_is_that_of_all_commands_of_a_run(slow: Time, tmp_path: Path) -> None:
    """The same command again reads and has nothing left to do; with a greater budget it goes on."""
    run = tmp_path / "run"
    assert cli.main(budgeted(tmp_path, "60s")) == 0
    assert (progress(run)["step"], slow.now) == (21, 100 + 20 + 21 + 10)
    assert cli.main(budgeted(tmp_path, "60s")) == 0
    assert (progress(run)["step"], slow.now) == (21, 100 + 51 + 20)
    assert cli.main(budgeted(tmp_path, "200s")) == 0
    assert (progress(run)["step"], slow.now) == (120, 100 + 51 + 20 + 20 + 99 + 10)


def test_a_budget_too_small_for_a_step_says_what_took_it(slow: Time, tmp_path: Path, capsys: Capture) -> None:
    assert slow.now == 100
    assert cli.main(budgeted(tmp_path, "15s")) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "mt: the time budget is spent before the first step: reading 20 s; give more time"
    assert cli.main(budgeted(tmp_path, "90s")) == 0

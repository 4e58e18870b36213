"""The logs of a run: what a resumed run writes again is not there twice."""

from __future__ import annotations

import json
from pathlib import Path

from mt.training.logs import METRICS, SAMPLES, cut_logs, log_metrics, log_samples
from mt.training.progress import Progress


def steps(run: Path) -> list[tuple[str, int]]:
    entries = [json.loads(line) for line in (run / METRICS).read_text().splitlines()]
    return [(entry["kind"], entry["step"]) for entry in entries]


def test_metrics_are_cut_at_the_step_that_is_resumed(tmp_path: Path) -> None:
    """kill -9 can leave lines after the saved state, and half a line."""
    for step in (1, 5, 9):
        log_metrics(tmp_path, "training", step, {"loss": 1.0})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"ste')
    cut_logs(tmp_path, Progress(step=5, reported=5))
    assert steps(tmp_path) == [("training", 1), ("training", 5)]
    cut_logs(tmp_path, Progress())
    assert (tmp_path / METRICS).read_text() == ""


def test_a_start_from_which_nothing_is_left_is_dropped(tmp_path: Path) -> None:
    """A command that was killed before it saved; or one that had nothing to do."""
    for kind, step in (("start", 0), ("training", 5), ("start", 5), ("training", 9), ("start", 9)):
        log_metrics(tmp_path, kind, step, {})
    cut_logs(tmp_path, Progress(step=5, reported=5))
    assert steps(tmp_path) == [("start", 0), ("training", 5)]
    cut_logs(tmp_path, Progress())
    assert steps(tmp_path) == []


def test_samples_are_cut_at_the_step_that_is_resumed(tmp_path: Path) -> None:
    """Also where a sentence looks like the head of a validation."""
    for step in (5, 1200, 1300):
        log_samples(tmp_path, step, "BLEU 1", ["  source     step 9,999: ba", ""])
        if step == 1200:
            before = (tmp_path / SAMPLES).read_text()
    cut_logs(tmp_path, Progress(step=1250, validated=1200))
    assert (tmp_path / SAMPLES).read_text() == before
    assert before.startswith("step 5: BLEU 1\n")


def test_a_run_without_logs_has_nothing_to_cut(tmp_path: Path) -> None:
    cut_logs(tmp_path, Progress(step=3))
    assert list(tmp_path.iterdir()) == []

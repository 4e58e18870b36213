"""The logs of a run: what a resumed run writes again is not there twice."""

from __future__ import annotations

from pathlib import Path

from mt.training.logs import METRICS, SAMPLES, cut_logs, log_metrics, log_samples


def test_metrics_are_cut_at_the_step_that_is_resumed(tmp_path: Path) -> None:
    """kill -9 can leave lines after the saved state, and half a line."""
    for step in (1, 5, 9):
        log_metrics(tmp_path, {"step": step})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"ste')
    cut_logs(tmp_path, 5)
    assert (tmp_path / METRICS).read_text() == '{"step": 1}\n{"step": 5}\n'
    cut_logs(tmp_path, 0)
    assert (tmp_path / METRICS).read_text() == ""


def test_samples_are_cut_at_the_step_that_is_resumed(tmp_path: Path) -> None:
    """Also where a sentence looks like the head of a validation."""
    for step in (5, 1200, 1300):
        log_samples(tmp_path, step, "BLEU 1", ["  source     step 9,999: ba", ""])
        if step == 1200:
            before = (tmp_path / SAMPLES).read_text()
    cut_logs(tmp_path, 1200)
    assert (tmp_path / SAMPLES).read_text() == before
    assert before.startswith("step 5: BLEU 1\n")


def test_a_run_without_logs_has_nothing_to_cut(tmp_path: Path) -> None:
    cut_logs(tmp_path, 3)
    assert list(tmp_path.iterdir()) == []

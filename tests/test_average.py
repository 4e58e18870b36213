"""Kept weights are those of the best validations, and their mean is a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import mt
from mt import cli
from mt.tensors import read_tensors
from tests.conftest import learn


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six validations, the best three of them kept."""
    return learn(tmp_path_factory.mktemp("kept"), "--keep", "3", "--max-epochs", "6")


def test_the_best_validations_are_kept(kept_run: Path) -> None:
    lines = [json.loads(line) for line in (kept_run / "metrics.jsonl").read_text().splitlines()]
    by_bleu = sorted((line["bleu"], line["step"]) for line in lines if line["kind"] == "validation")
    steps = sorted(int(file.stem.removeprefix("step-")) for file in (kept_run / "kept").iterdir())
    assert len(by_bleu) > 3
    assert steps == sorted(step for _, step in by_bleu[-3:])


def test_the_mean_of_the_kept_weights_is_a_run(kept_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["average", "-m", str(kept_run)]) == 0
    out = kept_run.with_name("run-average")
    assert f"{out}: the mean of 3 sets of weights" in capsys.readouterr().err
    parts = [read_tensors(file)[0] for file in (kept_run / "kept").iterdir()]
    mean, _ = read_tensors(out / "model.safetensors")
    assert mean.keys() == parts[0].keys()
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, torch.stack([part[name] for part in parts]).mean(dim=0))
    assert mt.load(out).translate([""]) == [""]
    assert cli.main(["average", "-m", str(kept_run)]) == 1
    assert f"mt: {out} exists; give another --out" in capsys.readouterr().err


def test_what_cannot_be_averaged_is_said(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in (
        (["-m", str(toy_run)], "train with --keep 5"),
        (["-m", str(toy_run), "-m", str(toy_run)], "of one run's weights"),
        (["-m", str(tmp_path / "none")], "does not exist"),
    ):
        assert cli.main(["average", *arguments]) == 1
        captured = capsys.readouterr()
        assert message in captured.err
        assert len(captured.err.splitlines()) == 1
        assert captured.out == ""

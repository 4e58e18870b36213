"""Training with several seeds: a run for each, one tokenizer, the same command goes on."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path

import pytest

from mt import cli
from mt.checkpoint import read_config
from mt.commands.train import train
from tests.toy import train_arguments


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    return [*train_arguments(tmp_path, pairs=200), "--max-epochs", "2", "--out", str(tmp_path / "my x")]


def test_a_run_for_each_seed_with_one_tokenizer(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--seeds", "2"]) == 0
    first, second = tmp_path / "my x-1", tmp_path / "my x-2"
    assert not (tmp_path / "my x").exists()
    assert [read_config(run)[0].training.seed for run in (first, second)] == [1, 2]
    assert read_config(second)[0].tokenizer.tokenizer_from == str(first)
    for name in ("src.spm", "tgt.spm"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert (first / "model.safetensors").read_bytes() != (second / "model.safetensors").read_bytes()
    last = capsys.readouterr().err.splitlines()[-2:]
    best = [max(bleus(run)) for run in (first, second)]
    expected = f"{statistics.fmean(best):.1f} ± {statistics.stdev(best):.1f}"
    assert last[0].startswith(f"best validation BLEU of 2 runs: {expected} (")
    assert last[1] == f"Measure them: mt evaluate --runs '{first}' '{second}' --test SPEC"


def bleus(run: Path) -> list[float]:
    entries = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return [entry["bleu"] for entry in entries if entry["kind"] == "validation"]


def test_the_first_is_as_if_trained_alone(arguments: list[str], tmp_path: Path) -> None:
    """And seeds may be named; one that is there already is gone on with, not trained again."""
    assert cli.main([*arguments[:-1], str(tmp_path / "my x-3"), "--seed", "3"]) == 0
    alone = (tmp_path / "my x-3" / "model.safetensors").read_bytes()
    before = (tmp_path / "my x-3" / "metrics.jsonl").read_text().count('"validation"')
    assert cli.main([*arguments, "--seeds", "3", "5"]) == 0
    assert (tmp_path / "my x-3" / "model.safetensors").read_bytes() == alone
    assert (tmp_path / "my x-3" / "metrics.jsonl").read_text().count('"validation"') == before
    assert (tmp_path / "my x-5" / "model.safetensors").exists()


def test_what_was_interrupted_goes_on_with_the_seed_it_was_at(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = []

    def stop_at_the_second(*given: object, **named: object) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        train(*given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("mt.commands.seeds.train", stop_at_the_second)
        assert cli.main([*arguments, "--seeds", "2"]) == 130
    assert not (tmp_path / "my x-2").exists()
    capsys.readouterr()
    assert cli.main([*arguments, "--seeds", "2"]) == 0
    said = capsys.readouterr().err
    assert re.findall(r"^seed (\d), run", said, re.MULTILINE) == ["1", "2"]
    assert said.count("going on from step") == 1
    assert (tmp_path / "my x-2" / "model.safetensors").exists()

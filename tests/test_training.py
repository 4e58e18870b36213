"""Training: resumed = uninterrupted, limits and signals stop cleanly, and trouble is named."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from mt import cli
from mt.checkpoint import locked
from mt.config import Config, ModelConfig, TrainingConfig
from mt.layers.loss import Targets, bag_of_words, cross_entropy
from mt.metrics import LanguageBleu
from mt.model import build_model
from mt.tensors import read_tensors
from mt.training.averaging import MovingAverage
from mt.training.schedule import learning_rate
from mt.training.trainer import Trainer
from mt.training.validation import Validation, Validator
from tests.toy import toy_pairs, train_arguments, write_tsv
from tests.waiting import DEADLINE, wait_until

STATE = "state/last.safetensors"
NO_BLEU = LanguageBleu(1.0, "", {})


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A short training whose epochs have several steps; plateau decay, dropout on."""
    return [
        *train_arguments(tmp_path, pairs=300),
        "--max-steps",
        "26",
        "--validate-every",
        "8",
        "--max-epochs",
        "99",
    ]


def weights(run: Path) -> dict[str, torch.Tensor]:
    """All that training left behind: last weights and optimiser, and the best weights."""
    last, _ = read_tensors(run / STATE)
    best, _ = read_tensors(run / "model.safetensors")
    return last | {f"best/{name}": tensor for name, tensor in best.items()}


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


def logged(run: Path) -> list[dict[str, object]]:
    """What was learned; how often training was started, and how long it took, is left out."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in ("seconds", "tokens_per_second")}
        for line in lines
        if line["kind"] != "start"
    ]


def validated(run: Path) -> list[object]:
    return [line["step"] for line in logged(run) if line["kind"] == "validation"]


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C pressed while `step` is computed."""
    original = Trainer.step

    def press(self: Trainer, groups: object) -> None:
        if self.progress.step + 1 == step:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, groups)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "step", press)


REGULARISED = [
    "--sampling",
    "0.5",
    "--average-decay",
    "0.9",
    "--bag-of-words",
    "0.5",
    "--dropout-recurrent",
    "0.2",
    "--dropout-locked",
    "--dropout-src-pieces",
    "0.1",
]


@pytest.mark.parametrize("extra", [[], ["--accumulate", "2"], ["--decay", "linear"], REGULARISED], ids=str)
@pytest.mark.parametrize("step", [3, 8, 15])
def test_resumed_is_uninterrupted_bit_for_bit(
    step: int, extra: list[str], command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of an epoch, at a validation, in the second epoch: never a bit of difference."""
    command = [*command, *extra]
    assert cli.main([*command, "--out", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as patch:
        stop_at(step, patch)
        assert cli.main([*command, "--out", str(tmp_path / "parts")]) == 130
    assert read_tensors(tmp_path / "parts" / STATE)[1]["step"] == step
    assert cli.main([*command, "--out", str(tmp_path / "parts")]) == 0
    assert same(tmp_path / "whole", tmp_path / "parts")
    assert logged(tmp_path / "whole") == logged(tmp_path / "parts")
    samples = [(tmp_path / run / "samples.txt").read_text() for run in ("whole", "parts")]
    assert samples[0] == samples[1]


@pytest.mark.parametrize("every", [[], ["--validate-every", "4"]], ids=["epochs", "steps"])
def test_limits_decide_when_it_stops_and_not_what_it_learns(every: list[str], tmp_path: Path) -> None:
    """Ended in mid-epoch, at an epoch's end (step 5), at a validation (28); the decay counts validations."""
    command = [
        *train_arguments(tmp_path, pairs=300),
        "--max-epochs",
        "99",
        "--patience",
        "99",
        "--learning-rate",
        "3e-2",
        "--warmup-steps",
        "0",
        "--plateau-patience",
        "1",
        *every,
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert cli.main([*command, "--max-steps", "40", "--out", str(whole)]) == 0
    for limit in (3, 5, 6, 14, 28, 40):
        assert cli.main([*command, "--max-steps", str(limit), "--out", str(parts)]) == 0
    (last, progress), (last_of_parts, found) = (read_tensors(run / STATE) for run in (whole, parts))
    assert progress["scale"] < 1, "the decay has counted"
    for name in ("scale", "peak", "since_best", "since_halving", "epoch", "position", "tokens"):
        assert progress[name] == found[name], name
    assert all(last[name].equal(last_of_parts[name]) for name in last)
    due = list(range(5, 41, 5)) if not every else list(range(4, 41, 4))
    assert validated(whole) == due
    assert validated(parts) == sorted({*due, 3, 5, 6, 14, 28})


def test_patience_that_is_spent_at_a_belated_validation_ends_the_run(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C came in the step before the validation that is the last one."""
    command += ["--validate-every", "2", "--patience", "1", "--learning-rate", "1e-12"]
    assert cli.main([*command, "--out", str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as patch:
        stop_at(4, patch)
        assert cli.main([*command, "--out", str(tmp_path / "parts")]) == 130
    assert cli.main([*command, "--out", str(tmp_path / "parts")]) == 0
    assert read_tensors(tmp_path / "whole" / STATE)[1]["step"] == 4
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_logs_of_a_run_that_was_killed_before_its_first_save_begin_anew(
    command: list[str], tmp_path: Path
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    assert cli.main([*command, "--out", str(whole)]) == 0
    shutil.copytree(whole, run)
    shutil.rmtree(run / "state")
    (run / "model.safetensors").unlink()
    assert cli.main([*command, "--out", str(run)]) == 0
    assert logged(run) == logged(whole)
    assert (run / "samples.txt").read_text() == (whole / "samples.txt").read_text()


def test_the_comparison_of_weights_can_fail(command: list[str], tmp_path: Path) -> None:
    assert cli.main([*command, "--out", str(tmp_path / "one")]) == 0
    assert cli.main([*command, "--seed", "2", "--out", str(tmp_path / "two")]) == 0
    assert not same(tmp_path / "one", tmp_path / "two")


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def in_a_process(command: list[str]) -> subprocess.Popen[bytes]:
    """The command as from a terminal, though a shell's background, where tests may run, ignores Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-m", "mt", *command],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=_hear_ctrl_c,
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_killed_process_goes_on_where_it_was(number: int, code: int, tmp_path: Path) -> None:
    """The real command in a real process: SIGTERM, Ctrl-C, and kill -9, which can save nothing any more."""
    command = [*train_arguments(tmp_path, pairs=300), "--validate-every", "100", "--patience", "100000"]
    endless = ["--max-epochs", "100000", "--save-minutes", "0.001"]
    run = tmp_path / "run"
    process = in_a_process([*command, *endless, "--out", str(run)])
    wait_until(lambda: (run / STATE).exists())
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code
    assert out == b""
    assert b"Traceback" not in err
    stopped = read_tensors(run / STATE)[1]["step"]
    assert stopped > 0
    further = ["--max-epochs", "100000", "--max-steps", str(stopped + 20)]
    assert cli.main([*command, *further, "--out", str(run)]) == 0
    assert cli.main([*command, *further, "--out", str(tmp_path / "whole")]) == 0
    assert same(run, tmp_path / "whole")
    assert not list(run.rglob("*.partial"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_stopped_while_it_reads_leaves_nothing(
    number: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a run nor a part of a file in the cache."""
    pipe, cache, run = tmp_path / "pairs.jsonl", tmp_path / "cache", tmp_path / "run"
    os.mkfifo(pipe)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(cache))
    process = in_a_process(["train", "--preset", "tiny", "--train", str(pipe), "--out", str(run)])
    with pipe.open("w"):  # until this is closed the command has no end of file
        wait_until(lambda: any(cache.rglob("*.partial")))
        process.send_signal(number)
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code
    assert err.splitlines()[-1].startswith(b"mt: ")
    assert not list(cache.rglob("*.*"))
    assert not run.exists()


def test_changed_settings_are_refused_by_name(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0
    before = weights(tmp_path / "run")
    capsys.readouterr()
    assert cli.main([*command, "--embedding", "25", "--seed", "9", "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert "model.embedding: 24 -> 25; training.seed: 1 -> 9" in error
    assert "--out" in error
    after = weights(tmp_path / "run")
    assert all(before[name].equal(after[name]) for name in before)


def test_changed_pairs_are_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0
    write_tsv(tmp_path / "train.tsv", toy_pairs(300, seed=99))
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    assert "the train pairs are not those" in capsys.readouterr().err


def test_two_trainings_cannot_write_one_run(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(tmp_path / "run"):
        assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    assert "another mt train is writing" in capsys.readouterr().err.splitlines()[-1]
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0


def test_a_folder_that_cannot_be_written_is_found_out_before_anything_is_read(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    captured = capsys.readouterr().err
    assert f"cannot write in {tmp_path / 'run'}: Read-only file system" in captured.splitlines()[-1]
    assert "read 300" not in captured


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_run_is_no_file(
    name: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert cli.main([*command, "--out", str(tmp_path / name)]) == 1
    captured = capsys.readouterr().err
    assert "is a file, or in one; give --out the name of a directory" in captured.splitlines()[-1]
    assert "read 300" not in captured, "before anything is read"
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_that_was_trained_is_overwritten(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights whose state is gone, as of a run that was copied to translate; and files of others."""
    run, mine = tmp_path / "run", tmp_path / "mine"
    assert cli.main([*command, "--out", str(run)]) == 0
    shutil.rmtree(run / "state")
    before = (run / "model.safetensors").read_bytes()
    assert cli.main([*command, "--out", str(run)]) == 1
    assert f"{run} holds a trained model but no state" in capsys.readouterr().err.splitlines()[-1]
    assert (run / "model.safetensors").read_bytes() == before
    mine.mkdir()
    (mine / "README.md").write_text("mine")
    assert cli.main([*command, "--out", str(mine)]) == 1
    assert f"{mine} is no run and its README.md would be replaced" in capsys.readouterr().err.splitlines()[-1]
    assert (mine / "README.md").read_text() == "mine"
    (mine / "README.md").rename(mine / "notes.md")
    assert cli.main([*command, "--out", str(mine)]) == 0


def test_a_run_that_learned_nothing_yet_may_begin_with_other_settings(
    command: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--out", str(run)]) == 0
    shutil.rmtree(run / "state")
    (run / "model.safetensors").unlink()
    assert cli.main([*command, "--seed", "2", "--out", str(run)]) == 0
    assert cli.main([*command, "--seed", "2", "--out", str(tmp_path / "other")]) == 0
    assert same(run, tmp_path / "other")


def test_the_settings_of_a_run_are_a_file_of_settings(command: list[str], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.main([*command, "--out", str(one)]) == 0
    assert cli.main(["train", "--threads", "1", "--config", str(one / "config.toml"), "--out", str(two)]) == 0
    assert same(one, two)


def test_what_cannot_be_trained_leaves_no_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, mine = tmp_path / "run", tmp_path / "mine"
    mine.mkdir()
    for out in (run, mine):
        assert cli.main(["train", "--train", str(tmp_path / "none.tsv"), "--out", str(out)]) == 1
        assert "none.tsv: no such file" in capsys.readouterr().err
    assert not run.exists()
    assert mine.exists()


def test_wrong_flags_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also a value that is out of range, alone or beside another setting, and a preset that is not there."""
    for wrong in (
        ["--preset", "huge"],
        ["--embedding", "0"],
        ["--vocab-size", "3"],
        ["--character-coverage", "0.9"],
        ["--tied", "--readout", "--readout-size", "7", "--embedding", "8"],
    ):
        assert cli.main(["train", *wrong, "--out", str(tmp_path / "run")]) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert captured.err.endswith("; see mt train --help\n")
    assert cli.main(["translate", "--beam", "0", "ba"]) == 2


def test_a_finished_run_goes_on_with_a_higher_limit(command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--out", str(run)]) == 0
    assert cli.main([*command, "--max-steps", "40", "--out", str(run)]) == 0
    progress = read_tensors(run / STATE)[1]
    assert (progress["step"], progress["finished"]) == (40, "40 steps done")


def test_a_time_budget_ends_cleanly_with_a_translator(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    command = [
        *command,
        "--max-steps",
        "1000000",
        "--max-epochs",
        "1000000",
        "--patience",
        "1000",
        "--time-budget",
        "1s",
    ]
    assert cli.main([*command, "--out", str(run)]) == 0
    assert "the time budget is spent" in capsys.readouterr().err
    progress = read_tensors(run / STATE)[1]
    assert progress["seconds"] >= 1
    assert progress["validated"] == progress["step"]
    assert cli.main(["translate", "-m", str(run), "ba"]) == 0


def test_patience_stops_a_run_that_gets_no_better(command: list[str], tmp_path: Path) -> None:
    """With a learning rate of almost zero nothing improves after the first validation."""
    run = tmp_path / "run"
    command += ["--max-steps", "500", "--validate-every", "2", "--patience", "3", "--learning-rate", "1e-12"]
    assert cli.main([*command, "--out", str(run)]) == 0
    progress = read_tensors(run / STATE)[1]
    assert progress["step"] == 2 * (1 + 3)
    assert progress["finished"] == "no better validation in 3"
    assert progress["scale"] == 0.5  # plateau_patience 2: halved once within three validations
    assert progress["best_step"] == 2


@pytest.mark.parametrize("metric", ["bleu", "perplexity"])
def test_the_best_is_what_the_metric_says(metric: str, command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--validation-metric", metric, "--out", str(run)]) == 0
    validations = [line for line in logged(run) if line["kind"] == "validation"]
    values = [float(str(line[metric])) for line in validations]
    best = max(values) if metric == "bleu" else min(values)
    progress = read_tensors(run / STATE)[1]
    assert progress["best"] == pytest.approx(best, abs=1e-3)
    assert read_tensors(run / "model.safetensors")[1]["step"] == progress["best_step"]


def test_steps_that_are_not_finite_are_skipped_and_counted(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(monkeypatch, {4, 5})
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0
    tensors, progress = read_tensors(tmp_path / "run" / STATE)
    assert (progress["nonfinite"], progress["nonfinite_row"]) == (2, 0)
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    assert "step 4: the loss or its gradient is not finite" in capsys.readouterr().err


def test_a_loss_that_stays_nonfinite_stops_the_run_with_the_last_good_state(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(monkeypatch, set(range(6, 99)))
    assert cli.main([*command, "--nonfinite-limit", "3", "--out", str(tmp_path / "run")]) == 1
    tensors, progress = read_tensors(tmp_path / "run" / STATE)
    assert progress["step"] == 8
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    error = capsys.readouterr().err.splitlines()[-1]
    assert "stopped at step 8: 3 steps in a row were not finite" in error


def spoil(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """Make the loss of these steps infinite."""
    original = Trainer._backward

    def backward(self: Trainer, batch: object, tokens: int) -> torch.Tensor:
        nll = original(self, batch, tokens)  # type: ignore[arg-type]
        return nll * math.inf if self.progress.step in steps else nll

    monkeypatch.setattr(Trainer, "_backward", backward)


def test_validation_pairs_are_set_aside_where_none_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = train_arguments(tmp_path, pairs=2000)
    arguments = arguments[: arguments.index("--validation")]
    arguments += [
        "--max-steps",
        "2",
        "--validation-pairs",
        "30",
        "--drop-duplicates",
        "--out",
        str(tmp_path / "run"),
    ]
    assert cli.main(arguments) == 0
    error = capsys.readouterr().err
    assert "set aside for validation: 30" in error
    assert "validation: 30 pairs" in error
    assert "overlap: of 30 validation pairs 0 sources" in error


def test_a_target_that_is_no_code_is_warned_of(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command += ["--max-steps", "1", "--out", str(tmp_path / "run"), "--tgt"]
    assert cli.main([*command, "klingon"]) == 0
    assert "klingon is no language code such as zh" in " ".join(capsys.readouterr().err.split())


def test_bad_lines_stop_or_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*train_arguments(tmp_path, pairs=300), "--max-steps", "2", "--out", str(tmp_path / "run")]
    with (tmp_path / "train.tsv").open("ab") as file:
        file.write(b"no tab here\nbad \xff bytes\tx\n")
    assert cli.main(arguments) == 1
    assert "train.tsv, line 301" in capsys.readouterr().err
    assert cli.main([*arguments, "--on-bad-line", "skip"]) == 0
    assert "bad lines 2" in capsys.readouterr().err


SCHEDULES = [
    ("none", 1.0, {1: 0.1, 5: 0.5, 10: 1.0, 40: 1.0}),
    ("inverse_sqrt", 1.0, {10: 1.0, 40: 0.5, 90: 1 / 3}),
    ("linear", 1.0, {10: 1.0, 60: 0.5, 109: 0.01, 200: 0.01}),
    ("plateau", 0.25, {5: 0.5, 40: 0.25}),
]


@pytest.mark.parametrize(("decay", "scale", "expected"), SCHEDULES)
def test_learning_rates_by_hand(
    decay: Literal["none", "inverse_sqrt", "linear", "plateau"], scale: float, expected: dict[int, float]
) -> None:
    """Warm-up of 10 steps to 1.0, 110 steps in all."""
    training = TrainingConfig(decay=decay, warmup_steps=10, learning_rate=1.0)
    found = {step: learning_rate(training, step=step, last_step=110, scale=scale) for step in expected}
    assert found == pytest.approx(expected)


def output(pieces: int, width: int) -> torch.nn.Linear:
    return torch.nn.Linear(width, pieces)


def test_the_loss_by_hand() -> None:
    """Two pieces, one of them padding; label smoothing 0.2 over four pieces. The weights are the logits."""
    layer = output(4, 2)
    logits = torch.tensor([[0.0, math.log(2), 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
    with torch.no_grad():
        layer.weight.copy_(logits.t())
        layer.bias.zero_()
    readouts, ids = torch.eye(2).unsqueeze(0), torch.tensor([[1, 0]])
    loss, nll = cross_entropy(layer, readouts, Targets(ids, 0))
    assert loss.item() == nll.item() == pytest.approx(-math.log(2 / 5))
    loss, nll = cross_entropy(layer, readouts, Targets(ids, 0, 0.2))
    uniform = -(math.log(2 / 5) + 3 * math.log(1 / 5)) / 4
    assert loss.item() == pytest.approx(0.8 * -math.log(2 / 5) + 0.2 * uniform)
    assert float(nll) == pytest.approx(-math.log(2 / 5))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [3, 70])
def test_the_loss_and_its_gradients_are_torchs(rows: int, smoothing: float) -> None:
    """Also where its rows are taken in several goes; times three, to see that a factor reaches them."""
    layer, ids = output(9, 5), torch.randint(0, 9, (rows, 4))
    readouts = torch.randn(rows, 4, 5, requires_grad=True)
    leaves = [readouts, layer.weight, layer.bias]
    loss, _ = cross_entropy(layer, readouts, Targets(ids, 0, smoothing))
    found = torch.autograd.grad(3 * loss, leaves)
    logits = layer(readouts)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), ids.flatten(), ignore_index=0, label_smoothing=smoothing, reduction="sum"
    )
    torch.testing.assert_close(loss, expected)
    for ours, theirs in zip(found, torch.autograd.grad(3 * expected, leaves), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_the_bag_of_words_by_hand() -> None:
    """Pieces 2 and 3 of four are to come; eos (1) and padding (0) count for nothing."""
    layer = output(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0], [0.0], [1.0], [0.0]]))
        layer.bias.zero_()
    ids = torch.tensor([[2, 3, 1], [3, 1, 0]])
    bag = bag_of_words(layer, torch.tensor([[math.log(5)], [0.0]]), ids, ids > 1)
    assert bag.item() == pytest.approx(-math.log(5 / 8) - math.log(1 / 8) - math.log(1 / 4))


def test_the_moving_average_by_hand() -> None:
    """Of three steps: the first two weigh more than a decay of 0.9 would have it."""
    model = build_model(
        ModelConfig(embedding=2, encoder_hidden=2, decoder_hidden=2),
        src_vocab=5,
        tgt_vocab=5,
        shared=False,
        pad_id=0,
    )
    bias = model.decoder.output.bias
    average = MovingAverage(model, 0.25)
    found = []
    for step, value in enumerate([1.0, 3.0, -1.0], start=1):
        with torch.no_grad():
            bias.fill_(value)
        average.update(step)
        found.append(average.model.decoder.output.bias[0].item())
    first = 9 / 11
    assert found == pytest.approx([first, 0.25 * first + 0.75 * 3, 0.25 * (0.25 * first + 0.75 * 3) - 0.75])
    assert average.model.decoder.output.weight is average.model.decoder.embedding.weight


def test_the_average_is_what_is_kept(command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--average-decay", "0.9", "--validate-every", "26", "--out", str(run)]) == 0
    last, _ = read_tensors(run / STATE)
    best, _ = read_tensors(run / "model.safetensors")
    assert all(last[f"average/{name}"].equal(tensor) for name, tensor in best.items())
    assert not all(last[f"model/{name}"].equal(tensor) for name, tensor in best.items())


def test_weight_decay_shrinks_matrices_and_leaves_biases(tmp_path: Path) -> None:
    """After one step. An LSTM's bias of what to remember begins with 1, so decay would show."""
    once = [*train_arguments(tmp_path, pairs=100), "--warmup-steps", "0", "--max-steps", "1"]
    for decay in ("0", "0.5"):
        changed = ["--cell", "lstm", "--weight-decay", decay]
        assert cli.main([*once, *changed, "--out", str(tmp_path / decay)]) == 0
    plain, decayed = weights(tmp_path / "0"), weights(tmp_path / "0.5")
    parameters = [name for name in plain if name.startswith("model/")]
    assert {plain[name].dim() for name in parameters} == {1, 2}
    for name in parameters:
        assert plain[name].equal(decayed[name]) == (plain[name].dim() == 1), name


def validator(sources: list[str], references: list[str]) -> Validator:
    return Validator(sources, references, None, None, (), 1, "fp32")  # type: ignore[arg-type]


def test_outputs_all_alike_are_named() -> None:
    judge = validator([f"s{n}" for n in range(20)], [f"r{n}" for n in range(20)])
    alike = Validation(1.0, NO_BLEU, tuple(["the the"] * 19 + ["a"]))
    assert "19 of 20 validation outputs are the same ('the the')" in judge.symptoms(alike)[0]
    assert judge.symptoms(Validation(1.0, NO_BLEU, tuple(f"h{n}" for n in range(20)))) == []


def test_outputs_that_copy_the_source_are_named() -> None:
    judge = validator([f"s{n}" for n in range(20)], ["s0", *(f"r{n}" for n in range(1, 20))])
    copies = Validation(1.0, NO_BLEU, tuple(f"s{n}" for n in range(20)))
    assert "19 of 20 validation outputs copy the source" in judge.symptoms(copies)[0]


def test_a_model_that_learns_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mt.training.trainer.PATIENT_STEPS", 50)
    arguments = [*train_arguments(tmp_path, pairs=300), "--learning-rate", "1e-12", "--max-steps", "50"]
    assert (
        cli.main([*arguments, "--max-epochs", "99", "--patience", "99", "--out", str(tmp_path / "run")]) == 0
    )
    assert "nothing is learned after 50 steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        ["--clip-norm", "0.01"],
        ["--weight-decay", "0.5"],
        ["--label-smoothing", "0"],
        ["--precision", "bf16"],
        ["--warmup-steps", "0"],
        ["--accumulate", "3"],
        ["--batch-tokens", "128"],
        ["--learning-rate", "2e-2"],
    ],
    ids=lambda change: change[0],
)
def test_every_setting_of_training_changes_what_is_learned(change: list[str], tmp_path: Path) -> None:
    base = [*train_arguments(tmp_path, pairs=120), "--max-steps", "4"]
    assert cli.main([*base, "--out", str(tmp_path / "base")]) == 0
    assert cli.main([*base, *change, "--out", str(tmp_path / "changed")]) == 0
    assert not same(tmp_path / "base", tmp_path / "changed")


CHANGES = [
    "--cell rnn",
    "--cell lstm",
    "--encoder-layers 2",
    "--decoder-layers 2",
    "--no-bidirectional",
    "--reverse-source",
    "--pooling mean max",
    "--vector-size 9",
    "--no-feed-start",
    "--no-feed-steps",
    "--no-feed-readout",
    "--no-tied",
    "--no-readout --no-feed-readout --no-tied",
    "--embedding 20",
    "--encoder-hidden 20",
    "--decoder-hidden 20",
    "--dropout-embedding 0.6",
    "--dropout-layers 0.6",
    "--dropout-output 0.6",
    "--shared",
    "--algorithm bpe",
    "--vocab-size 20",
    "--byte-fallback --vocab-size 280",
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_shape_trains_and_translates(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each setting of the model and the tokenizer changes what is learned, and the run can be used."""
    base = [*train_arguments(tmp_path, pairs=120), "--max-steps", "3"]
    assert cli.main([*base, "--out", str(tmp_path / "base")]) == 0
    assert cli.main([*base, *change.split(), "--out", str(tmp_path / "changed")]) == 0
    one, other = weights(tmp_path / "base"), weights(tmp_path / "changed")
    assert one.keys() != other.keys() or any(
        one[name].shape != other[name].shape or not one[name].equal(other[name]) for name in one
    )
    capsys.readouterr()
    assert cli.main(["translate", "-m", str(tmp_path / "changed"), "ba", "de fi"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


def test_a_toy_language_is_learned_through_the_real_commands(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sentences that were never trained on, for the most part, come out right."""
    pairs = toy_pairs(60, seed=77)
    assert cli.main(["translate", "-m", str(toy_run), *(src for src, _ in pairs)]) == 0
    found = capsys.readouterr().out.split("\n")[:-1]
    right = np.mean([output == tgt for output, (_, tgt) in zip(found, pairs, strict=True)])
    assert right > 0.9


def test_the_settings_of_a_run_are_in_it(toy_run: Path) -> None:
    """config.toml is a --config: its [run] table aside, it is the tree of settings."""
    from mt.checkpoint import read_config

    config, facts = read_config(toy_run)
    assert isinstance(config, Config)
    assert config.model.encoder_hidden == 32
    assert set(facts["corpora"]) == {"train", "validation"}

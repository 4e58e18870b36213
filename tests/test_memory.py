"""Memory that runs out is one line that names the setting, whatever the command; and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from mt import cli
from mt.data.batches import Batch
from mt.errors import FileError, out_of_memory
from mt.serve.problem_log import ProblemLog
from mt.training.outcome import Outcome
from mt.training.state import RunFiles
from mt.training.updater import Updater
from mt.training.validation import Validator
from tests.runs import assert_equal, progress
from tests.toy import train_arguments, write_tsv

Capture = pytest.CaptureFixture[str]
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you"
    ),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_what_libraries_say_when_memory_runs_out(error: Exception) -> None:
    assert out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("sizes do not match"), OSError("out of memory"), ValueError()]
)
def test_what_is_another_error(error: Exception) -> None:
    assert not out_of_memory(error)


def test_too_much_is_known_on_this_machine() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55)
    assert out_of_memory(caught.value)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    limits = ["--max-steps", "6", "--validate-every", "3", "--max-epochs", "99"]
    return [*train_arguments(tmp_path, pairs=150), *limits]


def run_out(monkeypatch: pytest.MonkeyPatch, error: Exception, at: int) -> None:
    """Let the memory run out after the gradients of a step were computed."""
    update = Updater.update

    def fails(self: Updater, batches: Sequence[Batch], *, step: int, **how: Any) -> Outcome:
        if step == at:
            for parameter in self.model.parameters():
                parameter.grad = torch.full_like(parameter, 7.0)
            raise error
        return update(self, batches, step=step, **how)

    monkeypatch.setattr(Updater, "update", fails)


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_training_saves_the_steps_before_it(
    error: Exception, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Where there is more memory, it goes on as if nothing had been."""
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        run_out(patch, error, at=5)
        assert cli.main([*command, "--out", str(run)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"mt: out of memory at step 5; all steps before it are saved in {run}; a lower --batch-tokens (it is "
        "256) needs less, with another --out"
    )
    assert progress(run)["step"] == 4
    assert cli.main([*command, "--out", str(run)]) == 0
    assert cli.main([*command, "--out", str(tmp_path / "whole")]) == 0
    assert_equal(run, tmp_path / "whole")


def test_memory_that_runs_out_in_a_validation(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Validator, "validate", lambda *_: (_ for _ in ()).throw(ERRORS[0]))
        assert cli.main([*command, "--out", str(run)]) == 1
    assert "out of memory at step 4; all steps before it are saved" in capsys.readouterr().err
    assert cli.main([*command, "--out", str(run)]) == 0
    assert cli.main([*command, "--out", str(tmp_path / "whole")]) == 0
    assert_equal(run, tmp_path / "whole")


@pytest.mark.parametrize("problem", [ERRORS[1], FileError("cannot write")])
def test_what_was_saved_before_stays_where_no_memory_is_left_for_saving(
    problem: Exception, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    run = tmp_path / "run"
    save = RunFiles.save_state

    def fails(files: RunFiles, updater: Updater, *rest: Any) -> None:
        if any(parameter.grad is None for parameter in updater.model.parameters()):
            raise problem
        save(files, updater, *rest)

    run_out(monkeypatch, ERRORS[0], at=5)
    monkeypatch.setattr(RunFiles, "save_state", fails)
    assert cli.main([*command, "--out", str(run)]) == 1
    assert f"what was saved before it is in {run}" in capsys.readouterr().err
    assert progress(run)["step"] == 3


def test_memory_that_does_not_suffice_for_the_first_step(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    run_out(monkeypatch, ERRORS[0], at=1)
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    assert "out of memory at step 1; nothing was learned yet; a lower" in capsys.readouterr().err
    monkeypatch.undo()
    assert cli.main([*command, "--batch-tokens", "128", "--out", str(tmp_path / "run")]) == 0


def test_other_errors_of_training_are_bugs_and_not_hidden(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_out(monkeypatch, RuntimeError("sizes do not match"), at=2)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        cli.main([*command, "--out", str(tmp_path / "run")])


@pytest.mark.parametrize("name", ["translate", "evaluate", "tune"])
def test_memory_that_runs_out_in_a_search(
    name: str, toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ERRORS[0]

    monkeypatch.setattr("mt.model.Seq2Seq.encode", fails)
    test = str(write_tsv(tmp_path / "test.tsv", [("ba", "BA")] * 3))
    arguments = {"translate": ["ba"], "evaluate": ["--test", test], "tune": ["--validation", test]}
    assert cli.main([name, "-m", str(toy_run), *arguments[name]]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1] == "mt: out of memory; a lower --batch-tokens needs less"


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_server_writes_a_line_and_no_traceback(error: Exception, capsys: Capture) -> None:
    ProblemLog().failure(error, "answering")
    assert capsys.readouterr().err == (
        "mt serve: out of memory while answering; a lower --batch-tokens needs less\n"
    )

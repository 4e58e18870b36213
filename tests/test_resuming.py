"""A run that is stopped at any instant and goes on is the run that was not stopped, bit for bit."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import signal
import threading
import warnings
from pathlib import Path

import datasets
import pytest

from mt import cli
from mt.storage.tensors import read_tensors, write_tensors
from mt.training.state import STATE
from tests.killing import Job, run_jobs
from tests.runs import assert_equal, logged, progress, same_weights, stop_at
from tests.toy import train_arguments
from tests.waiting import DEADLINE, wait_until

Capture = pytest.CaptureFixture[str]


def short(folder: Path, out: str, *settings: str) -> list[str]:
    """A training of 8 steps, some of them in the second epoch, that is saved at each."""
    base = train_arguments(folder, pairs=150)
    limits = ["--max-steps", "8", "--max-epochs", "99", "--save-minutes", "1e-9"]
    return [*base, *limits, *settings, "--out", str(folder / out)]


def settings_with(teacher: Path) -> dict[str, list[str]]:
    """All that draws numbers, or keeps some from step to step, in three runs."""
    return {
        "unigram": [
            *["--sampling", "0.5", "--average-decay", "0.9", "--accumulate", "2", "--bag-of-words", "0.5"],
            *["--dropout-recurrent", "0.2", "--dropout-locked", "--dropout-src-tokens", "0.1"],
            *["--dropout-tgt-tokens", "0.1", "--validate-every", "3"],
        ],
        "bpe": [
            *["--algorithm", "bpe", "--sampling", "0.2", "--attention", "general", "--encoder-layers", "2"],
            *["--decoder-layers", "2", "--attention-position", "between", "--decay", "linear"],
            *["--cell", "lstm", "--guided-steps", "20"],
        ],
        "teachers": ["--tokenizer-from", str(teacher), "--teachers", str(teacher), "--weight-decay", "0.1"],
    }


def test_killed_or_stopped_and_resumed_is_uninterrupted(tmp_path: Path) -> None:
    """kill -9 at two instants, the second one in what the first has left. Each is a process of its own.

    SIGTERM and Ctrl-C let the step end and save; nothing goes to stdout, which carries data only.
    All in one test, as it is the start of the program that takes long.
    """
    teacher = short(tmp_path, "teacher", "--seed", "5")
    settings = settings_with(tmp_path / "teacher") | {"signals": []}
    jobs = [Job(teacher), *(Job(short(tmp_path, name, *one)) for name, one in settings.items())]
    for whole, (name, one) in enumerate(settings.items(), 1):
        parts = short(tmp_path, f"{name}-parts", *one)
        if name == "signals":
            jobs += [Job(parts, 3, number, whole) for number in (signal.SIGTERM, signal.SIGINT)]
        else:
            jobs += [Job(parts, part, signal.SIGKILL, whole) for part in (3, 2)]
        jobs.append(Job(parts))
    ends = [0] * 5 + [-9, -9, 0] * 3 + [143, 130, 0]
    assert [job.status for job in run_jobs(jobs)] == ends
    for name in settings:
        assert_equal(tmp_path / name, tmp_path / f"{name}-parts")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A training whose epochs have several steps; plateau decay, dropout on."""
    limits = ["--max-steps", "26", "--validate-every", "8", "--max-epochs", "99"]
    return [*train_arguments(tmp_path, pairs=300), *limits]


def test_stopped_in_an_epoch_at_a_validation_and_in_the_next_epoch(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert cli.main([*command, "--out", str(whole)]) == 0
    for step in (3, 8, 15):
        with monkeypatch.context() as patch:
            stop_at(step, patch)
            assert cli.main([*command, "--out", str(parts)]) == 130
        assert progress(parts)["step"] == step
    assert cli.main([*command, "--out", str(parts)]) == 0
    assert_equal(whole, parts)
    assert [start["step"] for start in logged(parts, "start")] == [0, 3, 8, 15]


def test_the_comparison_can_fail(command: list[str], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.main([*command, "--out", str(one)]) == 0
    assert cli.main([*command, "--seed", "2", "--out", str(two)]) == 0
    assert not same_weights(one, two)
    with pytest.raises(AssertionError):
        assert_equal(one, two)


@pytest.mark.parametrize("every", [[], ["--validate-every", "4"]], ids=["epochs", "steps"])
def test_limits_decide_when_it_stops_and_not_what_it_learns(every: list[str], tmp_path: Path) -> None:
    """Ended in mid-epoch, at an epoch's end (step 5), at a validation (28); the decay counts validations."""
    command = [
        *[*train_arguments(tmp_path, pairs=300), "--max-epochs", "99", "--patience", "99"],
        *["--learning-rate", "3e-2", "--warmup-steps", "0", "--plateau-patience", "1", *every],
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert cli.main([*command, "--max-steps", "40", "--out", str(whole)]) == 0
    for limit in (3, 5, 6, 14, 28, 40):
        assert cli.main([*command, "--max-steps", str(limit), "--out", str(parts)]) == 0
    assert same_weights(whole, parts)
    of_whole, of_parts = progress(whole), progress(parts)
    assert of_whole["scale"] < 1, "the decay has counted"
    for name in ("scale", "peak", "since_best", "since_halving", "epoch", "position", "tokens"):
        assert of_whole[name] == of_parts[name], name
    due = [entry["step"] for entry in logged(whole, "validation")]
    if every:
        assert due == list(range(4, 41, 4))
    else:
        assert (due[0], 28 in due) == (5, False)
    assert [entry["step"] for entry in logged(parts, "validation")] == sorted({*due, 3, 5, 6, 14, 28})
    assert [start.get("changed") for start in logged(parts, "start")] == [
        None,
        *({"training.max_steps": limits} for limits in ([3, 5], [5, 6], [6, 14], [14, 28], [28, 40])),
    ]


def test_a_run_with_batches_of_another_plan_begins_its_epoch_anew(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """mt 0.2 noted no version of its plan. Said once: at the next start the position is this plan's."""
    run = tmp_path / "run"
    assert cli.main([*command, "--max-steps", "8", "--out", str(run)]) == 0
    tensors, notes = read_tensors(run / STATE)
    assert (notes["epoch"], notes["position"]) == (2, 3)
    notes.pop("plan")
    write_tensors(run / STATE, tensors, notes)
    assert cli.main([*command, "--max-steps", "9", "--out", str(run)]) == 0
    assert "so epoch 2 begins anew" in capsys.readouterr().err
    assert (progress(run)["epoch"], progress(run)["position"]) == (2, 1)
    assert cli.main([*command, "--max-steps", "10", "--out", str(run)]) == 0
    assert "begins anew" not in capsys.readouterr().err


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
    assert progress(tmp_path / "whole")["step"] == 4
    assert_equal(tmp_path / "whole", tmp_path / "parts")


def test_a_finished_run_goes_on_with_a_higher_limit(command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--out", str(run)]) == 0
    assert cli.main([*command, "--max-steps", "40", "--out", str(run)]) == 0
    found = progress(run)
    assert (found["step"], found["finished"]) == (40, "40 steps done")


def test_logs_of_a_run_that_was_killed_before_its_first_save_begin_anew(
    command: list[str], tmp_path: Path
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    assert cli.main([*command, "--out", str(whole)]) == 0
    shutil.copytree(whole, run)
    shutil.rmtree(run / "state")
    (run / "model.safetensors").unlink()
    assert cli.main([*command, "--out", str(run)]) == 0
    assert_equal(run, whole)


OFTEN = ["--validate-every", "2", "--validation-metric", "perplexity"]  # which falls from the start


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `whole`, which had space enough."""
    folder = tmp_path_factory.mktemp("roomy")
    assert cli.main(short(folder, "whole", *OFTEN)) == 0
    return folder


@pytest.mark.parametrize("name", ["last.safetensors", "model.safetensors", "metrics.jsonl", "clock.json"])
def test_a_full_disk_is_named_and_nothing_is_lost(
    name: str, roomy: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """It is full when a file is written for the second time; with more space the run goes on as before."""
    run, fsync, times = roomy / f"full-{name}", os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal times
        inode = os.fstat(descriptor).st_ino
        times += any(file.stat().st_ino == inode for file in run.rglob(f"*{name}*"))
        if times == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert cli.main(short(roomy, run.name, *OFTEN)) == 1
    (file,) = run.rglob(name)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"mt: cannot write {file}: No space left on device; free some space, then give the same command again"
    )
    assert cli.main(short(roomy, run.name, *OFTEN)) == 0
    assert_equal(run, roomy / "whole")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_stopped_while_it_reads_leaves_nothing(
    number: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    """Neither a run nor a part of a file in the cache. A shell's background, where tests may run, ignores
    Ctrl-C; the command hears it as from a terminal."""
    pipe, cache, run = tmp_path / "pairs.jsonl", tmp_path / "cache", tmp_path / "run"
    os.mkfifo(pipe)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)

    def stop() -> None:
        with pipe.open("w"):  # until this is closed the command has no end of file
            wait_until(lambda: any(cache.rglob("*.partial")))
            signal.pthread_kill(threading.main_thread().ident or 0, number)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            assert cli.main(["train", "--preset", "tiny", "--train", str(pipe), "--out", str(run)]) == code
            gc.collect()  # the exception has held a file open, which the end of a process would close
    finally:
        stopping.join(DEADLINE)
        signal.signal(signal.SIGINT, before)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("mt: ")
    assert not list(cache.rglob("*.*"))
    assert not run.exists()

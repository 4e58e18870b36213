"""The benchmarks: their own pieces, and mt's part in the comparison with peers. Nothing is timed."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import gpu_checks, peer_ours, peer_quality, peer_speechbrain, peers
from bench.bench_base import output_of
from bench.peer_base import Finished, Places, fill, run_for, snapshots
from mt import cli
from mt.console import Console
from mt.errors import MTError
from tests.toy import toy_pairs, write_tsv
from tests.waiting import DEADLINE, wait_until


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder with the names that the comparison looks for."""
    for part in ("data/multi30k/train.en.gz", "peers/joey/rnn.yaml", "peers/onmt/rnn.yaml"):
        (tmp_path / "shared" / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shared" / part).touch()
    return tmp_path / "shared"


def test_mt_learns_and_is_scored_as_beside_the_peers(
    tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the commands that it would start as processes."""

    def run(command: Sequence[str], _: Path) -> Finished:
        assert list(command[:3]) == [sys.executable, "-m", "mt"]
        began = time.perf_counter()
        assert cli.main(list(command[3:])) == 0
        return Finished(time.perf_counter() - began, peak_mb=0.0)

    for module in (peer_quality, peer_ours):
        monkeypatch.setattr(module, "run", run)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")  # it sets them for all that it starts
    specs = []
    for seed, (name, count) in enumerate({"train": 600, "validation": 20, "test": 20}.items()):
        specs += [f"--{name}", str(write_tsv(tmp_path / f"{name}.tsv", toy_pairs(count, seed)))]
    how = shlex.split("--src aa --tgt bb --preset tiny --vocab-size 40 --max-epochs 2 --threads 1")
    arguments = [*specs, *how, "--shared", str(shared), "--work", str(tmp_path / "work"), "--peers"]

    assert peer_quality.main(arguments) == 0

    out = capsys.readouterr()
    found = json.loads(out.out)["mt"]
    minutes, updates, scores = zip(*found["curve"], strict=True)
    assert len(minutes) == 2  # a validation after each epoch, start-up counted
    assert 0 < minutes[0] <= minutes[1] <= found["minutes"] + 1e-9  # in steps of 0.1 s; a sum
    assert 0 < updates[0] < updates[1]
    assert all(0 <= score <= 100 for score in (*scores, found["test"]))
    assert "not passed" in out.err.splitlines()[-1]


def test_when_a_goal_was_passed() -> None:
    learner = peer_quality.Learner(3.0, curve=[(1.0, 10, 32.0), (2.0, 20, 33.5), (3.0, 30, 32.5)])

    assert learner.passed(33.0) == 2.0
    assert learner.passed(40.0) is None


@pytest.mark.parametrize("main", [peers.main, peer_quality.main], ids=["peers", "peer_quality"])
def test_what_is_missing_is_named(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--shared", str(tmp_path / "nowhere"), "--work", str(tmp_path / "work")]
    if main is peer_quality.main:
        pairs = tmp_path / "pairs.tsv"
        pairs.write_text("a\tb\n")
        specs = ["--train", "--validation", "--test"]
        arguments += [word for spec in specs for word in (spec, str(pairs))] + ["--src", "aa", "--tgt", "bb"]

    assert main(arguments) == 1

    err = capsys.readouterr().err
    assert "nowhere" in err
    assert "--shared DIR" in err


@pytest.mark.parametrize(
    ("main", "arguments", "named"),
    [
        (bench.main, ["--train-seconds", "0"], "--train-seconds"),
        (peers.main, ["--updates", "15"], "--updates"),
        (peers.main, ["--rounds", "0"], "--rounds"),
    ],
)
def test_settings_that_measure_nothing(
    main: Callable[[list[str]], int], arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert named in capsys.readouterr().err


def test_settings_of_a_peer_are_filled_in(tmp_path: Path) -> None:
    template = tmp_path / "rnn.yaml"
    template.write_text("train: DATA/train.en\nsave: RUNS/onmt\nsteps: 5 # as measured\n", encoding="utf-8")
    places = Places(tmp_path, tmp_path / "work")

    assert fill(template, places, {"steps": 70}) == (
        f"train: {places.data}/train.en\nsave: {places.runs}/onmt\nsteps: 70\n"
    )
    with pytest.raises(MTError, match="0 lines with epochs"):
        fill(template, places, {"epochs": 1})


def test_checkpoints_come_in_the_order_of_their_updates_without_the_unfinished(tmp_path: Path) -> None:
    for name, seconds in {"step_1000.pt": 30.0, "step_200.pt": 10.0, "step_1200.pt": 50.0}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (100 + seconds, 100 + seconds))

    found = snapshots(tmp_path.glob("*.pt"), began=100.0, last=40.0)

    assert [(one.seconds, one.updates) for one in found] == [(10.0, 200), (30.0, 1000)]


def test_what_a_tool_started_ends_with_it(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)

    run_for(["sh", "-c", f"exec 3> {held}; sleep 1000 & exit 0"], tmp_path / "log", seconds=DEADLINE)

    def nobody_holds_it() -> bool:
        with suppress(BlockingIOError):
            return os.read(reader, 1) == b""
        return False

    wait_until(nobody_holds_it)
    os.close(reader)


def test_a_tool_ends_after_its_time(tmp_path: Path) -> None:
    run_for(["sleep", "1000"], tmp_path / "log", seconds=0.01)


def test_a_tool_that_fails_names_its_log(tmp_path: Path) -> None:
    with pytest.raises(MTError, match=r"tool\.log says why"):
        run_for([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "tool.log", seconds=DEADLINE)


def test_transcripts_of_speechbrain_are_counted_for_each_test_and_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it would have written: its environment takes minutes to install."""
    table, work = tmp_path / "test.tsv", tmp_path / "work"
    table.write_text("audio\ttext\n1.wav\tone two\n2.wav\tthree\n", encoding="utf-8")
    commands = []

    def transcribe(command: Sequence[str], _: Path) -> None:
        commands.append(command)
        for name, text in (("ctc", "one\n\n"), ("hypotheses", "one two\nthree\n")):
            (work / "run" / f"{name}-1.txt").write_text(text, encoding="utf-8")
        (work / "run" / "result.json").write_text('{"updates": 7}', encoding="utf-8")

    monkeypatch.setattr(peer_speechbrain, "make_environment", lambda *_: None)
    monkeypatch.setattr(peer_speechbrain, "run", transcribe)
    arguments = ["--train", "train.tsv", "--test", str(table), "--seconds", "60", "--work", str(work)]
    monkeypatch.setattr(sys, "argv", ["peer_speechbrain", *arguments])
    peer_speechbrain.main()
    found = json.loads(capsys.readouterr().out)
    assert found["updates"] == 7
    assert found[f"ctc {table}"]["value"] == pytest.approx(200 / 3)
    assert found[f"hypotheses {table}"]["value"] == 0
    assert [word for word in commands[0] if word.endswith((".tsv", ".py", "60.0"))][1:] == [
        "60.0",
        "train.tsv",
        str(table),
    ]


def test_a_gpu_check_that_fails_does_not_stop_the_others() -> None:
    def fail() -> dict[str, dict[str, float]]:
        raise MTError("out of memory")

    numbers = {"% of lines unlike the CPU's, with graphs": 7.0, "graphs recorded": 0}
    found, failed = gpu_checks.done({"one": fail, "two": lambda: {"greedy fp32": numbers}}, Console())
    assert failed == ["one: out of memory"]
    assert found == {"two": {"greedy fp32": numbers}}
    assert len(gpu_checks.failures(found["two"], "cuda", quick=False)) == 2
    assert gpu_checks.failures({"greedy bf16": numbers | {"graphs recorded": 3}}, "cuda", quick=False) == []
    assert gpu_checks.failures({"trained": {"BLEU": 3.0}}, "cuda", quick=False) == [
        "trained: BLEU 3.0, less than 10"
    ]


def test_what_takes_too_long_has_failed() -> None:
    with pytest.raises(MTError, match=r"took longer than 0\.1 s"):
        output_of([sys.executable, "-c", "import signal; signal.pause()"], limit=0.1)

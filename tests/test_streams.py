"""Standard streams that are closed, full or gone, and names that are no UTF-8: one line, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt import cli
from mt.errors import legible
from tests.forks import Forks
from tests.toy import SETTINGS, toy_pairs, train_arguments, write_tsv


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as server:
        yield server


@pytest.fixture
def commands(toy_run: Path, tmp_path: Path) -> dict[str, list[str]]:
    """One of each command, quick."""
    test = str(write_tsv(tmp_path / "test.tsv", toy_pairs(4, seed=3)))
    (tmp_path / "hyp.txt").write_text("BA\n" * 4)
    run = ["-m", str(toy_run), "--threads", "1"]
    scored = ["--test", test, "--bootstrap", "0"]
    return {
        "help": ["--help"],
        "help of a command": ["translate", "--help"],
        "version": ["--version"],
        "train": [*train_arguments(tmp_path, pairs=60), "--max-steps", "1", "--out", str(tmp_path / "run")],
        "translate": ["translate", *run, "ba"],
        "evaluate": ["evaluate", *run, *scored, "--save", str(tmp_path / "out")],
        "score": ["evaluate", "--hypotheses", str(tmp_path / "hyp.txt"), "--tgt", "bb", *scored],
        "inspect": ["inspect", *run, "ba"],
        "neighbours": ["neighbours", *run, "--corpus", test, "ba"],
        "tune": ["evaluate", "--tune", *run, "--validation", test],
        "mistake": ["translate", "--bean", "5"],
    }


CLOSED = "mt: standard output is closed, and the result would be written there"
FULL = (
    "mt: cannot write standard output: No space left on device; "
    "free some space, then give the same command again"
)
NAMES = ["help", "help of a command", "version", "train", "translate", "evaluate", "score", "inspect"]
NAMES += ["neighbours", "tune", "mistake"]


@pytest.mark.parametrize("name", NAMES)
def test_each_command_without_stdin_or_stderr(
    name: str, forks: Forks, commands: dict[str, list[str]], tmp_path: Path
) -> None:
    """None of them needs these two."""
    expected = 2 if name == "mistake" else 0
    done = forks.run(commands[name], tmp_path, stdin=None)
    assert (done.code, "Traceback" in done.err) == (expected, False), done.err
    for stderr in (None, "/dev/full"):
        silent = forks.run(commands[name], tmp_path, stderr=stderr)
        assert silent.code == expected
        if name not in ("train", "evaluate"):  # of which one goes on, and one has a clock
            assert silent.out == done.out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("stdout", "message"),
    [
        (None, CLOSED),
        ("/dev/full", FULL),
    ],
)
def test_each_command_without_stdout(
    name: str, stdout: str | None, message: str, forks: Forks, commands: dict[str, list[str]], tmp_path: Path
) -> None:
    done = forks.run(commands[name], tmp_path, stdout=stdout)
    if name in ("train", "mistake"):  # which write nothing there
        assert done.code == (0 if name == "train" else 2)
        assert "standard output" not in done.err
    else:
        assert done.code == 1, done.err
        assert done.err.splitlines()[-1] == message
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["translate", "evaluate", "inspect"])
def test_a_closed_stdout_is_said_before_the_model_is_opened(
    name: str, forks: Forks, commands: dict[str, list[str]], tmp_path: Path
) -> None:
    done = forks.run(commands[name], tmp_path, stdout=None)
    assert len(done.err.splitlines()) == 1


def test_lines_from_a_closed_stdin(forks: Forks, toy_run: Path, tmp_path: Path) -> None:
    for command in ("translate", "inspect"):
        done = forks.run([command, "-m", str(toy_run)], tmp_path, stdin=None)
        assert done.code == 1
        assert done.err.splitlines()[-1] == "mt: standard input is closed, and no text or file is given"


def test_what_cannot_be_done_is_said_before_anything_is_read(
    forks: Forks, toy_run: Path, tmp_path: Path
) -> None:
    """Also if there is nothing to read."""
    for mistake in (["--tgt", "cc"], ["--alignments"]):
        assert forks.run(["translate", "-m", str(toy_run), *mistake], tmp_path).code == 1


def test_a_file_does_not_take_the_number_of_a_closed_stream() -> None:
    """An input that had number 1 would be written to by whatever writes to 1."""
    code = (
        "import os; from mt import cli; cli.main(['completion']); os._exit(os.open(os.devnull, os.O_RDONLY))"
    )
    done = subprocess.run(["bash", "-c", f'"$0" -c "{code}" <&- >&- 2>&-', sys.executable])
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("redirection", "code", "err"),
    [
        ("<&-", 1, "mt: standard input is closed, and no text or file is given\n"),
        (">&-", 1, CLOSED + "\n"),
        ("2>&-", 0, ""),
        (">/dev/full", 1, FULL + "\n"),
    ],
)
def test_by_the_shell(redirection: str, code: int, err: str, toy_run: Path) -> None:
    """As a person does it, Python's own start and end included."""
    command = "--help" if redirection in (">&-", "2>&-") else f"translate -m '{toy_run}'"
    line = f"echo ba | {{ '{sys.executable}' -m mt {command} {redirection}; }}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=buffered)
    assert done.returncode == code
    assert done.stderr.endswith(err)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


BYTES = os.fsdecode(b"na\xefve")


@pytest.mark.parametrize(
    "arguments",
    [
        ["translate", "-m", "RUN", "-i", "IN", "-o", "OUT"],
        ["evaluate", "-m", "RUN", "--test", "TEST", "--save", "OUT", "--json"],
        ["evaluate", "--hypotheses", "HYP", "--test", "TEST", "--tgt", "bb", "--json"],
        ["evaluate", "--hypotheses", "HYP", "--test", "TEST", "--tgt", "bb", "--markdown"],
        ["inspect", "-m", "RUN", "--npz", "OUT", "ba"],
        ["report", "-m", "RUN", "--test", "TEST", "--save", "OUT"],
        ["train", *SETTINGS, "--train", "TEST", "--max-steps", "1", "--config", "CONFIG", "--out", "new"],
    ],
    ids=" ".join,
)
def test_names_that_are_no_utf8_work(
    arguments: list[str], toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = tmp_path / BYTES
    folder.mkdir()
    write_tsv(tmp_path / "test.tsv", toy_pairs(40, seed=3))
    (folder / "in").write_text("ba\n")
    (folder / "hyp").write_text("BA\n" * 40)
    (folder / "config").write_text("[training]\nseed = 3\n")
    monkeypatch.chdir(tmp_path)
    paths = {name.upper(): str(folder / name) for name in ("in", "hyp", "out", "config")}
    paths |= {"RUN": str(toy_run), "TEST": "test.tsv"}
    assert cli.main([paths.get(word, word) for word in arguments]) == 0
    captured = capsys.readouterr()
    assert "\udcef" not in captured.out + captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--out", BYTES],
        ["train", "--train", BYTES],
        ["train", "--validation", BYTES],
        ["train", "--teachers", BYTES],
        ["train", "--tokenizer-from", BYTES],
        ["evaluate", "--test", BYTES],
        ["evaluate", "--src", BYTES],
        ["translate", "--datastore", BYTES, "ba"],
        ["translate", "--tgt", BYTES, "ba"],
        ["neighbours", "--corpus", BYTES, "ba"],
        ["report", "--test", BYTES],
        ["serve", "-m", BYTES],
        ["translate", "-m", BYTES, "ba"],
        ["evaluate", "--against", BYTES],
        ["evaluate", "--runs", "checkpoints/x", BYTES],
        ["train", "--preset", BYTES],
        ["train", f"--{BYTES}"],
        [BYTES],
    ],
    ids=lambda arguments: legible(" ".join(arguments)),
)
def test_other_names_that_are_no_utf8_are_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert r"na\xefve" in captured.err

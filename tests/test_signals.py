"""Signals: none is lost, and none becomes an error of what it interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt import cli

# Something that swallows what interrupts it, as imports may, before the command works.
PROGRAM = """
import os, signal, sys
from mt import cli
from mt.commands import arguments

def find(*_):
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
    except BaseException:
        pass
    sys.exit("lost")

arguments.find = find
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(cli.main(["train"]))
"""


@pytest.fixture(autouse=True)
def hear_ctrl_c() -> Iterator[None]:
    """A shell's background, where tests may run, ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGINT, 130, "mt: interrupted\n"), (signal.SIGTERM, 143, "mt: stopped by SIGTERM\n")],
)
def test_before_the_command_works_a_signal_ends_it_at_once(number: int, code: int, line: str) -> None:
    command = [sys.executable, "-c", PROGRAM, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", line)


# Ctrl-C comes while the module that an environment variable names is imported.
INTERRUPTED_IMPORT = """
import os, signal, sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPTED"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.parametrize(
    ("module", "code", "line"),
    [("mt.cli", -signal.SIGINT, ""), ("pydantic", 130, "mt: interrupted\n")],
)
def test_ctrl_c_during_an_import_prints_no_traceback(
    module: str, code: int, line: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED_IMPORT)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"INTERRUPTED": module, "PYTHONPATH": path}
    command = [sys.executable, "-m", "mt", "evaluate", "--device", "cpu"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", line)


def test_nothing_is_imported_before_ctrl_c_is_quiet() -> None:
    code = "import sys; before = set(sys.modules); import mt; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "mt", "mt.release"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_error_that_a_library_makes_of_a_signal_is_the_signal(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A numpy half imported has "no attribute 'iinfo'"."""

    def interrupted(*_: object) -> None:
        try:
            os.kill(os.getpid(), number)
        except BaseException:
            raise AttributeError("no attribute 'iinfo'") from None

    monkeypatch.setattr("mt.commands.report.report", interrupted)
    assert cli.main(["report"]) == code
    assert capsys.readouterr().err.startswith("mt: ")


def test_what_no_signal_caused_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AttributeError("our own fault")

    monkeypatch.setattr("mt.commands.report.report", fail)
    with pytest.raises(AttributeError, match="our own fault"):
        cli.main(["report"])

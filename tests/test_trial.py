"""Where int8 is the slower arithmetic, a command says so."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

from mt import cli
from mt.layers import prepack
from mt.layers.prepack import Linear
from mt.layers.trial import int8_time


class Clock:
    """Read before and after each call; the calls take these times."""

    def __init__(self, *times: float) -> None:
        self.readings = [0.0]
        for time in times:
            self.readings += [self.readings[-1] + time, self.readings[-1] + time]

    def __call__(self) -> float:
        return self.readings.pop(0)


def test_the_time_is_int8s_over_fp32s() -> None:
    """The fastest of three calls each, in turn, after one that does not count."""
    clock = Clock(1, 1, 9, 8, 3, 7, 5, 2)
    assert int8_time(nn.Sequential(Linear(256, 256)), 4, clock) == pytest.approx(3 / 2)


def test_a_small_model_is_not_tried() -> None:
    assert int8_time(nn.Sequential(Linear(255, 256)), 4) is None


def test_of_a_large_matrix_a_part_is_tried() -> None:
    time = int8_time(nn.Sequential(Linear(128, 512), Linear(256, 4000)), 4)
    assert time is not None
    assert time > 0


@pytest.mark.parametrize(
    ("precision", "time", "said"),
    [("int8", 1.36, True), ("int8", 1.05, False), ("int8", None, False), ("fp32", 1.36, False)],
)
def test_a_command_says_that_fp32_is_faster(
    precision: str, time: float | None, said: bool,
    toy_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    tried = []

    def trial(_: nn.Module, rows: int) -> float | None:
        tried.append(rows)
        return time

    monkeypatch.setattr("mt.translator.opening.int8_time", trial)
    assert cli.main(["translate", "-m", str(toy_run), "--beam", "2", "--precision", precision, "ba"]) == 0
    out, error = capsys.readouterr()
    assert out == "BA\n"
    assert ("warning: int8 takes 1.4 times as long as fp32 on this processor" in error) == said
    assert tried == ([128] if precision == "int8" else [])


@pytest.fixture
def _no_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    prepack._warn_of_fallback.cache_clear()
    monkeypatch.setattr(prepack, "int8_linear", lambda *_: None)


def test_where_int8_is_not_to_be_had_the_library_prints_nothing(toy_run: Path) -> None:
    """In a process of its own: what pytest does with logs is not what a program sees."""
    program = (
        "import sys, mt; from mt.layers import prepack; prepack.int8_linear = lambda *_: None\n"
        "print(mt.load(sys.argv[1], device='cpu', precision='int8').translate(['ba']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, toy_run], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("['BA']\n", "")


@pytest.mark.usefixtures("_no_int8")
def test_where_int8_is_not_to_be_had_a_command_says_so_in_one_line(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["translate", "-m", str(toy_run), "--precision", "int8", "ba"]) == 0
    error = capsys.readouterr().err.splitlines()
    assert [line for line in error if line.startswith("warning:")] == [
        "warning: 8-bit products are missing or wrong here for some matrices, which stay in fp32"
    ]
    assert not logging.getLogger("mt").handlers[1:]  # the command's own is gone

"""What a person sees while a command works, with a clock that moves as told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mt import cli
from mt.console import Console, Pace, duration
from mt.errors import FileError
from mt.text.counted import counted


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Recorder(Console):
    """Keeps what is said; whether there is a terminal is told."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal, self.said = terminal, list[str]()

    @property
    def is_terminal(self) -> bool:
        return self.terminal

    def progress(self, text: str) -> None:
        self.said.append(text)

    def note(self, text: str) -> None:
        self.said.append(text)


def test_a_number_of_one_takes_the_singular() -> None:
    found = [counted(count, "line") for count in (0, 1, 2, 12345)]
    assert found == ["0 lines", "1 line", "2 lines", "12,345 lines"]


def test_pace_by_hand() -> None:
    """50 of 200 lines in 10 s are 5 a second; the other 150 take 30 s."""
    console, clock = Recorder(terminal=True), Clock()
    pace = Pace(console, "line", clock)
    clock.now += 10
    pace.show(50, total=200)
    pace.show(50, part=0.25)
    pace.show(50)
    clock.now += 110
    pace.close(24_000)
    assert console.said == [
        "50 of 200 lines, 5 a second, 30 s left",
        "50 lines, 5 a second, 30 s left",
        "50 lines, 5 a second",
        "24,000 lines in 2 min, 200 a second",
    ]


def test_a_short_work_ends_without_a_word_unless_somebody_watches() -> None:
    for terminal, seconds, lines in ((False, 9, 0), (False, 10, 1), (True, 1, 1)):
        console, clock = Recorder(terminal=terminal), Clock()
        pace = Pace(console, "line", clock)
        clock.now += seconds
        pace.close(1)
        assert len(console.said) == lines


@pytest.mark.parametrize(
    ("seconds", "text"), [(9.6, "10 s"), (89, "89 s"), (91, "2 min"), (3900, "1 h 05 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_translating_a_file_says_how_far_it_is(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mt.console.PLAIN_INTERVAL", 0)
    monkeypatch.setattr("mt.commands.text_input.CHUNK", 2)
    (tmp_path / "in").write_text("ba\nde fi go\n\nmo\n")
    arguments = ["-m", str(toy_run), "-i", str(tmp_path / "in"), "--batch-tokens", "4"]
    assert cli.main(["translate", *arguments, "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err.splitlines()
    counts = [int(line.split()[0]) for line in said if line.endswith(" left")]
    assert counts == sorted(counts)
    assert counts[-1] == 4
    assert len(counts) >= 3
    assert re.fullmatch(r"4 lines in \d+ s, [\d.]+ a second", said[-1])
    assert said[-2].endswith(", 0 s left")


def test_the_log_file_has_every_line_with_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    console = Console(path)
    console.note("我 [red]")
    console.warn("careful")
    monkeypatch.setattr("mt.console.PLAIN_INTERVAL", 0)
    console.progress("half")
    console.log("only here \udcff")
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first == "before"
    assert [line.split(" ", 1)[1] for line in lines] == [
        "我 [red]",
        "warning: careful",
        "half",
        r"only here \xff",
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d ", line) for line in lines)
    assert capsys.readouterr().err == "我 [red]\nwarning: careful\nhalf\n"


def test_a_log_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=f"cannot write {tmp_path}: Is a directory"):
        Console(tmp_path)


def test_a_full_log_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Console(Path("/dev/full")).note("one")
    assert capsys.readouterr().err == "one\n"


def test_the_log_file_of_a_command_has_its_error_too(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    assert cli.main(["translate", "-m", str(toy_run), "--log-file", str(path), "ba"]) == 0
    assert cli.main(["evaluate", "-m", "nowhere", "--log-file", str(path)]) == 1
    said = capsys.readouterr().err.splitlines()
    logged = [line.split(" ", 1)[1] for line in path.read_text(encoding="utf-8").splitlines()]
    assert logged == said
    assert logged[-1] == "mt: nowhere does not exist; name the directory of a run"

"""mt translate --ray on this machine; what is killed there is tested by `make test-ray`."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mt import cli
from mt.commands import ray_data
from mt.commands.ray_cluster import first_line
from mt.errors import RunError

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
pytestmark = pytest.mark.filterwarnings("ignore")


def test_lines_come_out_in_their_order(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ray_data, "FEWEST", 100)
    source, output, plain = (tmp_path / name for name in ("in.txt", "out.txt", "plain.txt"))
    source.write_text("".join(f"{text} {number}\n" for number in range(100) for text in ("ba de", "", "fi")))
    command = ["translate", "-m", str(toy_run), "-i", str(source), "--beam", "1", "--threads", "1"]
    assert cli.main([*command, "-o", str(output), "--ray", "local", "--actors", "1"]) == 0
    assert "300 lines from 3 shards" in capsys.readouterr().err
    assert cli.main([*command, "-o", str(plain)]) == 0
    assert output.read_text() == plain.read_text()


@pytest.mark.parametrize(
    ("lines", "actors", "on_gpus", "pieces"),
    [
        (0, 4, False, 1),
        (2_047, 4, False, 1),
        (30_000, 2, False, 29),  # of 1,034 lines
        (200_000, 2, False, 32),  # 16 for each actor
        (2_000_000, 2, False, 100),  # of 20,000 lines
        (200_000, 2, True, 12),  # of 16,667 lines, which fill a batch of a GPU
    ],
)
def test_each_actor_gets_many_pieces(lines: int, actors: int, on_gpus: bool, pieces: int) -> None:
    assert ray_data.pieces_for(lines, actors, on_gpus) == pieces


def test_nobody_at_an_address_is_one_line(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").write_text("ba\n")
    command = ["translate", "-m", str(toy_run), "-i", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    with socket.socket() as taken:  # it does not listen
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.main([*command, "--ray", address]) == 1
    assert (
        f"--ray {address}: [Errno 111] Connection refused; --ray local starts one here"
        in capfd.readouterr().err
    )


def test_a_failure_on_the_cluster_is_told_by_its_cause() -> None:
    class TaskError(Exception):
        cause: Exception = ValueError("row 3 is bad\nand more")

    assert first_line(TaskError("a traceback\nhow to retry")) == "ValueError: row 3 is bad"
    TaskError.cause = RunError("in our words")
    assert first_line(TaskError()) == "in our words"
    assert first_line(OSError("one\ntwo")) == "two"

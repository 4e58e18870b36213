"""mt translate --ray on this machine; what is killed there is tested by `make test-ray`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt import cli

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
pytestmark = pytest.mark.filterwarnings("ignore")


def test_lines_come_out_in_their_order(toy_run: Path, tmp_path: Path) -> None:
    source, output, plain = (tmp_path / name for name in ("in.txt", "out.txt", "plain.txt"))
    source.write_text("".join(f"{text} {number}\n" for number in range(100) for text in ("ba de", "", "fi")))
    command = ["translate", "-m", str(toy_run), "-i", str(source), "--beam", "1", "--threads", "1"]
    assert cli.main([*command, "-o", str(output), "--ray", "local", "--actors", "1"]) == 0
    assert cli.main([*command, "-o", str(plain)]) == 0
    assert output.read_text() == plain.read_text()

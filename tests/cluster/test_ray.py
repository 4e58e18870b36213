"""mt translate --ray on this machine: though an actor is killed, nothing is lost and nothing comes twice."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mt import cli
from tests.conftest import learn

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

MARK = "MT_TEST_RAY"
WORDS = ("ba de", "fi", "go ku la", "", "mo ne")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learn(tmp_path_factory.mktemp("toy"), "--max-epochs", "2")


def ray(run: Path, source: Path, output: Path) -> int:
    arguments = ["-i", str(source), "-o", str(output), "--ray", "local", "--actors", "2", "--beam", "1"]
    return cli.main(["translate", "-m", str(run), *arguments])


def actors(mark: str) -> list[int]:
    """Processes of the Ray that has inherited the mark in which actors are."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            title, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::") and b"Actor" in title and f"{MARK}={mark}".encode() in environment:
            found.append(int(process.name))
    return found


def test_an_actor_is_killed_and_every_line_is_there_once(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = uuid4().hex
    monkeypatch.setenv(MARK, mark)
    source, output, plain = (tmp_path / name for name in ("in.txt", "out.txt", "plain.txt"))
    source.write_text("".join(f"{WORDS[n % 5]} {n}\n" for n in range(20_000)))
    killed: list[int] = []

    def kill() -> None:
        """As soon as one part has some lines."""
        while not list(tmp_path.glob("out.txt.shards/.*-of-*.json")):
            time.sleep(0.05)
        killed.append(actors(mark)[0])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    assert ray(run, source, output) == 0
    thread.join(5)
    assert killed
    arguments = ["-m", str(run), "-i", str(source), "-o", str(plain), "--beam", "1", "--threads", "1"]
    assert cli.main(["translate", *arguments]) == 0
    assert output.read_text().splitlines() == plain.read_text().splitlines()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_tables(run: Path, tmp_path: Path, suffix: str) -> None:
    rows = [{"id": n, "source": WORDS[n % 5]} for n in range(50)]
    source, output = tmp_path / f"in{suffix}", tmp_path / "out"
    if suffix == ".jsonl":
        source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), source)
    assert ray(run, source, output) == 0
    if suffix == ".jsonl":
        found = [json.loads(line) for path in output.iterdir() for line in path.read_text().splitlines()]
    else:
        found = pq.read_table(output).to_pylist()
    assert sorted(row["id"] for row in found) == list(range(50))
    assert all(set(row) == {"id", "source", "translation"} for row in found)
    assert next(row for row in found if not row["source"])["translation"] == ""
    assert ray(run, source, output) == 1, "what is there is not replaced"

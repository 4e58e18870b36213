"""Shards: n lines in, n lines out over all of them; what is finished stays, what is half done goes on."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import zstandard
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mt import cli
from mt.commands import shards, text_input
from mt.console import Console
from mt.errors import RunError
from mt.storage.part import Part
from mt.text.encoding import wide_encoding
from mt.translator import Translator

LINES = ["ba de", "", "fi", "go ku la", "mo", "ne ba", "12", "de de"] * 3

CPU = torch.device("cpu")
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}


def run(*arguments: object) -> int:
    return cli.main(["translate", "--beam", "1", "--threads", "1", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")  # the last line has no end
    return path


@pytest.mark.parametrize(
    ("suffix", "form"), [(".gz", []), (".zst", ["--json"]), ("", ["--nbest", "2", "--beam", "2"])]
)
def test_shards_joined_are_the_whole(toy_run: Path, source: Path, suffix: str, form: list[str]) -> None:
    whole, joined = source.with_name("whole"), source.with_name("joined")
    assert run("-m", toy_run, "-i", source, "-o", whole, *form) == 0
    data = source.read_bytes()
    packed = source.with_name(source.name + suffix)
    packed.write_bytes(COMPRESS[suffix](data))
    for number in (2, 3, 1):
        assert run("-m", toy_run, "-i", packed, "-o", joined, "--shard", f"{number}/3", *form) == 0
    assert not joined.exists()
    assert run("-i", packed, "-o", joined, "--join") == 0
    assert joined.read_bytes() == whole.read_bytes()
    assert not joined.with_name("joined.shards").exists()


def test_a_folder_is_shared_out_by_files(toy_run: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, count in (("a", 3), ("b", 0), ("c", 1)):
        (folder / name).write_text("ba\n" * count)
    (folder / "d.gz").write_bytes(gzip.compress(b"ba\nde"))
    for number in (1, 2, 3):
        assert run("-m", toy_run, "-i", folder, "-o", output, "--shard", f"{number}/3") == 0
    assert run("-i", folder, "-o", output, "--join") == 0
    assert {path.name: path.read_text().count("\n") for path in output.iterdir()} == {
        "a": 3,
        "b": 0,
        "c": 1,
        "d": 2,
    }


def test_a_shard_goes_on_where_it_was(
    toy_run: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped in its third chunk, half a line written after what counts. Finished, it is left alone."""
    monkeypatch.setattr(text_input, "CHUNK", 5)
    asked: list[int] = []
    original = Translator.search

    def search(self: Translator, texts: list[str], **how: object) -> object:
        asked.append(len(texts))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return original(self, texts, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Translator, "search", search)
    output = source.with_name("out")
    command = ["-m", toy_run, "-i", source, "-o", output, "--shard", "1/1"]
    assert run(*command) == 130
    partial = output.with_name("out.shards") / ".1-of-1.partial"
    with partial.open("a") as file:
        file.write("half a li")
    assert run(*command) == 0
    finished = len(asked)
    assert sum(asked[3:]) == len(LINES) - 10
    assert run(*command) == 0
    assert len(asked) == finished
    assert "1-of-1 is finished" in capsys.readouterr().err
    assert run("-i", source, "-o", output, "--join") == 0
    assert len(output.read_text().splitlines()) == len(LINES)


def test_what_is_missing_or_other_is_said(
    toy_run: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = source.with_name("out")
    command = ["-m", toy_run, "-i", source, "-o", output]

    def message(*arguments: object) -> str:
        assert run(*arguments) in (1, 2)
        return capsys.readouterr().err.splitlines()[-1]

    assert "there are no shards in" in message("-i", source, "-o", output, "--join")
    assert run(*command, "--shard", "2/3") == 0
    assert "not finished: --shard 1/3, 3/3" in message("-i", source, "-o", output, "--join")
    assert "begun with other shards" in message(*command, "--shard", "2/4")
    assert "begun with other search" in message(*command, "--shard", "1/3", "--beam", "3")
    source.write_text("other\n" * len(LINES))
    assert "begun with other input; give the same" in message(*command, "--shard", "1/3")
    assert "belongs to another input" in message("-i", source, "-o", output, "--join")
    assert "--shard, --join and --ray need --input and --output" in message("--shard", "1/2", "ba")
    assert "should be a shard such as 3/16" in message(*command, "--shard", "0/3")
    assert "or --ray alone" in message(*command, "--shard", "1/3", "--join")
    assert "is the input too" in message("-i", source, "-o", source, "--shard", "1/3")
    assert "name it out" in message("-i", source, "-o", "out.gz", "--shard", "1/3")
    assert "no such file or folder" in message("-i", "nothing", "-o", output, "--shard", "1/3")
    (folder := source.with_name("folder")).mkdir()
    (folder / "a.po.gz").touch()
    assert "a.po.gz: shards are of text" in message("-i", folder, "-o", "translated", "--shard", "1/2")
    assert "--memory is for documents" in message(*command, "--shard", "1/3", "--memory", "m.tsv")
    assert "--actors is for --ray" in message(*command, "--actors", "2")
    assert "--actors is for --ray" in message(*command, "--shard", "1/3", "--actors", "2")


def test_ray_that_is_not_installed_is_named(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert run("-i", source, "-o", source.with_name("out"), "--ray", "local") == 1
    assert "--ray needs Ray: pip install" in capsys.readouterr().err.splitlines()[-1]
    assert run("--ray", "local", "ba") == 2
    assert "need --input and --output" in capsys.readouterr().err
    assert run("-i", source, "-o", "out", "--ray", "local", "--shard", "1/2") == 2


def test_one_process_at_a_time_writes_a_part(tmp_path: Path) -> None:
    part = Part(tmp_path / "part", "x")
    with part.writing():
        with pytest.raises(RunError, match="another process writes"), Part(tmp_path / "part", "x").writing():
            pass
        part.append(b"one\n", 1)
    (tmp_path / "part").write_bytes(b"")
    with pytest.raises(RunError, match="is incomplete"):
        Part(tmp_path / "part", "x")


@given(st.binary(max_size=60), st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_line_is_in_one_shard(tmp_path: Path, data: bytes, count: int) -> None:
    """Measured and read in shards as it is read as a whole, byte order marks and lacking ends included."""
    assume(wide_encoding(data) is None)
    path = tmp_path / "any"
    path.write_bytes(data)
    measure, console = shards.measure(path), Console()
    whole = [line for chunk in shards._read(path, range(measure.lines), CPU, console) for line in chunk]
    with text_input.open_lines(path, console) as lines:
        assert [line for chunk in lines for line in chunk] == whole
    pieces = [shards.Piece(path, "", number, count) for number in range(1, count + 1)]
    parts = [
        line
        for piece in pieces
        for chunk in shards._read(path, piece.lines(measure.lines), CPU, console)
        for line in chunk
    ]
    assert parts == whole

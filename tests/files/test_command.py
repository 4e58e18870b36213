"""mt translate with documents, by every route."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from mt import cli
from mt.config.values import DocumentFormat
from mt.files import work
from mt.files.document import Result, Source
from mt.files.registry import FORMATS
from tests.files.test_text import SRT

PO = 'msgid "ba de"\nmsgstr ""\n\nmsgid "mo"\nmsgstr "MO!"\n\nmsgid "fi %d:"\nmsgstr ""\n'


def translate(run: Path, *arguments: str | Path) -> int:
    return cli.main(["translate", "-m", str(run), "--beam", "1", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents of several kinds, some in a folder below."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.po").write_text(PO)
    (tmp_path / "in" / "deep" / "b.pot").write_text('msgid "ku la"\nmsgstr ""\n')
    (tmp_path / "in" / "deep" / "c.txt").write_text("go\n\nne ba\n")
    (tmp_path / "in" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "in" / ".hidden.po").write_text(PO)
    (tmp_path / "in" / "runs" / "a").mkdir(parents=True)
    for name in ("config.toml", "model.safetensors", "metrics.jsonl", "README.md", "samples.txt"):
        (tmp_path / "in" / "runs" / "a" / name).touch()
    return tmp_path


def test_the_formats_of_the_flag_are_those_there_are() -> None:
    assert get_args(DocumentFormat) == tuple(one.name for one in FORMATS)


def test_a_catalogue_is_filled(toy_run: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source, output = folder / "in" / "a.po", folder / "out.po"
    assert translate(toy_run, "-i", source, "-o", output, "--json") == 0
    assert source.read_text() == PO
    written = output.read_text()
    assert written.startswith('msgid "ba de"\nmsgstr "BA DE"\n')
    assert 'msgstr "MO!"' in written
    said = capfd.readouterr()
    counts = json.loads(said.out)["total"]
    assert counts["segments"] == counts["translated"] == 2
    assert counts["words"] == 4
    assert f"{source}: 2 segments, 4 words: 2 translated" in said.err
    assert sorted(path.name for path in folder.iterdir()) == ["in", "out.po"]
    assert translate(toy_run, "-i", source, "-o", source) == 0
    assert source.read_text() == written


def test_a_memory_comes_before_the_model(
    toy_run: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    memory = folder / "memory.tsv"
    memory.write_text("ba de\tFROM MEMORY\nfi %s:\tADAPTED %s:\n")
    output = folder / "out.po"
    assert translate(toy_run, "-i", folder / "in" / "a.po", "-o", output, "--memory", memory, "--json") == 0
    assert 'msgstr "FROM MEMORY"' in output.read_text()
    assert '# mt: adapted from memory\n#, fuzzy\nmsgid "fi %d:"\nmsgstr "ADAPTED %d:"' in output.read_text()
    counts = json.loads(capfd.readouterr().out)["total"]
    assert (counts["memory"], counts["adapted"], counts["translated"]) == (1, 1, 0)
    lines = folder / "lines.txt"
    lines.write_text("mo\nba de\n")
    assert translate(toy_run, "-i", lines, "-o", folder / "out.txt", "--memory", memory) == 0
    assert (folder / "out.txt").read_text() == "MO\nFROM MEMORY\n"
    memory.write_text("no tab\n" * 5)
    assert translate(toy_run, "-i", lines, "-o", output, "--memory", memory) == 1


def test_folders_and_patterns(toy_run: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = folder / "in" / "out"
    for _ in range(2):  # the second time what was written is no input
        assert translate(toy_run, "-i", folder / "in", "-o", out) == 0
        written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        assert written == ["a.po", "deep/b.po", "deep/c.txt"]
    assert (out / "deep" / "c.txt").read_text() == "GO\n\nNE BA\n"
    assert "3 files, 5 segments" in capfd.readouterr().err
    assert translate(toy_run, "-i", f"{folder}/in/deep/*.po*", "-o", folder / "other") == 0
    assert (folder / "other" / "b.po").read_text() == 'msgid "ku la"\nmsgstr "KU LA"\n'


def test_one_that_is_broken_stops_none_of_a_folder(
    toy_run: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "in" / "a.po").write_text('msgid "x\n')
    assert translate(toy_run, "-i", folder / "in", "-o", folder / "out", "--json") == 1
    said = capfd.readouterr()
    assert "a.po, line 1: a string without its closing quote" in said.err
    assert said.err.endswith("mt: 1 of 3 files could not be translated; the lines above name them\n")
    assert (folder / "out" / "deep" / "b.po").exists()
    assert len(json.loads(said.out)["failed"]) == 1


def test_what_was_stopped_goes_on(
    toy_run: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(work, "CHUNK", 1)
    calls: list[Source] = []
    stop_at = 2

    def engine(*_: Any) -> Any:
        def translate_or_stop(sources: list[Source]) -> list[Result]:
            if len(calls) == stop_at:
                raise KeyboardInterrupt
            calls.extend(sources)
            return [Result(str(source).upper()) for source in sources]

        return translate_or_stop

    monkeypatch.setattr("mt.commands.documents.model_engine", engine)
    arguments = ("-i", folder / "in", "-o", folder / "out")
    assert translate(toy_run, *arguments) == 130
    assert not (folder / "out" / "a.po").exists()
    journal = folder / "out" / ".mt-journal"
    with journal.open("a") as file:
        file.write('["cut o')  # killed while it wrote
    stop_at = 99
    assert translate(toy_run, *arguments) == 0
    assert "going on: 2 texts translated already" in capfd.readouterr().err
    assert len(calls) == len(set(calls)) == 5
    assert not journal.exists()
    assert translate(toy_run, *arguments) == 0
    assert len(calls) == 10


def test_standard_streams(toy_run: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert translate(toy_run, "-i", folder / "in" / "a.po") == 0
    assert capfd.readouterr().out.startswith('msgid "ba de"\nmsgstr "BA DE"\n')
    (folder / "a.srt").write_text(SRT)
    assert translate(toy_run, "-i", folder / "a.srt", "-o", folder / "in") == 0
    assert (folder / "in" / "a.srt").read_text().count("-->") == 4


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("a.pages", [], "unknown document format (.pages); save it as"),
        ("a.xml", [], "unknown kind of XML"),
        ("missing.po", [], "cannot open"),
        ("in/a.po", ["--nbest", "2", "--beam", "2"], "--nbest is for text in lines only"),
        ("in/a.po", ["--json"], "name its --output too"),
        ("in/deep/c.txt", ["--fuzzy"], "--fuzzy is for documents only"),
        ("in", [], "name the folder for the translations by --output"),
        ("in/*.docx", ["-o", "out"], "holds no document of a known format"),
        ("in", ["-o", "in"], "is the input folder too"),
        ("in/a.po", ["--format", "json", "-o", "x"], "a.po, line 1: broken JSON"),
    ],
)
def test_mistakes_are_told_in_a_line(
    toy_run: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    more: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    Path("a.pages").touch()
    Path("a.xml").write_text("<other/>")
    assert translate(toy_run, "-i", name, *more) in (1, 2)
    last = capfd.readouterr().err.splitlines()[-1]
    assert said in last
    assert last.startswith(("mt: ", "mt translate"))
    assert not Path("x").exists()

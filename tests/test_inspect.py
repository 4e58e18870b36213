"""mt inspect, by the command: every route, n texts in n out, and one line for each mistake."""

from __future__ import annotations

import io
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

import mt
from mt import cli
from mt.inspection.blocks import percent, printable
from mt.inspection.strip import bar, strip
from mt.inspection.terminal import shown
from tests.conftest import learn

Run = Callable[..., str]


@pytest.fixture
def run(toy_run: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`mt inspect` on the toy run, or another; what it wrote to stdout."""

    def inspect(*arguments: str, model: Path = toy_run) -> str:
        capsys.readouterr()
        assert cli.main(["inspect", "-m", str(model), "--threads", "1", *arguments]) == 0
        return capsys.readouterr().out

    return inspect


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_person_sees_the_whole_way(run: Run) -> None:
    text = run("ba de")
    assert text.startswith("ba de  →  BA DE\n")
    for heading in (
        "1  The sentence in pieces",
        "2  Reading: one state",
        "3  The sentence vector: 64 numbers",
        "4  Writing: a piece at a time",
        "5  What search ended with",
    ):
        assert f"\n{heading}" in text
    assert "h' = f(W·x + b + U·h + B)" in text
    assert "by perturbation: each piece in turn is left blank" in " ".join(text.split())
    assert "needs the vector: Total variation" in text
    assert "\x1b" not in text


def test_where_attention_looked_is_shown(run: Run, attentive_run: Path) -> None:
    text = run("ba de", model=attentive_run)
    assert "it looked at: where attention's weight lay" in text
    assert "needs the vector" not in text
    assert "general attention" in text


@pytest.mark.parametrize("columns", [40, 80, 120, 300])
def test_no_line_is_wider_than_the_screen(run: Run, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two columns too: these are unknown to the model, and shown as they are."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for text in ("ba de fi go", "我 爱 北 京 ba 我 爱 北 京 de " * 4):
        lines = run(text).splitlines()
        assert max(map(cell_len, lines)) <= min(columns, 120)
        assert max(map(cell_len, lines)) > min(columns, 120) / 2


def test_no_piece_is_parted_from_its_number(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = run("我 ba 爱 de 北 fi 京 go 我 ku 爱")
    rows = text[text.index("1  ") : text.index("⏎ is the end")].splitlines()[1:]
    labels = [label for row in rows for label in row.strip().split("   ") if label]
    assert len(rows) > 2
    assert [label.split()[0] for label in labels] == [f"x{n}" for n in range(1, len(labels) + 1)]
    assert all(len(label.split()) == 2 for label in labels)


def test_columns_of_wide_pieces_stand_under_each_other(run: Run) -> None:
    """The share of the first step ends in one column, whatever piece stands before it."""
    lines = run("我 ba 爱 de").splitlines()
    first = next(place for place, line in enumerate(lines) if line.strip().startswith("after"))
    end = cell_len(lines[first][: lines[first].index("x1") + 2])
    rows = [line for line in lines[first + 1 :] if line.startswith("   x")][: lines[first].count(" x")]
    assert len(rows) >= 5
    for row in rows:
        upto = ""
        for mark in row:
            if cell_len(upto) == end:
                break
            upto += mark
        assert upto[-1].isdigit()
        assert not row[len(upto) : len(upto) + 1].isdigit()


def test_nothing_in_a_text_reaches_the_terminals_controls(run: Run) -> None:
    text = run("ba \x1b[31mde\u202e fi")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.startswith("ba \ufffd[31mde\ufffd fi  →")


def test_colours_only_on_a_terminal(toy_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    screen = Screen(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert cli.main(["inspect", "-m", str(toy_run), "ba"]) == 0
    screen.flush()
    assert "\x1b[" in screen.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_n_texts_in_n_objects_out(run: Run, toy_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From arguments and from standard input; a blank line keeps its place, with lists that are empty."""
    texts = ["ba de", "", "fi", "   ", "ku"]
    by_arguments = run("--json", *texts)
    stdin(monkeypatch, "".join(f"{text}\n" for text in texts))
    assert run("--json") == by_arguments
    rows = [json.loads(line) for line in by_arguments.splitlines()]
    assert [row["source"] for row in rows] == texts
    known = mt.load(toy_run, device="cpu").translate(texts)
    assert [row["translation"] for row in rows] == [text.strip() and text for text in known]
    lists = {key for key, value in rows[0].items() if isinstance(value, list)}
    assert rows[1].keys() == lists | {"source", "translation"}
    assert all(value == [] for key, value in rows[1].items() if key not in ("source", "translation"))


def test_several_texts_for_people(run: Run) -> None:
    text = run("ba", "", "fi")
    assert text.count("→  ") == 2 + text.count("right →  ")
    assert text.count("────") >= 2
    assert "(blank: there is nothing to read)" in text


def test_what_mt_translate_leaves_alone_is_read_all_the_same_and_that_is_said(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inspect", "-m", str(toy_run), "--json", "123", "ba\u200b", "\u200b"]) == 0
    captured = capsys.readouterr()
    digits, word, unseen = (json.loads(line) for line in captured.out.splitlines())
    assert digits["steps"]
    assert (word["translation"], unseen["steps"]) == ("BA", [])
    assert captured.err.count("mt translate leaves this text as it is") == 1


def test_no_lines_no_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, "")
    assert run("--json") == ""


def test_a_long_text_is_read_whole_with_a_warning(toy_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", "-m", str(toy_run), "ba fi go. " * 9, "--json"]) == 0
    assert "mt translate reads this text in" in " ".join(capsys.readouterr().err.split())


def test_all_arrays_of_one_text_or_of_several(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "seen.npz"
    run("ba de", "--npz", str(path))
    one = np.load(path, allow_pickle=False)
    assert str(one["translation"]) == "BA DE"
    run("ba", "", "fi go", "--npz", str(path), "--json")
    several = np.load(path, allow_pickle=False)
    assert {name.split("/")[0] for name in several.files} == {"0", "2"}
    assert {name.split("/")[1] for name in several.files} == set(one.files)
    assert str(several["2/translation"]) == "FI GO"
    assert [file.name for file in tmp_path.iterdir()] == ["seen.npz"]


def test_search_settings_take_effect(run: Run) -> None:
    for beam in (1, 2):
        row = json.loads(run("ba xx", "--json", "--beam", str(beam)))
        assert len(row["hypotheses"]) == beam
    cut = json.loads(run("ba de", "--json", "--max-length-ratio", "0.01", "--length-penalty", "0"))
    assert cut["hypotheses"][0]["score"] == cut["hypotheses"][0]["log_prob"]


def test_a_plain_network_is_worked_out_by_hand(run: Run, tmp_path: Path) -> None:
    model = learn(tmp_path, "--cell", "rnn", "--max-epochs", "1")
    text = run("--by-hand", "ba de", "", model=model)
    assert text.count("number ") == 3
    for line in text.splitlines():
        if "torch works out" in line:
            value, torchs = line.removeprefix("  h'").split(" = f(sum); torch works out ")
            assert value.strip() == torchs.strip()
    assert text.endswith("(blank: there is nothing to read)\n")
    assert max(map(len, text.splitlines())) <= 80


def test_a_picture_is_drawn_of_the_one_text(
    run: Run,
    toy_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn: list[Any] = []
    picture: Any = types.ModuleType("mt.inspection.picture")
    picture.check_suffix = lambda path: drawn.append(path.suffix)
    picture.draw = lambda inspection, path: drawn.append((inspection.source, path))
    monkeypatch.setitem(sys.modules, "mt.inspection.picture", picture)
    path = tmp_path / "x.svg"
    run("ba", "--picture", str(path))
    assert drawn == [".svg", ("ba", path)]
    stdin(monkeypatch, "ba\nfi\n")
    assert cli.main(["inspect", "-m", str(toy_run), "--picture", str(path)]) == 2
    assert "--picture draws one text, and there are more lines" in capsys.readouterr().err


MISTAKES = [
    (["-m", "other", "ba"], "give -m once"),
    (["--by-hand", "--json", "ba"], "leave out --json: no effect with --by-hand"),
    (["--by-hand", "--beam", "2", "ba"], "leave out --beam: no effect with --by-hand"),
    (["--npz", "x.svg", "--picture", "./x.svg", "ba"], "--npz and --picture name one file"),
    (["--picture", "x.png", "ba", "de"], "--picture draws one text, not 2"),
    (["--by-hand", "ba"], "the cells of this one are gru"),
    (["--tgt", "cc", "ba"], "translates into bb, not into cc"),
    (["--npz", "no/such/folder/x.npz", "ba"], "cannot write no/such/folder/x.npz: No such file"),
    (["ba " * 500], "at most 400 can be inspected"),
    (["--threads", "0", "ba"], "--threads"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_mistake_is_one_line(
    arguments: list[str], message: str, toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inspect", "-m", str(toy_run), *arguments]) in (1, 2)
    captured = capsys.readouterr()
    assert message in captured.err.splitlines()[-1]
    assert captured.err.splitlines()[-1].startswith(("mt: ", "mt inspect"))
    assert captured.out == ""


def test_a_pictures_name_is_looked_at_before_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", "-m", "nowhere", "--picture", "x.gif", "ba"]) == 1
    assert "x.gif: a picture's name ends in .png, .svg or .html" in capsys.readouterr().err


def test_pieces_as_they_are_shown() -> None:
    assert shown("</s>") == "⏎"
    assert shown("▁Bei") == "·Bei"
    assert shown("▁I", first=True) == "I"
    assert shown("▁", first=True) == "·"
    assert printable("a\x07\u2028b") == "a\ufffd\ufffdb"


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100%"), (0.574, "57%"), (0.0099, "1.0%"), (0.01, "1%"), (0.0004, "0%"), (0, "0%")],
)
def test_percentages(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [bar(share, 2) for share in (0, 0.5, 1, 1 / 16, 7 / 8)] == ["  ", "█ ", "██", "▏ ", "█▊"]


def test_a_strip_has_a_bar_for_each_number() -> None:
    """Zero is half high; what is furthest from zero sets the scale for both signs."""
    lines = strip([-2.0, -1.0, 0.0, 1.0, 0.5], width=2)
    assert [line.plain for line in lines] == ["▁▃", "▅▆", "▅"]
    assert [line.plain for line in strip([0.0, 0.0], width=9)] == ["▅▅"]

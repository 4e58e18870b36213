"""Tune: one search, ranked anew for each length penalty, is what searching with it gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mt
from mt import cli
from mt.commands.tune import PENALTIES
from mt.metrics import Scoring, score
from tests.conftest import learn
from tests.toy import SETTINGS, toy_pairs, write_tsv


def tuned(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["evaluate", "--tune", "--threads", "1", *arguments]) == 0
    return capsys.readouterr().out


def test_each_penalty_has_the_bleu_of_searching_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that hardly knows its language, so that penalties matter."""
    run = learn(tmp_path, "--max-epochs", "5")
    capsys.readouterr()
    pairs = toy_pairs(40, seed=8)
    path = write_tsv(tmp_path / "pairs.tsv", pairs)
    text = tuned(["-m", str(run), "--validation", str(path), "--json", "--beam", "4"], capsys)
    found = {trial["length_penalty"]: trial["bleu"] for trial in json.loads(text)["trials"]}
    assert tuple(found) == PENALTIES
    assert len(set(found.values())) > 1
    for penalty in (0.0, 1.0, 2.0):
        translator = mt.load(run, beam=4, length_penalty=penalty)
        bleu = score(
            translator.translate([src for src, _ in pairs]),
            [[tgt for _, tgt in pairs]],
            Scoring("13a"),
            metrics=["bleu"],
        )[0]
        assert found[penalty] == pytest.approx(bleu.value)
    assert json.loads(text)["best"]["bleu"] == max(found.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--length-penalty", "0.5"], "unrecognized arguments: --length-penalty"),
        (["--mbr", "chrf"], "unrecognized arguments: --mbr"),
        (["--beam", "1"], "give --beam 2 or more"),
        (["--validation", "none.tsv"], "none.tsv: no such file"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    arguments: list[str], message: str, toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["tune", "-m", str(toy_run), *arguments]) in (1, 2)
    captured = capsys.readouterr()
    assert message in captured.err.splitlines()[-1]
    assert captured.out == ""


def test_the_runs_own_validation_pairs_are_the_default(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tuned(["-m", str(toy_run)], capsys).splitlines()
    assert lines[0].split() == ["length", "penalty", "BLEU", "length", "ratio"]
    assert len(lines) == len(PENALTIES) + 2
    assert lines[-1].startswith("best: --length-penalty ")


def test_only_the_pairs_that_the_run_was_validated_on_are_taken_by_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the cache, also when the file is gone; else they are set aside again, and must be the same."""
    path = write_tsv(tmp_path / "pairs.tsv", toy_pairs(400, seed=1))
    settings = [*SETTINGS, "--drop-duplicates", "--validation-pairs", "20", "--max-steps", "3"]
    run = tmp_path / "run"
    assert cli.main(["train", *settings, "--train", str(path), "--out", str(run)]) == 0
    own = tuned(["-m", str(run)], capsys)
    monkeypatch.setattr("mt.evaluation.validation_pairs.find_pairs", lambda _: None)
    assert tuned(["-m", str(run)], capsys) == own
    write_tsv(path, toy_pairs(400, seed=2))
    assert cli.main(["tune", "-m", str(run)]) == 1
    assert "was validated on are gone" in capsys.readouterr().err
    monkeypatch.undo()
    path.unlink()
    assert tuned(["-m", str(run)], capsys) == own


def test_the_default_is_best_where_all_are_as_good(toy_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The toy's translations are sure, so that no penalty changes one."""
    lines = tuned(["-m", str(toy_run)], capsys).splitlines()
    assert len({line.split()[1] for line in lines[1:-1]}) == 1
    assert lines[-1] == "best: --length-penalty 1.0 --beam 5"

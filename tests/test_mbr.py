"""Minimum Bayes risk: what the others agree with wins."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sacrebleu import sentence_chrf

import mt
from mt import cli
from mt.checkpoint import load_run
from mt.config import SearchConfig
from mt.decoding.mbr import Utility, rank
from mt.translator import Translator


@pytest.mark.parametrize("utility", ["chrf", "bleu"])
def test_the_one_the_others_agree_with_comes_first(utility: Utility) -> None:
    """The likeliest one stands alone; three less likely ones say nearly the same."""
    texts = ["ein Hund schläft", "the cat sits on the mat", "the cat sat on the mat", "a cat sat on the mat"]
    assert rank(texts, [-1.0, -1.2, -1.2, -1.2], utility)[0] == 2
    assert rank(texts, [0.0, -9.0, -9.0, -9.0], utility)[0] == 0  # nearly all of the probability is its own


def test_worth_by_hand() -> None:
    """Weights are probabilities: with log-probabilities 0 and ln 1/2 a reference counts once and half."""
    texts, log_probs = ["ab", "abc", "xbc"], [0.0, -0.6931472, -0.6931472]
    worth = [
        sum(
            weight * sentence_chrf(text, [reference]).score
            for reference, weight in zip(texts, [1, 0.5, 0.5], strict=True)
        )
        for text in texts
    ]
    assert rank(texts, log_probs, "chrf") == sorted(range(3), key=lambda place: -worth[place])


def test_two_stay_as_they_were() -> None:
    assert rank(["a", "b"], [-1.0, -5.0], "chrf") == [0, 1]
    assert rank([], [], "chrf") == []


def test_translating_by_mbr_reorders_the_n_best(toy_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypotheses and scores stay together; only their order is another."""
    monkeypatch.setattr("mt.decoding.mbr.rank", lambda texts, *_: list(reversed(range(len(texts)))))
    run = [load_run(toy_run, torch.device("cpu"))]
    by_score, by_mbr = (
        Translator(run, config, torch.device("cpu")).search(["ba de fi go ku"], nbest=5)[0]
        for config in (SearchConfig(), SearchConfig(mbr="bleu"))
    )
    assert by_mbr.hypotheses == by_score.hypotheses[::-1]
    assert by_mbr.scores == by_score.scores[::-1]


@pytest.mark.parametrize("command", ["translate", "evaluate"])
def test_it_needs_a_beam(
    command: str, toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test.tsv").write_text("ba\tab\n")
    rest = ["ba"] if command == "translate" else ["--test", str(tmp_path / "test.tsv")]
    assert cli.main([command, "-m", str(toy_run), "--mbr", "chrf", "--beam", "2", *rest]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("mt: --mbr chooses among hypotheses")
    if command == "translate":
        assert cli.main([command, "-m", str(toy_run), "--mbr", "chrf", *rest]) == 0
        assert capsys.readouterr().out == "BA\n"


def test_from_python_too(toy_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mt.decoding.mbr.rank", lambda texts, *_: list(reversed(range(len(texts)))))
    by_score, by_mbr = (
        mt.load(toy_run, device="cpu").search(["ba de fi"], nbest=5)[0],
        mt.load(toy_run, device="cpu", mbr="chrf").search(["ba de fi"], nbest=5)[0],
    )
    assert by_mbr.hypotheses == by_score.hypotheses[::-1]

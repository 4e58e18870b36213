"""Validation: what is best, what is visibly wrong, and what any model must beat."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mt import cli
from mt.data.encoded import PiecePairs
from mt.metrics import LanguageBleu
from mt.training.validation import Validation, unigram_entropy
from tests.runs import logged, progress
from tests.toy import train_arguments

Capture = pytest.CaptureFixture[str]


def validation(hypotheses: list[str], references: list[str], perplexity: float = 1.0) -> Validation:
    """Of the sources s0, s1 and so on."""
    scored = LanguageBleu(20.0, "", {"de": 10.0, "fr": 30.0})
    return Validation(perplexity, scored, [f"s{n}" for n in range(20)], references, hypotheses)


REFERENCES = [f"r{n}" for n in range(20)]


def test_outputs_all_alike_are_named() -> None:
    alike = validation(["the the"] * 19 + ["a"], REFERENCES)
    assert "19 of 20 validation outputs are the same ('the the')" in alike.symptoms[0]
    assert validation([f"h{n}" for n in range(20)], REFERENCES).symptoms == []


def test_outputs_that_copy_the_source_are_named() -> None:
    copies = validation([f"s{n}" for n in range(20)], ["s0", *REFERENCES[1:]])
    assert "19 of 20 validation outputs copy the source" in copies.symptoms[0]


def test_what_is_better() -> None:
    found = validation(REFERENCES, REFERENCES, perplexity=3.0)
    assert found.scores == "perplexity 3.00, BLEU 20.00 (de 10.00, fr 30.00)"
    for metric, worse, better in (("bleu", 19.9, 20.1), ("perplexity", 3.1, 2.9)):
        assert found.better_than(None, metric)
        assert found.better_than(worse, metric)
        assert not found.better_than(better, metric)
        assert not found.better_than(found.value(metric), metric), "as good is no better"


def test_samples_are_spread_over_the_pairs() -> None:
    lines = validation([f"h{n}" for n in range(20)], REFERENCES).samples
    assert [line for line in lines if "output" in line] == [f"  output     h{n}" for n in (0, 4, 9, 14, 19)]
    assert lines[:4] == ["  source     s0", "  reference  r0", "  output     h0", ""]


def test_the_entropy_of_pieces_by_hand() -> None:
    """Twice piece 4, once piece 5, and an end after each of three sentences: of six, 1/3, 1/6 and 1/2."""
    pairs = PiecePairs.of([[9], [9], [9]], [[4, 5], [4], []])
    expected = -(math.log(1 / 3) / 3 + math.log(1 / 6) / 6 + math.log(1 / 2) / 2)
    assert unigram_entropy(pairs, 10) == pytest.approx(expected)


def test_pieces_that_are_all_the_same_cost_nothing() -> None:
    assert unigram_entropy(PiecePairs.of([[], []], [[], []]), 10) == 0.0


@pytest.mark.parametrize(("rate", "warned"), [("1e-12", True), ("1e-2", False)])
def test_a_model_that_learns_nothing_is_told_and_a_good_one_is_not(
    rate: str, warned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("mt.training.reporter.PATIENT_STEPS", 50)
    limits = ["--max-steps", "50", "--max-epochs", "99", "--patience", "99", "--validate-every", "50"]
    arguments = [*train_arguments(tmp_path, pairs=300), *limits, "--learning-rate", rate]
    assert cli.main([*arguments, "--out", str(tmp_path / "run")]) == 0
    assert ("nothing is learned after 50 steps" in capsys.readouterr().err) == warned


@pytest.mark.parametrize("metric", ["bleu", "perplexity"])
def test_the_best_is_what_the_metric_says(metric: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    limits = ["--max-steps", "12", "--max-epochs", "99", "--validate-every", "3", "--learning-rate", "0.05"]
    arguments = [*train_arguments(tmp_path, pairs=300), *limits, "--validation-metric", metric]
    assert cli.main([*arguments, "--out", str(run)]) == 0
    values = {entry["step"]: entry[metric] for entry in logged(run, "validation")}
    assert len(set(values.values())) > 1
    best = max(values.values()) if metric == "bleu" else min(values.values())
    found = progress(run)
    assert found["best"] == pytest.approx(best, abs=1e-3)
    assert values[found["best_step"]] == best

"""Several systems and several seeds on one test: numbers by hand, tables for a screen, a README, a paper."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from mt import cli
from mt.config import DataConfig
from mt.evaluation.run_groups import Spread
from mt.evaluation.table import Table
from tests.test_evaluate import Evaluate, evaluate, make_run, pristine_run, run, test_tsv, write_lines

__all__ = ["evaluate", "pristine_run", "run", "test_tsv"]  # fixtures

TABLE = Table(
    ("system", "BLEU", "p"),
    ((("a_b", "12.3", ""), ("我", "9.0", "0.5000")), (("100 % & more", "-0.3", "1.0 ± 0.2"),)),
    ("BLEU nrefs:1|case:mixed",),
)


def test_a_table_for_a_screen_is_aligned() -> None:
    """A Chinese character is two columns wide."""
    assert TABLE.text().split("\n") == [
        "system        BLEU          p",
        "a_b           12.3",
        "我             9.0     0.5000",
        "",
        "100 % & more  -0.3  1.0 ± 0.2",
        "",
        "BLEU nrefs:1|case:mixed",
    ]


def test_a_table_in_markdown() -> None:
    assert TABLE.markdown().split("\n") == [
        "| system | BLEU | p |",
        "| --- | ---: | ---: |",
        "| a_b | 12.3 |  |",
        "| 我 | 9.0 | 0.5000 |",
        "| 100 % & more | -0.3 | 1.0 ± 0.2 |",
        "",
        "BLEU nrefs:1|case:mixed",
    ]


def test_a_table_in_latex_has_its_special_characters_escaped() -> None:
    assert TABLE.latex().split("\n") == [
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"system & BLEU & p \\",
        r"\midrule",
        r"a\_b & 12.3 &  \\",
        r"我 & 9.0 & 0.5000 \\",
        r"\midrule",
        r"100 \% \& more & $-0.3$ & 1.0 $\pm$ 0.2 \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% BLEU nrefs:1|case:mixed",
    ]


def test_the_spread_of_three_runs_by_hand() -> None:
    """(1 + 2 + 6) / 3 = 3; sqrt((4 + 1 + 9) / 2) = 2.6458."""
    spread = Spread.of("BLEU", [1.0, 2.0, 6.0])
    assert spread.mean == 3.0
    assert spread.sd == pytest.approx(2.6457513)
    assert str(spread) == "3.0 ± 2.6"
    assert str(Spread.of("BLEU", [4.0])) == "4.0"


def test_several_systems_are_each_compared_with_the_first(
    evaluate: Evaluate, tmp_path: Path, test_tsv: Path
) -> None:
    references = [line.split("\t")[1] for line in test_tsv.read_text(encoding="utf-8").splitlines()]
    perfect = write_lines(tmp_path / "perfect.txt", references)
    empty = write_lines(tmp_path / "empty.txt", [""] * len(references))
    half = write_lines(tmp_path / "half.txt", [*references[:4], *[""] * (len(references) - 4)])
    systems = ("--hypotheses", half, "--against", perfect, "--against", empty)
    arguments = (*systems, "--test", test_tsv, "--tgt", "en", "--bootstrap", "200", "--worst", "0")
    found = evaluate(*arguments, "--json").json
    assert [comparison["against"] for comparison in found["comparisons"]] == [str(perfect), str(empty)]
    bleu = found["scores"][0]["value"]
    for comparison, value in zip(found["comparisons"], (100.0, 0.0), strict=True):
        first, _ = comparison["results"]
        assert first["system"]["value"] == pytest.approx(bleu)
        assert first["baseline"]["value"] == pytest.approx(value)
        alone = ("--hypotheses", half, "--against", comparison["against"])
        by_itself = evaluate(*alone, *arguments[6:], "--json").json["comparisons"]
        assert by_itself == [comparison]
    rows = evaluate(*arguments).out.split("\n\n")[2].splitlines()
    assert [row.split()[0] for row in rows] == ["system", str(half), str(perfect), str(empty)]
    assert rows[2].split()[1:5] == ["100.0", "[100.0,", "100.0]", f"{100 - bleu:+.1f}"]


def test_the_runs_of_two_systems_have_a_row_each_and_a_mean(
    evaluate: Evaluate, run: Path, tmp_path: Path, test_tsv: Path
) -> None:
    """Scores as of each run by itself; the mean and the standard deviation are Python's own."""
    runs = [make_run(tmp_path / f"x-{seed}", DataConfig(src="zh", tgt="en"), seed=seed) for seed in (2, 3)]
    how = ("--test", test_tsv, "--beam", "1", "--bootstrap", "0")
    found = evaluate("--runs", *runs, "--runs", run, *how, "--json").json
    assert (found["segments"], found["test"]) == (8, str(test_tsv))
    system, single = found["systems"]
    assert (system["system"], single["system"]) == (str(tmp_path / "x"), str(run))
    for path, row in zip([*runs, run], [*system["runs"], *single["runs"]], strict=True):
        alone = evaluate("-m", path, *how, "--json").json
        assert {**row, "sentences_per_second": 0} == {**alone, "sentences_per_second": 0}
    for number, name in enumerate(("BLEU", "chrF2++", "TER")):
        values = [row["scores"][number]["value"] for row in system["runs"]]
        assert system["spread"][name]["mean"] == pytest.approx(statistics.fmean(values))
        assert system["spread"][name]["sd"] == pytest.approx(statistics.stdev(values))
    assert single["spread"]["BLEU"]["sd"] is None
    lines = evaluate("--runs", *runs, "--runs", run, *how, "--markdown").out.splitlines()
    assert [line.split(" | ")[0] for line in lines[:6]] == [
        "| run", "| ---", f"| {runs[0]}", f"| {runs[1]}", f"| {tmp_path / 'x'}: mean of 2", f"| {run}",
    ]  # fmt: skip
    ter = [row["scores"][2]["value"] for row in system["runs"]]
    assert f"| {statistics.fmean(ter):.1f} ± {statistics.stdev(ter):.1f} |" in lines[4]
    assert lines[7].startswith("BLEU nrefs:1|case:mixed|")
    latex = evaluate("--runs", *runs, *how, "--latex").out
    assert latex.startswith("\\begin{tabular}{lrrrr}\n")


def test_one_system_in_markdown(evaluate: Evaluate, run: Path, test_tsv: Path) -> None:
    lines = evaluate("-m", run, "--test", test_tsv, "--beam", "1", "--markdown").out.splitlines()
    assert lines[0] == "| system | BLEU | 95 % interval | chrF2++ | 95 % interval | TER | 95 % interval |"
    assert lines[2].startswith(f"| {run} | 0.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "RUN", "nowhere"], "nowhere does not exist"),
        (
            ["--runs", "RUN", "OTHER"],
            "RUN and OTHER cannot be measured on one test: the one",
        ),
        (["--runs", "RUN", "-m", "RUN"], "leave out -m"),
        (["--runs", "RUN", "--against", "RUN"], "leave out -m"),
        (["--runs", "RUN", "--save", "x"], "each run keeps its own translations"),
        (["-m", "RUN", "--json", "--latex"], "give one of them"),
    ],
)
def test_mistakes_with_runs_are_found_before_any_search(
    evaluate: Evaluate,
    run: Path,
    tmp_path: Path,
    test_tsv: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_run(tmp_path / "other", DataConfig(src="en", tgt="zh"), seed=1)
    monkeypatch.setattr("mt.translator.Translator.search", lambda *_, **__: pytest.fail("searched"))
    names = {"RUN": str(run), "OTHER": str(other)}
    result = evaluate(*(names.get(word, word) for word in arguments), "--test", test_tsv)
    for name, path in names.items():
        message = message.replace(name, path)
    assert message in result.problem


def test_a_table_is_utf8_and_json_one_line(evaluate: Evaluate, run: Path, test_tsv: Path) -> None:
    arguments = ("--runs", run, "--test", test_tsv, "--beam", "1", "--bootstrap", "0")
    assert json.loads(evaluate(*arguments, "--json").out)["systems"][0]["runs"][0]["worst"]
    assert cli.main(["evaluate", *map(str, arguments)]) == 0

"""RESULTS.md says what results/*/scores.json say, and every result can be repeated by its commands."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from results import collect, records, table
from tests.toy import toy_pairs, write_tsv


def rows() -> dict[str, str]:
    text = records.TABLES.read_text(encoding="utf-8")
    found = [(match["identifier"], line) for line in text.splitlines() if (match := table.LINK.search(line))]
    assert len(found) == len(dict(found)), "a result has two rows"
    return dict(found)


def test_every_result_has_one_row_which_says_what_its_json_says() -> None:
    assert rows() == {identifier: records.row(identifier) for identifier in records.identifiers()}
    assert rows()


def test_the_table_of_the_readme_says_what_the_results_say() -> None:
    named = [
        "multi30k-en-de-attention",
        "multi30k-en-de-student-4-sets",
        "multi30k-de-en-vector",
        "multi30k-de-en-vector-student",
        "tatoeba-zh-en-attention-guided",
    ]
    text = (records.TABLES.parent / "README.md").read_text(encoding="utf-8")
    shown = [line.split(" | ")[1] for line in text.splitlines() if re.search(r"\| .* seeds?[;)]", line)]
    means = [
        re.split(r" [(\[]| and ", records.summary(records.read(name)["runs"], "bleu"))[0] for name in named
    ]
    assert [cell.split(" (")[0] for cell in shown] == means


@pytest.mark.parametrize("identifier", records.identifiers())
def test_a_result_holds_what_repeats_it_or_says_what_is_not_at_hand(identifier: str) -> None:
    folder, result = records.RESULTS / identifier, records.read(identifier)
    script = (folder / "command.sh").read_text(encoding="utf-8")
    assert re.search(r"^(mt train|python -m tests\.bench|make demo)", script, re.MULTILINE)
    if "recorded_from" in result:
        assert result["not_at_hand"]
        return
    for run in result["runs"]:
        seed = folder / f"seed-{run['seed']}"
        assert (seed / "config.toml").is_file()
        assert (seed / "metrics.jsonl").stat().st_size <= collect.LARGEST


def test_no_result_names_a_path_of_the_machine_that_measured_it() -> None:
    absolute = re.compile(r"(?<![\w$}])/(home|root|work|tmp|Users)/")
    for path in records.RESULTS.rglob("*.*"):
        if path.suffix in (".json", ".toml", ".sh", ".jsonl"):
            assert not absolute.search(path.read_text(encoding="utf-8")), path


def test_summary_of_seeds_is_mean_and_sample_standard_deviation() -> None:
    """40.0, 40.2, 39.5: mean 39.9; squares of the differences 0.01, 0.09, 0.16, their sum / 2 = 0.13."""
    runs: list[dict[str, Any]] = [
        {"seed": seed, "bleu": bleu} for seed, bleu in ((1, 40.0), (2, 40.2), (3, 39.5))
    ]
    assert records.summary(runs, "bleu") == "39.9 ± 0.4 (3)"


def test_summary_of_one_run_has_its_interval_and_of_one_seed_on_two_machines_no_deviation() -> None:
    run: dict[str, Any] = {"seed": 1, "bleu": 32.5, "bleu_interval": [31.1, 33.9], "lc_tok_bleu": 32.7}
    assert records.summary([run], "bleu") == "32.5 [31.1, 33.9]"
    assert records.summary([run], "lc_tok_bleu") == "32.7"
    assert records.summary([run, {"seed": 1, "bleu": 32.1}], "bleu") == "32.5 and 32.1"
    assert records.summary([run], "chrf2pp") == "–"


def test_thinned_metrics_keep_every_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "LARGEST", 2000)
    lines = [
        json.dumps({"kind": "validation" if step % 10 == 0 else "training", "step": step}) + "\n"
        for step in range(100)
    ]
    kept = [json.loads(line) for line in collect.thin("".join(lines)).splitlines()]
    assert [entry["step"] for entry in kept if entry["kind"] == "validation"] == list(range(0, 100, 10))
    assert sum(len(json.dumps(entry)) + 1 for entry in kept) <= 2000
    assert collect.thin("".join(lines[:5])) == "".join(lines[:5])


def test_collect_scores_a_run_and_hides_the_folder_of_the_corpus(toy_run: Path, tmp_path: Path) -> None:
    data = tmp_path / "corpus"
    data.mkdir()
    test = write_tsv(data / "test.tsv", toy_pairs(30, seed=3))
    arguments = ["toy", str(toy_run), "--task", "toy", "--system", "`tiny`", "--hardware", "any"]
    arguments += ["--test", str(test), "--data", str(data), "--into", str(tmp_path / "results")]
    assert collect.main(arguments) == 0
    result = json.loads((tmp_path / "results/toy/scores.json").read_text(encoding="utf-8"))
    assert result["test"] == "DATA/test.tsv"
    assert result["arithmetic"]["precision"] == "fp32"
    (run,) = result["runs"]
    assert run["minutes"] >= 0
    hypotheses = (tmp_path / "results/toy/seed-1/hypotheses.txt").read_text(encoding="utf-8").splitlines()
    assert len(hypotheses) == 30
    assert run["bleu_interval"][0] <= run["bleu"] <= run["bleu_interval"][1]
    script = (tmp_path / "results/toy/command.sh").read_text(encoding="utf-8")
    assert "mt evaluate -m checkpoints/toy-1 --test $DATA/test.tsv" in script
    assert collect.main(arguments) == 1, "an existing result is not overwritten"


def test_collect_takes_scores_that_another_machine_has_made(toy_run: Path, tmp_path: Path) -> None:
    """Of a run whose model did not come back, with its weights counted by hand."""
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.toml", "metrics.jsonl"):
        shutil.copy(toy_run / name, run)
    (run / "hypotheses.test.txt").write_text("BA\n", encoding="utf-8")
    scores = [
        {"name": name, "value": 50.0, "signature": f"tok:13a|{name}", "interval": [40.0, 60.0]}
        for name in ("BLEU", "chrF2++", "TER")
    ]
    found = {"scores": scores, "perplexity": 2.0, "hypotheses": "/elsewhere/hypotheses.test.txt"}
    (run / "scores.json").write_text(json.dumps(found), encoding="utf-8")
    arguments = ["far", str(run), "--task", "toy", "--system", "`tiny`", "--hardware", "any", "--data", "D"]
    arguments += ["--test", "D/test.tsv", "--into", str(tmp_path), "--scored", "--weights", "1230000"]
    assert collect.main([*arguments, "--commit", "abc", "--flags", "--device cuda"]) == 0
    result = json.loads((tmp_path / "far/scores.json").read_text(encoding="utf-8"))
    assert (result["weights_millions"], result["runs"][0]["bleu"]) == (1.23, 50.0)
    assert (tmp_path / "far/seed-1/hypotheses.txt").read_text(encoding="utf-8") == "BA\n"
    assert "--out checkpoints/far-1 --device cuda \\\n" in (tmp_path / "far/command.sh").read_text(
        encoding="utf-8"
    )

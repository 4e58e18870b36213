"""RESULTS.md says what results/*/scores.json say, and every result can be repeated by its commands."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mt import cli
from mt.speech.error_rates import NAMES, count_errors, error_rate
from results import collect, collect_speech, records, table
from tests.tones import write_tones
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
    if "tests" in result:
        parts = [path.parent for path in folder.glob("part-*/config.toml")]
        assert parts
        assert all((part / "metrics.jsonl").stat().st_size <= collect.LARGEST for part in parts)
        return
    for run in result["runs"]:
        seed = folder / f"seed-{run['seed']}"
        assert (seed / "config.toml").is_file()
        assert (seed / "metrics.jsonl").stat().st_size <= collect.LARGEST


@pytest.mark.parametrize(
    "identifier", [name for name in records.identifiers() if "tests" in records.read(name)]
)
def test_transcripts_have_the_error_rates_that_their_result_says(identifier: str) -> None:
    """Recomputed from the texts. A result without them says that they may not be published."""
    folder, result = records.RESULTS / identifier, records.read(identifier)
    assert result["synthetic"] == ("synthetic" in identifier)
    for number, measured in enumerate(result["tests"], start=1):
        if not (folder / f"hypotheses-{number}.txt").exists():
            assert "texts" in result["note"]
            continue
        hypotheses, references = (
            (folder / f"{name}-{number}.txt").read_text(encoding="utf-8").split("\n")[:-1]
            for name in ("hypotheses", "references")
        )
        assert len(references) == measured["segments"]
        for score in measured["scores"]:
            (unit,) = (unit for unit, name in NAMES.items() if name == score["name"])
            found = error_rate(count_errors(hypotheses, references, unit), unit, bootstrap=1000)
            counts = asdict(found)
            assert counts["interval"] == pytest.approx(score["interval"])
            assert counts["value"] == pytest.approx(score["value"])
            for name in ("substitutions", "deletions", "insertions", "reference"):
                assert counts[name] == score[name]
            assert records.counted_by(found.signature) == records.counted_by(score["signature"])


def test_row_of_a_recogniser_names_each_test_and_what_is_synthetic() -> None:
    def measured(name: str, value: float) -> dict[str, Any]:
        signature = "unit:words|case:lower|punct:no|norm:nfkc|bs:1000|seed:12345|jiwer:4.0.0"
        score = {"name": "WER", "value": value, "interval": [value - 1, value + 1], "signature": signature}
        return {"name": name, "scores": [score, score | {"name": "CER", "value": value / 2}]}

    result = {
        "task": "digits",
        "system": "`speech`",
        "commit": "abc",
        "weights_millions": 1.94,
        "hardware": "1 core",
        "minutes": 12.5,
        "synthetic": False,
        "tests": [measured("known", 2.346), measured("unknown", 10)],
    }
    cells = records.speech_row("x", result).split(" | ")
    assert cells[2:4] == ["1.9 M", "1 core; 12.5 min"]
    assert cells[4] == (
        "known: WER 2.35 % [1.3, 3.3], CER 1.17 %; unknown: WER 10.00 % [9.0, 11.0], CER 5.00 %"
    )
    assert cells[5] == "unit:words case:lower punct:no norm:nfkc"
    result |= {"synthetic": True, "tests": [measured("unknown", 10)]}
    assert records.speech_row("x", result).split(" | ")[4] == (
        "**synthetic** WER 10.00 % [9.0, 11.0], CER 5.00 %"
    )


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


def test_collect_scores_a_run_and_hides_the_folder_of_the_corpus(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def process(command: list[str], **_: object) -> SimpleNamespace:
        """mt in this process; git, which may not be here, says the commit."""
        if "git" in command:
            return SimpleNamespace(stdout="abc\n")
        assert cli.main(command[command.index("evaluate") :]) == 0
        return SimpleNamespace(stdout=capsys.readouterr().out)

    monkeypatch.setattr("results.collect.subprocess.run", process)
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


def test_collect_keeps_the_texts_and_error_rates_of_a_recogniser(
    spoken_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_tones(tmp_path, "heard", 4, seed=9)
    texts = [line.split("\t")[1] for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    saved = tmp_path / "heard.txt"
    arguments = [
        "-m",
        str(spoken_run),
        "--test",
        str(table),
        "--save",
        str(saved),
        "--threads",
        "1",
        "--json",
    ]
    assert cli.main(["evaluate", *arguments]) == 0
    (tmp_path / "heard.json").write_text(capsys.readouterr().out, encoding="utf-8")
    told = ["tones", str(spoken_run), "--task", "tones", "--system", "`speech`", "--hardware", "any"]
    told += ["--data", str(tmp_path), "--test", f"a=b={tmp_path / 'heard.json'}", "--into", str(tmp_path)]
    assert collect_speech.main(told) == 0
    result = json.loads((tmp_path / "tones/scores.json").read_text(encoding="utf-8"))
    (test,) = result["tests"]
    assert test["name"] == "a=b"
    assert [score["name"] for score in test["scores"]] == ["WER", "CER"]
    assert (tmp_path / "tones/references-1.txt").read_text(encoding="utf-8").splitlines() == texts
    assert (tmp_path / "tones/hypotheses-1.txt").read_bytes() == saved.read_bytes()
    assert (tmp_path / "tones/part-1/metrics.jsonl").is_file()
    assert str(spoken_run.parent) not in (tmp_path / "tones/part-1/config.toml").read_text(encoding="utf-8")
    assert collect_speech.main(told) == 1, "an existing result is not overwritten"
    with pytest.raises(SystemExit, match="2"):
        collect_speech.main([*told, "--test", "missing=nowhere.json"])
    assert "'missing=nowhere.json' is not NAME=FILE" in capsys.readouterr().err
    told[0] = "scores-alone"
    assert collect_speech.main([*told, "--no-texts"]) == 0
    assert not list((tmp_path / "scores-alone").glob("*.txt"))

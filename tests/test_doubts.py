"""Reasons to doubt a translation, its confidence, and what becomes of doubtful ones."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mt
from mt import cli
from mt.decoding import confidence
from mt.decoding.confidence import Bin, Calibration, fit
from mt.decoding.judging import Judge, withheld
from mt.decoding.translation import Translation
from mt.errors import RunError
from mt.inspection.report.charts import reliability
from mt.text.doubts import doubts
from mt.text.glossary import Entry, Glossary


@pytest.mark.parametrize(
    ("source", "output", "tgt", "found"),
    [
        ("Page 244890", "Seite 244890", "de", []),
        ("Page 244890", "Seite 24490", "de", ["numbers"]),
        ("Page 244890", "Seite 24,490", "de", ["numbers"]),
        ("Page 244890", "Seite 244 890", "de", ["numbers"]),
        ("1.5 MB", "15 MB", "de", ["numbers"]),
        ("1,234.5 MB", "1 234,5 Mo", "fr", []),
        ("1,000 files", "1 000 fichiers", "fr", []),
        ("at 7:30 pm", "um 19.30 Uhr", "de", []),
        ("at 12:30", "12 点 30 分", "zh", []),
        ("10 million", "1000万", "zh", []),
        ("the 20th, 1.5 million", "第二十，一百五十万", "zh", []),
        ("on 05/03/2024", "am 5. März 2024", "de", []),
        ("2 files", "两个文件", "zh", []),
        ("2 files", "文件", "zh", ["numbers"]),
        ("2 files", "zwei Dateien", "de", []),
        ("aria2 runs", "aria läuft", "de", ["numbers"]),
        ("3 of 3 items", "3 Einträge von 4", "de", ["numbers"]),
        ("2x1, 1x1 maps", "2x1,1x1地图", "zh", []),
        ("244,890 files", "244.890 Dateien", "de", []),
        ("20,000 files", "2万个文件", "zh", []),
        ("20,000 files", "2千个文件", "zh", ["numbers"]),
        ("two files", "2 Dateien", "de", []),
        ("5 files", "6 Dateien", "de", ["numbers"]),
        ("a file", "500 Dateien", "de", ["numbers"]),
        ("May 2", "5月2日", "zh", []),
        ("٣٤٥ files", "345 Dateien", "de", []),
        ("Open %s in {name}", "%s in {name} öffnen", "de", []),
        ("Open %s", "Öffnen", "de", ["placeholders"]),
        ("Open it", "<b>Öffnen", "de", ["placeholders"]),
        ("This is the way", "This is the way", "de", ["copied"]),
        ("GIMP", "GIMP", "de", []),
        ("a dog runs on the grass", "ein Hund läuft, läuft, läuft, läuft auf Gras", "de", ["repeated"]),
        ("a dog runs on the grass", "die die die die", "de", ["repeated"]),
        ("no no no no", "nein nein nein nein", "de", []),
        ("a sentence of a certain length stands here", "Satz", "de", ["length"]),
        ("Open", "Die Datei wird geöffnet, die in einem Fenster ist", "de", ["length"]),
        ("我今天早上在学校门口看见你的朋友", "I saw your friend at the gate of the school", "en", []),
        ("Really?", "Wirklich.", "de", ["end mark"]),
        ("Really?", "真的吗？", "zh", []),
        ("Wait...", "Warten…", "de", []),
        ("Name:", "Name", "de", ["end mark"]),
        ("an open door", "открытая дверь", "de", ["script"]),
        ("an open door", "一扇 door", "zh", []),
        ("an open door", "an open Tür", "zh", ["script"]),
        ("a name", "ein ⁇", "de", ["unknown characters"]),
        ("a name", "", "de", ["length"]),
        ("", "", "de", []),
        ("an open door", "ein offenes Tor", None, []),
        ("Add ½ cup", "0,5 Tassen", "de", []),
        ("Add ½ cup", "Eine halbe Tasse", "de", []),
        ("Add ½ cup", "¼ Tasse", "de", ["numbers"]),
        ("2½ cups", "2,5 Tassen", "de", []),
        (".5 MB", "0,5 MB", "de", []),
        ("x² + y", "x³ + y", "de", ["numbers"]),
        ("a square metre", "ein m²", "de", []),
        ("1,00,000 rupees", "100.000 Rupien", "de", []),
        ("12:15 a.m.", "0:15 Uhr", "de", []),
        ("in the 1990s", "在90年代", "zh", []),
        ("one thousand files", "1000 Dateien", "de", []),
        ("a file", "1000 Dateien", "de", ["numbers"]),
        ("-5 degrees", "−5 Grad", "de", []),
        ("-5 degrees", "minus 5 Grad", "de", []),
        ("-5 degrees", "5 Grad", "de", ["numbers"]),
        ("5-10 files", "5 bis 10 Dateien", "de", []),
        ("World War II", "Weltkrieg 2", "de", []),
        ("World War II", "Weltkrieg 3", "de", ["numbers"]),
        ("Louis XIV", "Ludwig XVI.", "de", ["numbers"]),
        ("三十五只猫", "35 cats", "en", []),
        ("三十五只猫", "53 cats", "en", ["numbers"]),
        ("一些猫", "5 cats", "en", []),
        ("下午三点", "15 o'clock", "en", []),
        ("2 of 3 files in 2 folders", "2 von 3 Dateien in 3 Ordnern", "de", ["numbers"]),
        ("Is it?", "Είναι;", "el", []),
        ("Is it?", "Ի՞նչ է", "hy", []),
        ("So it is.", "เป็นเช่นนั้น", "th", []),
        ("So it is.", "So ist es", "de", ["end mark"]),
        ("Apples etc.", "苹果等", "zh", []),
        ("Add...", "添加……(A)", "zh", []),
        ("Hello  world friends!", "hello world friends", "de", ["copied", "end mark"]),
        ("HTTP proxy server", "HTTP-Proxy-Server", "de", []),
        ("I like this thing", "我喜欢，我喜欢，我喜欢", "zh", ["repeated"]),
        ("I like this thing", "我喜欢喜欢喜欢", "zh", ["repeated"]),
        ("I like this", "Ich mag das, ich mag das, ich mag das", "de", ["repeated"]),
        ("Open Firefox trackers", "打开Firefox的Tracker", "zh", []),
        ("Open the browser", "打开 browser window", "zh", ["script"]),
    ],
)
def test_reasons_to_doubt(source: str, output: str, tgt: str | None, found: list[str]) -> None:
    assert doubts(source, output, tgt=tgt) == found


def made(score: float, text: str = "ein Tor", source: str = "a gate") -> Translation:
    return Translation(source, (text,), (score,), (), (3 * score,))


def test_confidence_means_what_it_says() -> None:
    """Translations that are good with the probability sigmoid(score + 1): that is found again."""
    draws = np.random.default_rng(0)
    scores = draws.normal(-1, 1.5, 4000)
    good = draws.random(4000) < 1 / (1 + np.exp(-(scores + 1)))
    translations = [made(float(score)) for score in scores]
    found = fit(translations, [False] * 4000, good.tolist(), "good", "weights")
    for score in (-3.0, -1.0, 1.0):
        assert found.confidence(made(score), False) == pytest.approx(1 / (1 + np.exp(-(score + 1))), abs=0.03)
    assert found.error < 0.03
    assert sum(one.count for one in found.reliability) == 4000
    hopeless = fit(translations, [False] * 4000, [True] * 4000, "good", "weights")
    assert hopeless.confidence(made(-3.0), False) > 0.95  # all are good: no number runs away


def test_the_reliability_diagram_by_hand() -> None:
    """Half of the confidence of 0.5 is good: a point on the line from corner to corner."""
    found = Calibration("good", "weights", (0.0,), (1.0,), (1.0, 0.0), (Bin(4, 0.5, 0.5), Bin(2, 0.9, 0.5)))
    chart = reliability(found)
    (low, high), points = chart.curves[0].points, chart.curves[1].points
    assert points[0] == ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    assert points[1] == pytest.approx((low[0] + 0.9 * (high[0] - low[0]), points[0][1]))
    assert chart.curves[1].titles[1] == "2 of 0.90: 50% good"
    assert found.error == pytest.approx(2 * 0.4 / 6)


def test_a_judge_says_why_and_counts() -> None:
    glossary = Glossary([Entry("gate", ("Pforte",))])
    judge = Judge(None, "de", glossary, None)
    assert judge.judge(made(-1.0)).doubts == ("term: gate",)
    assert judge.judge(made(-1.0, "eine Pforte")).doubts == ()
    assert judge.judge(replace(made(0.0, "7", "7"), searched=False)).doubts == ()
    assert str(judge) == "doubtful: 1 of 3 translations (term 1)"


def test_a_doubtful_translation_is_withheld() -> None:
    judge = Judge(None, "de", None, None)
    wrong = made(-1.0, "Tor 500")
    judgement = judge.judge(wrong)
    assert [withheld(wrong, judgement, how).text for how in ("flag", "empty", "source")] == [
        "Tor 500",
        "",
        "a gate",
    ]
    right = made(-1.0)
    assert withheld(right, judge.judge(right), "empty") == right


def test_calibrating_a_run_and_using_it(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    command = ["translate", "-m", str(run), "--min-confidence", "0.99", "--on-doubt", "source", "--json"]
    assert cli.main([*command, "ba"]) == 1
    assert f"mt: {run} has no confidence yet: mt evaluate --calibrate -m {run}" in capfd.readouterr().err
    calibrate = ["evaluate", "--calibrate", "-m", str(run)]
    assert cli.main([*calibrate, "--validation", "aa-bb=pairs.tsv"]) == 1
    assert "name the same languages before the = of each SPEC" in capfd.readouterr().err
    assert cli.main([*calibrate, "--good-exact", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["good"] == "equal to the reference"
    assert cli.main([*command, "ba", "zz 500 zz zz zz zz zz", "7"]) == 0
    printed = capfd.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert rows[0]["confidence"] >= rows[1]["confidence"]
    assert "confidence" in rows[0]["doubts"]  # 40 good ones of 40 do not make 0.99 certain
    assert rows[1]["translation"] == "zz 500 zz zz zz zz zz"
    assert "numbers" in rows[1]["doubts"]
    assert (rows[2]["confidence"], rows[2]["doubts"]) == (1.0, [])
    assert "of 3 translations (" in printed.err
    page = tmp_path / "report.html"
    test = ["--test", str(toy_run.parent / "validation.tsv"), "--save", str(page)]
    assert cli.main(["report", "-m", str(run), *test]) == 0
    assert "Good translations by confidence" in page.read_text(encoding="utf-8")
    weights = run / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(RunError, match="other weights"):
        confidence.load(run)
    (run / confidence.FILE).write_text('{"good": 1}', encoding="utf-8")
    with pytest.raises(RunError, match="cannot be read"):
        confidence.load(run)


def test_too_few_pairs_and_several_runs_are_refused(
    toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "few.tsv"
    few.write_text("ba\tBA\n", encoding="utf-8")
    command = ["evaluate", "--calibrate", "-m", str(toy_run)]
    assert cli.main([*command, "--validation", str(few)]) == 1
    assert "too few pairs to calibrate on (1)" in capfd.readouterr().err
    assert cli.main([*command, "-m", str(toy_run)]) == 1
    assert "give -m once" in capfd.readouterr().err
    assert mt.load(toy_run).translate(["ba"]) == ["BA"]

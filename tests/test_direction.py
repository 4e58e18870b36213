"""Several directions in one model: SPECs that name their languages, tags, and --tgt."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import mt
from mt import cli
from mt.config import DataConfig, TokenizerConfig
from mt.data.corpus import Overlap, hold_out, overlap, read_validation, read_whole
from mt.errors import ConfigError
from mt.inspection import Inspector
from mt.text.languages import is_code, split_direction, tag, targets, untagged
from mt.tokenizer import Tokenizer
from tests.conftest import once
from tests.toy import SETTINGS, WORDS, toy_pairs, write_tsv


@pytest.mark.parametrize(
    ("spec", "direction", "rest"),
    [
        ("en-fr=train.en,train.fr", ("en", "fr"), "train.en,train.fr"),
        ("zh_Hans-en=x.tsv", ("zh_Hans", "en"), "x.tsv"),
        ("x-y=a.tsv", None, "x-y=a.tsv"),
        ("pairs.tsv", None, "pairs.tsv"),
        ("folder/en-fr=odd.tsv", None, "folder/en-fr=odd.tsv"),
    ],
)
def test_a_spec_may_name_its_languages(spec: str, direction: tuple[str, str] | None, rest: str) -> None:
    assert split_direction(spec) == (direction, rest)


def test_targets_are_named_by_all_or_none() -> None:
    assert targets(["en-fr=a", "en-de=b", "fr-de=c"]) == ("de", "fr")
    assert targets(["a.tsv", "b.tsv"]) == ()
    with pytest.raises(ConfigError, match=r"b\.tsv does not name its languages.*write en-fr=b\.tsv"):
        targets(["en-fr=a", "b.tsv"])


def test_only_what_is_learned_from_is_tagged(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "pairs.tsv", [("ba", "BA")])

    def read(swap: bool) -> tuple[str, str]:
        corpus = read_validation(DataConfig(validation=(f"aa-bb={path}",), swap=swap))
        return corpus.dataset[0]["src"], corpus.dataset[0]["tgt"]

    assert read(swap=False) == ("<2bb> ba", "BA")
    assert read(swap=True) == ("<2bb> BA", "ba")
    whole = read_whole([f"aa-bb={path}"], DataConfig())
    assert whole.dataset[0]["src"] == "ba"


def test_a_tag_is_one_piece() -> None:
    settings = TokenizerConfig(byte_fallback=False, character_coverage=1.0)
    texts = (" ".join(pair) for pair in toy_pairs(300, seed=1))
    tokenizer = Tokenizer.learn(texts, settings, 39, ["<2bb>"])
    alone, tagged = tokenizer.pieces(["ba", tag("bb") + "ba"])
    assert tagged[: -len(alone)] in (["<2bb>"], ["▁", "<2bb>"])
    assert tagged[-len(alone) :] == alone


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run that writes capitals for bb and doubles each word for cc; and a folder with a test of each."""
    folder = once(tmp_path_factory, "both", _learn_both)
    return folder / "run", folder


def _learn_both(folder: Path) -> None:
    specs: dict[str, list[str]] = {}
    for part, count, seed in (("train", 900, 1), ("validation", 20, 2), ("test", 20, 3)):
        pairs = toy_pairs(count, seed)
        doubled = [(src, " ".join(f"{word}{word}" for word in src.split())) for src, _ in pairs]
        for code, rows in (("bb", pairs), ("cc", doubled)):
            path = write_tsv(folder / f"{part}.{code}.tsv", rows)
            specs.setdefault(part, []).append(f"aa-{code}={path}")
    settings = SETTINGS[: SETTINGS.index("--src")]
    how = shlex.split("--threads 1 --shared --decay linear --max-epochs 12 --train")
    validation = ["--validation", *specs["validation"], "--out", str(folder / "run")]
    arguments = ["train", *settings, *how, *specs["train"], *validation]
    assert cli.main(arguments) == 0


def test_one_model_translates_into_two_languages(
    both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = both
    for code, text in (("bb", "BA DE"), ("cc", "baba dede")):
        assert cli.main(["translate", "-m", str(run), "--tgt", code, "ba de"]) == 0
        assert capsys.readouterr().out == f"{text}\n"
    assert mt.load(run).translate(["ba", "go"], tgt="cc") == ["baba", "gogo"]


def test_each_language_is_measured(both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The language comes from --tgt, or from the SPEC."""
    run, folder = both
    for arguments in (
        ["--test", f"aa-cc={folder}/test.cc.tsv"],
        ["--test", f"{folder}/test.cc.tsv", "--tgt", "cc"],
    ):
        assert cli.main(["evaluate", "-m", str(run), *arguments, "--bootstrap", "0"]) == 0
        score = capsys.readouterr().out.splitlines()[0]
        assert float(score.split()[1]) > 50, score
    assert (run / "hypotheses.cc.test.cc.txt").exists()


def test_a_region_does_not_hide_a_language(
    both: tuple[Path, Path], toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = both
    model = mt.load(run)
    assert model.translate(["ba de"], tgt="cc-XX") == ["baba dede"]
    assert model.tag("BB_419") == "<2bb> "
    assert mt.load(toy_run).translate(["ba"], tgt="bb-CN") == ["BA"]
    test = ["--test", f"aa-cc={folder}/test.cc.tsv", "--src", "aa-XX", "--tgt", "cc-XX"]
    assert cli.main(["evaluate", "-m", str(run), *test, "--bootstrap", "0"]) == 0
    assert float(capsys.readouterr().out.split()[1]) > 50


@pytest.mark.parametrize(("arguments", "other"), [([], ""), (["--tgt", "dd"], ", not into dd")])
def test_the_languages_to_choose_from_are_named(
    arguments: list[str], other: str, both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = both
    assert cli.main(["translate", "-m", str(run), *arguments, "ba"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1] == f"mt: {run} translates into bb, cc{other}: choose one by --tgt"


def test_a_model_of_one_language_refuses_another(toy_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["translate", "-m", str(toy_run), "--tgt", "bb", "ba"]) == 0
    assert capsys.readouterr().out == "BA\n"
    assert cli.main(["translate", "-m", str(toy_run), "--tgt", "cc", "ba"]) == 1
    assert "translates into bb, not into cc: leave --tgt out" in capsys.readouterr().err


def test_validation_pairs_must_name_the_same_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tsv(tmp_path / "pairs.tsv", toy_pairs(50, seed=1))
    for validation in (str(path), f"aa-cc={path}"):
        arguments = ["train", "--preset", "tiny", "--train", f"aa-bb={path}", "--validation", validation]
        assert cli.main([*arguments, "--out", str(tmp_path / "run")]) == 1
        assert "name the same languages before the = of each SPEC" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "is_one"), [("zh", True), ("pt-BR", True), ("zh_Hans_CN", True), ("chinese", False), ("", False)]
)
def test_what_may_be_a_code(code: str, is_one: bool) -> None:
    assert is_code(code) == is_one


def test_tuning_wants_the_languages_named_too(
    both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = both
    arguments = ["evaluate", "--tune", "-m", str(run), "--beam", "2", "--validation"]
    assert cli.main([*arguments, f"{folder}/test.cc.tsv"]) == 1
    assert "name the same languages before the = of each SPEC" in capsys.readouterr().err
    assert cli.main([*arguments, f"aa-cc={folder}/test.cc.tsv"]) == 0
    assert "best: --length-penalty" in capsys.readouterr().out


def test_each_language_is_looked_into(both: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The tag is a piece that is read like any other."""
    run, folder = both
    found = Inspector(mt.load(run, device="cpu")).inspect("ba de", tgt="cc")
    assert found.translation == "baba dede"
    assert "<2cc>" in found.pieces
    assert (found.model.src, found.model.tgt) == ("aa", "cc")
    assert found.state_sample.sentences == 40
    arguments = ["neighbours", "-m", str(run), "--tgt", "cc", "--corpus", f"{folder}/test.cc.tsv", "ba de"]
    assert cli.main(arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == 11
    assert cli.main(["inspect", "-m", str(run), "ba"]) == 1
    assert "choose one by --tgt" in capsys.readouterr().err


def test_validation_scores_each_language(both: tuple[Path, Path]) -> None:
    """In the log, on the card; BLEU is the mean."""
    run, _ = both
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [line for line in lines if line["kind"] == "validation"][-1]
    assert found["by_language"].keys() == {"bb", "cc"}
    assert found["bleu"] == pytest.approx(sum(found["by_language"].values()) / 2, abs=1e-4)
    assert f"(bb {found['by_language']['bb']:.2f}, cc" in (run / "samples.txt").read_text()
    card = (run / "README.md").read_text()
    assert "# run: aa to bb, cc" in card
    assert f'mt translate -m {run} --tgt bb "…"' in card


def test_a_language_that_only_the_spec_names_chooses_the_tokeniser(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In validation, in tuning and in a test by another SPEC."""
    signs = dict(zip(WORDS, "我爱北京你好吗人", strict=True))
    pairs = [(src, "".join(map(signs.__getitem__, src.split()))) for src, _ in toy_pairs(60, 1)]
    path = write_tsv(tmp_path / "pairs.tsv", pairs)
    settings = [*SETTINGS[: SETTINGS.index("--src")], "--drop-duplicates", "--validation-pairs", "6"]
    arguments = ["train", *settings, "--max-epochs", "1", "--train", f"en-zh={path}"]
    assert cli.main([*arguments, "--out", str(tmp_path / "run")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert "tok:zh" in lines[-1]["signature"]
    capsys.readouterr()
    assert cli.main(["evaluate", "-m", str(tmp_path / "run"), "--test", str(path), "--bootstrap", "0"]) == 0
    assert "tok:zh" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("student", "helper", "problem"),
    [
        ({"src": "en", "tgt": "de"}, {"src": "en", "tgt": "de"}, ""),
        ({"src": "en", "tgt": "zh"}, {"src": "en", "tgt": "zh-CN"}, ""),
        ({"src": "en", "tgt": "de"}, {}, ""),
        ({"src": "en", "tgt": "de"}, {"src": "de", "tgt": "en"}, "translates en to de, the other de to en"),
        ({"src": "en", "tgt": "de"}, {"train": ("en-de=x",)}, "the other without"),
        ({"train": ("en-de=x",)}, {"train": ("en-de=y", "en-fr=y")}, ""),
        (
            {"train": ("en-de=x", "en-fr=x")},
            {"train": ("en-de=y",)},
            "the second does not translate en to fr",
        ),
    ],
)
def test_who_can_translate_together(student: dict[str, Any], helper: dict[str, Any], problem: str) -> None:
    found = DataConfig(**student).languages.difference(DataConfig(**helper).languages)
    assert problem in found
    assert bool(problem) == bool(found)


def test_runs_of_other_languages_neither_translate_together_nor_teach(
    both: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = both
    other = tmp_path / "other"
    arguments = [
        "train",
        *SETTINGS,
        "--shared",
        "--train",
        f"{folder}/train.bb.tsv",
        "--tokenizer-from",
        str(run),
    ]
    assert cli.main([*arguments, "--max-steps", "1", "--out", str(other)]) == 0
    assert cli.main(["translate", "-m", str(run), "-m", str(other), "--tgt", "bb", "ba"]) == 1
    assert f"{run} and {other} cannot translate together: the one was trained" in capsys.readouterr().err
    assert cli.main([*arguments, "--teachers", str(run), "--out", str(tmp_path / "student")]) == 1
    assert f"--teachers: {run} cannot teach this student: the one was trained" in capsys.readouterr().err
    assert not (tmp_path / "student").exists()


def test_a_report_is_about_the_language_asked_for(both: tuple[Path, Path], tmp_path: Path) -> None:
    run, folder = both
    arguments = ["report", "-m", str(run), "--test", f"{folder}/test.cc.tsv", "--tgt", "cc"]
    assert cli.main([*arguments, "--save", str(tmp_path / "r.html")]) == 0
    assert "aa to cc" in (tmp_path / "r.html").read_text()


def test_no_sentence_of_the_pairs_set_aside_is_learned_from_in_any_direction(tmp_path: Path) -> None:
    """Sentences occur several times: as a source with two tags and as a target; others once."""
    files = []
    for name, rows in {
        "ab": [(f"a{n}", f"b{n}") for n in range(40)],
        "ac": [(f"a{n}", f"c{n}") for n in range(40)],
        "ba": [(f"b{n}", f"a{n}") for n in range(40)],
        "xy": [(f"x{n}", f"y{n}") for n in range(9)],
    }.items():
        files.append(f"{name[0]}{name[0]}-{name[1]}{name[1]}={write_tsv(tmp_path / f'{name}.tsv', rows)}")
    corpus = read_validation(DataConfig(validation=tuple(files)))
    rest, held = hold_out(corpus, 12, seed=1)
    assert overlap(rest, held) == Overlap(0, 0, 0)
    learned = {untagged(text) for side in ("src", "tgt") for text in rest.dataset[side]}
    assert learned.isdisjoint(untagged(text) for side in ("src", "tgt") for text in held.dataset[side])
    assert len(held.dataset) == 12
    lone = [text for text in held.dataset["src"] if "x" in text]
    assert len(lone) == 9, "what shares nothing goes first"
    turned = read_validation(DataConfig(validation=tuple(files[2:3])))
    assert overlap(corpus, turned) == Overlap(40, 40, 40)
    once = read_validation(DataConfig(validation=tuple(files[:1])))
    assert overlap(once, turned) == Overlap(40, 40, 40), "a pair turned round is known too"

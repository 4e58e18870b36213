"""Test sets: which pairs are read, line for line, in which direction; no network needed."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
import sacrebleu.dataset.base
from sacrebleu.dataset import DATASETS
from sacrebleu.dataset.plain_text import PlainTextDataset

from mt.config import BUILT_IN, DataConfig
from mt.console import Console
from mt.errors import ConfigError, MTError
from mt.evaluation import test_sets as testset
from mt.evaluation.test_sets import built_in_test_set, read_test_set
from mt.options import EvaluateOptions

RUN = DataConfig(train=(BUILT_IN,), src="en", tgt="de")


def read(data: DataConfig = RUN, **options: Any) -> testset.TestSet:
    return read_test_set(EvaluateOptions(**options), data, Console())


def test_pairs_of_files_are_all_kept_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("one\teins\ntwo\t\none\teins\n", encoding="utf-8")
    found = read(test=(str(file),))
    assert (found.sources, found.references) == (["one", "two", "one"], [["eins", "", "eins"]])
    assert (found.name, found.stem, found.tgt) == (str(file), "pairs", "de")


def test_the_sides_are_exchanged_as_in_training_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("eins\tone\n", encoding="utf-8")
    swapped = DataConfig(train=("other.tsv",), src="en", tgt="de", swap=True)
    assert read(swapped, test=(str(file),)).sources == ["one"]
    assert read(swapped, test=(str(file),), swap=False).sources == ["eins"]


@pytest.mark.parametrize(
    "options",
    [{"test": ("en-de=a.tsv", "en-fr=b.tsv")}, {"test": ("en-de=a.tsv",), "tgt": "fr"}],
    ids=["two", "another"],
)
def test_one_language_is_measured_at_a_time(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="pairs are into de, fr: measure one language at a time"):
        read(DataConfig(train=("en-de=a.tsv", "en-fr=b.tsv")), **options)


def test_the_only_language_that_a_run_names_is_the_tests(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("one\t一\n", encoding="utf-8")
    assert read(DataConfig(train=("en-zh=a.tsv", "fr-zh=b.tsv")), test=(str(file),)).tgt == "zh"


@pytest.mark.parametrize(("named", "tgt"), [("en-fr=", None), ("", "fr"), ("", "de-AT"), ("", None)])
def test_pairs_in_another_language_than_the_runs_are_warned_of(
    named: str, tgt: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("one\tun\n", encoding="utf-8")
    read(test=(f"{named}{file}",), tgt=tgt)
    warned = "the run translates into de, the test pairs are into fr" in capsys.readouterr().err
    assert warned == ("fr" in f"{named}{tgt}")


@pytest.mark.parametrize(
    ("specs", "stem"),
    [
        (("data/test.tsv",), "test"),
        (("data/test.zh.gz, data/test.en.gz",), "test"),
        (("a.2016.tsv", "b c.tsv.zst"), "a.2016+b-c"),
        (("phrasebook@validation",), "phrasebook-validation"),
        (("hub:owner/set.name",), "owner-set.name"),
        (("x" * 99,), "x" * 60),
    ],
)
def test_a_set_has_a_name_for_files(specs: tuple[str, ...], stem: str) -> None:
    assert "+".join(map(testset._stem, specs)) == stem


def test_a_run_on_anything_but_the_phrasebook_has_no_test_of_its_own() -> None:
    with pytest.raises(
        ConfigError, match=r"was trained on phrasebook, more\.tsv, .*give --test SPEC, .* by -t and -l"
    ):
        read(DataConfig(train=(BUILT_IN, "more.tsv")))


@pytest.fixture
def toy_test_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A test set as sacreBLEU ships them, "toy/1" for en-de; its archive is the returned path."""
    archive = tmp_path / "toy.tar.gz"
    monkeypatch.setattr(sacrebleu.dataset.base, "SACREBLEU_DIR", str(tmp_path / "home"))
    dataset = PlainTextDataset(
        "toy/1", data=[archive.as_uri()], md5=None, langpairs={"en-de": ["toy.en", "toy.de"]}
    )
    monkeypatch.setitem(DATASETS, "toy/1", dataset)
    return archive


def write_archive(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.mark.filterwarnings("default::DeprecationWarning:sacrebleu")  # Python 3.12's, on unpacking
def test_a_built_in_test_set_is_read_line_by_line(toy_test_set: Path) -> None:
    write_archive(toy_test_set, {"toy.en": "One\u2028more.\nTwo.\n", "toy.de": "Eins.\nZwei.\n"})
    assert built_in_test_set("toy/1", "en-de") == (["One\u2028more.", "Two."], [["Eins.", "Zwei."]])


@pytest.mark.usefixtures("toy_test_set")
def test_a_test_set_out_of_reach_is_one_line_that_says_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        MTError, match=r"test set toy/1 \(en-de\) is not available: .*internet.*--test"
    ) as caught:
        built_in_test_set("toy/1", "en-de")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("default::DeprecationWarning:sacrebleu")
def test_a_download_with_the_wrong_checksum_does_not_exit_the_program(
    toy_test_set: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_archive(toy_test_set, {"toy.en": "One.\n", "toy.de": "Eins.\n"})
    DATASETS["toy/1"].md5 = ["0" * 32]
    with pytest.raises(MTError, match="MD5 sum of downloaded file was incorrect"):
        built_in_test_set("toy/1", "en-de")
    assert not caplog.records  # its cause is in our message, and nowhere twice


@pytest.mark.parametrize(
    ("name", "pair", "message"),
    [
        ("multi30k", "en-de", "did you mean multi30k/2016, multi30k/2017, multi30k/2018"),
        ("mutli30k/2016", "en-de", "did you mean multi30k/2016"),
        ("", "en-de", "there is nothing like it"),
        ("multi30k/2016", "de-en", "no language pair 'de-en'; it has en-cs, en-de, en-fr"),
    ],
)
def test_an_unknown_test_set_or_pair_names_what_there_is(name: str, pair: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        built_in_test_set(name, pair)


@pytest.mark.filterwarnings("default::DeprecationWarning:sacrebleu")
def test_a_built_in_test_set_is_found_in_any_region(
    toy_test_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is another region of the run's own languages warned of."""
    write_archive(toy_test_set, {"toy.en": "One.\n", "toy.de": "Eins.\n"})
    found = read(test_set="toy/1", language_pair="en-GB-de-AT")
    assert (found.sources, found.references, found.tgt) == (["One."], [["Eins."]], "de-AT")
    assert "the run translates" not in capsys.readouterr().err


def test_a_built_in_test_set_can_be_turned_round(
    toy_test_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_archive(toy_test_set, {"toy.en": "One.\n", "toy.de": "Eins.\n"})
    asked: dict[str, Any] = {"test_set": "toy/1", "language_pair": "en-de"}
    found = read(**asked)
    assert (found.sources, found.references, found.tgt) == (["One."], [["Eins."]], "de")
    assert (found.name, found.stem) == ("toy/1 en-de", "toy-1-en-de")
    assert "warning" not in capsys.readouterr().err
    found = read(**asked, swap=True)
    assert (found.sources, found.references, found.tgt) == (["Eins."], [["One."]], "en")
    assert "warning: the run translates en to de, the test set de to en" in capsys.readouterr().err


def test_a_set_with_two_references_cannot_be_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testset, "built_in_test_set", lambda *_: (["One."], [["Eins."], ["Ein."]]))
    asked: dict[str, Any] = {"test_set": "toy/1", "language_pair": "en-de"}
    assert len(read(**asked).references) == 2
    with pytest.raises(ConfigError, match="--swap needs one reference, toy/1 en-de has 2"):
        read(**asked, swap=True)


def test_the_languages_of_a_run_may_name_a_region(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testset, "built_in_test_set", lambda *_: (["One."], [["Eins."]]))
    read(DataConfig(src="en_GB", tgt="DE-at"), test_set="toy/1", language_pair="en-de")
    assert "warning" not in capsys.readouterr().err

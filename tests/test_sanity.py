"""What a corpus looks like before anybody trains on it: ids for text, sides exchanged, other scripts."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from mt.config import DataConfig
from mt.console import Console
from mt.data.corpus import read_validation
from mt.data.sanity import Sample
from mt.evaluation.test_sets import read_test_set
from mt.options import EvaluateOptions
from mt.text.scripts import is_language, scripts_of
from tests.reading import write


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def warnings(pairs: list[tuple[str, str]], src: str | None, tgt: str | None) -> list[str]:
    sample = Sample(lambda src, tgt: (src, tgt))
    for pair in pairs:
        sample.add(*pair)
    return sample.warnings(src, tgt)


ENGLISH = [
    "Let's try something.",
    "I have to go to sleep.",
    "Today is June 18th",
    "What's that?",
    "No. 5 is alive!",
]
GERMAN = [
    "Versuchen wir etwas!",
    "Ich muss schlafen.",
    "Heute ist der 18. Juni",
    "Was ist das?",
    "Nr. 5 lebt!",
]
CHINESE = ["让我们试试", "我该去睡觉了。", "今天是6月18日", "那是什么？", "NHK的5号"]
RUSSIAN = ["Давайте попробуем!", "Мне пора идти спать.", "Сегодня 18 июня", "Что это?", "Номер 5 жив!"]


@pytest.mark.parametrize(
    "ids",
    [
        ["1276", "77", "5", "100001", "8"],
        ["0.83", "-1.2", "7e-5", "12.0", "1"],
        ["#1", "#2", "#3", "#4", "#5"],
        ["sent_1", "sent_2", "sent_3", "sent_4", "sent_5"],
        ["en-1.4:7", "en-2.4:7", "en-3.4:7", "en-4.4:7", "x9"],
        ["3f2a1b", "9ab012", "77ee21", "0b1c2d", "a1b2c3"],
        ["2024-01-01 12:00", "2024-01-02 12:00", "2024-01-03 01:10", "2023-01-01 12:00", "2021-01-01 12:00"],
    ],
)
def test_a_column_of_ids_or_numbers_is_shown(ids: list[str]) -> None:
    (source,) = warnings(list(zip(ids, ENGLISH, strict=True)), "en", "de")
    assert source.startswith("the source looks like ids or numbers, not text")
    assert ", ".join(ids[:3])[:60] in source
    (target,) = warnings(list(zip(ENGLISH, ids, strict=True)), "en", "de")
    assert target.startswith("the target looks like ids or numbers")


@pytest.mark.parametrize(
    ("src", "tgt", "codes"),
    [
        (ENGLISH, GERMAN, ("en", "de")),
        (CHINESE, ENGLISH, ("zh", "en")),
        (CHINESE, ENGLISH, ("zh-Hant-TW", "en_GB")),
        (CHINESE, RUSSIAN, ("yue", "ru")),
        (CHINESE, ENGLISH, (None, None)),
        (CHINESE, ENGLISH, ("tlh", "qaa")),
        (RUSSIAN, ENGLISH, ("sr", "sr_Latn")),
        (["1", "22"], ["one", "twenty-two things"], (None, "en")),
        ([""] * 5, ENGLISH, ("zh", "en")),
    ],
)
def test_text_in_its_own_script_is_not_warned_of(
    src: list[str], tgt: list[str], codes: tuple[str | None, str | None]
) -> None:
    found = warnings(list(zip(src, tgt, strict=True)), *codes)
    assert [warning for warning in found if "ids" not in warning] == []
    assert bool(found) == (src[0] == "1")


def test_exchanged_sides_are_shown_with_what_was_seen() -> None:
    (warning,) = warnings(list(zip(CHINESE, RUSSIAN, strict=True)), "ru", "zh")
    assert warning == (
        "the source, which is to be ru, is 88 % Han, the target, which is to be zh, is 100 % Cyrillic: "
        "the sides look exchanged; check --src, --tgt and --swap"
    )


@pytest.mark.parametrize(
    ("code", "seen"),
    [("en", "88 % Han"), ("ko", ""), ("ru", "88 % Han"), ("th", "88 % Han"), ("sr-Latn", "88 % Han")],
)
def test_a_script_that_cannot_be_the_language_is_shown(code: str, seen: str) -> None:
    found = warnings(list(zip(CHINESE, GERMAN, strict=True)), code, "de")
    assert [f"the source, which is to be {code}, is {seen}: check --src, --tgt and the columns"] * bool(
        seen
    ) == found


def test_a_code_may_name_the_script() -> None:
    assert scripts_of("sr") == ["Latin", "Cyrillic"]
    assert scripts_of("sr_Cyrl_RS") == ["Cyrillic"]
    assert scripts_of("zh-Hant") == ["Han", "Bopomofo"]
    assert scripts_of(None) == scripts_of("xx") == []
    assert is_language("pt-BR")
    assert not is_language("xx")


def test_of_a_large_source_some_pairs_are_looked_at_from_everywhere() -> None:
    """The first 1,000 and then each 1,000th: a second part that is another corpus is noticed."""
    pairs = [("one two", "eins zwei")] * 1000 + [("我爱北京" * 100, "eins zwei")] * 100_000
    (warning,) = warnings(pairs, "en", "de")
    assert "the source, which is to be en, is 87 % Han" in warning
    assert warnings(pairs[:1999], "en", "de") == []


def test_each_source_is_looked_at_by_itself(tmp_path: Path) -> None:
    """One file of four columns among others: the whole corpus would not show it."""
    good = "".join(f"{src}\t{tgt}\n" for src, tgt in zip(ENGLISH, GERMAN, strict=True))
    ids = "".join(
        f"{n * 77}\t{src}\t{n * 78}\t{tgt}\n"
        for n, (src, tgt) in enumerate(zip(ENGLISH, GERMAN, strict=True))
    )
    specs = [str(write(tmp_path / "good.tsv", good * 3)), str(write(tmp_path / "ids.tsv", ids))]
    corpus = read_validation(DataConfig(validation=tuple(specs), src="en", tgt="de"))
    assert corpus.report.warnings == [
        f"{specs[1]}: the source looks like ids or numbers, not text (0, 77, 154): "
        "name the columns in a header line, or cut that one off"
    ]
    assert corpus.report.as_dict()["sources"][1]["warnings"] == tuple(corpus.report.warnings)


@pytest.mark.parametrize(("swap", "warned"), [(False, True), (True, False)])
def test_the_sides_are_looked_at_after_they_are_exchanged(tmp_path: Path, swap: bool, warned: bool) -> None:
    text = "".join(f"{src}\t{tgt}\n" for src, tgt in zip(CHINESE, ENGLISH, strict=True))
    spec = str(write(tmp_path / "p.tsv", text))
    corpus = read_validation(DataConfig(validation=(spec,), src="en", tgt="zh", swap=swap))
    assert bool(corpus.report.warnings) == warned
    named = read_validation(DataConfig(validation=(f"en-zh={spec}",), swap=swap))
    assert bool(named.report.warnings) == warned


def test_remarks_of_many_files_are_cut_short(tmp_path: Path) -> None:
    for n in range(8):
        write(tmp_path / f"{n}.po", 'msgid "a"\nmsgstr "b"\n')
    corpus = read_validation(DataConfig(validation=(str(tmp_path),), src="en", tgt="de"))
    assert len(corpus.report.warnings) == 6
    assert corpus.report.warnings[-1] == f"{tmp_path}: 3 more like these"


def test_a_test_set_is_warned_of_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "p.tsv", "".join(f"{a}\t{b}\n" for a, b in zip(CHINESE, ENGLISH, strict=True)))
    read_test_set(EvaluateOptions(test=(str(file),), src="en", tgt="zh"), DataConfig(), Console())
    assert "warning: " in (error := capsys.readouterr().err)
    assert "the sides look exchanged" in error

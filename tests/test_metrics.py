"""Tests of mt.metrics: numbers equal to the `sacrebleu` command's, counts checked, no network needed."""

from __future__ import annotations

import json
import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mt import metrics
from mt.errors import ConfigError, MissingExtraError, MTError
from mt.metrics import Score, Scoring, language_bleu, paired_bootstrap, score, sentence_scores
from mt.text.bleu_tokenizer import spaceless_note, tokenizer_for

WORDS = ["a", "the", "cat", "Dog", "house,", "runs.", "3.5", "don't", "well-known", "Straße", "„so“", "old"]
CHARACTERS = "我爱北京你呢很好天安门他们去学校。，吗"


def spoil(sentences: list[list[str]], share: float, seed: int) -> list[list[str]]:
    """A translation as good as `share` is small: units are dropped or replaced at random."""
    generator = random.Random(seed)
    return [[generator.choice(s) if generator.random() < share else unit for unit in s] for s in sentences]


def sample_texts(language: str) -> tuple[list[str], list[str], list[str]]:
    """60 references and two systems, one about as good as the other."""
    units, glue = (CHARACTERS, "") if language == "zh" else (WORDS, " ")
    generator = random.Random(7)
    sentences = [[generator.choice(units) for _ in range(generator.randint(4, 14))] for _ in range(60)]
    texts = [sentences, spoil(sentences, 0.3, seed=1), spoil(sentences, 0.28, seed=2)]
    references, system, baseline = ([glue.join(s) for s in text] for text in texts)
    return references, system, baseline


def command(folder: Path, *texts: list[str], options: str) -> str:
    """What `sacrebleu REFERENCES -i SYSTEM… OPTIONS` prints, with 9 decimals."""
    names = [f"{number}.txt" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        (folder / name).write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SACREBLEU")}
    arguments = [names[0], "-i", *names[1:], *options.split(), "--width", "9", "--quiet"]
    return subprocess.run(
        [sys.executable, "-m", "sacrebleu", *arguments],
        cwd=folder,
        env=environment | {"NO_COLOR": "1"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout


@pytest.mark.parametrize(
    ("language", "lowercase", "options"),
    [
        ("de", False, ""),
        ("de", True, "-lc --chrf-lowercase"),
        ("zh", False, "-tok zh --ter-normalized --ter-asian-support"),
    ],
)
def test_scores_intervals_and_signatures_equal_the_command_s(
    tmp_path: Path, language: str, lowercase: bool, options: str
) -> None:
    references, system, _ = sample_texts(language)
    ours = score(
        system,
        [references],
        Scoring(tokenizer_for(language), lowercase=lowercase, bootstrap=200),
        metrics=("bleu", "chrf", "ter"),
    )
    options += " -m bleu chrf ter --chrf-word-order 2 --confidence --confidence-n 200"
    theirs = json.loads(command(tmp_path, references, system, options=options))
    assert [s.name for s in ours] == [t["name"] for t in theirs] == ["BLEU", "chrF2++", "TER"]
    for our, their in zip(ours, theirs, strict=True):
        assert our.value == pytest.approx(their["score"], abs=1e-8)
        assert our.signature == their["signature"]
        mean, half = their["confidence_mean"], their["confidence_var"]
        assert our.interval == pytest.approx((mean - half, mean + half), abs=1e-5)  # float32 within


def test_bleu_without_an_interval_equals_the_plain_command_s(tmp_path: Path) -> None:
    references, system, _ = sample_texts("de")
    (ours,) = score(system, [references], Scoring("13a"), metrics=["bleu"])
    theirs = json.loads(command(tmp_path, references, system, options=""))
    assert ours.value == pytest.approx(theirs["score"], abs=1e-8)
    assert ours.signature == theirs["signature"]
    assert ours.interval is None


def test_the_paired_bootstrap_equals_the_command_s(tmp_path: Path) -> None:
    references, system, baseline = sample_texts("de")
    ours = paired_bootstrap(system, baseline, [references], Scoring("13a", bootstrap=100))
    # A table, not JSON: on chrF's paired test `sacrebleu -f json` fails (2.6.0, a float32).
    options = "-m bleu chrf --chrf-word-order 2 --paired-bs --paired-bs-n 100 -f latex"
    theirs = command(tmp_path, references, baseline, system, options=options)
    row = re.compile(r"(?:Baseline: )?[12]\.txt & (.*?) & (.*?) \\\\")
    cells = [
        [[float(n) for n in re.findall(r"\d+\.\d+", cell)] for cell in cells] for cells in row.findall(theirs)
    ]
    assert [our.system.name for our in ours] == ["BLEU", "chrF2++"]
    for our, their_baseline, their_system in zip(ours, *cells, strict=True):
        assert interval_and_value(our.baseline) == pytest.approx(their_baseline, abs=1e-5)
        assert [*interval_and_value(our.system), our.p_value] == pytest.approx(their_system, abs=1e-4)
        assert 0.02 < our.p_value < 0.98  # neither of its ends, where any seed agrees
        assert f" {our.system.signature}\n" in theirs


def interval_and_value(result: Score) -> list[float]:
    """As sacreBLEU prints it: score, mean, half-width."""
    low, high = result.interval or (math.nan, math.nan)
    return [result.value, (low + high) / 2, (high - low) / 2]


def test_another_seed_draws_other_samples_and_leaves_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "99")
    references, system, _ = sample_texts("de")

    def interval(seed: int) -> tuple[float, float] | None:
        (result,) = score(system, [references], Scoring("13a", bootstrap=50, seed=seed), metrics=["bleu"])
        assert f"seed:{seed}|" in result.signature
        return result.interval

    assert interval(1) == interval(1) != interval(2)
    assert os.environ["SACREBLEU_SEED"] == "99"


def test_a_system_against_itself_is_not_significantly_better() -> None:
    """sacreBLEU says p = 1/(n+1) here, its strongest verdict."""
    references, system, _ = sample_texts("de")
    results = paired_bootstrap(system, list(system), [references], Scoring("13a", bootstrap=20, seed=1))
    assert [result.p_value for result in results] == [1.0, 1.0]


def test_a_perfect_translation_scores_100_without_a_doubt() -> None:
    references, _, _ = sample_texts("de")
    bleu, chrf, ter = score(
        references, [references], Scoring("13a", bootstrap=20, seed=1), metrics=["bleu", "chrf", "ter"]
    )
    for result, value in ((bleu, 100), (chrf, 100), (ter, 0)):
        assert result.value == pytest.approx(value)
        assert result.interval == pytest.approx((value, value))


def test_an_interval_is_cut_to_the_metric_s_range() -> None:
    """One sentence good, one hopeless: mean ± half-width would reach beyond 100 or below 0."""
    references = ["one two three four five six", "seven eight nine ten eleven twelve"]
    system = [references[0], "la la la la la la"]
    for result in score(
        system, [references], Scoring("13a", bootstrap=60, seed=3), metrics=["bleu", "chrf", "ter"]
    ):
        assert result.interval is not None
        assert 0 <= result.interval[0] <= result.value <= result.interval[1] <= 100


@pytest.mark.parametrize(("metric", "interval"), [("chrf", (25, 100)), ("ter", (25, 125))])
def test_a_resample_without_any_reference_takes_part_in_the_interval(
    metric: str, interval: tuple[float, float]
) -> None:
    """A quarter of them is the pair with the empty reference, twice: there sacreBLEU itself fails."""
    (result,) = score(["a", "b"], [["a", ""]], Scoring("13a", bootstrap=1000), metrics=[metric])
    # 100 on the whole; a quarter of the resamples has 0 and the rest 100: about 75 ± 50, chrF's cut to 100.
    assert result.value == pytest.approx(100)
    assert result.interval == pytest.approx(interval, abs=3)


def test_a_second_reference_counts_and_is_in_the_signature() -> None:
    first, second = ["the cat sat on a mat now"], ["a cat was sitting on the mat"]
    (one,) = score(second, [first], Scoring("13a"), metrics=["bleu"])
    (both,) = score(second, [first, second], Scoring("13a"), metrics=["bleu"])
    assert one.value < both.value == pytest.approx(100)
    assert both.signature.startswith("nrefs:2|")


def test_lowercase_forgives_case() -> None:
    forgiving = Scoring("13a", lowercase=True)
    for metric in ("bleu", "chrf"):
        (cased,) = score(["A B C D E"], [["a b c d e"]], Scoring("13a"), metrics=[metric])
        (lower,) = score(["A B C D E"], [["a b c d e"]], forgiving, metrics=[metric])
        assert cased.value < lower.value == pytest.approx(100)
        assert "case:lc" in lower.signature


def test_each_language_is_scored_by_its_own_tokeniser_and_the_mean_is_taken() -> None:
    ours, theirs = ["我爱北京", "the cat sat", "你好吗朋友"], ["我爱南京", "the cat sat", "你好吗朋友"]

    def bleu(rows: list[int], tokenize: str) -> Score:
        texts = ([side[row] for row in rows] for side in (ours, theirs))
        hypotheses, references = texts
        return score(hypotheses, [references], Scoring(tokenize), metrics=["bleu"])[0]

    chinese, english = bleu([0, 2], "zh"), bleu([1], "13a")
    found = language_bleu(ours, theirs, ["zh", "en", "zh"])
    assert found.by_language == {"en": english.value, "zh": chinese.value}
    assert found.value == pytest.approx((english.value + chinese.value) / 2)
    assert found.signature == f"{english.signature}, {chinese.signature}"
    alone = language_bleu(ours[::2], theirs[::2], ["zh", "zh"])
    assert (alone.value, alone.signature, alone.by_language) == (chinese.value, chinese.signature, {})
    assert bleu([0, 2], "13a").value < chinese.value


def test_text_scored_as_already_tokenised_draws_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    lines = ["it is tokenised ."] * 120
    score(lines, [lines], Scoring("none", lowercase=True), metrics=["bleu"])
    assert not caplog.records


def test_moses_cuts_and_lower_case_make_lc_tok(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand-cut: the full stop of z.B. stays, the last one and the comma are words of their own."""
    system, reference = "Er mag z.B. Tee, Gin und mehr.", "er mag z.B. Tee, Milch und mehr."

    def bleu(system: str, reference: str, tokenize: str) -> Score:
        return score([system], [[reference]], Scoring(tokenize, lowercase=True), metrics=["bleu"])[0]

    ours = bleu(system, reference, "moses-de")
    cut = "er mag z.b. tee , gin und mehr .", "er mag z.b. tee , milch und mehr ."
    by_hand = bleu(*cut, "none")
    assert ours.value == by_hand.value
    assert "|case:lc|eff:no|tok:moses-de-sacremoses-" in ours.signature
    with pytest.raises(ConfigError, match="give --tgt"):
        bleu(system, reference, "moses-")
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'seq2seq-mt\[moses\]'$"):
        bleu(system, reference, "moses-de")


def test_chinese_ter_counts_characters_not_whole_sentences() -> None:
    (result,) = score(["我爱北京。"], [["我爱上海。"]], Scoring("zh"), metrics=["ter"])
    assert result.value == pytest.approx(100 * 2 / 5)


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a", "b"], [["a", "b", "c"]], "2 translations but 3 references"),
        (["a", "b"], [["a", "b"], ["a"]], "2 translations but 1 reference"),
        ([], [[]], "nothing to score"),
        (["a"], [], "nothing to score"),
    ],
)
def test_counts_that_differ_are_refused_with_both_counts(
    hypotheses: list[str], references: list[list[str]], message: str
) -> None:
    with pytest.raises(MTError, match=message):
        score(hypotheses, references, Scoring("13a"), metrics=["bleu"])
    with pytest.raises(MTError, match=message):
        paired_bootstrap(hypotheses, hypotheses, references, Scoring("13a", bootstrap=10))
    with pytest.raises(MTError, match=message):
        sentence_scores(hypotheses, references)


def test_a_baseline_of_another_length_is_refused() -> None:
    with pytest.raises(MTError, match="1 translation but 2 references"):
        paired_bootstrap(["a", "b"], ["a"], [["a", "b"]], Scoring("13a", bootstrap=10, seed=1))


def test_references_given_as_one_flat_list_are_a_programming_error() -> None:
    with pytest.raises(TypeError, match=r"pass \[references\]"):
        sentence_scores(["a", "b"], ["a", "b"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metrics": ["blue"]}, "unknown metric 'blue'; choose from bleu, chrf, ter"),
        ({"tokenize": "klingon"}, "unknown BLEU tokeniser 'klingon'; choose from none, zh, 13a"),
        ({"seed": 0}, "must be 1 or more"),
    ],
)
def test_a_setting_that_cannot_work_names_what_can(wrong: dict[str, Any], message: str) -> None:
    settings = {"tokenize": "13a", **wrong}
    metrics = settings.pop("metrics", ["bleu"])
    with pytest.raises(ConfigError, match=message):
        score(["a"], [["a"]], Scoring(**settings), metrics)


def test_a_tokeniser_whose_extra_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None)
    with pytest.raises(
        ConfigError, match=r"'ja-mecab' is not available: .*pip install sacrebleu\[ja\]"
    ) as caught:
        score(["a"], [["a"]], Scoring("ja-mecab"), metrics=["bleu"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("language", "with_mecab", "without"),
    [
        ("zh", "zh", "zh"),
        ("zh-CN", "zh", "zh"),
        ("ZH_Hans", "zh", "zh"),
        ("cmn", "zh", "zh"),
        ("ja", "ja-mecab", "char"),
        ("ko-KR", "ko-mecab", "char"),
        ("kok", "13a", "13a"),  # Konkani: a subtag is compared whole
        ("lzh", "zh", "zh"),
        ("th", "char", "char"),
        ("lo-LA", "char", "char"),
        ("km", "char", "char"),
        ("my_MM", "char", "char"),
        ("mya", "char", "char"),
        ("bo", "char", "char"),
        ("dz-BT", "char", "char"),
        ("jv", "13a", "13a"),
        ("jv_Java", "char", "char"),
        ("th-Latn", "13a", "13a"),
        ("de", "13a", "13a"),
        ("", "13a", "13a"),
        (None, "13a", "13a"),
    ],
)
def test_the_tokeniser_follows_the_target_language(
    monkeypatch: pytest.MonkeyPatch, language: str | None, with_mecab: str, without: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert tokenizer_for(language) == with_mecab
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert tokenizer_for(language) == without


THAI = ("ฉันรักปักกิ่งที่สุด", "ฉันรักปักกิ่งมากที่สุด")  # the first without one word of four letters


@pytest.mark.parametrize("code", ["th", None])
def test_thai_is_scored_by_characters(tmp_path: Path, code: str | None) -> None:
    """By its code, or where there is none by its script; as the command with `-tok char` does."""
    hypothesis, reference = THAI
    found = language_bleu([hypothesis], [reference], [code])
    assert "tok:char" in found.signature
    assert found.value > 60
    printed = json.loads(command(tmp_path, [reference], [hypothesis], options="-m bleu -tok char -f json"))
    assert found.value == pytest.approx(float(printed["score"]), abs=1e-6)
    note = spaceless_note(code, [reference])
    assert note is not None
    assert note.endswith("has no spaces between words: BLEU counts characters (tok:char)")
    assert spaceless_note("de", ["ein Haus"]) is spaceless_note(None, ["ein Haus", "一座房子"]) is None


def test_a_score_prints_as_papers_state_it() -> None:
    text = str(Score("BLEU", 32.06, "nrefs:1|case:mixed", (30.94, 33.35)))
    assert text == "BLEU 32.1 [30.9, 33.4] nrefs:1|case:mixed"
    assert str(Score("TER", 50.0, "nrefs:1", None)) == "TER 50.0 nrefs:1"


def test_a_comparison_prints_both_scores_the_difference_and_p() -> None:
    result = metrics.PairedResult(Score("BLEU", 31.5, "s"), Score("BLEU", 30.0, "s"), p_value=0.01234)
    assert str(result) == "BLEU 31.5 against 30.0: +1.5, p = 0.0123 s"


def test_sentence_scores_find_the_worst_sentence_even_among_short_ones() -> None:
    scores = sentence_scores(["我爱北京", "hello", "wrong", ""], [["我爱北京", "hallo", "right", "x"]])
    assert scores[0] == pytest.approx(100)
    assert 100 > scores[1] > scores[2] > scores[3] == 0

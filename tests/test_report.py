"""The report: its numbers by hand, its texts never markup, one file that needs nothing else."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mt import cli
from mt.errors import ConfigError
from mt.evaluation.test_sets import TestSet as Pairs  # pytest takes what begins with Test for tests
from mt.inspection.floats import FloatArray
from mt.inspection.plane import NOTHING, Map
from mt.inspection.report import charts, environment
from mt.inspection.report.behaviour import Behaviour, behaviour, loops
from mt.inspection.report.curves import Curves, Learned, Validated, read_curves
from mt.inspection.report.difference import mark_difference
from mt.inspection.report.findings import hints
from mt.inspection.report.lengths import Bucket, BucketScore, cut_by_length, score_buckets
from mt.inspection.report.measure import Measured, VectorMap
from mt.inspection.report.scale import Scale
from mt.metrics import Score, Scoring, score
from mt.text.bleu_tokenizer import words
from tests.toy import toy_pairs, write_tsv

EVIL = "<script>alert('ba')</script> \"&\" de"


class Page(HTMLParser):
    """The elements of a page and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def write_report(run: Path, folder: Path, pairs: list[tuple[str, str]]) -> str:
    """What the command writes about a run on these pairs."""
    test, file = write_tsv(folder / "test.tsv", pairs), folder / "report.html"
    arguments = ["report", "-m", str(run), "--test", str(test), "--save", str(file), "--threads", "1"]
    assert cli.main(arguments) == 0
    return file.read_text(encoding="utf-8")


def sentences(texts: Sequence[str]) -> list[list[str]]:
    return [text.split() for text in texts]


def vector_map(positions: FloatArray, by_length: tuple[float, float]) -> VectorMap:
    """Of all sentences of a test."""
    found = Map(positions, NOTHING, np.array([0.5, 0.25], dtype=np.float32))
    return VectorMap(tuple(range(len(positions))), found, by_length)


def measured(**changes: object) -> Measured:
    """Two sentences, translated without fault, as 40 would be."""
    sources, texts = ["a b", "c d e f"], ["A B", "C D E F"]
    fine = Behaviour(copies=0, copied_words=0, loops=0, repeated_words=0, empty=0, same=0, words=6)
    bleu = Score("BLEU", 60.0, "tok:13a", (55.0, 65.0))
    whole = Measured(
        test=Pairs("test.tsv", "test", sources, [texts], "bb"),
        hypotheses=tuple(texts),
        curves=Curves(),
        scores=(bleu,),
        perplexity=2.0,
        lengths=(2, 4),
        buckets=(BucketScore(Bucket(2, 2, (0,)), bleu, bleu), BucketScore(Bucket(4, 4, (1,)), bleu, bleu)),
        outputs=fine,
        references=fine,
        ratios=(1.0, 1.0),
        chrf=(100.0, 100.0),
        vectors=vector_map(np.array([[0, 0], [1, 1]], dtype=np.float32), (0.1, -0.9)),
        unknown=0.0,
        src="aa",
        attends=False,
        of_vector=64,
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def test_behaviour_by_hand() -> None:
    sources = ["Anna is here", "x", "y", "z"]
    texts = ["Anna is here", "no no", "", "no no"]
    found = behaviour(sources, texts, sentences(sources), sentences(texts))
    assert found == Behaviour(
        copies=1 / 4, copied_words=3 / 7, loops=2 / 4, repeated_words=2 / 7, empty=1 / 4, same=2 / 4, words=7
    )


def test_one_text_for_one_source_said_twice_is_no_confusion() -> None:
    """A test set may hold a pair twice."""
    assert behaviour(["x", "x"], ["no", "no"], [["x"], ["x"]], [["no"], ["no"]]).same == 0


def test_punctuation_is_no_word() -> None:
    found = behaviour(["x ."], [". . . A"], [["x", "."]], [[".", ".", ".", "A"]])
    assert (found.words, found.loops, found.copied_words) == (1, 0, 0)


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("a b c", False),
        ("a a", True),
        ("a b a b", True),
        ("a b c a b", False),
        ("x a b c d a b c d", True),
        ("a b c d e a b c d e", False),  # five words: a longer phrase than is looked for
        ("", False),
    ],
)
def test_loops(text: str, twice: bool) -> None:
    assert loops(text.split()) == twice


@given(st.lists(st.integers(1, 300), min_size=1, max_size=400))
@example([1] * 30 + [9] * 5)  # too few long ones for a bucket
@example([1] * 5 + [5] * 30 + [400])
def test_buckets_share_out_all_rows_by_length(lengths: list[int]) -> None:
    buckets = cut_by_length(lengths)
    assert sorted(row for bucket in buckets for row in bucket.rows) == list(range(len(lengths)))
    assert 1 <= len(buckets) <= 8
    for bucket in buckets:
        found = [lengths[row] for row in bucket.rows]
        assert (min(found), max(found)) == (bucket.shortest, bucket.longest)
        assert len(found) >= min(20, len(lengths))
    for shorter, longer in pairwise(buckets):
        assert shorter.longest < longer.shortest


def test_a_buckets_score_is_that_of_its_rows_alone() -> None:
    hypotheses, references = ["a b c d e", "a x"], [["a b c d e", "a f g h"]]
    buckets = [Bucket(1, 1, (0,)), Bucket(2, 2, (1,))]
    right, wrong = score_buckets(buckets, hypotheses, references, Scoring("13a"))
    assert right.bleu.value == pytest.approx(100)
    assert right.chrf.value == pytest.approx(100)
    assert wrong.chrf == score(["a x"], [["a f g h"]], Scoring("13a"), metrics=["chrf"])[0]


def test_words_are_those_that_bleu_counts() -> None:
    assert words(["I'm here, now.", "我爱 it"], "13a") == [["I'm", "here", ",", "now", "."], ["我爱", "it"]]
    assert words(["我爱 it"], "zh") == [["我", "爱", "it"]]


def test_curves_pass_over_what_a_crash_left(tmp_path: Path) -> None:
    lines = [
        {"kind": "training", "step": 50, "loss": 3.5, "seconds": 10.0},
        {"kind": "validation", "step": 50, "perplexity": 9.0, "bleu": 1.5, "best": True, "seconds": 12.0},
        {
            "kind": "validation",
            "step": 60,
            "perplexity": float("inf"),
            "bleu": 0,
            "best": False,
            "seconds": 13,
        },
        {"kind": "training", "step": 150, "loss": 2.5, "seconds": 32.0},
    ]
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"kind": "trai')
    curves = read_curves(file)
    assert curves == Curves(
        (Learned(50, 10, 3.5), Learned(150, 32, 2.5)), (Validated(50, 12, 9.0, 1.5, True),)
    )
    assert curves.seconds_at(100) == pytest.approx(22)  # half way from step 50, 12 s, to step 150, 32 s
    assert curves.seconds_at(25) == pytest.approx(5)
    assert curves.seconds_at(1000) == 32
    assert read_curves(tmp_path / "missing.jsonl") == Curves()


def test_a_long_training_is_thinned_to_the_means_of_neighbours(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    rows = ({"kind": "training", "step": n, "loss": n % 2, "seconds": n} for n in range(1, 3001))
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    learned = read_curves(file).learned
    assert len(learned) == 300
    assert {point.loss for point in learned} == {0.5}
    assert learned[-1].step == 3000


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"</?(del|mark)>", "", markup))


@given(st.text(alphabet="ab 我爱<&"), st.text(alphabet="ab 我爱<&"))
def test_differences_lose_no_text(reference: str, output: str) -> None:
    left, right = mark_difference(reference, output)
    assert (plain(left), plain(right)) == (reference, output)


def test_differences_are_whole_words_and_single_chinese_characters() -> None:
    assert mark_difference("my red car", "my big car") == ("my <del>red</del> car", "my <mark>big</mark> car")
    assert mark_difference("我爱北京", "我爱南京")[1] == "我爱<mark>南</mark>京"


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 100, 0, 1), [0, 20, 40, 60, 80, 100]),
        (Scale(0, 1555, 0, 1), [0, 500, 1000, 1500]),
        (Scale(0.3, 0.9, 0, 1), [0.4, 0.6, 0.8]),
        (Scale(5, 5, 0, 1), [5]),
        (Scale(1, 1000, 0, 1, logarithmic=True), [1, 10, 100, 1000]),
        (Scale(1, 30, 0, 1, logarithmic=True), [1, 2, 5, 10, 20]),
        (Scale(1.05, 1.45, 0, 1, logarithmic=True), [1.1, 1.2, 1.3, 1.4]),
    ],
)
def test_ticks_are_round(scale: Scale, ticks: list[float]) -> None:
    assert scale.ticks(4 if scale.high != 100 else 5) == pytest.approx(ticks)


def test_scales() -> None:
    assert Scale(0, 10, 100, 200)(5) == 150
    assert Scale(1, 100, 0, 10, logarithmic=True)(10) == pytest.approx(5)


def drawn(chart: object, kind: str) -> str:
    """A chart as SVG in its figure."""
    macro = getattr(environment().get_template("charts.html").module, kind)
    return str(macro(chart))


def test_a_curve_goes_through_its_points() -> None:
    curve = charts.Curve([(0, 0), (50, 5), (100, 10)], "x", ["a", "b", "<c"])
    chart = drawn(charts.line_chart("y", [curve], Curves()), "line_chart")
    points = re.search(r'points="([^"]*)"', chart)
    assert points is not None
    (x0, y0), (x1, y1), (x2, y2) = (map(float, pair.split(",")) for pair in points[1].split(" "))
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1)
    assert y1 == pytest.approx((y0 + y2) / 2, abs=0.1)
    assert x0 < x2
    assert y0 > y2  # up is less
    assert re.findall("<title>(.*?)</title>", chart) == ["a", "b", "&lt;c"]


def test_a_bar_is_as_high_as_its_score() -> None:
    """60 of 65 · 1.05, with a whisker from 55 to 65; the dashed line at its top."""
    chart = drawn(charts.by_length(measured()), "bar_chart")
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" class="bar"', chart)]
    assert heights == [pytest.approx(180 * 60 / (65 * 1.05), abs=0.1)] * 2
    level = re.search(r'y1="([\d.]+)" y2="\1" class="level"', chart)
    assert level is not None
    assert float(level[1]) == pytest.approx(190 - heights[0], abs=0.1)
    assert chart.count('class="whisker"') == 2 * 3


def test_a_map_has_one_measure_and_the_marked_on_top() -> None:
    """Of 20 sentences the two of lowest chrF are marked: the first and the one to its right."""
    texts = ["first", "right", "up", *(f"t{n}" for n in range(17))]
    places = np.array([[0, 0], [2, 0], [0, 1], *[[1, 0.5]] * 17], dtype=np.float32)
    found = measured(
        test=Pairs("test", "test", texts, [texts], "zh"),
        hypotheses=tuple(texts),
        lengths=tuple(range(1, 21)),
        chrf=tuple(map(float, range(20))),
        vectors=vector_map(places, (0.3, 0.1)),
    )
    pattern = re.compile(r'cx="([\d.]+)" cy="([\d.]+)" r="2.7" class="point tone\d( marked)?"><title>(\w+)')
    dots = pattern.findall(drawn(charts.vectors(found), "dot_map"))
    at = {title: (float(x), float(y)) for x, y, _, title in dots}
    assert at["right"][0] - at["first"][0] == pytest.approx(2 * (at["first"][1] - at["up"][1]), abs=0.2)
    assert [title for *_, marked, title in dots if marked] == [title for *_, title in dots[-2:]]
    assert {title for *_, title in dots[-2:]} == {"first", "right"}


def test_the_heaviest_map_stays_small() -> None:
    """1,000 sentences of Chinese, long ones: the report is to stay below 1.5 MB."""
    count = 1000
    texts = [f"{'我爱北京' * 50}{row}" for row in range(count)]
    places = np.random.default_rng(1).normal(size=(count, 2)).astype(np.float32)
    found = measured(
        test=Pairs("test", "test", texts, [texts], "zh"),
        hypotheses=tuple(texts),
        lengths=tuple(range(1, count + 1)),
        chrf=tuple(map(float, range(count))),
        vectors=vector_map(places, (0.3, 0.1)),
    )
    chart = drawn(charts.vectors(found), "dot_map")
    assert chart.count("<circle") >= count
    assert chart.count("point tone") == count + charts.TONES + 1
    assert len(chart.encode()) < 1_000_000


LOOPING = Behaviour(copies=0.3, copied_words=0, loops=0.3, repeated_words=0, empty=0.3, same=0.3, words=3)
RISING = Curves((), (Validated(1, 1, 5.0, 20, True), Validated(2, 2, 8.0, 19, False)))
CLIMBING = Curves((), (Validated(1, 1, 5.0, 20, True), Validated(2, 2, 4.0, 25, True)))
SINKING = (
    BucketScore(Bucket(1, 5, (0,)), Score("BLEU", 60, "", (55, 65)), Score("chrF2++", 60, "")),
    BucketScore(Bucket(6, 9, (1,)), Score("BLEU", 20, "", (15, 25)), Score("chrF2++", 20, "")),
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"curves": RISING}, ["rose from 5.00"]),
        ({"curves": CLIMBING}, ["gained 5.0 BLEU"]),
        ({"buckets": SINKING}, ["One vector of 64 numbers"]),
        ({"buckets": SINKING, "attends": True}, ["With attention"]),
        ({"unknown": 0.1}, ["10.0% of the sources' tokens"]),
        (
            {"outputs": LOOPING},
            ["are their source", "twice in a row", "are empty", "for several sources", "0.50 times"],
        ),
    ],
)
def test_what_stands_out(changes: dict[str, object], said: list[str]) -> None:
    found = hints(measured(**changes))
    assert len(found) == len(said)
    for sentence, part in zip(found, said, strict=True):
        assert part in sentence


def test_the_report_of_a_run(toy_run: Path, tmp_path: Path) -> None:
    """Texts as texts, every section there, nothing fetched, no script, and a policy that its style passes."""
    text = write_report(toy_run, tmp_path, [*toy_pairs(60, seed=9), (EVIL, "BA")])
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert "script" not in names
    assert EVIL in page.texts  # as the worst segment's source
    for _, attributes in page.tags:
        assert not {"src", "href", "style", "onclick", "onload"} & set(attributes)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert re.findall("<h2>([^<]*)", text) == [
        "What stands out",
        "Scores",
        "Training",
        "BLEU by source length",
        "Copies, repetitions, lengths",
        "Worst segments",
        "Best segments",
        "Map of sentence vectors",
    ]
    assert text.count('class="how"') == 8
    assert "Loss, nats per piece" in text
    assert len(re.findall('class="point tone[0-6]', text)) == 61 + 8  # and the legend's


def test_it_agrees_with_mt_evaluate(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = write_report(toy_run, tmp_path, toy_pairs(40, seed=9))
    capsys.readouterr()
    arguments = [
        "--test",
        str(tmp_path / "test.tsv"),
        "--json",
        "--threads",
        "1",
        "--save",
        str(tmp_path / "out"),
    ]
    assert cli.main(["evaluate", "-m", str(toy_run), *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    for row in found["scores"]:
        low, high = row["interval"]
        assert f"<td>{row['name']}</td><td>{row['value']:.1f} [{low:.1f}, {high:.1f}]</td>" in text
        assert row["signature"] in text
    assert f"<td>{found['perplexity']:.2f}</td>" in text


def test_a_run_of_which_only_the_translating_files_are_left(attentive_run: Path, tmp_path: Path) -> None:
    """And with attention; the report goes into the run directory where nothing else is said."""
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.toml", "model.safetensors", "src.spm", "tgt.spm"):
        shutil.copy(attentive_run / name, run)
    test = write_tsv(tmp_path / "test.tsv", toy_pairs(1, seed=3))
    assert cli.main(["report", "-m", str(run), "--test", str(test), "--threads", "1"]) == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "no metrics.jsonl" in text
    assert "look back at every piece" in text


def test_a_report_is_about_one_run_and_goes_into_a_file(
    toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_tsv(tmp_path / "test.tsv", toy_pairs(2, seed=3))
    arguments = ["report", "-m", str(toy_run), "--test", str(test), "--threads", "1"]
    assert cli.main([*arguments, "--save", str(tmp_path)]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("mt: cannot write")


def test_an_ensemble_has_no_report(toy_run: Path, tmp_path: Path) -> None:
    from mt.config import SearchConfig
    from mt.console import Console
    from mt.inspection.report import write_report as write
    from mt.options import ReportOptions, RunOptions
    from mt.translator.opening import open_translator

    translator = open_translator(RunOptions(model=(toy_run, toy_run), threads=1), SearchConfig(), Console())
    with pytest.raises(ConfigError, match="a report is about one"):
        write(translator, ReportOptions(test=("test.tsv",), save=tmp_path / "report.html"), Console())

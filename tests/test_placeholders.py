"""Markup, code, numbers: found, masked, steered through search, put back, and counted where they are not."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mt
from mt import cli
from mt.config import TokenizerConfig
from mt.decoding.constraints import MarkerConstraint
from mt.text.patterns import PATTERN
from mt.text.placeholders import MARKERS, Survival, mask, spans, survival, unmask
from mt.tokenizer import Tokenizer
from tests.conftest import once
from tests.toy import SETTINGS, WORDS, write_tsv

PAD, EOS = Tokenizer.pad_id, Tokenizer.eos_id


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See :func:`os.path.join` and ``a ` b``.", [":func:`os.path.join`", "``a ` b``"]),
        ("the :ref:`debug build <debug-build>` of it", [":ref:`", "<debug-build>`"]),
        ("`the errata <https://x.org/a?b=1>`_", ["<https://x.org/a?b=1>`_"]),
        ("at https://docs.python.org/3/. Or me@x.org", ["https://docs.python.org/3/", "me@x.org"]),
        ("%(count)d of {total:>5} in $HOME, |version|", ["%(count)d", "{total:>5}", "$HOME", "|version|"]),
        ("<b>bold</b> &amp; so on", ["<b>", "</b>", "&amp;"]),
        ("_File, E_xit, a _new _URL and size_t, _x(), _F5, Py_Init", ["size_t", "_x()", "_F5", "Py_Init"]),
        ("call main(), os.getcwd() or PyInit_x", ["main()", "os.getcwd()", "PyInit_x"]),
        ("*name* but not *two words*, **strong**", ["*name*"]),
        ("12 of 3,000 in 2.6b1 or utf8, 3.11.", ["12", "3,000", "3.11"]),
        ("12 和 12，⟦3⟧", ["12", "⟦3⟧"]),
        ("<2pt_BR> a_b of <2pt_BR>", ["a_b", "2pt_BR"]),  # a direction's tag, and what is none
        ("<2es-419> 419 of a", ["419"]),
        ("Nothing here: e.g. a*b, quite sure.", []),
    ],
)
def test_spans_that_translators_leave_alone(text: str, found: list[str]) -> None:
    assert spans(text) == found


@pytest.mark.parametrize(
    "placeholders",
    [
        "%1$s|%.1f|%5d|%ld|%5.1f|%@|%1$@|%-10s|%%|%lld|%zu|%+d|%02d|%#x|%'d|%*d|%-*s|%.*f|%2$.1f|%1$ld|%i|%,d|%#@n@|%1$#@n@",
        "%(name)s|%(n)5.1f|%{count}|%<count>d|%user.name%|%name%|%1|%L2|%n|%Y",
        "{{name}}|{{ name }}|{{{raw}}}|{{user.name}}|{{#if x}}|{% if x %}|<%= x %>|<?php x ?>|<!-- x -->",
        "{0}|{}|{0:.2f}|{obj.attr}|{user.name}|{name!r:>10}|{x[0]}|{имя}|{ name }|#{x}|{0,10}|{1,-5:N2}",
        "{n, number}|{d, date, short}|{count, plural, one {# file} other {# files}}",
        "{g, select, a {he} other {{n, plural, other {a {x}}}}}",
        "${x}|$(x)|$t(a.b)|${user.name}|$HOME|$USER$",
        "&name;|&#160;|&#xA0;|&brand.name;",
        """<a href="x y">|</a>|<br/>|<br />|<img src='a>b' alt=x>|<input disabled>|<0>|</0>|<x:b-c>""",
    ],
)
def test_placeholders_are_one_span_each(placeholders: str) -> None:
    """Alone, beside each other, beside Chinese, and in brackets."""
    expected = placeholders.split("|")
    assert [found[0] for found in PATTERN.finditer(" ".join(expected))] == expected
    for placeholder in expected:
        for text in (placeholder, f"看{placeholder}吗", f"see “{placeholder}”, ({placeholder})."):
            assert spans(text) == [placeholder]


LOOK_ALIKES = """\
100 % sure|20 %, then|a 5 % discount|100%sure|50%ig|5 %-a|a%20and%20b|20 %: yes|%|100 %sure|5\u00a0%de|%(
a & b;|R&D;|rock & roll; yes|&|&#;|$|$5|US$ 5|$(5)|$(x|${
{|a { b|}|{a, b}|{{|{count, plural
<3|a < b > c|x<y and z>w|i <n; j> k|a <- b|<your own name>|<a"""


@pytest.mark.parametrize("text", LOOK_ALIKES.replace("\n", "|").split("|"))
def test_what_only_looks_like_a_placeholder_is_text(text: str) -> None:
    """But for its numbers."""
    assert [found[0] for found in PATTERN.finditer(text) if found.lastgroup != "number"] == []


def test_placeholders_stand_beside_letters() -> None:
    assert spans("%dx%d pixels, %dpx, %s%%") == ["%d", "%s", "%%"]
    assert spans("%1$sword %2$ditem %02dmin %ldMB %-5sname") == ["%1$s", "%2$d", "%02d", "%ld", "%-5s"]
    assert spans("%sDo you? /dir/%sdirectoryName %s_FILE %sand '%s'") == ["%s"]
    assert spans("5 < 6 & 7 > 3") == ["5", "6", "7", "3"]


HOSTILE = """\
{ {{ < % & $( ${ {a,plural,{ {a[0] {% <a\tb=" <a\tb=c\t <a\tb\t <!-- &a. %1$
a a. 1. :a ` @ a@b. www. http:// _ *a |a ⟦1"""


@pytest.mark.parametrize("unit", re.split("[ \\n]", HOSTILE))
def test_time_grows_with_the_text_however_it_was_made(unit: str) -> None:
    """Thirty times the text, about thirty times the processor's time; were it the square, it would be 900."""

    def took(size: int) -> float:
        text, begin = unit * (size // len(unit)) + "a", time.process_time()
        spans(text)
        return time.process_time() - begin

    least = min(took(2_000) for _ in range(5))
    assert took(60_000) < 200 * max(least, 0.001)


def test_a_translation_is_masked_by_its_source() -> None:
    """Equal spans have one marker, the order may differ, and what is not in the source stays text."""
    source, target = "Use 3 of ``x`` or 3 of ``y``", "``y`` 或 ``x`` 中的 3 个，1 月"
    of = spans(source)
    assert mask(source, of) == "Use ⟦0⟧ of ⟦1⟧ or ⟦0⟧ of ⟦2⟧"
    assert mask(target, of) == "⟦2⟧ 或 ⟦1⟧ 中的 ⟦0⟧ 个，1 月"
    assert unmask(mask(target, of), of) == target
    assert unmask("⟦9⟧", of) == "⟦9⟧"
    assert unmask("a⟦0⟧b", of) == "a 3 b"


@given(st.text(st.sampled_from("a1_ `<>:*{}%⟦0⟧|/.()"), max_size=40))
def test_any_text_comes_back(text: str) -> None:
    of = spans(text)
    assert unmask(mask(text, of), of) == text


def test_a_span_is_kept_apart_where_it_would_be_another_one() -> None:
    assert (
        unmask("⟦0⟧files, ⟦0⟧x⟦0⟧, a⟦1⟧b, ⟦2⟧⟦2⟧", ["%u", "$HOME", "7"]) == "%u files, %ux%u, a$HOME b, 7 7"
    )


def test_spans_beyond_the_markers_stay_text() -> None:
    text = " ".join(map(str, range(100, 100 + MARKERS + 2)))
    masked = mask(text, spans(text))
    assert masked.endswith(f"⟦{MARKERS - 1}⟧ {100 + MARKERS} {101 + MARKERS}")


def test_survival_counts_segments_that_have_anything() -> None:
    sources = ["no", "``a`` 1", "``a``", "``a``", "in 5", "none"]
    outputs = ["没有", "1 ``a`` 2", "``b``", "``a`` ``a``", "in", "``x``"]
    assert survival(sources, outputs) == Survival(4, 1, marked=3)
    assert str(Survival(4, 1, marked=3)) == "25.0 % (1 of 4 segments with any)"


PLURAL = "{n, plural, one {# file} other {# files}}"
NESTED = "{n, plural, other {{g, select, a {b} other {c}}}}"


@pytest.mark.parametrize(
    ("source", "output", "intact"),
    [
        ("Hello {{name}}, you have %1$s new messages", "Hallo {name}, du hast 1 $s neue Nachrichten %", 0),
        ("Hello {{name}}, you have %1$s new messages", "Hallo {{name}}, du hast %1$s neue Nachrichten", 1),
        ("Hello {{name}}", "Hallo {{ name }}", 0),
        ("%d of %d", "%d von %d", 1),
        ("%d of %d", "%d von", 0),
        ("%d of %d", "%d von %d von %d", 0),
        ("100 %% of %s", "100 %% von %s", 1),
        ("100 %% of %s", "100 % von %s", 0),
        ('<a href="x y">here</a>', '<a href="x y">hier</a>', 1),
        ('<a href="x y">here</a>', '<a href="x z">hier</a>', 0),
        ("R&amp;D", "F&amp;E", 1),
        ("R&amp;D", "F&E", 0),
        (PLURAL, "{n, plural, one {# Datei} other {# Dateien}}", 1),
        (PLURAL, "{n, plural, few {# y} other {# x}}", 1),
        (PLURAL, "{n, Plural, one {# Datei} other {# Dateien}}", 0),
        (PLURAL, "{n, plural, one {# Datei} andere {# Dateien}}", 0),
        (PLURAL, "{n, plural, one {# Datei} other {# Dateien}", 0),
        ("{n, plural, =0 {no} other {# {x}}}", "{n, plural, =0 {kein} other {# {y}}}", 0),
        ("{g, select, male {he} other {they}}", "{g, select, male {er} other {sie}}", 1),
        ("{g, select, male {he} other {they}}", "{g, select, mann {er} other {sie}}", 0),
        (NESTED, "{n, plural, other {{g, select, a {d} other {e}}}}", 1),
        (NESTED, "{n, plural, other {{h, select, a {b} other {c}}}}", 0),
    ],
)
def test_a_segment_is_intact_if_each_placeholder_came_through_whole(
    source: str, output: str, intact: int
) -> None:
    assert survival([source], [output]) == Survival(1, intact, marked=1)


def test_a_tokenizer_with_markers_cuts_spans_as_one_piece() -> None:
    texts = [
        f"{verb} ⟦0⟧ and ⟦1⟧ {noun}" for verb in ("use", "take", "leave") for noun in ("books", "tables")
    ]
    settings = TokenizerConfig(algorithm="bpe", character_coverage=1.0, markup=True)
    tokenizer = Tokenizer.learn(iter(texts * 9), settings, 310)
    assert Tokenizer(tokenizer.serialized).markers == range(4, 4 + MARKERS)
    source, target = "use ``never_seen`` and 7", "7, ``never_seen``"
    assert tokenizer.pieces([source])[0][-1] == "7"
    ids = tokenizer.encode([source])[0]
    assert [piece - 4 for piece in ids if piece in tokenizer.markers] == [0, 1]
    of_target = tokenizer.encode([target], [source])[0]
    assert [piece - 4 for piece in of_target if piece in tokenizer.markers] == [1, 0]
    assert tokenizer.decode([of_target], [source]) == [target]
    assert tokenizer.spell(of_target, source)[-1] == "``never_seen``"


def test_search_is_steered_to_the_markers_of_the_source() -> None:
    """Two beams of one sentence: the first still lacks marker 4, the second has used it up."""
    constraint = MarkerConstraint.of([[9, 4, 9]], range(4, 6), torch.device("cpu"))
    assert constraint is not None
    log_probs = torch.log_softmax(torch.tensor([[0.0] * 8, [0.0] * 8]), dim=1)
    log_probs[:, 4] = -9.0
    log_probs[:, EOS] = -0.5
    constraint.mask(log_probs, torch.tensor([[7, 7], [7, 4]]))
    assert log_probs[0, 4] == -0.5  # where the translation would end, the missing one comes
    assert log_probs[1, EOS] == -0.5
    forbidden = {(row, piece) for row, piece in (log_probs == float("-inf")).nonzero().tolist()}
    assert forbidden == {(0, EOS), (0, 5), (1, 4), (1, 5)}
    assert MarkerConstraint.of([[9, 4]], range(0), torch.device("cpu")) is None


@pytest.fixture(scope="module")
def keeping_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on words in capitals around an identifier, which is never the same twice."""
    return once(tmp_path_factory, "keeping", _learn_keeping) / "run"


def _learn_keeping(folder: Path) -> None:
    words = [WORDS[i % 8] for i in range(900)]
    pairs = [(f"{word} ``x{i}`` ba", f"{word.upper()} ``x{i}`` BA") for i, word in enumerate(words)]
    train = write_tsv(folder / "train.tsv", pairs[:860])
    validation = write_tsv(folder / "validation.tsv", pairs[860:])
    arguments = ["--train", str(train), "--validation", str(validation), "--max-epochs", "4", "--markup"]
    assert cli.main(["train", *SETTINGS, *arguments, "--out", str(folder / "run")]) == 0


@pytest.mark.parametrize("beam", [1, 3])
def test_what_was_never_seen_comes_through(keeping_run: Path, beam: int) -> None:
    sources = ["ba ``os.environ['X']`` ba", "de :func:`y` fi ba 12", "ku"]
    translations = mt.load(keeping_run, beam=beam).translate(sources)
    assert survival(sources, translations) == Survival(2, 2, marked=2)
    assert "``os.environ['X']``" in translations[0]


def test_evaluate_says_how_much_came_through(
    keeping_run: Path, toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_tsv(tmp_path / "test.tsv", [("ba ``q7`` ba", "BA ``q7`` BA"), ("de", "DE")])
    assert cli.main(["evaluate", "-m", str(keeping_run), "--test", str(test), "--threads", "1"]) == 0
    line = "markup and numbers intact: 100.0 % (1 of 1 segment with any)"
    assert line in capsys.readouterr().out.splitlines()
    hypotheses = tmp_path / "out.txt"
    hypotheses.write_text("BA q7 BA\nDE\n", encoding="utf-8")
    assert cli.main(["evaluate", "--hypotheses", str(hypotheses), "--test", str(test), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["markup"] == {"segments": 1, "intact": 0, "marked": 1}
    plain = write_tsv(tmp_path / "plain.tsv", [("ba 2", "BA 2")])
    assert cli.main(["evaluate", "-m", str(toy_run), "--test", str(plain), "--threads", "1"]) == 0
    assert "markup" not in capsys.readouterr().out


def test_inspection_shows_the_spans(keeping_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "ba ``seldom`` ba"
    assert cli.main(["inspect", "-m", str(keeping_run), "--json", "--threads", "1", text]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert "``seldom``" in [step["piece"] for step in seen["steps"]]
    assert "``seldom``" in seen["pieces"]
    assert "``seldom``" in seen["translation"]


def test_tuning_reads_markers_too(keeping_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--tune", "-m", str(keeping_run), "--json", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["best"]["bleu"] > 50

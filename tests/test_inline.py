"""Inline codes: each once, balanced, around the right words, with the right white space."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mt
from mt.decoding.translation import Aligned, Translation
from mt.inline import placing
from mt.inline.prepared import Placed, Prepared, translate_segments
from mt.inline.segment import Code, Segment, merged, parse
from mt.inline.units import piece_spans, words

_TAG = re.compile(r"(</?\w+/?>)")
_WORD = re.compile(r"\w+|[^\w\s]")


def segment(text: str) -> list[str | Code]:
    """`a <b>b</b> <x/> <showf/>` as text and codes, of which the last shows f to the model."""
    parts: list[str | Code] = []
    for part in _TAG.split(text):
        name = part.strip("</>")
        if not _TAG.fullmatch(part):
            parts.append(part)
        elif part.startswith("</"):
            parts.append(Code(part, "close", name))
        else:
            single = Code(part, shown=name[4:] if name.startswith("show") else "")
            parts.append(single if part.endswith("/>") else Code(part, "open", name))
    return parts


def answered(text: str, target: str, alignment: str = "", pieces: Sequence[str] = ()) -> Translation:
    """A model's answer. Words and marks are its pieces, unless those are given; `0-1` is Pharaoh's form."""
    source_pieces = tuple(_WORD.findall(text))
    pairs = tuple((int(src), int(tgt)) for src, tgt in (pair.split("-") for pair in alignment.split()))
    target_pieces = tuple(pieces) or tuple(_WORD.findall(target))
    aligned = (Aligned(source_pieces, target_pieces, pairs),) if alignment else ()
    return Translation(text, (target,), (0.0,), aligned, (0.0,))


def placed(source: str, target: str, alignment: str = "", pieces: Sequence[str] = ()) -> Placed:
    prepared = Prepared(segment(source), markers=False)
    return prepared.place(answered(prepared.text, target, alignment, pieces))


@pytest.mark.parametrize(
    ("source", "target", "alignment", "expected"),
    [
        ("a <b>b</b> c", "A B C", "0-0 1-1 2-2", "A <b>B</b> C"),
        ("a <b>b</b> c", "C B A", "2-0 1-1 0-2", "C <b>B</b> A"),
        ("a <b>b c</b>", "C X B A", "2-0 1-2 0-3", "<b>C X B</b> A"),  # an unaligned word within
        ("<b>a</b> <i>b</i>", "B A", "1-0 0-1", "<i>B</i> <b>A</b>"),
        ("a <b>b <i>c</i></b>", "A C B", "0-0 2-1 1-2", "A <b><i>C</i> B</b>"),
        ("a <b><i>b</i></b>", "B A", "1-0 0-1", "<b><i>B</i></b> A"),
        # What makes a run longer by more than it gains is left outside.
        ("a <b>bb</b>", "on one bicycle", "1-0 0-1 1-2", "on one <b>bicycle</b>"),
        ("a <x/> b", "A B", "0-0 1-1", "A <x/> B"),
        ("a <x/> b", "B A", "1-0 0-1", "<x/> B A"),
        ("a<x/> b", "A B", "0-0 1-1", "A<x/> B"),
        ("a <x/>b", "A B", "0-0 1-1", "A <x/>B"),
        ("a <x/>, b", "A B", "0-0 2-1", "A <x/> B"),  # the mark kept them apart
        ("a <x/> <y/> b", "A B", "0-0 1-1", "A <x/> <y/> B"),
        ("a <b> b </b> c", "A B C", "0-0 1-1 2-2", "A <b>B</b> C"),
        ("a<b> b</b>", "A B", "0-0 1-1", "A <b>B</b>"),
        ("a <b></b> b", "A B", "0-0 1-1", "A <b></b> B"),
        ("a <b>b</b> <x/> c", "A B C", "0-0 1-1 2-2", "A <b>B</b> <x/> C"),
        # The edges stay at the edges, whatever the alignment.
        ("<x/> <b>a b</b> <y/>", "B A", "1-0 0-1", "<x/> <b>B A</b> <y/>"),
        (" <b> a </b> ", "A", "0-0", " <b> A </b> "),
        ("<b>a</b> b", "B A", "1-0 0-1", "B <b>A</b>"),
        # Marks stay on the side on which they were.
        ("<b>a</b>, b", "A, B", "0-0 0-1 2-2", "<b>A</b>, B"),
        ("<b>a:</b> b", "A: B", "0-0 2-2", "<b>A:</b> B"),
        ("say “<b>a</b>”", "sag „A“", "0-0 2-2 3-3", "sag „<b>A</b>“"),
        # A part of a word that stays as it is.
        ("H<s>2</s>O is a", "A is H2O", "2-0 1-1 0-2", "A is H<s>2</s>O"),
        ("the 1<s>st</s> and 2<s>nd</s>", "1st 2nd", "1-0 3-1", "1<s>st</s> 2<s>nd</s>"),
        # Without partners.
        ("a</b> b<i> c", "A B C", "0-0 1-1 2-2", "A</b> B <i>C"),
        ("a <b>b <i>c</b> d</i>", "A B C D", "0-0 1-1 2-2 3-3", "A <b>B <i>C</b> D</i>"),
    ],
)
def test_codes_are_put_around_what_was_made_from_what_they_held(
    source: str, target: str, alignment: str, expected: str
) -> None:
    found = placed(source, target, alignment)
    assert (str(found), found.how == "position") == (expected, False)


@pytest.mark.parametrize(
    ("source", "target", "alignment", "expected", "how"),
    [
        ("call <showf/> now", "F f RUFEN", "0-2 2-0", "F <showf/> RUFEN", "alignment"),
        ("call <showf/> now", "jetzt f rufen", "", "jetzt <showf/> rufen", "position"),
        ("<showf/> calls", "RUFT f", "", "RUFT <showf/>", "position"),
        # Not word for word: it takes the place of what was made from it, if that is known.
        ("call <showf/> now", "JETZT F! RUFEN", "0-3 1-1 1-2 2-0", "JETZT <showf/> RUFEN", "alignment"),
        ("call <showf/> now", "rufe F jetzt", "", "rufe F <showf/> jetzt", "position"),
        ("a <showf/> b", "A B", "0-0 2-1", "A <showf/> B", "position"),
        ("a <showf/> <showf/>", "f af A f", "", "<showf/> af A <showf/>", "position"),
        ("a <b>b <showf/></b>", "f B A", "0-2 1-1 2-0", "<b><showf/> B</b> A", "alignment"),
        ("a (<showf/>)", "A (f)", "0-0 2-2", "A (<showf/>)", "alignment"),
    ],
)
def test_a_code_that_is_shown_to_the_model_is_one_again(
    source: str, target: str, alignment: str, expected: str, how: str
) -> None:
    prepared = Prepared(segment(source), markers=False)
    assert prepared.text == re.sub("<show(.)/>|</?b>", r"\1", source)
    found = placed(source, target, alignment)
    assert (str(found), found.how) == (expected, how)


@pytest.mark.parametrize(
    ("source", "target", "lost"),
    [
        ("call <showf/> now", "jetzt f rufen", False),
        ("call <showf/> now", "jetzt rufen", True),
        ("call <showf/> now", "jetzt Af rufen", True),  # a part of a word
        ("call <showf/> now", "jetzt f f rufen", True),  # which of them is it?
        ("call f <showf/> now", "jetzt f f rufen", False),
        ("call f <showf/> now", "jetzt f rufen", False),  # one that stands for the code is enough
        ("call <showf/> and <showf/>", "f und rufen", True),
        ("call <b>f</b> now", "jetzt rufen", False),
    ],
)
def test_what_a_code_shows_is_there_as_often_as_in_the_source(source: str, target: str, lost: bool) -> None:
    prepared = Prepared(segment(source), markers=False)
    assert prepared.loses(answered(prepared.text, target)) == lost
    assert not Prepared(segment(source), markers=True).loses(answered(prepared.text, target))
    assert not Prepared(segment(source), markers=False, shown=False).loses(answered("", target))


def test_alternatives_that_lose_what_a_code_shows_are_left_out() -> None:
    prepared = Prepared(segment("call <showf/> now"), markers=False)
    aligned = tuple(Aligned((), (str(rank),), ()) for rank in range(3))
    found = Translation("", ("F", "rufen", "f rufen"), (0.0, -1.0, -2.0), aligned, (0.0, -3.0, -4.0))
    kept = prepared.keeping(found)  # the best one stays, whatever it has
    assert (kept.hypotheses, kept.scores, kept.log_probs) == (("F", "f rufen"), (0.0, -2.0), (0.0, -4.0))
    assert [each.pieces for each in kept.aligned] == [("0",), ("2",)]
    unaligned = Translation("", ("f", "rufen"), (0.0, -1.0))
    assert prepared.keeping(unaligned).hypotheses == ("f",)


def test_without_alignment_the_position_decides_and_it_is_said() -> None:
    found = placed("one <b>two</b> three <x/> four", "EINS ZWEI DREI VIER")
    assert str(found) == "EINS <b>ZWEI</b> DREI <x/> VIER"
    assert found.how == "position"


def test_a_pair_whose_words_are_gone_is_put_by_position_and_it_is_said() -> None:
    found = placed("a <b>b</b> c d", "AAA CCC DDD", "0-0 2-1 3-2")
    assert str(found) == "AAA <b>CCC</b> DDD"
    assert found.how == "position"


def test_chinese_has_no_spaces_around_codes_and_is_cut_by_pieces() -> None:
    found = placed("I <b>love</b> <x/> Beijing", "我喜爱北京", "0-0 1-1 2-2", ["▁我", "喜爱", "北京"])
    assert str(found) == "我<b>喜爱</b><x/>北京"
    prepared = Prepared(segment("我<b>爱</b>北京"), markers=False)
    answer = Translation(
        prepared.text,
        ("I love Beijing",),
        (0.0,),
        (Aligned(("▁我", "爱", "北京"), ("▁I", "▁love", "▁Beijing"), ((0, 0), (1, 1), (2, 2))),),
        (0.0,),
    )
    assert str(prepared.place(answer)) == "I <b>love</b> Beijing"


def test_a_word_belongs_to_what_most_of_its_characters_were_made_from() -> None:
    for pieces, expected in ((["xx", "y"], "A <b>xxy B</b>"), (["x", "yy"], "A xyy <b>B</b>")):
        target = f"A {''.join(pieces)} B"
        found = placed("a <b>b</b> c", target, "0-0 1-1 2-2 1-3", ["▁A", f"▁{pieces[0]}", pieces[1], "▁B"])
        assert str(found) == expected


def test_what_was_not_changed_comes_back_as_it_was() -> None:
    source = segment("a<b>  b</b>\u200b <x/>")
    prepared = Prepared(source, markers=False)
    assert prepared.text == "a  b"
    assert prepared.place(answered("a  b", "a  b")).parts == tuple(merged(source))


def test_a_code_may_part_words() -> None:
    parts: Segment = ["ab", Code("<img>", separates=True), "cd", Code("<wbr>"), "ef"]
    assert parse(parts).text == "ab cdef"
    assert parse(["我", Code("<img>", separates=True), "爱"]).text == "我爱"


def test_pieces_are_found_in_the_text_however_they_are_spelt() -> None:
    text = "Fahr rad 我 x"
    assert piece_spans(["▁Fahr", "▁", "rad", "<0xE6>", "<0x88>", "<0x91>", "<unk>"], text) == [
        *[(0, 4), (5, 5), (5, 8)],
        *[(9, 10), (11, 11), (11, 11), (11, 12)],
    ]
    assert piece_spans(["<2de>", "▁a", "b"], "a lost b") == [(0, 0), (0, 1), (7, 8)]
    assert piece_spans(["▁<1>", "a"], "a", {"<1>"}) == [(0, 0), (0, 1)]


def test_words() -> None:
    text = "It's H2O, well-known: 3.5 e\u0301 我们 👩\u200d👩."
    assert [text[unit.start : unit.end] for unit in words(text)] == [
        *["It's", "H2O", ",", "well-known", ":", "3.5", "e\u0301", "我", "们", "👩\u200d", "👩", "."]
    ]


ITEMS = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", "<x/>", "<showA/>", "a", "b c", " ", ", ", "我", "1", "<a>", "</a>"]
)
SEGMENTS = st.lists(ITEMS, max_size=14).map("".join).map(segment)
TARGETS = st.lists(st.sampled_from(["A", "B", "我", "们", " ", " ", ",", "."]), max_size=9).map("".join)


def codes_of(parts: Segment) -> list[Code]:
    return [part for part in parts if isinstance(part, Code)]


def checked(source: Segment, parts: Sequence[str | Code], target: str) -> None:
    """Raises AssertionError if a code is lost, doubled or out of its pair, or the text differs."""
    codes, found = codes_of(source), codes_of(parts)
    assert sorted(map(id, found)) == sorted(map(id, codes))
    text = "".join(part for part in parts if isinstance(part, str))
    if not any(code.shown for code in codes):
        assert text.split() == target.split() or text.replace(" ", "") == target.replace(" ", "")
    assert balance(found) == balance(codes)


def balance(codes: Sequence[Code]) -> dict[int, int]:
    """Each opening code's partner."""
    partner, opened = {}, list[Code]()
    for code in codes:
        if code.kind == "open":
            opened.append(code)
        elif code.kind == "close" and code.id in [each.id for each in opened]:
            while opened[-1].id != code.id:
                opened.pop()
            partner[id(opened.pop())] = id(code)
    return partner


@given(SEGMENTS, TARGETS, st.data())
def test_each_code_comes_out_once_and_pairs_stay_pairs(
    source: list[str | Code], target: str, data: st.DataObject
) -> None:
    prepared = Prepared(source, markers=False)
    sources, targets = len(_WORD.findall(prepared.text)), len(_WORD.findall(target))
    pairs = st.tuples(st.integers(0, max(0, sources - 1)), st.integers(0, max(0, targets - 1)))
    drawn = data.draw(st.lists(pairs, max_size=6)) if sources and targets else []
    answer = answered(prepared.text, target, " ".join(f"{src}-{tgt}" for src, tgt in drawn))
    found = prepared.place(answer)
    if answer.text.strip() == prepared.text:
        assert found.parts == tuple(merged(source))
    else:
        checked(source, found.parts, target)


@pytest.mark.parametrize("source", ["<b>a {}</b>", "<b>a</b> ", "a <x/> ", "<b>", "<b>a "])
def test_many_codes_cost_no_more_than_a_bound(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs in pairs, pairs beside pairs, codes without text: looks at words are counted, not time."""
    looks = 0

    def counting(function: Callable[..., float]) -> Callable[..., float]:
        def counted(*arguments: Any) -> float:
            nonlocal looks
            looks += 1
            return function(*arguments)

        return counted

    monkeypatch.setattr(placing, "_LOOKS", 5_000)
    for name in ("_value", "_side"):
        monkeypatch.setattr(placing, name, counting(getattr(placing, name)))
    size = 300
    begin, _, end = source.partition("{}")
    parts = [*segment(begin * size), *segment(end * size), "b"]
    prepared = Prepared(parts, markers=False)
    target = prepared.text.upper()
    found = prepared.place(answered(prepared.text, target, " ".join(f"{i}-{i}" for i in range(size)))).parts
    assert sorted(map(id, codes_of(found))) == sorted(map(id, codes_of(parts)))
    assert looks < 15_000


@pytest.mark.parametrize(
    ("source", "target", "expected", "how"),
    [
        ("a <b>b</b> c", "<1>B C</1> A", "<b>B C</b> A", "markers"),
        ("a <b>b <i>c</i></b> <x/> d", "A <3/> D <1><2>C</2> B</1>", "A <x/> D <b><i>C</i> B</b>", "markers"),
        ("a <b>b</b> c", "A <1> B </1> C", "A <b>B</b> C", "markers"),
        ("我<b>爱</b>你", "I<1>love</1>you", "I <b>love</b> you", "markers"),
        ("H<s>2</s>O a", "A H<1>2</1>O", "A H<s>2</s>O", "markers"),
        ("call <showf/> a", "A <1/> RUFEN", "A <showf/> RUFEN", "markers"),
        # Lost, doubled, empty, crossed: then as without markers.
        ("a <b>b</b> c", "A B C", "A <b>B</b> C", "position"),
        ("a <b>b</b> c", "A <1>B</1> <1>C</1>", "A <b>B</b> C", "position"),
        ("a <b>b</b> c", "A <1></1> B C", "A <b>B</b> C", "position"),
        ("<b>a</b> <i>b</i>", "<1>A <2>B</1></2>", "<b>A</b> <i>B</i>", "position"),
        ("<b>a</b> b", "</1>A<1> B", "<b>A</b> B", "position"),
    ],
)
def test_markers_say_where_codes_are(source: str, target: str, expected: str, how: str) -> None:
    prepared = Prepared(segment(source), markers=True)
    found = prepared.place(answered(prepared.text, target))
    assert (str(found), found.how) == (expected, how)


def test_codes_are_markers_where_there_are_enough() -> None:
    assert Prepared(segment("a <b>b</b> <x/> c"), markers=True).text == "a <1>b</1> <2/> c"
    assert Prepared(segment("<b>a</b>"), markers=True).text == "a"
    assert Prepared(["a <1> ", *segment("<b>b</b>")], markers=True).text == "a <1> <2>b</2>"
    many = segment("a <b>b</b> " * 13)
    assert Prepared(many, markers=True).text == Prepared(many, markers=False).text


def test_models_that_attend_and_models_that_do_not(attentive_run: Path, toy_run: Path) -> None:
    source = segment("ba <b>mo</b> <x/> ne")
    segments: list[Segment] = [
        source,
        ["ba"],
        [],
        [Code("<x/>")],
        segment("<b>12</b>"),
        segment(" <b>ba</b>."),
    ]
    for run, how in ((attentive_run, "alignment"), (toy_run, "position")):
        translator = mt.load(run, device="cpu", beam=2)
        found = translate_segments(translator, segments)
        texts = [str(each) for each, _ in found]
        assert texts[:5] == ["BA <b>MO</b> <x/> NE", "BA", "", "<x/>", "<b>12</b>"]
        assert texts[5].startswith(" <b>BA</b>")
        assert [each.how for each, _ in found][:5] == [how, "edges", "edges", "edges", "edges"]
        assert found[0][1].text == "BA MO NE"
        shown: Segment = ["ba ", Code("<x/>", shown="de"), " ", Code("<y/>", shown="mo")]
        ((each, _),) = translate_segments(translator, [shown])
        assert str(each) == "BA <x/> <y/>"

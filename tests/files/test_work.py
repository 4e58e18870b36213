"""Segments -> results: memories, edges, lines, codes, and what is put back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.files.document import Result, Source, plain
from mt.files.edges import edges
from mt.files.journal import Journal
from mt.files.memory import Memory
from mt.files.work import Engine, Work
from mt.inline.segment import Code

BOLD = Code("<b>", "open", "b"), Code("</b>", "close", "b")


def upper(sources: Sequence[Source]) -> list[Result]:
    """A model that writes capitals."""
    return [
        Result(
            one.upper()
            if isinstance(one, str)
            else tuple(p.upper() if isinstance(p, str) else p for p in one)
        )
        for one in sources
    ]


def work(*pairs: tuple[str, str], engine: Engine = upper, tgt: str | None = "de") -> Work:
    return Work(engine, Journal(None, None), Memory(pairs), tgt)


def done(of: Work, segments: Sequence[Source]) -> list[Result]:
    """The results, none left empty."""
    return [result for result in of.translate(segments) if result is not None]


def one(segment: Source, *pairs: tuple[str, str]) -> Result:
    (result,) = done(work(*pairs), [segment])
    return result


def test_texts_are_saved_by_their_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mt.files.work.CHUNK", 10)
    asked: list[list[Source]] = []
    told: list[tuple[int, int]] = []

    def engine(sources: Sequence[Source]) -> list[Result]:
        asked.append(list(sources))
        return upper(sources)

    texts: list[Source] = [
        "a few words and more",
        "one",
        "two",
        "three",
        ("bold ", BOLD[0], "text", BOLD[1], " here"),
        "end",
    ]
    results = work(engine=engine).translate(texts, lambda done, total: told.append((done, total)))
    assert [len(chunk) for chunk in asked] == [1, 3, 1, 1]
    assert told == [(1, 6), (4, 6), (5, 6), (6, 6)]
    assert [plain(result.translation) for result in results if result] == [
        plain(text).upper() for text in texts
    ]


def test_memories() -> None:
    pairs = (
        ("Save 3 files", "3 Dateien sichern"),
        ("Open", "Öffnen"),
        ("Open", "Auf"),
        ("in %d parts", "in Teilen"),
        ("Version 1.5 of %s", "%s, Version 1.5"),
    )
    assert one("Open", *pairs) == Result("Öffnen", "memory")
    assert one(" Open:\n", *pairs) == Result(" Öffnen:\n", "memory")
    assert one("Save 12 files", *pairs) == Result("12 Dateien sichern", "memory-adapted")
    assert one("Save 2,500 files", *pairs).origin == "model"  # in German it is 2.500
    assert one("Version 2.0 of %d", *pairs) == Result("%d, Version 2.0", "memory-adapted")
    assert one("in %s parts", *pairs).origin == "model"  # its translation has no placeholder to exchange
    assert one((*BOLD[:1], "Open", *BOLD[1:]), *pairs) == Result((BOLD[0], "Öffnen", BOLD[1]), "memory")


def test_line_breaks_and_what_has_no_letters_stay() -> None:
    assert one("a\n\n  b \r\n%s\n").translation == "A\n\n  B \r\n%s\n"
    assert one("  -u A      a b\n%s\t\tc: d\n").translation == "  -U A      A B\n%s\t\tC: D\n"
    assert one("123").origin == "kept"
    assert one(" \n ") == Result(" \n ", "kept")
    assert one((Code("<br>"), " ")) == Result((Code("<br>"), " "), "kept")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "In {n, plural, one{# day} other{# days}}, {who}.",
            "{n, plural, one{IN # DAY, {WHO}.} other{IN # DAYS, {WHO}.}}",
        ),
        (
            "{a, plural, one{cat} other{cats}} {b, select, x{dog} other {dogs}}",
            "{a, plural, one{CAT} other{CATS}} {b, select, x{DOG} other {DOGS}}",
        ),
        ("{n, plural, other{# cats}}", "{n, plural, other{# CATS}}"),
        (
            "{0,choice,0#no files|1#one file|1<{0} files} left",
            "{0,choice,0#NO FILES LEFT|1#ONE FILE LEFT|1<{0} FILES LEFT}",
        ),
        ("{n, plural, other{%s}}", "{n, plural, other{%s}}"),
    ],
)
def test_messages_are_translated_by_their_cases(before: str, after: str) -> None:
    assert one(before).translation == after
    assert one(before, (before, "whole")).translation == "whole"


def test_codes_stay_in_the_case_of_a_message() -> None:
    x = Code("<x/>")
    (result,) = done(
        work(),
        [
            (
                "{N, plural, =0 {just now} other {#: ",
                x,
                " minutes}} ago",
            )
        ],
    )
    assert result.translation == ("{N, plural, =0 {JUST NOW AGO} other {#: ", x, " MINUTES AGO}}")


def test_codes_around_a_text_are_not_shown_to_the_model() -> None:
    seen: list[Source] = []

    def engine(sources: Sequence[Source]) -> list[Result]:
        seen.extend(sources)
        return upper(sources)

    segments: list[Source] = [
        (*BOLD[:1], "all bold", *BOLD[1:]),
        ("some ", *BOLD[:1], "bold", *BOLD[1:], "."),
        (*BOLD[:1], "bold", *BOLD[1:], " first"),
        "all bold",
    ]
    results = done(work(engine=engine), segments)
    assert seen == ["all bold", segments[1], segments[2]]
    assert [plain(result.translation) for result in results] == [
        "ALL BOLD",
        "SOME BOLD.",
        "BOLD FIRST",
        "ALL BOLD",
    ]
    assert results[0].translation == (BOLD[0], "ALL BOLD", BOLD[1])


def test_the_key_of_a_menu_is_no_reason_to_look() -> None:
    def engine(_: Sequence[Source]) -> list[Result]:
        return [Result("Alle starten")]

    (result,) = done(work(engine=engine), ["_Start All"])
    assert (result.translation, result.flags) == ("Alle _starten", ())


def test_a_lost_placeholder_is_a_reason_to_look() -> None:
    def forgetful(sources: Sequence[Source]) -> list[Result]:
        return [Result("X") for _ in sources]

    (result,) = done(work(engine=forgetful), ["of %d files"])
    assert result.flags == ("placeholders",)


@given(st.text(st.sampled_from("aB \n\r\t_&.:…%1"), max_size=20))
def test_a_translation_that_changes_nothing_changes_nothing(text: str) -> None:
    same = work(engine=lambda sources: [Result(source) for source in sources])
    (result,) = done(same, [text])
    assert result.translation == text


@pytest.mark.parametrize(
    ("source", "translation", "tgt", "expected"),
    [
        ("Delete podcasts", "heruntergeladene löschen", "de", "Heruntergeladene löschen"),
        ("delete podcasts", "heruntergeladene löschen", "de", "heruntergeladene löschen"),
        ("Launch aria2 here", "aria2 starten", "de", "aria2 starten"),
        ("New phone", "iPhone", "de", "iPhone"),
        ("Two", "iki", "tr", "iki"),
        ("_Start", "alle starten", "de", "Alle _starten"),
    ],
)
def test_a_translation_begins_with_a_capital_as_its_source(
    source: str, translation: str, tgt: str, expected: str
) -> None:
    (result,) = done(work(engine=lambda _: [Result(translation)], tgt=tgt), [source])
    assert result.translation == expected


@pytest.mark.parametrize(
    ("source", "core", "translation", "tgt", "expected"),
    [
        ("_File", "File", "Datei", "de", "_Datei"),
        ("E_xit", "Exit", "Beenden", "de", "_Beenden"),
        ("Save &As...", "Save As...", "Sichern als", "de", "Sichern &als..."),
        ("_File:", "File:", "文件:", "zh", "文件(_F):"),
        ("&Open…", "Open…", "打开", "zh", "打开(&O)..."),
        ("snake_case name", "snake_case name", "x", "de", "x"),
        ("AT&T", "AT&T", "AT&T", "de", "AT&T"),
        ("Q&A", "Q&A", "x", "de", "x"),
        ("R &amp; D", "R &amp; D", "x", "de", "x"),
        ("  Name:  ", "Name:", "Name", "de", "  Name:  "),
        ("Name:", "Name:", "名称", "zh", "名称："),
        ("Done.", "Done.", "完成。", "zh", "完成。"),
        ("No dot", "No dot", "Kein Punkt.", "de", "Kein Punkt"),
        ("Loading...", "Loading...", "Lädt.", "de", "Lädt..."),
        ("Sure?", "Sure?", "Sicher?", "de", "Sicher?"),
    ],
)
def test_edges(source: str, core: str, translation: str, tgt: str, expected: str) -> None:
    parts = edges(source)
    assert parts.core == core
    assert parts.put_back(translation, tgt) == expected

"""What real files hold that few think of: each before and after its letters become capitals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mt.files.document import Result
from tests.files.kit import HOW, check_broken, check_unchanged, document, segments, translated

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=ISO-8859-1\\n"\n\n'
CUE = "00:00:01,000 --> 00:00:02,000\na\n"
PLURAL = 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\n'
CASES = {
    "tags of cues": (
        "vtt",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bob>Hi &amp; <00:01.500><c.x y>you</c>, <b>all &lt;\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bob>HI &amp; <00:01.500><c.x y>YOU</c>, <b>ALL &lt;\n",
    ),
    "no line ends in a tag": (
        "srt",
        "00:00:01,000 --> 00:00:03,500\nWhat <i title='a b'>is red</i> and not so very blue as it has been\n",
        "00:00:01,000 --> 00:00:03,500\nWHAT <i title='a b'>IS RED</i> AND\n"
        "NOT SO VERY BLUE AS IT HAS BEEN\n",
    ),
    "shortcut references": (
        "markdown",
        "See [A  Page], [b][], [c] and [d][e].\n\n[a page]: x\n[b]: y\n[e]: z\n",
        "SEE [A  PAGE][A  Page], [B][b], [C] AND [D][e].\n\n[a page]: x\n[b]: y\n[e]: z\n",
    ),
    "tables without outer bars": (
        "markdown",
        "A | B\n--|:-:\nc | d\n\ne | f\n",
        "A | B\n--|:-:\nC | D\n\nE | F\n",
    ),
    "formulas and templates": (
        "markdown",
        "$$\nx = y\n$$\nGo {{< tab >}} on {% if a %} $x$\n",
        "$$\nx = y\n$$\nGO {{< tab >}} ON {% if a %} $x$\n",
    ),
    "HTML that ends by itself": (
        "markdown",
        "<!-- a\n\nb -->\nText\n\n<pre>\nx\n\ny</pre>\nmore\n\n<div>\nz\n</div>\n",
        "<!-- a\n\nb -->\nTEXT\n\n<pre>\nx\n\ny</pre>\nMORE\n\n<div>\nz\n</div>\n",
    ),
    "definitions": ("markdown", "Term\n: What it\n  is\n", "TERM\n: WHAT IT\n  IS\n"),
    "texts of links": (
        "rst",
        "A :doc:`page <x/y>`, `site <http://x.y>`__, :doc:`x/y` and `name`_.\n",
        "A :doc:`PAGE <x/y>`, `SITE <http://x.y>`__, :doc:`x/y` AND `name`_.\n",
    ),
    "directives with text": (
        "rst",
        ".. |a| replace:: some words\n\n.. figure:: a.png\n   :alt: b\n\n   A caption\n\n"
        ".. list-table:: Title\n   :widths: 1 2\n\n   * - one\n     - two\n",
        ".. |a| replace:: SOME WORDS\n\n.. figure:: a.png\n   :alt: b\n\n   A CAPTION\n\n"
        ".. list-table:: TITLE\n   :widths: 1 2\n\n   * - ONE\n     - TWO\n",
    ),
    "options": (
        "rst",
        "-o FILE, --out=FILE  Write it\n--all  Take all\n",
        "-o FILE, --out=FILE  WRITE IT\n--all  TAKE ALL\n",
    ),
    "CDATA": (
        "android",
        "<resources><string name='a'><![CDATA[<b>it's</b> & so]]></string></resources>",
        "<resources><string name='a'><![CDATA[<B>IT\\'S</B> & SO]]></string></resources>",
    ),
    "white space by number": (
        "android",
        "<resources><string name='a'>\\u00A0so\\u2003on</string></resources>",
        "<resources><string name='a'>\\u00a0SO\\u2003ON</string></resources>",
    ),
    "cues without a blank line between": (
        "srt",
        "1\n00:00:01,000 --> 00:00:02,000\nHi\n2\n00:00:03,000 --> 00:00:04,000\nyou\\Nall\n",
        "1\n00:00:01,000 --> 00:00:02,000\nHI\n2\n00:00:03,000 --> 00:00:04,000\nYOU\\NALL\n",
    ),
    "names that stand for pictures, and what abbreviations mean": (
        "markdown",
        "import X from './x'\n\nAt 12:30<br/>on :+1: day\n\n*[HTML]: hyper\n*[CSS]: style\n",
        "import X from './x'\n\nAT 12:30<br/>ON :+1: DAY\n\n*[HTML]: HYPER\n*[CSS]: STYLE\n",
    ),
    "formulas of a sheet": ("csv", "=SUM(A1)\nb\n=so\n", "=SUM(A1)\nB\n=SO\n"),
    "strings behind each other": (
        "po",
        'msgid "a" " b\\n"\nmsgstr "" ""\n',
        'msgid "a" " b\\n"\nmsgstr "A B\\n"\n',
    ),
    "a plural form that is there": (
        "po",
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "x"\n"y"\nmsgstr[1] ""\n',
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "x"\n"y"\nmsgstr[1] "B"\n',
    ),
    "times right below the header": (
        "vtt",
        "WEBVTT a title\nKind: captions\n00:01.000 --> 00:02.000\nHi\n",
        "WEBVTT a title\nKind: captions\n00:01.000 --> 00:02.000\nHI\n",
    ),
    "names of cues that begin as notes do": (
        "vtt",
        "WEBVTT\n\nNOTE-1\n00:01.000 --> 00:02.000\nHi\n\nSTYLES\n00:03.000 --> 00:04.000\nyou\n\nSTYLE\nx\n",
        "WEBVTT\n\nNOTE-1\n00:01.000 --> 00:02.000\nHI\n\nSTYLES\n00:03.000 --> 00:04.000\nYOU\n\nSTYLE\nx\n",
    ),
    "paragraphs of a footnote": (
        "markdown",
        "[^1]: One\n\n    two\n\n        code\n\nthree\n\n    code\n",
        "[^1]: ONE\n\n    TWO\n\n        code\n\nTHREE\n\n    code\n",
    ),
    "admonitions": (
        "markdown",
        '!!! note "One"\n    two\n\n    three\n\n??? tip\n    four\n\n> [!NOTE]\n> five\n\n!!! much text\n',
        '!!! note "ONE"\n    TWO\n\n    THREE\n\n??? tip\n    FOUR\n\n> [!NOTE]\n> FIVE\n\n!!! MUCH TEXT\n',
    ),
    "a quote in a quote": ("markdown", "> a\n>> b\n> > c\n>\n> d\n", "> A\n>> B\n> > C\n>\n> D\n"),
    "an address in brackets": ("markdown", "[a](<b c> 't') d\n", "[A](<b c> 't') D\n"),
    "versions": (
        "rst",
        ".. versionchanged:: 3.6  Some text\n   goes on.\n\n.. deprecated:: 3.5\n\n   More.\n",
        ".. versionchanged:: 3.6  SOME TEXT\n   GOES ON.\n\n.. deprecated:: 3.5\n\n   MORE.\n",
    ),
    "white space around a string": (
        "android",
        "<resources><string>\n  a &amp; b\n </string><item type='string' name='b'> <b>c</b> d </item>"
        "<string name='c'>\n <![CDATA[<i>e</i>]]>\n</string></resources>",
        "<resources><string>\n  A &amp; B\n </string><item type='string' name='b'> <b>C</b> D </item>"
        "<string name='c'>\n <![CDATA[<I>E</I>]]>\n</string></resources>",
    ),
    "chrome's messages beside a schema": (
        "json",
        '{"$schema": "s", "a": {"message": "", "description": "b"}, "c": {"message": "d"}}',
        '{"$schema": "s", "a": {"message": "", "description": "b"}, "c": {"message": "D"}}',
    ),
    "a number of very many digits": (
        "json",
        f'{{"a": {"1" * 5000}, "b": "c"}}',
        f'{{"a": {"1" * 5000}, "b": "C"}}',
    ),
    "apostrophes that quote": (
        "properties",
        "a=it''s {0}\nb='{'0'}' {0}\nc=it's {0}\n",
        "a=IT''S {0}\nb='{'0'}' {0}\nc=IT'S {0}\n",
    ),
    "a plural form that is missing": (
        "po",
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "x"\n',
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "x"\nmsgstr[1] "B"\n',
    ),
    "a plural form too many": (
        "po",
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\nmsgstr[2] "x"\nmsgstr[3] ""\n',
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "A"\nmsgstr[1] "B"\nmsgstr[2] "x"\n',
    ),
    "code of templates": (
        "html",
        "<p>Hi <%= x > 1 %>, you</p><% if a > b %><p>a <?php echo $a->b; ?> b<?php } ?>c < %</p>"
        '<p title="<%= t %>">d',
        "<p>HI <%= x > 1 %>, YOU</p><% if a > b %><p>A <?php echo $a->b; ?> B<?php } ?>C &lt; %</p>"
        '<p title="<%= t %>">D',
    ),
    "who speaks in a cue": (
        "srt",
        "00:00:01,000 --> 00:00:03,500\n{\\an8}- One and\n<i>- two</i>\n\n00:00:04,000 --> 00:00:05,500\n"
        "[door]\n♪ la ♪\nJOHN: Who?\nMARY: Me.\n",
        "00:00:01,000 --> 00:00:03,500\n{\\an8}- ONE AND\n<i>- TWO</i>\n\n00:00:04,000 --> 00:00:05,500\n"
        "[DOOR]\n♪ LA ♪\nJOHN: WHO?\nMARY: ME.\n",
    ),
    "literals behind notes": (
        "rst",
        ".. note:: See\n   this::\n\n      x\n\n   more\n\n.. tip:: Use::\n\n      y\n\n   and\n",
        ".. note:: SEE\n   THIS::\n\n      x\n\n   MORE\n\n.. tip:: USE::\n\n      y\n\n   AND\n",
    ),
    "no-break spaces": ("html", "<p>a&nbsp;b<p>c", "<p>A&nbsp;B<p>C"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_text_alone_changes(name: str, newline: str) -> None:
    kind, before, after = (part.replace("\n", newline) for part in CASES[name])
    assert translated(before, kind) == after
    if kind != "po":
        check_unchanged(before.encode(), kind)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("srt", f"{CUE}\n2\n00:00:0x,000 --> 00:00:04,000\nb\n", "line 5: '00:00:0x,000"),
        ("srt", f"{CUE}\n00:00:03,000 -->\nb\n", "line 4"),
        ("srt", f"{CUE}2\n00:00:3x --> 00:00:04,000\nb\n", "line 4: '00:00:3x"),
        ("vtt", "WEBVTTX\n", "line 1"),
        *(
            ("po", f'msgid ""\nmsgstr ""\n"Plural-Forms: {rule};\\n"\n\n{PLURAL}', "line 2: the rule")
            for rule in ("nplurals=0; plural=0", "nplurals=2; plural=n", "nplurals=2; plural=n/(n-1)")
        ),
    ],
)
def test_what_cannot_be_understood_is_named(name: str, text: str, said: str) -> None:
    check_broken(text, name, said)


def test_new_lines_end_as_those_of_their_entry() -> None:
    entry = 'msgid "a"\nmsgstr ""\n'
    windows = entry.replace("\n", "\r\n")
    how = replace(HOW, fuzzy=True)
    out = translated(f"{entry}\n{windows}\n{entry}", "po", how=how)
    filled = '#, fuzzy\nmsgid "a"\nmsgstr "A"\n'
    assert out == "\n".join([filled, filled.replace("\n", "\r\n"), filled])


def test_a_charset_beside_msgstr_counts() -> None:
    data = f'{HEADER}# Größe\nmsgid "Size"\nmsgstr ""\n'.encode("latin-1")
    assert document(data, "po").write([Result("Größe")]) == data[:-3] + '"Größe"\n'.encode("latin-1")


def test_what_is_marked_as_not_to_be_translated_is_one_code() -> None:
    marked = '<sm id="m" translate="no"/>Keep &amp; <ph id="1"/><em startRef="m"/>'
    inside = f'a {marked} b <sm id="n" type="term"/>c<em startRef="n"/>'
    text = (
        "<xliff xmlns='urn:oasis:names:tc:xliff:document:2.0' version='2.0' srcLang='en' trgLang='de'>"
        f"<file id='f'><unit id='u'><segment><source>{inside}</source></segment></unit></file></xliff>"
    )
    (source,) = segments(text, "xliff")
    assert [part if isinstance(part, str) else part.text for part in source][:3] == ["a ", marked, " b "]
    assert f"<target>A {marked} B " in translated(text, "xliff")


def test_codes_that_begin_and_end_are_pairs() -> None:
    inside = (
        '<bpt id="2" rid="1">x</bpt>a<ept id="3" rid="1">y</ept><bx id="4"/>b<ex id="4"/><ph id="5">z</ph>'
    )
    (source,) = segments(
        f"<xliff version='1.2'><trans-unit id='u'><source>{inside}</source></trans-unit></xliff>", "xliff"
    )
    codes = [part for part in source if not isinstance(part, str)]
    assert [code.kind for code in codes] == ["open", "close", "open", "close", "single"]
    assert codes[0].id == codes[1].id != codes[2].id == codes[3].id

"""What of HTML is translated, in which segments, and that nothing else changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mt.decoding.translation import Translation
from mt.inline.html import Page, parse_html
from mt.inline.html.tokens import Tokens
from mt.inline.prepared import Prepared
from mt.inline.segment import Code


def translated(page: Page, function: Callable[[str], str]) -> str:
    """The page with each segment's text changed by a function, as a model without attention would."""
    placed = []
    for segment in page.segments:
        prepared = Prepared(segment, markers=False)
        placed.append(prepared.place(Translation(prepared.text, (function(prepared.text),), (0.0,))))
    return page.fill(placed)


def shout(text: str, *, attributes: bool = False, xml: bool = False) -> str:
    return translated(parse_html(text, attributes=attributes, xml=xml), str.upper)


def texts(text: str, *, xml: bool = False) -> list[str]:
    """What a model would be shown."""
    return [Prepared(segment, markers=False).text for segment in parse_html(text, xml=xml).segments]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a b", "A B"),
        ("", ""),
        ("<p>a</p>", "<p>A</p>"),
        ("<a href=\"x?a=b&amp;c\" title='t'>a</a>", "<a href=\"x?a=b&amp;c\" title='t'>A</a>"),
        ("<P Class=x >a</P >", "<P Class=x >A</P >"),
        ("a<br>b<br/>c<hr />d", "A<br>B<br/>C<hr />D"),
        ("a <b>b <i>c</i></b> d", "A <b>B <i>C</i></b> D"),
        ("<script>a</script>b<style>c</style>d", "<script>a</script>B<style>c</style>D"),
        ("<script>'<p>a</p>'</script>b", "<script>'<p>a</p>'</script>B"),
        (
            "<script><!-- <script> </script> a --></script>b",
            "<script><!-- <script> </script> a --></script>B",
        ),
        ("<!-- a --><!doctype html><?a b?>c<![CDATA[d]]>", "<!-- a --><!doctype html><?a b?>C<![CDATA[d]]>"),
        ('<p translate="no">a<b>b</b></p>c', '<p translate="no">a<b>b</b></p>C'),
        ("<p translate=NO>a</p>c", "<p translate=NO>a</p>C"),
        (
            '<p translate="no">a<b translate="yes">b</b>c</p>',
            '<p translate="no">a<b translate="yes">B</b>c</p>',
        ),
        ("<p translate=no>a<b translate>b</b></p>", "<p translate=no>a<b translate>B</b></p>"),
        ("<p translate=maybe>a</p>", "<p translate=maybe>A</p>"),
        ('<p class="x notranslate">a</p>b', '<p class="x notranslate">a</p>B'),
        ("<p translate=no>a<p>b", "<p translate=no>a<p>B"),
        ("<p translate=no>a<div>b</div>", "<p translate=no>a<div>B</div>"),
        ("<p translate=no>a<table><tr><td><p>b</table>c", "<p translate=no>a<table><tr><td><p>B</table>C"),
        (
            "<p translate=no>a<button><p>b</p></button>c</p>d",
            "<p translate=no>a<button><p>b</p></button>c</p>D",
        ),
        ("<ul><li translate=no>a<li>b</ul>c", "<ul><li translate=no>a<li>B</ul>C"),
        ("<ul><li translate=no>a<ul><li>b</ul>c<li>d", "<ul><li translate=no>a<ul><li>b</ul>c<li>D"),
        ("<dl><dt translate=no>a<dd>b", "<dl><dt translate=no>a<dd>B"),
        ("<table><tr translate=no><td>a<td>b<tr><td>c", "<table><tr translate=no><td>a<td>b<tr><td>C"),
        ("<br translate=no>a", "<br translate=no>A"),
        ("<b translate=no>a<div>b</b>c</div>d", "<b translate=no>a<div>b</b>c</div>D"),
        ("</b>a</i>", "</b>A</i>"),
        ("a &amp; b", "A &amp; B"),
        ("caf&eacute;", "CAFÉ"),
        ("&nbsp;a&nbsp;", "&nbsp;A&nbsp;"),
        ("&copy; 2024 a &nbsp; &copy;", "&copy; 2024 A &nbsp; &copy;"),
        ("<b>&nbsp;a</b> b", "<b>&nbsp;A</b> B"),
        ("&lt;b&gt;a&lt;/b&gt;", "&lt;B&gt;A&lt;/B&gt;"),
        ("<b>&nbsp;&mdash;</b> &#8212; <i> - </i>", "<b>&nbsp;&mdash;</b> &#8212; <i> - </i>"),
        ("\n  a\n  b \n", "\n  A B \n"),
        ("a < b", "A &lt; B"),
        ("a <3 b", "A &lt;3 B"),
        ("<textarea>a</textarea><title>b</title>", "<textarea>A</textarea><title>B</title>"),
        ("<title>a <b>b</title>", "<title>A &lt;B&gt;B</title>"),
        ("<pre>a b\n  c\n\n d</pre>e\nf", "<pre>A B\n  C\n\n D</pre>E F"),
        ("<textarea>\r\na\r\nb\rc</textarea>", "<textarea>\r\nA\r\nB\rC</textarea>"),
        ("<pre>a <b>b\nc</b> d</pre>", "<pre>A <b>B\nC</b> D</pre>"),
        ("<PRE>a&#10;b&#x0A;c&NewLine;d</PRE>", "<PRE>A&#10;B&#x0A;C&NewLine;D</PRE>"),
        ("<pre translate=no>a\nb</pre>c", "<pre translate=no>a\nb</pre>C"),
        ("<pre><p translate=no>a\n</p>b\nc", "<pre><p translate=no>a\n</p>B\nC"),
        ("<pre>a <code>b\nc</code> d</pre>", "<pre>A <code>b\nc</code> D</pre>"),
        ("<pre><code>a\nb</code></pre>", "<pre><code>a\nb</code></pre>"),
        ("<code translate=yes>a</code>", "<code translate=yes>A</code>"),
        ("<svg><text>a</text></svg>b", "<svg><text>a</text></svg>B"),
        ("<svg><style><b></style><p>a", "<svg><style><b></style><p>A"),
        ("<svg><![CDATA[ </svg> ]]></svg>a", "<svg><![CDATA[ </svg> ]]></svg>A"),
        ("<p>a", "<p>A"),
        # Broken: as browsers read it.
        ("<![foo]>a", "<![foo]>A"),
        ("<![if IE]>a<![endif]>b", "<![if IE]>A<![endif]>B"),
        ("a<!-- b", "A<!-- b"),
        ("<!-->a<!---> b <!-- --!>c", "<!-->A<!---> B <!-- --!>C"),
        ("a<b", "A<b"),
        ('a<b title="c>d', 'A<b title="c>d'),
        ('<b title=">">a</b>', '<b title=">">A</b>'),
        ("<b title=a'>'>a</b>", "<b title=a'>'&gt;A</b>"),
        ("a</>b</ c>d</", "A</>B</ c>D&lt;/"),
        ("<plaintext>a</plaintext>", "<plaintext>A&lt;/PLAINTEXT&gt;"),
        ("<script>a", "<script>a"),
        ("\0a<\0b>c", " A&lt; B&gt;C"),
    ],
)
def test_only_text_is_translated(source: str, expected: str) -> None:
    assert shout(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>I <b>love</b> you.</p><p>x</p>", ["I love you.", "x"]),
        ("I <b>love</b>.", ["I love."]),
        ("(<a href=x>a</a>)&nbsp;", ["(a)"]),
        ("<i>-</i> <b>a</b>: <b>b</b>!", ["- a: b!"]),
        ("L&#39;amour &amp; l&apos;eau", ["L'amour & l'eau"]),
        ("a <!-- c --> b", ["a b"]),
        ("a <unknown>b</unknown> <x/>c", ["a b c"]),
        ("one<img src=x>two super<wbr>cali", ["one two supercali"]),
        ("<li>a <a href=x>b</a><li>c<br>d", ["a b", "c", "d"]),
        ("<a href=x><h3>a</h3>b</a>", ["a", "b"]),
        ("<td>a<td>b", ["a", "b"]),
        ("<pre>a <b>b</b>\n c</pre>", ["a b", "c"]),
        # Left alone, but read with the sentence if it is short.
        ("call <code>f()</code> or <span translate=no>A&amp;B</span>", ["call f() or A&B"]),
        ("call <code>f()</code>", ["call f()"]),
        ("<code>f()</code>", []),
        ("a <svg><title>b</title></svg> c <script>d</script> e", ["a c", "e"]),
        (f"a <code>{'f' * 70}</code> b", ["a b"]),
        ("a <span translate=no>b<div>c</div></span> d", ["a", "d"]),
        ("a <span translate=no>b <b translate=yes>c</b> d</span> e", ["a", "c", "e"]),
        # A tag without its partner stays where it is: what is before it and behind it are two texts.
        ("a <b>b", ["a", "b"]),
        ("a <b>b <i>c</b> d</i> e", ["a", "b", "c", "d", "e"]),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字", ["漢(kan)字"]),
    ],
)
def test_a_sentence_is_one_text_across_tags_within_it(source: str, expected: list[str]) -> None:
    assert texts(source) == expected
    assert shout(source) != source or not expected


def test_xml() -> None:
    source = '<?xml version="1.0"?><p>a <i/>b<![CDATA[ > c ]]> d</p><title/><div/><b>e</b><script>f</script>'
    assert texts(source, xml=True) == ["a b", "d", "e"]
    assert shout("<p>a<p>b</p></p>", xml=True) == "<p>A<p>B</p></p>"


def test_attributes_that_hold_text() -> None:
    source = (
        '<p title="a &amp; &quot;b&quot;"><img alt=a src=a><input type=submit value="a"><input value=a>'
        '<meta name=description content="a"><meta name=x content=a><i translate=no title=a></i>'
        '<b title="&nbsp;">c</b> <a aria-label=a href=a>d</a>'
    )
    expected = (
        '<p title="A &amp; &quot;B&quot;"><img alt="A" src=a><input type=submit value="A"><input value=a>'
        '<meta name=description content="A"><meta name=x content=a><i translate=no title=a></i>'
        '<b title="&nbsp;">C</b> <a aria-label="A" href=a>D</a>'
    )
    assert shout(source, attributes=True) == expected
    assert shout(source) == source.replace(">c<", ">C<").replace(">d<", ">D<")
    quoted = translated(parse_html("<p title='a'>", attributes=True), lambda _: 'it\'s "<x>" & y')
    assert quoted == "<p title='it&#x27;s &quot;&lt;x&gt;&quot; &amp; y'>"
    assert shout("<p title=a title=b>", attributes=True) == '<p title="A" title=b>'
    assert shout('<p title="a&copy=1">', attributes=True) == '<p title="A&amp;COPY=1">'


def test_a_translation_is_no_markup() -> None:
    assert translated(parse_html("<p>a</p>"), lambda _: "<script>&") == "<p>&lt;script&gt;&amp;</p>"


def test_as_many_translations_as_segments() -> None:
    with pytest.raises(ValueError, match="0 translations for 1 segments"):
        parse_html("a").fill([])


PARTS = [
    *[
        "<p>",
        "</p>",
        "<b class='x'>",
        "</b>",
        "<i>",
        "</i>",
        "<br>",
        "<img alt='a b'>",
        "<div>",
        "</div>",
        "<li>",
    ],
    *["<ul>", "</ul>", "<table>", "<td>", "</table>", "<button>", "<a href=x>", "</a>", "<code>", "</code>"],
    *[
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<![foo]>",
        "<?",
        "<!",
        "</",
        "<",
        ">",
        "<a href=",
        '"',
        "'",
        "=",
        "/",
    ],
    *[
        "&",
        "&amp;",
        "&#x41;",
        "&nosuch;",
        "&nbsp;",
        "&#10;",
        "a",
        " b c ",
        "我爱",
        "é",
        ".",
        " ",
        "\n",
        "\r",
        "\0",
    ],
    *["<script>", "</script>", "<style>", "</style>", "<textarea>", "</textarea>", "<title>", "<plaintext>"],
    *["<svg>", "</svg>", "<pre>", "</pre>", "<span translate=no>", "<span translate=yes>", "</span>", "<x/>"],
]
BROKEN = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@given(BROKEN, st.booleans(), st.booleans())
@settings(max_examples=500)
def test_broken_markup_comes_back(text: str, attributes: bool, xml: bool) -> None:
    """What no model changes comes back byte for byte; of what one changes, every tag."""
    tokens = list(Tokens(text))
    assert "".join(text[token.begin : token.end] for token in tokens) == text
    page = parse_html(text, attributes=attributes, xml=xml)
    assert translated(page, lambda source: source) == text
    for segment in page.segments:
        assert any(isinstance(part, str) and part.strip() for part in segment)
        kinds = [part.kind for part in segment if isinstance(part, Code)]
        assert kinds.count("open") == kinds.count("close")
    changed = translated(page, lambda source: source.upper() + "X")
    kept = [text[begin:end] for begin, end in page.codes]
    assert attributes or all(code.upper() in changed.upper() for code in kept)
    again = parse_html(changed, attributes=attributes, xml=xml)
    assert len(again.segments) == len(page.segments)


@given(st.text())
@settings(max_examples=100)
def test_any_text_comes_back(text: str) -> None:
    assert translated(parse_html(text), lambda source: source) == text


LONG = {
    "unfinished tags": "<a ",
    "unfinished comments": "<!--",
    "unfinished sections": "<![CDATA[",
    "unfinished values": '<a b="',
    "opening tags": "<b>",
    "closing tags": "</b>",
    "opening and others' closing tags": "<b></i>",
    "paragraphs in buttons": "<p><button>",
    "list items": "<li><b>",
    "cells": "<td><i>",
    "attributes": "<a" + " b=c" * 50 + ">",
    "scripts": "<script>",
    "escaped scripts": "<script><!--<script>",
    "ampersands": "&",
    "entities": "&nbsp;",
    "letters and entities": "a&nbsp;",
    "spaces": " ",
    "white space in tags": "<a \n",
    "angle brackets": "<",
    "text": "a ",
    "sections in SVG": "<svg><![CDATA[",
    "titles": "<title>",
    "tags in a sentence": "a <b>b</b> <img> ",
    "left alone": "<code>a",
    "left alone twice": "<code>a</code> ",
    "lines": "<pre>a\n",
}


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG.keys())
def test_time_grows_with_the_length(unit: str) -> None:
    """What Python executes is counted, not seconds: four times the text, at most five times the lines."""
    counts = [executed(partial(parse_html, unit * count)) for count in (200, 800)]
    assert counts[1] < 5 * counts[0] + 500


class Watched(str):
    """Text that counts how often it is looked through."""

    looks = 0

    def __contains__(self, part: object) -> bool:
        Watched.looks += 1
        return super().__contains__(str(part))


def test_a_page_is_not_looked_through_for_each_of_its_segments() -> None:
    page = parse_html("<p>a</p>" * 50)
    watched = replace(page, text=Watched(page.text))
    assert translated(watched, str.upper) == "<p>A</p>" * 50
    assert Watched.looks == 1


def executed(function: Callable[[], object]) -> int:
    """Lines of Python that a call executes."""
    lines = 0

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return lines

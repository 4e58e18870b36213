"""What of a text is translated, and that nothing else changes."""

from __future__ import annotations

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mt.serve.segments import markup, plain


def shout(text: str) -> str:
    """HTML with what is translated in capitals."""
    template = markup(text)
    return template.fill([part.upper() for part in template.texts])


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
        ("<ul><li translate=no>a<li>b</ul>c", "<ul><li translate=no>a<li>B</ul>C"),
        ("<br translate=no>a", "<br translate=no>A"),
        ("</b>a</i>", "</b>A</i>"),
        ("a &amp; b", "A &amp; B"),
        ("caf&eacute;", "CAFÉ"),
        ("&nbsp;a&nbsp;", "&nbsp;A&nbsp;"),
        ("&copy; 2024 a", "&copy; 2024 A"),
        ("&lt;b&gt;a&lt;/b&gt;", "&lt;B&gt;A&lt;/B&gt;"),
        ("<b>&nbsp;&mdash;</b> &#8212; <i> - </i>", "<b>&nbsp;&mdash;</b> &#8212; <i> - </i>"),
        ("\n  a\n  b \n", "\n  A B \n"),
        ("a < b", "A &lt; B"),
        ("<textarea>a</textarea><title>b</title>", "<textarea>A</textarea><title>B</title>"),
        ("<pre>a b\n  c\n\n d</pre>e\nf", "<pre>A B\n  C\n\n D</pre>E F"),
        ("<textarea>\r\na\r\nb\rc</textarea>", "<textarea>\r\nA\r\nB\rC</textarea>"),
        ("<pre><code>a\nb &amp; c</code>\nd</pre>", "<pre><code>A\nB &amp; C</code>\nD</pre>"),
        ("<PRE>a&#10;b&#x0A;c&NewLine;d</PRE>", "<PRE>A&#10;B&#x0A;C&NewLine;D</PRE>"),
        ("<pre translate=no>a\nb</pre>c", "<pre translate=no>a\nb</pre>C"),
        ("<pre><p translate=no>a\n</p>b\nc", "<pre><p translate=no>a\n</p>B\nC"),
        ("<svg><text>a</text></svg>b", "<svg><text>a</text></svg>B"),
        ("<p>a", "<p>A"),
    ],
)
def test_only_text_nodes_are_translated(source: str, expected: str) -> None:
    assert shout(source) == expected


def test_an_entity_does_not_cut_a_sentence() -> None:
    assert markup("L&#39;amour &amp; l&apos;eau").texts == ("L'amour & l'eau",)


def test_a_translation_is_no_markup() -> None:
    assert markup("<p>a</p>").fill(["<script>&"]) == "<p>&lt;script&gt;&amp;</p>"
    assert plain("a").fill(["<&"]) == "<&"


def test_lines() -> None:
    template = plain("a b\r\n\n c\u2028d\n \n")
    assert template.texts == ("a b", " c", "d")
    assert template.fill(["1", "2", "3"]) == "1\r\n\n2\u20283\n \n"
    assert plain(" \n").fill([]) == " \n"
    with pytest.raises(ValueError, match="2 translations for 1 texts"):
        plain("a").fill(["1", "2"])


@given(st.text())
@settings(max_examples=200)
def test_any_text_comes_back(text: str) -> None:
    template = plain(text)
    assert template.fill(template.texts) == text


PARTS = [
    "<p>",
    "</p>",
    "<b class='x'>",
    "</b>",
    "<br>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    ">",
    "<",
    "&",
    "&amp;",
    "&#x41;",
    "&nosuch;",
    "a",
    " b c ",
    "\n",
    "\r",
    "<script>",
    "</script>",
    "<textarea>",
    "</",
    "<a href=",
    '"',
    "<p translate=no>",
    "<plaintext>",
    "\0",
    "é我",
]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@settings(max_examples=500)
def test_broken_markup_keeps_everything_in_place(text: str) -> None:
    """What is kept stands in the source as it is and in order; what is translated holds no tag."""
    template = markup(text)
    place = 0
    for kept in template.kept:
        found = text.find(kept, place)
        assert found >= 0
        place = found + len(kept)
    assert all(part.strip() for part in template.texts)
    again = markup(template.fill(template.texts))
    assert len(again.texts) >= len(template.texts) or "<" in text
    assert html.unescape(template.fill(template.texts)).split() == html.unescape(text).split()

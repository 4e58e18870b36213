"""Markdown and reStructuredText: which text is found, and that all else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.files.document import Result, Source
from tests.files.kit import check_broken, check_unchanged, document, segments, translated

MARKDOWN = """\
---
title: No text
---
# Heading *one* #

A paragraph with `code`, a [link *here*](http://x.org "t"), and
an ![alt text](a.png) picture; 2 * 3 * 4, snake_case_name.

> A quote that goes on
> here with **bold** text.

- item one
  goes on
  - nested [x]

    a paragraph in it

        code in it

1. first\\
   broken

| A | B |
|---|:-:|
| c `|` | d **e** |

    code

```py
x = 1
```

<div>
no text
</div>

Setext
======

[ref]: http://x.org
Text with a footnote[^1] and <b>tags</b>.

[^1]: The note.
"""
REST = """\
=====
Title
=====

.. module:: foo
   :synopsis: no text

.. _target:

A paragraph with ``code``, a :ref:`role <x>` and *emphasis*, and
`a link <http://x.org>`_ here::

    code = 1

    more code

Section
-------

* item one
  goes on
* item two

:param x: the field
   goes on

term
   definition of it

.. note:: Take care of
   this text.

.. warning::

   Another paragraph
   here.

.. code-block:: python

   x = 1

.. comment line
   more of it

>>> doctest

====  ====
a     b
====  ====

.. [1] A footnote.
"""
SHOWN = {
    "markdown": [
        "Heading *one*",
        'A paragraph with `code`, a [link *here*](http://x.org "t"), and '
        "an ![alt text](a.png) picture; 2 * 3 * 4, snake_case_name.",
        "A quote that goes on here with **bold** text.",
        *(
            "item one goes on",
            "nested [x]",
            "a paragraph in it",
            "first",
            "broken",
            "A",
            "B",
            "c `|`",
            "d **e**",
        ),
        *("Setext", "Text with a footnote[^1] and <b>tags</b>.", "The note."),
    ],
    "rst": [
        "Title",
        "A paragraph with ``code``, a :ref:`role <x>` and *emphasis*, and `a link <http://x.org>`_ here::",
        *("Section", "item one goes on", "item two", "the field goes on", "term", "definition of it"),
        *("Take care of this text.", "Another paragraph here.", "A footnote."),
    ],
}
SAMPLES = {"markdown": MARKDOWN, "rst": REST}


def shown(source: Source) -> str:
    return (
        source
        if isinstance(source, str)
        else "".join(one if isinstance(one, str) else one.text for one in source)
    )


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_not_translated_stays(name: str, newline: str, mark: str) -> None:
    for text in (SAMPLES[name], SAMPLES[name].rstrip("\n")):
        check_unchanged((mark + text).replace("\n", newline).encode(), name)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_text(name: str) -> None:
    assert [shown(one) for one in segments(SAMPLES[name], name)] == SHOWN[name]
    check_broken("a\0b", name, "NUL")
    out = translated(SAMPLES[name], name)
    again = [shown(one) for one in segments(out, name)]
    assert len(again) == len(SHOWN[name])
    assert [one.lower() for one in again] == [one.lower() for one in SHOWN[name]]


@given(
    st.lists(
        st.sampled_from(
            [
                "a b",
                "\n",
                "\n\n",
                "# ",
                "- ",
                "    ",
                "> ",
                "```",
                "`",
                "*",
                "**",
                "[x](y)",
                "<b>",
                "|",
                "--|--\n",
                "$$",
                "<!--",
                "-->",
                "[x]",
                "[x]: y\n",
                ": ",
                "{{",
                "`x <y>`_",
                "::",
                ".. ",
                "==\n",
                "_",
                "1. ",
                "\\",
                "\r\n",
                "ä",
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_any_text_stays(text: str) -> None:
    for name in SAMPLES:
        check_unchanged(text.encode(), name)


def test_wrapped_text_is_wrapped_again_within_its_block() -> None:
    quote = "> A quote that is long enough\n> to be wrapped by hand.\n"
    out = document(quote, "markdown").write(
        [Result("Ein Zitat, das lang genug ist, dass 1. man es von Hand umbricht.")]
    )
    assert out.decode() == "> Ein Zitat, das lang genug\n> ist, dass 1. man es von\n> Hand umbricht.\n"
    item = "* an item that is long\n  enough for two\n"
    out = document(item, "rst").write([Result("ein Punkt, lang gut - für zwei oder mehr")])
    assert out.decode() == "* ein Punkt, lang gut\n  \\- für zwei oder mehr\n"


def test_no_line_ends_within_a_code() -> None:
    text = "Some words and a `code with spaces` and\nsome more of them.\n"
    read = document(text, "markdown")
    (source,) = read.segments
    out = read.write([Result(("Some more words of any kind ", *source[1:]))]).decode()
    assert out == "Some more words of any kind\n`code with spaces` and some more of\nthem.\n"


def test_underlines_are_as_long_as_titles() -> None:
    out = document("Title\n=====\n\ntext\n", "rst").write([Result("Ein langer Titel"), Result("Text")])
    assert out.decode() == "Ein langer Titel\n================\n\nText\n"
    out = document("==\nAb\n==\n", "rst").write([Result("标题")])
    assert out.decode() == "====\n标题\n====\n"

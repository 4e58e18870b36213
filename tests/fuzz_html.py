"""Random broken markup through the reading and writing of HTML: `python -m tests.fuzz_html --minutes 10`.

Prints what it has tried; at the first finding it prints the text, shortened, and exits with 1. The same seed
tries the same.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence

from mt.decoding.translation import Aligned, Translation
from mt.inline.html import Page, parse_html
from mt.inline.html.nesting import OpenElements
from mt.inline.html.tokens import Tokens
from mt.inline.prepared import Prepared
from mt.inline.segment import Code

NAMES = [
    *[
        "p",
        "b",
        "i",
        "a",
        "em",
        "span",
        "code",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "td",
        "tr",
        "th",
        "h1",
    ],
    *[
        "table",
        "tbody",
        "caption",
        "pre",
        "textarea",
        "title",
        "script",
        "style",
        "svg",
        "math",
        "button",
        "select",
    ],
    *[
        "option",
        "br",
        "img",
        "wbr",
        "input",
        "ruby",
        "rt",
        "template",
        "iframe",
        "xmp",
        "plaintext",
        "noscript",
    ],
    *["object", "x", "my-element", "xliff:g", "P", "BR", "h2"],
]
ATTRIBUTES = [
    *[
        "",
        ' class="x"',
        " id='a>b'",
        " translate=no",
        ' translate="yes"',
        " class=notranslate",
        " title='a b'",
    ],
    *[
        ' alt="a &amp; b"',
        " href=x?a=1&b=2",
        " a=b'c",
        " =",
        " a==b",
        ' a="<b>"',
        " /",
        "\n",
        " xml:lang='de'",
    ],
]
TEXTS = [
    *[
        "a",
        "b c",
        "Two dogs.",
        "It's 3.5, isn't it?",
        "我爱北京。",
        "café",
        "مرحبا بالعالم",
        "สวัสดีครับ",
        "नमस्ते",
        "👩\u200d👩",
        "한국어",
    ],
    *[
        "e\u0301",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\x00",
        "\x85",
        "\xa0",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\f",
        "- ",
        "…",
    ],
    *[
        "&amp;",
        "&lt;b&gt;",
        "&nbsp;",
        "&#65;",
        "&#x10ffff;",
        "&#0;",
        "&#xD800;",
        "&nosuch;",
        "&copy",
        "&",
        "&#;",
        "{0}",
    ],
    *["<1>", "⟦0⟧", "%s", "\ud800"],
]
ODD = [
    *[
        "<!--",
        "-->",
        "--!>",
        "<!-->",
        "<!--[if IE]>",
        "<![endif]-->",
        "<![CDATA[",
        "]]>",
        "<![foo]>",
        "<!DOCTYPE html>",
    ],
    *[
        "<!",
        "<?xml version='1.0'?>",
        "<?php echo 1 > 2 ?>",
        "<?",
        "</",
        "</>",
        "</ x>",
        "<",
        ">",
        "< b>",
        "<1",
        "<b",
        "'",
    ],
    *[
        '"',
        "=",
        "/",
        "/>",
        "<a href=",
        '<a title="',
        "<b\x00>",
        "<é>",
        "<b/",
        "<br/ >",
        "<p/>",
        "<script/>",
        "<%= x %>",
    ],
]
_WORD = re.compile(r"\w+|[^\w\s]")


def random_markup(generator: random.Random, *, longest: int = 24) -> str:
    """Tags, texts and odd things, some of it balanced; cut or doubled somewhere now and then."""
    parts: list[str] = []
    for _ in range(generator.randint(1, longest)):
        name = generator.choice(NAMES)
        start = f"<{name}{generator.choice(ATTRIBUTES)}{generator.choice(['', '', '', '/'])}>"
        text = generator.choice(TEXTS)
        parts += generator.choice(
            [
                [start],
                [f"</{name}>"],
                [text],
                [text, " "],
                [start, text, f"</{name}>"],
                [generator.choice(ODD)],
            ]
        )
    text = "".join(parts)
    if generator.random() < 0.3:
        begin, end = sorted(generator.randrange(len(text) + 1) for _ in range(2))
        text = generator.choice([text[begin:], text[:end], text[:begin] + text[end:], text + text[begin:end]])
    return text


def translated(page: Page, function: Callable[[Prepared], Translation]) -> str:
    """The page with its segments translated by a function."""
    prepared = [Prepared(segment, markers=False) for segment in page.segments]
    return page.fill([each.place(function(each)) for each in prepared])


def unchanged(prepared: Prepared) -> Translation:
    return Translation(prepared.text, (prepared.text,), (0.0,))


def shuffled(generator: random.Random) -> Callable[[Prepared], Translation]:
    """What translates: the words in capitals and another order, made from random words."""

    def translate(prepared: Prepared) -> Translation:
        words = _WORD.findall(prepared.text)
        target = [word.upper() + "X" for word in words] + ["Y"]
        generator.shuffle(target)
        text = "".join(word + generator.choice([" ", " ", ""]) for word in target)
        pieces = tuple(_WORD.findall(text))
        pairs = [(generator.randrange(len(words)), place) for place in range(len(pieces)) if words]
        chosen = tuple(pair for pair in pairs if generator.random() < 0.8)
        aligned = (Aligned(tuple(words), pieces, chosen),) if generator.random() < 0.8 else ()
        return Translation(prepared.text, (text,), (0.0,), aligned)

    return translate


def check(text: str, generator: random.Random, *, attributes: bool, xml: bool) -> None:
    """Raises AssertionError if a text is read or written wrongly, translated or not."""
    assert "".join(text[token.begin : token.end] for token in Tokens(text)) == text
    page = parse_html(text, attributes=attributes, xml=xml)
    assert translated(page, unchanged) == text
    changed = translated(parse_html(text, xml=xml), shuffled(generator))
    assert markup_of(changed, xml=xml) == markup_of(text, xml=xml)
    codes = [part for segment in page.segments for part in segment if isinstance(part, Code)]
    if not any(code.shown for code in codes):  # which may take the place of all other text
        assert structure(changed, xml=xml) == structure(text, xml=xml)
    translated(page, shuffled(generator))


def markup_of(text: str, *, xml: bool) -> Counter[str]:
    """All tags and comments, by how often they are there."""
    tokens, elements, found = Tokens(text), OpenElements(xml=xml), Counter[str]()
    tokens.foreign = xml
    for token in tokens:
        if token.kind == "start":
            elements.start(token)
        elif token.kind == "end":
            elements.end(token)
        if token.kind != "text":
            found[text[token.begin : token.end]] += 1
        tokens.foreign = xml or elements.foreign
    return found


def structure(text: str, *, xml: bool) -> list[list[tuple[str, str]]]:
    """Of each segment which code is around which, and which pairs there are."""
    page = parse_html(text, xml=xml)
    return [sorted(_around(page, segment)) for segment in page.segments]


def _around(page: Page, segment: Sequence[str | Code]) -> list[tuple[str, str]]:
    raw = [page.text[begin:end] for begin, end in page.codes]
    within, found = ["top"], list[tuple[str, str]]()
    for code in segment:
        if isinstance(code, Code) and code.kind == "close":
            found.append((raw[int(code.text)], within.pop()))
        elif isinstance(code, Code) and code.id != "text":
            found.append((raw[int(code.text)], within[-1]))
            within += [raw[int(code.text)]] if code.kind == "open" else []
    assert within == ["top"]
    return found


def check_time(unit: str) -> None:
    """Raises AssertionError if eight times the text takes much more than eight times the time."""
    seconds = []
    for size in (20_000, 160_000):
        text = unit * (size // len(unit))
        begin = time.process_time()
        page = parse_html(text)
        translated(page, shuffled(random.Random(1)))
        seconds.append(time.process_time() - begin)
    assert seconds[1] < 8 * 3 * max(seconds[0], 0.02), f"{seconds} seconds for {unit!r} repeated"


def finding(text: str, seed: int) -> str:
    """What is wrong with a text; "" if nothing is."""
    generator = random.Random(seed)
    try:
        check(text, generator, attributes=generator.random() < 0.5, xml=generator.random() < 0.2)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}\n{traceback.format_exc(limit=-2)}"
    return ""


def shortened(text: str, seed: int) -> str:
    """A part of a text in which something is wrong, too."""
    size = len(text) // 2
    while size:
        at = 0
        while at < len(text):
            shorter = text[:at] + text[at + size :]
            if finding(shorter, seed):
                text = shorter
            else:
                at += size
        size //= 2
    return text


def main(arguments: Sequence[str]) -> int:
    """0 if nothing was found in the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args(arguments)
    end = time.monotonic() + 60 * options.minutes
    texts = characters = units = 0
    while time.monotonic() < end:
        seed = options.seed + texts
        generator = random.Random(seed)
        text = random_markup(generator, longest=generator.choice([4, 12, 24, 80]))
        if finding(text, seed):
            text = shortened(text, seed)
            print(f"--seed {seed}: {text!r}\n{finding(text, seed)}")
            return 1
        if texts % 2000 == 0:
            check_time(random_markup(generator, longest=6) or "a")
            units += 1
        texts, characters = texts + 1, characters + len(text)
    print(
        f"--seed {options.seed}: {texts:,} texts, {characters:,} characters, {units} long ones: nothing found"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

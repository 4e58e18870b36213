"""XLIFF, TMX, Android's strings; the tree of XML below them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from mt.files.document import Result
from mt.files.xml import Element, parse
from tests.files.kit import (
    HOW,
    check_broken,
    check_read_again,
    check_unchanged,
    document,
    segments,
    translated,
)

ALL = replace(HOW, everything=True)
XLIFF_1 = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original='a.txt' source-language="en" datatype="plaintext">
    <body>
      <trans-unit id="1">
        <source>Save &amp; close</source>
        <note>A button</note>
      </trans-unit>
      <trans-unit id="2">
        <source>A <g id="b">red</g> shirt<x id="br"/></source>
        <target state="new"/>
      </trans-unit>
      <trans-unit id="3" translate="no"><source>SKU</source></trans-unit>
      <trans-unit id="4"><source>Done</source><target state="final">Fertig</target></trans-unit>
      <trans-unit id="5">
        <source>One. Two.</source>
        <seg-source><mrk mtype="seg" mid="0">One.</mrk> <mrk mtype="seg" mid="1">Two.</mrk></seg-source>
      </trans-unit>
      <trans-unit id="6"><source>A <bpt id="1">&lt;b></bpt>in<ept id="1">&lt;/b></ept></source></trans-unit>
    </body>
  </file>
</xliff>
"""
XLIFF_2 = """\
<?xml version="1.0"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en">
 <file id="f1">
  <unit id="u1">
   <segment id="s1"><source>Hello <pc id="1">big</pc> world</source></segment>
   <ignorable><source> </source></ignorable>
   <segment id="s2" state="translated"><source>Done</source><target>Fertig</target></segment>
  </unit>
  <unit id="u2" translate="no"><segment><source>SKU</source></segment></unit>
 </file>
</xliff>
"""
TMX = """\
<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en" datatype="plaintext"/>
<body>
  <tu tuid="1">
    <tuv xml:lang="en-US"><seg>A <ph>{0}</ph> dog</seg></tuv>
  </tu>
  <tu><tuv xml:lang="en"><seg>Done</seg></tuv><tuv xml:lang="de"><seg>Fertig</seg></tuv></tu>
</body></tmx>
"""
ANDROID = """\
<?xml version="1.0" encoding="utf-8"?>
<resources xmlns:xliff="urn:oasis:names:tc:xliff:document:1.2">
    <!-- Title -->
    <string name="app">My App</string>
    <string name="id" translatable="false">com.app</string>
    <string name="quote">It\\'s \\"here\\"\\nnow\\u2026 </string>
    <string name="bold">A <b>bold</b> move by <xliff:g id="who">%1$s</xliff:g>\\nnow</string>
    <string name="ref">@string/app</string>
    <string name="raw"><![CDATA[a < b]]></string>
    <string name="kept">"  two  spaces "</string>
    <string-array name="days"><item>Monday</item><item/></string-array>
    <plurals name="files"><item quantity="one">%d file</item><item quantity="other">%d files</item></plurals>
</resources>
"""
SAMPLES = [(XLIFF_1, "xliff"), (XLIFF_2, "xliff"), (TMX, "tmx"), (ANDROID, "android")]


@pytest.mark.parametrize(("text", "name"), SAMPLES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_not_translated_stays(text: str, name: str, newline: str, mark: str) -> None:
    for part in (text, text.rstrip("\n")):
        data = (mark + part).replace("\n", newline).encode()
        read = document(data, name)
        assert read.write([None] * len(read.segments)) == data
        if name != "android":  # with its own translations a filled file stays too
            data = read.write([Result(one) for one in read.segments])
            assert data != (mark + part).replace("\n", newline).encode()
            assert segments(data, name) == []
            read = document(data, name, ALL)
            own = [Result("Fertig" if one == "Done" else one) for one in read.segments]
            assert read.write(own) == data
        else:
            check_unchanged(data, name)


@pytest.mark.parametrize(("text", "name"), SAMPLES)
def test_what_is_written_is_xml(text: str, name: str) -> None:
    read = document(text, name)
    out = read.write(
        [Result((*one, " <&>\"'") if isinstance(one, tuple) else f"{one} <&>\"'") for one in read.segments]
    )
    before, after = etree.fromstring(text.encode()), etree.fromstring(out)
    assert len(list(after.iter())) >= len(list(before.iter()))


def test_xliff_1() -> None:
    assert [str(part) for part in segments(XLIFF_1, "xliff")[:1]] == ["Save & close"]
    out = translated(XLIFF_1, "xliff")
    added = [line.strip() for line in out.splitlines() if line not in XLIFF_1.splitlines()]
    mt = 'state="translated" state-qualifier="leveraged-mt"'
    assert added == [
        '<file original=\'a.txt\' source-language="en" datatype="plaintext" target-language="de">',
        f"<target {mt}>SAVE &amp; CLOSE</target>",
        f'<target {mt}>A <g id="b">RED</g> SHIRT<x id="br"/></target>',
        f'<target {mt}><mrk mtype="seg" mid="0">ONE.</mrk> <mrk mtype="seg" mid="1">TWO.</mrk></target>',
        '<trans-unit id="6"><source>A <bpt id="1">&lt;b></bpt>in<ept id="1">&lt;/b></ept></source>'
        f'<target {mt}>A <bpt id="1">&lt;b></bpt>IN<ept id="1">&lt;/b></ept></target></trans-unit>',
    ]


def test_states_say_where_a_translation_is_from() -> None:
    read = document(XLIFF_1, "xliff")
    results = [Result(one, "memory") for one in read.segments]
    results[1] = Result(read.segments[1], flags=("repeated",))
    results[2] = Result(read.segments[2], "memory-adapted")
    out = read.write(results).decode()
    assert 'state="translated" state-qualifier="exact-match">Save' in out
    assert 'state="needs-review-translation" state-qualifier="leveraged-mt">A ' in out
    assert '</target>\n        <note from="mt">repeated</note>\n' in out
    assert 'state="needs-review-adaptation" state-qualifier="fuzzy-match"><mrk' in out


def test_xliff_2() -> None:
    (only,) = segments(XLIFF_2, "xliff")
    assert (
        "".join(part if isinstance(part, str) else part.text for part in only)
        == 'Hello <pc id="1">big</pc> world'
    )
    out = translated(XLIFF_2, "xliff")
    assert '<target>HELLO <pc id="1">BIG</pc> WORLD</target></segment>' in out
    assert '<segment id="s1" state="translated">' in out
    assert 'srcLang="en" trgLang="de">' in out
    read = document(XLIFF_2, "xliff")
    out = read.write([Result(only, flags=("copied",))]).decode()
    assert (
        '   <notes><note category="mt">s1: copied</note></notes>\n   <segment id="s1" state="initial">' in out
    )


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_confidence_and_reasons_have_their_own_elements(prefix: str) -> None:
    def written(version: str, inside: str) -> str:
        """The file with doubtful translations; the prefix is taken off again."""
        text = f"<xliff version='{version}' xmlns='y'>{inside}</xliff>"
        named = re.sub(r"<(/?)", rf"<\1{prefix}", text).replace("xmlns", "xmlns:x" if prefix else "xmlns")
        read = document(named, "xliff")
        results = [Result(one, flags=("copied", "confidence"), confidence=0.256) for one in read.segments]
        out = read.write(results)
        assert read.write(results) == out  # notes are not gathered twice
        assert all(one.prefix == (prefix[:-1] or None) for one in etree.fromstring(out).iter())
        return out.decode().replace(f"<{prefix}", "<").replace(f"</{prefix}", "</")

    out = written("1.2", "<trans-unit id='1'><source>a</source></trans-unit>")
    assert out.endswith(
        '</target><note from="mt">copied, confidence 0.26</note>'
        '<alt-trans match-quality="26%" origin="mt"><target>a</target></alt-trans></trans-unit></xliff>'
    )
    marks = "<mrk mtype='seg' mid='0'>b</mrk>"  # a schema wants each in its source and one target
    out = written(
        "1.2", f"<trans-unit id='1'><source>b</source><seg-source>{marks}</seg-source></trans-unit>"
    )
    assert out.count("mid='0'") == 2
    both = "<segment id='s'><source>a</source></segment><segment><source>b</source></segment>"
    out = written("2.0", f"<unit id='1'>{both}</unit>")
    note = '<note category="mt">{}copied, confidence 0.26</note>'
    assert f"<notes>{note.format('s: ')}{note.format('')}</notes><segment id='s' state=" in out


def test_tmx() -> None:
    out = translated(TMX, "tmx")
    added = [line for line in out.splitlines() if line not in TMX.splitlines()]
    assert added == ['    <tuv xml:lang="de"><seg>A <ph>{0}</ph> DOG</seg></tuv>']
    check_broken(TMX, "tmx", "no unit in fr", replace(HOW, src="fr"))
    empty = TMX.replace("<seg>Fertig</seg>", "<seg/>")
    assert translated(empty, "tmx").count("<seg>DONE</seg>") == 1
    assert "<seg>DONE</seg></tuv></tu>" in translated(TMX, "tmx", how=ALL)


def test_targets_and_notes_that_are_there_are_kept_or_filled() -> None:
    unit = "<trans-unit id='1'><source>a</source><target state='{}' x='y'>{}</target>{}</trans-unit>"
    text = f"<xliff version='1.2'>{unit.format('new', 'old', '<note>n</note>')}</xliff>"
    (added,) = [part for part in translated(text, "xliff").split("<source>a</source>") if "target" in part]
    assert added.startswith(
        '<target state="translated" x=\'y\' state-qualifier="leveraged-mt">A</target><note>n'
    )
    final = text.replace("'new'", "'final'")
    assert segments(final, "xliff") == []
    assert ">A</target>" in translated(final, "xliff", how=ALL)
    unit = "<unit id='1'><notes><note>n</note></notes><segment><source>a</source></segment></unit>"
    text = f"<xliff version='2.0'>{unit}</xliff>"
    out = document(text, "xliff").write([Result("A", flags=("copied",))]).decode()
    assert '<notes><note>n</note><note category="mt">copied</note></notes><segment state="initial">' in out
    out = (
        document(text.replace("<note>n</note>", ""), "xliff").write([Result("A", flags=("copied",))]).decode()
    )
    assert '<notes><note category="mt">copied</note></notes><segment' in out


def test_strings_of_android() -> None:
    found = segments(ANDROID, "android")
    assert [one for one in found if isinstance(one, str)] == [
        *("My App", 'It\'s "here"\nnow…', "a < b", "  two  spaces ", "Monday", "%d file", "%d files"),
    ]
    out = translated(ANDROID, "android")
    assert '>IT\\\'S \\"HERE\\"\\nNOW… </string>' in out
    assert '>A <b>BOLD</b> MOVE BY <xliff:g id="who">%1$s</xliff:g>\\nNOW</string>' in out
    assert "><![CDATA[A < B]]></string>" in out
    plain = [line for line in ANDROID.splitlines(keepends=True) if "bold" not in line]
    check_read_again("".join(plain), "android")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (XLIFF_1.replace("</source>\n        <note>", "<note>"), "xliff", "line 8: broken XML"),
        (XLIFF_1.replace("1.2", "3.0"), "xliff", "version 3.0"),
        ("<a/>", "xliff", "line 1: its root is <a>"),
        ("<a/>", "tmx", "<tmx>"),
        ("<a/>", "android", "<resources>"),
        ("<a>&unknown;</a>", "android", "line 1: broken XML: undefined entity"),
        ("<resources>" + "<a>" * 1000, "android", "too deeply"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "xliff", "nonsense"),
        ("", "xliff", "broken XML"),
    ],
)
def test_broken_xml_is_named_with_its_line(text: str, name: str, said: str) -> None:
    check_broken(text, name, said)


def test_other_encodings_come_back() -> None:
    latin = XLIFF_1.replace("UTF-8", "ISO-8859-1").replace("A button", "Schaltfläche")
    read = document(latin.encode("latin-1"), "xliff")
    assert b"&#20013;" in read.write(
        [Result("中") if isinstance(one, str) else Result(one) for one in read.segments]
    )
    wide = XLIFF_1.replace("UTF-8", "UTF-16").encode("utf-16")
    read = document(wide, "xliff")
    assert read.write([None] * len(read.segments)) == wide


CONTENT = st.recursive(
    st.sampled_from(
        [
            "a",
            "ä中",
            "&amp;",
            "&#228;",
            "<!-- c -->",
            "<?p i?>",
            "<![CDATA[x<]]>",
            "<e/>",
            "\r\n",
            " ",
            "&own;",
        ]
    ),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"<x y='1' >{''.join(parts)}</x >"),
    max_leaves=12,
)


@given(st.lists(CONTENT, max_size=5))
def test_nodes_cover_their_text(parts: list[str]) -> None:
    text = f"<?xml version='1.0'?>\n<!DOCTYPE r [<!ENTITY own 'o'>]>\n<r>{''.join(parts)}</r>\n"
    root = parse(text)

    def written(element: Element) -> str:
        inner = "".join(
            written(one) if isinstance(one, Element) else text[one.begin : one.end]
            for one in element.children
        )
        assert inner == text[element.inner : element.outer]
        return text[element.begin : element.inner] + inner + text[element.outer : element.end]

    assert written(root) == text[root.begin : root.end]
    shown = etree.fromstring(text.replace("&own;", "").encode()).itertext("r", "x", "e")
    assert root.text == "".join(map(str, shown))

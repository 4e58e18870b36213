"""Gettext catalogues: what is filled, what stays, and how it is written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.data.formats.plurals import parse_plural_forms
from mt.files.document import Result
from mt.files.plural_headers import plural_forms
from tests.files.kit import HOW, check_broken, document, segments, translated

ALL = replace(HOW, everything=True)
HEADER = """\
# Strings of an application.
#
#, fuzzy
msgid ""
msgstr ""
"Project-Id-Version: app 1.0\\n"
"Language: \\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"

"""
ENTRIES = """\
# a translator's comment
#. from the code
#: src/a.c:1
msgid "Open"
msgstr ""

#: src/a.c:2
#, c-format
#| msgid "%d old file"
msgid "%d file"
msgid_plural "%d files"
msgstr[0] ""
msgstr[1] ""

msgctxt "menu"
msgid "Done"
msgstr "Fertig"

#, fuzzy
msgid "Nearly"
msgstr "Fast"

msgid ""
"First line\\n"
"\\tsecond \\"line\\" \\\\ \\n"
msgstr ""

#~ msgid "old"
#~ msgstr "alt"
"""
PO = HEADER + ENTRIES


def found(text: str, msgid: str) -> polib.POEntry:
    """An entry, as polib reads it."""
    entry = polib.pofile(text).find(msgid)
    assert entry is not None
    return entry


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_not_translated_stays(newline: str, mark: str) -> None:
    done = translated(PO, "po", str)
    for text in (done, done.rstrip("\n"), done + "\n\n"):
        data = (mark + text).replace("\n", newline).encode()
        assert segments(data, "po") == []
        read = document(data, "po", ALL)
        now = {"Done": "Fertig", "Nearly": "Fast"}
        assert read.write([Result(now.get(str(one), one)) for one in read.segments]) == data
        assert read.write([None] * len(read.segments)) == data


def test_only_what_is_empty_is_filled() -> None:
    assert segments(PO, "po") == ["Open", "%d file", "%d files", 'First line\n\tsecond "line" \\ \n']
    assert len(segments(PO, "po", ALL)) == 6
    out = translated(PO, "po")
    assert [line for line in out.splitlines() if line not in PO.splitlines()] == [
        '"Language: de\\n"',
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"',
        'msgstr "OPEN"',
        'msgstr[0] "%D FILE"',
        'msgstr[1] "%D FILES"',
        '"FIRST LINE\\n"',
        '"\\tSECOND \\"LINE\\" \\\\ \\n"',
    ]
    assert found(out, "Open").msgstr == "OPEN"
    assert found(out, "Done").msgstr == "Fertig"


def test_the_targets_rule_says_how_many_forms_a_plural_has() -> None:
    for code, forms in (("zh", 1), ("pl", 3), ("ar", 6), ("fr", 2)):
        out = translated(PO, "po", how=replace(HOW, tgt=code))
        assert out.count("msgstr[") == forms
        entry = found(out, "%d file")
        assert set(entry.msgstr_plural.values()) == ({"%D FILES"} if forms == 1 else {"%D FILE", "%D FILES"})


@pytest.mark.parametrize(
    "code", ["de", "pt_BR", "pl", "cs", "lt", "lv", "ro", "sl", "ar", "ga", "gd", "cy", "mt", "mk"]
)
def test_the_rule_of_a_language_gives_all_of_its_forms(code: str) -> None:
    rule = parse_plural_forms(plural_forms(code) or "")
    assert {rule.index(number) for number in range(1000)} == set(range(rule.count))


def test_doubt_is_marked() -> None:
    read = document(PO, "po")
    doubt = [Result("Offen", flags=("much too short",), confidence=0.4), *[Result("x", "memory-adapted")] * 3]
    lines = read.write(doubt).decode().splitlines()
    at = lines.index("# mt: much too short, confidence 0.40")
    assert lines[at - 1 : at + 5] == [
        "# a translator's comment",
        "# mt: much too short, confidence 0.40",
        "#. from the code",
        "#: src/a.c:1",
        "#, fuzzy",
        'msgid "Open"',
    ]
    at = lines.index("#, fuzzy, c-format")
    assert lines[at + 1] == '#| msgid "%d old file"'
    marked = translated(PO, "po", how=replace(HOW, fuzzy=True))
    assert [entry.msgid for entry in polib.pofile(marked) if entry.fuzzy] == [
        "Open",
        "%d file",
        "Nearly",
        'First line\n\tsecond "line" \\ \n',
    ]


@given(st.text(st.sampled_from('ab \n\t"\\\r中（。é-'), min_size=1, max_size=300))
def test_any_translation_is_read_again_and_no_line_is_too_wide(text: str) -> None:
    out = document(PO, "po").write([Result(text), *[Result("x")] * 3]).decode()
    again = document(out, "po", ALL)
    assert found(out, "Open").msgstr == text
    assert again.write([None] * len(again.segments)).decode() == out


def test_long_texts_are_wrapped_as_the_catalogue_is() -> None:
    text = "word " * 40 + "end"
    wrapped = document(PO, "po").write([Result(text), *[Result("x")] * 3]).decode()
    assert max(map(len, wrapped.splitlines())) == 77
    long = f'{PO}\nmsgid "{text}"\nmsgstr "x"\n'
    assert f'msgstr "{text}"\n' in document(long, "po").write([Result(text), *[Result("x")] * 3]).decode()


def test_charsets() -> None:
    latin = PO.replace("UTF-8", "ISO-8859-1").replace("Fertig", "Größe")
    read = document(latin.encode("latin-1"), "po")
    assert read.write([None] * 4) == latin.encode("latin-1")
    assert "Käse".encode("latin-1") in read.write([Result("Käse")] * 4)
    with pytest.raises(ValueError, match="save it as UTF-8"):
        read.write([Result("中")] * 4)
    check_broken(PO.replace("UTF-8", "nonsense"), "po", "nonsense")
    check_broken(PO.replace("Fertig", "Größe").encode("latin-1"), "po", "line 27: is not UTF-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('msgid "a\nmsgstr ""\n', "line 1: a string without its closing quote"),
        ('msgid "a"\n', "line 1: an entry without msgstr"),
        ('msgid "a"\nmsgstr ""\nnonsense\n', "line 3: 'nonsense' is not expected"),
        ('msgid "a"\nmsgid "b"\nmsgstr ""\n', "line 2: a second msgid"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr ""\n', "line 1: msgid_plural and msgstr[0]"),
        ('msgid "a"\n# x\nmsgstr ""\n', "line 2: a comment inside"),
        (HEADER.replace("INTEGER; plural=EXPRESSION", "2; plural=(") + ENTRIES, "Plural-Forms is broken"),
    ],
)
def test_a_broken_catalogue_is_named_with_its_line(text: str, said: str) -> None:
    check_broken(text, "po", said)


def test_plurals_need_a_language() -> None:
    check_broken(ENTRIES, "po", "--tgt", replace(HOW, tgt=None))


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext is not installed")
def test_gettext_takes_what_is_written(tmp_path: Path) -> None:
    for code in ("de", "zh", "pl"):
        path = tmp_path / f"{code}.po"
        path.write_text(translated(PO, "po", lambda text: text, how=replace(HOW, tgt=code)))
        subprocess.run(["msgfmt", "--check", "-o", str(tmp_path / "x.mo"), str(path)], check=True)

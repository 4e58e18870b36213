"""gettext catalogues: plural forms by the header's rule, charsets, catalogues that name no language."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mt.data.formats.pairs import BadLine, Pair, Record, Remark, Skipped
from mt.data.formats.plurals import parse_plural_forms
from tests.reading import COMPRESS, fault, read, write

RULES = {
    "ja": "nplurals=1; plural=0;",
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1)",
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "lv": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);",
    "sl": "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);",
    "sl_old": "nplurals=4; plural=(n%100==1 ? 1 : n%100==2 ? 2 : n%100==3 || n%100==4 ? 3 : 0);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : "
    "n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    "es": "nplurals=3; plural=n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;",
    "mk": "nplurals=2; plural= n==1 || n%10==1 ? 0 : 1;",
    "is": "nplurals=2; plural=(n%10!=1 || n%100==11);",
}


def catalogue(forms: int, rule: str | None = None, language: str | None = "xx") -> str:
    header = ["Content-Type: text/plain; charset=UTF-8"]
    header += [f"Language: {language}"] if language else []
    header += [f"Plural-Forms: {rule}"] if rule else []
    strings = "".join(f'"{line}\\n"\n' for line in header)
    translations = "".join(f'msgstr[{n}] "form {n}"\n' for n in range(forms))
    return f'msgid ""\nmsgstr ""\n{strings}\nmsgid "one file"\nmsgid_plural "%d files"\n{translations}'


def plural(tmp_path: Path, forms: int, rule: str | None) -> list[Record]:
    return read(write(tmp_path / "t.po", catalogue(forms, rule)), "en", "xx")


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("de", 0, 1),
        ("fr", 0, 1),
        ("pl", 0, 2),
        ("lv", 0, 1),
        ("sl", 0, 3),
        ("sl_old", 1, 0),
        ("ar", 1, 5),
        ("es", 0, 2),
    ],
)
def test_the_singular_has_the_form_of_one_and_the_plural_that_of_many(
    tmp_path: Path, language: str, one: int, many: int
) -> None:
    rule = RULES[language]
    forms = int(rule[9])
    assert plural(tmp_path, forms, rule) == [
        Pair("one file", f"form {one}"),
        Pair("%d files", f"form {many}"),
    ]


def test_a_language_of_one_form_translates_the_plural(tmp_path: Path) -> None:
    """It says "%d ファイル", which is not "one file"."""
    assert plural(tmp_path, 1, RULES["ja"]) == [Pair("%d files", "form 0")]


@pytest.mark.parametrize("rule", [None, "nplurals=INTEGER; plural=EXPRESSION;"])
def test_without_a_rule_two_forms_are_one_and_many_and_more_are_skipped(
    tmp_path: Path, rule: str | None
) -> None:
    assert plural(tmp_path, 1, rule) == [Pair("%d files", "form 0")]
    assert plural(tmp_path, 2, rule) == [Pair("one file", "form 0"), Pair("%d files", "form 1")]
    assert plural(tmp_path, 3, rule) == [Skipped("plural without a rule")]


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("nplurals=2; plural=n==1 ? 0", "its expression has the end where : is expected"),
        ("nplurals=2; plural=(n", "its expression has the end where ) is expected"),
        ("nplurals=2; plural=n != 1 1", "its expression has 1 where the end is expected"),
        ("nplurals=2; plural=__import__(n)", "'__import__(n)' is not expected"),
        ("nplurals=2; plural=n;", "it gives form 500 of 2 where n is 500"),
        ("nplurals=2; plural=n-2;", "it gives form -1 of 2 where n is 1"),
        ("nplurals=2; plural=n%(n-1);", "it divides by 0 where n is 1"),
        ("nplurals=two; plural=0;", "it is not of the form nplurals=N; plural=EXPRESSION;"),
        ("nplurals=2;", "it is not of the form"),
        ("nplurals=2; plural=" + "(" * 999, "nested too deeply"),
        ("nplurals=2; plural=" + "n+" * 999 + "n", "too long"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_a_bad_line_of_the_header(tmp_path: Path, rule: str, cause: str) -> None:
    path = write(tmp_path / "t.po", catalogue(2, rule) + '\nmsgid "a"\nmsgstr "b"\n')
    bad, *rest = read(path, "en", "xx")
    assert isinstance(bad, BadLine)
    assert bad.where == f"{path}, line 5"
    assert cause in bad.cause
    assert rest == [Skipped("plural without a rule"), Pair("a", "b")]


def test_a_broken_rule_that_nothing_needs_is_no_fault(tmp_path: Path) -> None:
    text = catalogue(2, "nplurals=2; plural=((").split('msgid "one file')[0]
    assert read(write(tmp_path / "t.po", f'{text}msgid "a"\nmsgstr "b"\n'), "en", "xx") == [Pair("a", "b")]


def test_a_form_that_the_rule_asks_for_and_that_is_not_there_is_a_bad_line(tmp_path: Path) -> None:
    pair, bad = plural(tmp_path, 3, RULES["ar"])
    assert pair == Pair("one file", "form 1")
    assert isinstance(bad, BadLine)
    assert "t.po, line 7" in bad.where
    assert "has no msgstr[5]" in bad.cause


def test_an_empty_form_is_untranslated(tmp_path: Path) -> None:
    text = catalogue(2, RULES["de"]).replace('"form 0"', '""')
    records = read(write(tmp_path / "t.po", text), "en", "xx")
    assert records == [Skipped("untranslated"), Pair("%d files", "form 1")]


def test_plurals_are_exchanged_with_the_sides(tmp_path: Path) -> None:
    path = write(tmp_path / "t.po", catalogue(2, RULES["de"]))
    assert read(path, "xx", "en") == [Pair("form 0", "one file"), Pair("form 1", "%d files")]


@pytest.mark.parametrize("language", RULES)
@given(number=st.integers(0, 3_000_000))
def test_rules_give_what_pythons_gettext_gives(language: str, number: int) -> None:
    rule = RULES[language]
    theirs = gettext.c2py(rule.partition("plural=")[2].rstrip(";"))
    assert parse_plural_forms(rule).index(number) == theirs(number)


TOKENS = ["n", "n", "0", "1", "2", "10", "(", ")", "?", ":", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]


@given(
    tokens=st.lists(st.sampled_from([*TOKENS, "+", "-", "*", "/", "%"]), max_size=9),
    number=st.integers(0, 30),
)
@example(["n", "==", "1", "?", "0", ":", "n", "<", "10", "?", "1", ":", "2"], 5)
@example(["1", "-", "n", "-", "1", "*", "2"], 2)
@example(["n", "||", "1", "/", "0"], 1)
@example(["n", "&&", "1", "/", "0"], 0)
@example(["n", "<", "2", "==", "n", "<", "1"], 1)
def test_any_expression_gives_what_pythons_gettext_gives_or_is_refused(
    tokens: list[str], number: int
) -> None:
    text = " ".join(tokens)

    def ours() -> int | None:
        try:
            return parse_plural_forms(f"nplurals=999; plural={text};").form(number)
        except (ValueError, ZeroDivisionError):
            return None

    def theirs() -> int | None:
        try:
            return gettext.c2py(text)(number)
        except (ValueError, ZeroDivisionError, SyntaxError):
            return None

    if {"&&", "||"} & set(tokens):  # Python's give an operand, C's give 0 or 1
        assert (ours() is None) == (theirs() is None)
    else:
        assert ours() == theirs()


@pytest.mark.parametrize(
    ("text", "forms"), [("n && 2", [0, 1, 1]), ("n || 2", [1, 1, 1]), ("(n || 0) + 1", [1, 2, 2])]
)
def test_and_and_or_give_0_or_1_as_in_c(text: str, forms: list[int]) -> None:
    form = parse_plural_forms(f"nplurals=9; plural={text};").form
    assert [form(number) for number in range(3)] == forms


def test_not_binds_more_than_anything_else() -> None:
    """As in C; Python's gettext has it bind less than arithmetic."""
    form = parse_plural_forms("nplurals=9; plural=!(n-1)*2 + !!n + (!n==1);").form
    assert [form(number) for number in range(4)] == [1, 3, 1, 1]


# ---- which language it is in


@pytest.mark.parametrize("name", ["de.po", "app.de.po", "app-de_AT.po", "de/app.po", "de/LC_MESSAGES/app.po"])
def test_a_catalogue_without_a_language_may_have_it_in_its_path(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    path = write(tmp_path / name, catalogue(2, language=None))
    assert read(path, "en", "de")[0] == Pair("one file", "form 0")
    assert read(path, "de", "en")[0] == Pair("form 0", "one file")


def test_a_catalogue_that_names_no_language_at_all_is_remarked_upon(tmp_path: Path) -> None:
    path = write(tmp_path / "app.po", catalogue(2, language=None))
    remark, *pairs = read(path, "de", "en")
    assert isinstance(remark, Remark)
    assert "names no Language: msgid is taken for de" in remark.text
    assert pairs[0] == Pair("one file", "form 0"), "in the order in which they stand"
    assert read(path, None, None) == pairs


@pytest.mark.parametrize(
    ("language", "tgt"), [("pt_BR", "pt"), ("pt", "pt_BR"), ("es", "es-419"), ("German", "de")]
)
def test_a_language_may_name_a_region_on_either_side(tmp_path: Path, language: str, tgt: str) -> None:
    path = write(tmp_path / "t.po", catalogue(2, language=language))
    assert read(path, "en", tgt)[0] == Pair("one file", "form 0")
    assert read(path, tgt, "en")[0] == Pair("form 0", "one file")


# ---- what it is written in


@pytest.mark.parametrize("packed", COMPRESS)
@pytest.mark.parametrize("charset", ["KOI-99", "CHARSET", "rot13", "hex", "UTF-16", "utf-7"])
def test_a_charset_that_is_not_known_is_refused(tmp_path: Path, charset: str, packed: str) -> None:
    text = catalogue(2).replace("UTF-8", charset)
    path = write(tmp_path / f"t.po{packed}", COMPRESS[packed](text.encode()))
    message = fault(path, "en", "xx")
    assert f"t.po{packed}, line 3: {charset} is not a known charset" in message
    assert "charset=UTF-8" in message


@pytest.mark.parametrize("charset", ["ISO-8859-1", "latin1", "Windows-1252", "ISO-8859-15"])
def test_a_known_charset_is_read(tmp_path: Path, charset: str) -> None:
    text = catalogue(2).replace("UTF-8", charset).replace("form 0", "Größe é")
    assert read(write(tmp_path / "t.po", text.encode(charset)), "en", "xx")[0] == Pair("one file", "Größe é")


def test_the_charset_of_a_message_is_not_the_files(tmp_path: Path) -> None:
    header = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n\n'
    text = f'{header}msgid "Content-Type: text/html; charset=latin1"\nmsgstr "é"\n'
    assert read(write(tmp_path / "t.po", text), "en", "xx") == [
        Pair("Content-Type: text/html; charset=latin1", "é")
    ]


def test_a_byte_order_mark_is_no_part_of_a_catalogue(tmp_path: Path) -> None:
    plain = read(write(tmp_path / "t.po", catalogue(2)), "en", "xx")
    assert read(write(tmp_path / "t.po", "\ufeff" + catalogue(2)), "en", "xx") == plain
    assert read(write(tmp_path / "t.po", "\ufeff# by me\n" + catalogue(2)), "en", "xx") == plain

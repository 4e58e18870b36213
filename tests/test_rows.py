"""TSV and CSV as their authors meant them: separators, quotes, widths, headers, line ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mt.data.formats.pairs import BadLine, Pair, Record, Remark, Skipped
from tests.reading import fault, read, write

HELLO = Pair("Hello, world", "Hallo, Welt")
ONE = Pair("One, two", "Eins, zwei")


def causes(records: list[Record]) -> list[str]:
    """The bad lines' number and cause, and the pairs as they are."""
    found = []
    for record in records:
        if isinstance(record, BadLine):
            found.append(f"{record.where.rpartition('line ')[2]}: {record.cause}")
    return found


# ---- a row must have as many cells as the header, or as the first row


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("p.csv", "en,de\nHello, world,Hallo Welt\nOne,Eins\n", "2: has 3 columns, the header has 2"),
        ("p.csv", "en,de\nHello\nOne,Eins\n", "2: has 1 column, the header has 2"),
        ("p.csv", "id,en,de\n1,Hello\n2,One,Eins\n", "2: has 2 columns, the header has 3"),
        ("p.csv", "A,B\nHello, world,Hallo Welt\nOne,Eins\n", "2: has 3 columns, the first row has 2"),
        ("p.csv", "A,B,CC-BY\nHello,Hallo\nOne,Eins,CC0\n", "2: has 2 columns, the first row has 3"),
        ("p.tsv", "en\tde\nHello\tworld\tHallo Welt\nOne\tEins\n", "2: has 3 columns, the header has 2"),
        ("p.tsv", "en\tde\tid\nHello\tHallo\nOne\tEins\t2\n", "2: has 2 columns, the header has 3"),
        ("p.tsv", "A\tB\nHello\tworld\tHallo Welt\nOne\tEins\n", "2: has 3 columns, the first row has 2"),
        ("p.tsv", "alone\nA\tB\nOne\tEins\n", "1: has 1 column, needs 2, separated by a TAB"),
    ],
)
def test_a_row_of_another_width_is_a_bad_line(tmp_path: Path, name: str, text: str, cause: str) -> None:
    records = read(write(tmp_path / name, text), "en", "de")
    assert causes(records) == [cause]
    assert records[-1] == Pair("One", "Eins")


def test_further_columns_of_tsv_may_be_missing_in_some_rows(tmp_path: Path) -> None:
    """Both sides are where they are in all rows: an attribution left out changes nothing."""
    assert read(write(tmp_path / "p.tsv", "a\tA\tCC-BY\nb\tB\n")) == [Pair("a", "A"), Pair("b", "B")]


# ---- what separates the cells of CSV


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world;Hallo, Welt\nOne, two;Eins, zwei\n",
        '"Hello, world","Hallo, Welt"\n"One, two","Eins, zwei"\n',
        '"Hello, world", "Hallo, Welt"\n"One, two", "Eins, zwei"\n',
        '"Hello, world";"Hallo, Welt"\n"One, two";"Eins, zwei"\n',
        "Hello, world\tHallo, Welt\nOne, two\tEins, zwei\n",
        "Hello, world|Hallo, Welt\nOne, two|Eins, zwei\n",
        "sep=;\nHello, world;Hallo, Welt\nOne, two;Eins, zwei\n",
        "\ufeffsep=;\r\nHello, world;Hallo, Welt\r\nOne, two;Eins, zwei\r\n",
    ],
)
def test_csv_is_cut_at_what_cuts_all_rows_alike(tmp_path: Path, text: str) -> None:
    assert read(write(tmp_path / "p.csv", text), "en", "de") == [HELLO, ONE]


def test_a_header_shows_the_separator(tmp_path: Path) -> None:
    """By their number of cells the rows below could be cut at commas."""
    path = write(tmp_path / "p.csv", "de;en\nHallo, Welt;Hello, world\nja, ja, ja;yes, yes, yes\n")
    assert read(path, "en", "de") == [HELLO, Pair("yes, yes, yes", "ja, ja, ja")]


def test_one_bad_line_does_not_change_the_separator(tmp_path: Path) -> None:
    rows = "".join(f"a{n}, b;c{n}, d\n" for n in range(20))
    records = read(write(tmp_path / "p.csv", f"{rows}no separator here\n"), "en", "de")
    assert records[:20] == [Pair(f"a{n}, b", f"c{n}, d") for n in range(20)]
    assert causes(records) == ["21: has 1 column, needs 2, separated by a comma, semicolon, TAB or bar"]


def test_the_line_numbers_count_what_names_the_separator(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "sep=;\na;b\nc;d;e\n")
    assert causes(read(path, "en", "de")) == ["3: has 3 columns, the first row has 2"]


def test_two_separators_that_fit_alike_are_refused(tmp_path: Path) -> None:
    message = fault(write(tmp_path / "p.csv", "a,b;c\nd,e;f\n"), "en", "de")
    assert "p.csv: separated by commas or semicolons?" in message
    assert "header line" in message


# ---- quotes


def test_a_quote_left_open_costs_its_own_line_only(tmp_path: Path) -> None:
    """The CSV reader swallows lines up to the next quote: they are read again."""
    path = write(
        tmp_path / "p.csv", 'en,de\n"Second,zweite\nThird,dritte\n"Fourth",vierte\n"Fifth,fünfte\nSixth,x\n'
    )
    records = read(path, "en", "de")
    assert causes(records) == [
        "2: not CSV: ',' expected after '\"'",
        "5: not CSV: a quote opened here is never closed",
    ]
    pairs = [record for record in records if isinstance(record, Pair)]
    assert pairs == [Pair("Third", "dritte"), Pair("Fourth", "vierte"), Pair("Sixth", "x")]


def test_a_quoted_field_that_joins_lines_to_a_row_of_another_width_costs_its_own_line_only(
    tmp_path: Path,
) -> None:
    records = read(write(tmp_path / "p.csv", 'en,de\na,"b\nc,d\ne",f,g\nh,"i\nj"\n'), "en", "de")
    assert causes(records) == [
        "2: quotes join it with 2 more, and leave 4 columns where 2 should be",
        "4: has 3 columns, the header has 2",
    ]
    pairs = [record for record in records if isinstance(record, Pair)]
    assert pairs == [Pair("c", "d"), Pair("h", "i\nj")]


def test_a_quote_left_open_in_a_large_file_is_named_by_its_line(tmp_path: Path) -> None:
    rows = "".join(f"a{n} and more words,b{n}\n" for n in range(20_000))
    records = read(write(tmp_path / "p.csv", f'"open,x\n{rows}'), None, None)
    assert causes(records) == ["1: not CSV: a quote opened here is never closed"]
    assert len(records) == 20_001


@pytest.mark.parametrize(
    "row",
    ['"say \\"hi\\" now",x', '"a"b,c', '"one" "two",x', '"Hello, "world"",x'],
)
def test_quotes_in_the_wrong_place_are_bad_lines(tmp_path: Path, row: str) -> None:
    bad, good = read(write(tmp_path / "p.csv", f'{row}\n5" pipe,5"-Rohr\n'), "en", "de")
    assert isinstance(bad, BadLine)
    assert "not CSV" in bad.cause
    assert good == Pair('5" pipe', '5"-Rohr'), "a quote inside of a cell without quotes is text"


def test_tsv_in_which_each_cell_is_quoted_is_remarked_upon(tmp_path: Path) -> None:
    remark, *pairs = read(write(tmp_path / "p.tsv", '"a"\t"b"\n"c"\t"d"\n'), "en", "de")
    assert isinstance(remark, Remark)
    assert "name the file .csv" in remark.text
    assert pairs == [Pair('"a"', '"b"'), Pair('"c"', '"d"')]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(lines=st.lists(st.text('",;x \t', max_size=8), min_size=1, max_size=6))
def test_each_line_of_any_csv_is_accounted_for(tmp_path: Path, lines: list[str]) -> None:
    """Whatever the quotes do, no line is lost: its text is in a pair, or it is named."""
    path = write(tmp_path / "p.csv", "en,de\n" + "".join(f"{n}{line}\n" for n, line in enumerate(lines)))
    text, named = "", []
    for record in read(path, "en", "de"):
        if isinstance(record, BadLine):
            named.append(int(record.where.rpartition("line ")[2]) - 2)
        elif isinstance(record, Pair):
            text += record.src + record.tgt
    assert [n for n in range(len(lines)) if n not in named and str(n) not in text] == []


# ---- headers


@pytest.mark.parametrize("name", ["p.tsv", "p.csv"])
def test_a_header_behind_blank_lines_is_one(tmp_path: Path, name: str) -> None:
    cut = {"p.tsv": "\t", "p.csv": ","}[name]
    path = write(tmp_path / name, f"\n\nde{cut}en\nHallo{cut}Hi\n")
    assert read(path, "en", "de") == [Skipped("blank line")] * 2 + [Pair("Hi", "Hallo")]


@pytest.mark.parametrize(
    ("header", "src", "tgt"),
    [
        ("German\tEnglish", "en", "de"),
        ("de\ten", "en-GB", "de_AT"),
        ("de_DE\ten-US", "en", "de"),
        ("target\tsource", "en", "de"),
        ("translation\tsource", None, None),
        ("target_text\tSource-Text", None, None),
        ("\ufeffde\ten", "en", "de"),
        ("zh-TW\tzh-CN", "zh_CN", "zh-TW"),
    ],
)
def test_a_header_is_known_by_codes_in_any_region_by_names_and_by_roles(
    tmp_path: Path, header: str, src: str | None, tgt: str | None
) -> None:
    assert read(write(tmp_path / "p.tsv", f"{header}\nHallo\tHi\n"), src, tgt) == [Pair("Hi", "Hallo")]


def test_a_header_of_other_languages_is_remarked_upon(tmp_path: Path) -> None:
    remark, *pairs = read(write(tmp_path / "p.tsv", "fr\tes\nSalut\tHola\n"), "en", "de")
    assert isinstance(remark, Remark)
    assert remark.where.endswith("p.tsv, line 1")
    assert "fr, es looks like a header of other languages than en and de" in remark.text
    assert pairs == [Pair("fr", "es"), Pair("Salut", "Hola")]


def test_a_pair_of_short_words_is_no_header(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", "Go\tVa\nOK\tOK\n"), "en", "fr") == [
        Pair("Go", "Va"),
        Pair("OK", "OK"),
    ]


# ---- line ends and byte order marks


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.po"])
@pytest.mark.parametrize("last", ["\r", "\n", "\r\n", ""])
def test_line_ends_of_cr_alone_are_refused(tmp_path: Path, name: str, last: str) -> None:
    lines = {
        "p.tsv": ["The dog.\tDer Hund.", "A cat.\tEine Katze."],
        "p.csv": ["The dog.,Der Hund.", "A cat.,Eine Katze."],
        "p.jsonl": ['{"src": "a", "tgt": "b"}'] * 2,
        "p.po": ['msgid "a"', 'msgstr "b"'],
    }[name]
    assert "lines end with CR alone" in fault(write(tmp_path / name, "\r".join(lines) + last), "en", "de")


def test_aligned_files_with_line_ends_of_cr_alone_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "p.en", "a\rb\rc\r")
    write(tmp_path / "p.de", "A\nB\nC\n")
    assert "p.en: its lines end with CR alone" in fault(f"{tmp_path}/p.en,{tmp_path}/p.de", "en", "de")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.tsv", "en\tde\na\tA\rb\tB\nc\tC\n"),
        ("p.tsv", "a\tA\rb\tB\nc\tC\n"),
        ("p.csv", "en,de\na,A\rb,B\nc,C\n"),
    ],
)
def test_some_line_ends_of_cr_alone_are_bad_lines(tmp_path: Path, name: str, text: str) -> None:
    *_, bad, good = read(write(tmp_path / name, text), "en", "de")
    assert isinstance(bad, BadLine)
    assert "CR alone" in bad.cause
    assert good == Pair("c", "C")


def test_one_line_with_cr_at_its_end_is_a_line(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", "a\tb\r")) == [Pair("a", "b")]
    assert read(write(tmp_path / "q.tsv", "a\tone\rtwo\nc\td\n")) == [Pair("a", "one\rtwo"), Pair("c", "d")]


def test_byte_order_marks_of_joined_files_are_no_part_of_the_text(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", "\ufeffa\tb\n\ufeffc\td\n")) == [Pair("a", "b"), Pair("c", "d")]
    text = '\ufeff"a, b",c\n\ufeff"d, e",f\n'
    assert read(write(tmp_path / "p.csv", text)) == [Pair("a, b", "c"), Pair("d, e", "f")]

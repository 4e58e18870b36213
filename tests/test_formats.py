"""Reading parallel text: every form of SPEC, and every way in which one can be wrong."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mt.data.cleaning import tidy
from mt.data.formats.pairs import BadLine, Pair, Record, Remark, Skipped, code_matches
from mt.errors import CorpusError
from mt.text.counted import counted
from tests.reading import COMPRESS, fault, read, write

TAB = "\t"
TWO = [Pair("我爱北京", "I love Beijing"), Pair("你好", "Hello")]


# ---- tables of text


@pytest.mark.parametrize("packed", COMPRESS)
def test_tsv_takes_two_columns_of_any_compression(tmp_path: Path, packed: str) -> None:
    text = '我爱北京\tI love Beijing\tCC BY, "quoted\r\n你好\tHello\n'
    assert read(write(tmp_path / f"p.tsv{packed}", COMPRESS[packed](text.encode())), None, None) == TWO


def test_quotes_are_text_in_tsv(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", '"a\t"b\n')) == [Pair('"a', '"b')]


@pytest.mark.parametrize(
    ("header", "src", "tgt"),
    [("id\tEN\tzh-CN", "zh", "en"), ("x\tTarget\tSOURCE", None, None), ("x\ttgt\tsrc", "zh", "en")],
)
def test_a_header_says_which_column_is_which(
    tmp_path: Path, header: str, src: str | None, tgt: str | None
) -> None:
    path = write(tmp_path / "p.tsv", f"\ufeff{header}\n1\tHello\t你好\n")
    assert read(path, src, tgt) == [Pair("你好", "Hello")]


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str) -> None:
    text = {"p.tsv": "a\tb", "p.csv": "a,b", "p.jsonl": '{"src": "a", "tgt": "b"}'}[name]
    assert read(write(tmp_path / name, f"\ufeff{text}\n")) == [Pair("a", "b")]


def test_a_header_without_the_language_is_refused(tmp_path: Path) -> None:
    message = fault(write(tmp_path / "p.tsv", "de\ten\nHallo\tHello\n"))
    assert "p.tsv, line 1: has the columns de, en, but no zh" in message


@pytest.mark.parametrize("columns", ["de\ten", "de\ten\tfr"])
def test_a_header_of_codes_needs_both_languages(tmp_path: Path, columns: str) -> None:
    cells = ["Hallo", "Hello", "Salut"][: columns.count("\t") + 1]
    path = write(tmp_path / "p.tsv", f"{columns}\n" + "\t".join(cells) + "\n")
    for src, tgt in ((None, "de"), ("de", None)):
        assert "which are the two sides? give both --src and --tgt" in fault(path, src, tgt)
    assert read(path, "en", "de") == [Pair("Hello", "Hallo")]
    for src, tgt in ((None, "it"), (None, None), ("it", "es")):
        remark, *pairs = read(path, src, tgt)
        assert isinstance(remark, Remark), "nobody asked for these"
        assert f"{columns.replace(TAB, ', ')} looks like a header" in remark.text
        assert len(pairs) == 2


def test_a_first_pair_that_is_no_header_is_a_pair(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", "en\tone\n"), "da", "en") == [Pair("en", "one")]


def test_bad_lines_of_a_table_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tsv", b"\xe9t\xe9\tsummer\nalone\n\na\tb\n")
    assert read(path) == [
        BadLine(f"{path}, line 1", "not UTF-8 (byte 0xe9 at byte 1 of the line)"),
        BadLine(f"{path}, line 2", "has 1 column, needs 2, separated by a TAB"),
        Skipped("blank line"),
        Pair("a", "b"),
    ]


def test_csv_fields_may_hold_quotes_commas_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", b'a,"one, ""two""\nthree"\n\nx,"y"z\nonly\n\xff,b\n"never closed,c\n')
    assert read(path) == [
        Pair("a", 'one, "two"\nthree'),
        Skipped("blank line"),
        BadLine(f"{path}, line 4", "not CSV: ',' expected after '\"'"),
        BadLine(f"{path}, line 5", "has 1 column, needs 2, separated by a comma, semicolon, TAB or bar"),
        BadLine(f"{path}, line 6", "not UTF-8"),
        BadLine(f"{path}, line 7", "not CSV: a quote opened here is never closed"),
    ]


# Text as a line can hold it: anything but LF, and no CR before the line's end.
LINE = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\t\ufeff")
    | st.sampled_from("\u2028\u2029\x85\r\x0b\x0c\x1c\x00 "),
    max_size=12,
)
LAST = LINE.filter(lambda text: not text.endswith("\r"))
PLAIN = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "max_examples": 60, "deadline": None}


@settings(**PLAIN)  # type: ignore[arg-type]
@given(rows=st.lists(st.tuples(LINE, LAST), min_size=1, max_size=6))
def test_tsv_gives_back_any_text_line_for_line(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    text = "0\t0\n" + "".join(f"{src}\t{tgt}\n" for src, tgt in rows)
    assert read(write(tmp_path / "p.tsv", text), None, None)[1:] == [Pair(*row) for row in rows]


@settings(**PLAIN)  # type: ignore[arg-type]
@given(rows=st.lists(st.tuples(LAST, LAST), min_size=1, max_size=6))
def test_aligned_files_give_back_any_text_line_for_line(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    for side, name in enumerate(("p.zh", "p.en")):
        write(tmp_path / name, "0\n" + "".join(f"{row[side]}\n" for row in rows))
    assert read(f"{tmp_path}/p.zh,{tmp_path}/p.en")[1:] == [Pair(*row) for row in rows]


@settings(**PLAIN)  # type: ignore[arg-type]
@given(rows=st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), min_size=1, max_size=6))
def test_jsonl_gives_back_any_text(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = write(tmp_path / "p.jsonl", "".join(json.dumps({"src": s, "tgt": t}) + "\n" for s, t in rows))
    assert read(path) == [Pair(*row) for row in rows]


@settings(**PLAIN)  # type: ignore[arg-type]
@given(rows=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=6))
def test_csv_gives_back_what_pythons_writer_wrote(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "p.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("0", "0"), *rows])
    assert read(path, None, None)[1:] == [Pair(*row) for row in rows]


# ---- two aligned files


@pytest.mark.parametrize(("zh", "en"), [("", ".gz"), (".xz", ".zst"), (".zst", "")])
def test_aligned_files_may_be_compressed_each_in_its_way(tmp_path: Path, zh: str, en: str) -> None:
    first = write(tmp_path / f"p.zh{zh}", COMPRESS[zh]("我爱北京\n你好".encode()))
    second = write(tmp_path / f"p.en{en}", COMPRESS[en](b"I love Beijing\nHello\n"))
    assert read(f"{first},{second}") == TWO
    assert read(f"{second},{first}") == TWO, "the suffixes are the codes: they say which is the source"
    assert read(f"{second},{first}", None, None) == [Pair(pair.tgt, pair.src) for pair in TWO]


@pytest.mark.parametrize(("src_lines", "tgt_lines"), [(3, 2), (2, 3), (1, 4)])
def test_unequal_line_counts_are_both_named(tmp_path: Path, src_lines: int, tgt_lines: int) -> None:
    """A source exactly one line longer slips through a bare zip()."""
    write(tmp_path / "p.zh", "x\n" * src_lines)
    write(tmp_path / "p.en", "x\n" * tgt_lines)
    message = fault(f"{tmp_path}/p.zh,{tmp_path}/p.en")
    assert f"p.zh has {counted(src_lines, 'line')} but" in message
    assert f"p.en has {tgt_lines};" in message


@pytest.mark.parametrize(
    ("names", "src", "tgt", "turned"),
    [
        ("p.zh-CN p.en_US", "zh", "en", False),
        ("p.en_US p.zh-CN", "zh", "en", True),
        ("p.en p.zh", "zh-TW", "en-GB", True),
        ("p.es p.en", "es_419", "en", False),
        ("p.en p.es.gz", "es_419", "en", True),
        ("p.zh_Hant p.zh_Hans", "zh_Hans", "zh_Hant", True),
    ],
)
def test_suffixes_are_codes_in_any_region(
    tmp_path: Path, names: str, src: str, tgt: str, turned: bool
) -> None:
    first, second = names.split()
    for name, text in ((first, "1\n2\n"), (second, "one\ntwo\n")):
        write(tmp_path / name, COMPRESS[".gz" if name.endswith(".gz") else ""](text.encode()))
    pair = Pair("one", "1") if turned else Pair("1", "one")
    assert read(f"{tmp_path}/{first},{tmp_path}/{second}", src, tgt)[0] == pair


def test_suffixes_of_other_languages_are_remarked_upon(tmp_path: Path) -> None:
    write(tmp_path / "p.de", "a\n")
    write(tmp_path / "p.en", "b\n")
    remark, pair = read(f"{tmp_path}/p.de,{tmp_path}/p.en", "zh", "en")
    assert remark == Remark(f"{tmp_path}/p.de", "its name says de, but --src is zh; check --src and --tgt")
    assert pair == Pair("a", "b")
    write(tmp_path / "p.txt", "c\n")
    assert read(f"{tmp_path}/p.txt,{tmp_path}/p.en", "zh", "en") == [Pair("c", "b")]


def test_blank_lines_of_aligned_files_stay_in_place(tmp_path: Path) -> None:
    write(tmp_path / "p.zh", "a\n\nc\n")
    write(tmp_path / "p.en", b"A\n\n\xff\n")
    bad = BadLine(f"{tmp_path}/p.en, line 3", "not UTF-8 (byte 0xff at byte 1 of the line)")
    assert read(f"{tmp_path}/p.zh,{tmp_path}/p.en") == [Pair("a", "A"), Pair("", ""), bad]


@pytest.mark.parametrize("packed", [".gz", ".xz", ".zst"])
def test_a_compressed_file_cut_off_is_one_clear_error(tmp_path: Path, packed: str) -> None:
    """zstandard's own reader ends quietly there: the corpus would be short."""
    whole = COMPRESS[packed](b"".join(b"%d\t%x\n" % (n, n * 7919) for n in range(5000)))
    assert "damaged or cut off" in fault(write(tmp_path / f"p.tsv{packed}", whole[: len(whole) // 2]))
    assert "damaged or cut off" in fault(write(tmp_path / f"q.tsv{packed}", b"not compressed at all\t!\n"))


def test_zst_may_have_several_frames(tmp_path: Path) -> None:
    pack = COMPRESS[".zst"]
    path = write(tmp_path / "p.tsv.zst", pack(b"a\tb\nc") + pack(b"\td\n") + pack(b"e\tf\n" * 50_000))
    assert read(path)[:2] == [Pair("a", "b"), Pair("c", "d")]
    assert len(read(path)) == 50_002


# ---- JSON lines and Parquet


@pytest.mark.parametrize(
    "line",
    [
        {"src": "你好", "tgt": "Hello"},
        {"source": "你好", "target": "Hello"},
        {"id": 0, "source": "你好", "translation": "Hello", "score": -0.2},
        {"en": "Hello", "ZH": "你好"},
        {"source_lang": "zh", "target_lang": "en", "source_text": "你好", "target_text": "Hello"},
        {"translation": {"en": "Hello", "zh_CN": "你好"}, "id": 7},
    ],
)
def test_jsonl_in_every_shape(tmp_path: Path, line: dict[str, object]) -> None:
    assert read(write(tmp_path / "p.jsonl", json.dumps(line))) == [Pair("你好", "Hello")]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"src": "a"', "not JSON: "),
        (b'{"src": "a"}', "one side is missing"),
        (b'{"src": "a", "tgt": 5}', "tgt is 5, not text"),
        (b'{"src": null, "tgt": "b"}', "src is null, not text"),
        (b'{"src": "a", "tgt": "\\ud83d"}', "tgt holds half a surrogate pair"),
        (b'["a", "b"]', "not a JSON object"),
        (b'{"src": "\xff", "tgt": "b"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON that can be read"),
    ],
)
def test_a_bad_json_line_is_named(tmp_path: Path, line: bytes, cause: str) -> None:
    path = write(tmp_path / "p.jsonl", line + b'\n{"src": "a", "tgt": "b"}\n')
    bad, good = read(path)
    assert isinstance(bad, BadLine)
    assert bad.where == f"{path}, line 1"
    assert cause in bad.cause
    assert good == Pair("a", "b")


def test_jsonl_of_other_languages_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", '{"translation": {"de": "a", "en": "b"}}\n')
    assert "line 1: has de, en, but no zh/en" in fault(path)
    assert "--src and --tgt" in fault(path, None, None)


@pytest.mark.parametrize(
    "columns",
    [
        {"tgt": ["I love Beijing", "Hello"], "src": ["我爱北京", "你好"]},
        {"id": [1, 2], "en": ["I love Beijing", "Hello"], "zh-CN": ["我爱北京", "你好"]},
        {"translation": [{"en": "I love Beijing", "zh": "我爱北京"}, {"en": "Hello", "zh": "你好"}]},
    ],
)
def test_parquet_in_every_shape(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    assert read(tmp_path / "p.parquet") == TWO


def test_parquet_rows_at_fault_are_counted_over_all_batches(tmp_path: Path) -> None:
    broken = pa.array([b"\xff"]).view(pa.string())
    texts = pa.concat_arrays([pa.array(["a"] * 2500 + [None]), broken])
    pq.write_table(pa.table({"src": texts, "tgt": ["b"] * 2502}), tmp_path / "p.parquet")
    records = read(tmp_path / "p.parquet")
    assert len(records) == 2502
    assert records[2500:] == [
        BadLine(f"{tmp_path}/p.parquet, row 2501", "src is null, not text"),
        BadLine(f"{tmp_path}/p.parquet, row 2502", "src is not UTF-8: damaged, or written wrongly"),
    ]


def test_parquet_faults_are_one_line(tmp_path: Path) -> None:
    pq.write_table(pa.table({"de": ["a"], "en": ["b"]}), tmp_path / "p.parquet")
    assert "has de, en, but no zh/en" in fault(tmp_path / "p.parquet")
    pq.write_table(pa.table({"zh": [1], "en": ["b"]}), tmp_path / "n.parquet")
    assert "zh is int64, not text" in fault(tmp_path / "n.parquet")
    whole = (tmp_path / "p.parquet").read_bytes()
    assert "not a whole Parquet file" in fault(write(tmp_path / "q.parquet", whole[:-20]))


# ---- translators' files


def tmx(*units: str, srclang: str = "en") -> str:
    body = "\n".join(units)
    return f'<?xml version="1.0"?>\n<tmx><header srclang="{srclang}"/><body>\n{body}\n</body></tmx>'


def unit(**texts: str) -> str:
    variants = "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in texts.items())
    return f"<tu>{variants}</tu>"


def test_tmx_finds_languages_by_prefix_and_not_by_look(tmp_path: Path) -> None:
    text = tmx(unit(enm="Middle", EN_gb="Hello", zh_Hans="你好"), unit(en="one side"))
    path = write(tmp_path / "m.tmx", text)
    assert read(path) == [Pair("你好", "Hello"), Skipped("not in both languages")]
    assert code_matches("zh", "ZH_Hans")
    assert not code_matches("en", "enm")


def test_tmx_takes_the_plain_code_before_a_regional_one(tmp_path: Path) -> None:
    texts = {"zh-TW": "繁", "zh": "简", "en": "x"}
    old = "".join(f'<tuv lang="{code}"><seg>{text}</seg></tuv>' for code, text in texts.items())
    assert read(write(tmp_path / "m.tmx", tmx(f"<tu>{old}</tu>"))) == [Pair("简", "x")]


def test_tmx_drops_inline_tags_and_keeps_their_text(tmp_path: Path) -> None:
    inline = "Press <bpt>&lt;b></bpt>the <hi>red <ph>{0}</ph>key</hi><ept>&lt;/b></ept> &amp; go<!-- x -->!"
    path = write(tmp_path / "m.tmx", tmx(unit(en=inline, zh="按")))
    assert read(path, "en", "zh") == [Pair("Press the red key & go!", "按")]


@pytest.mark.parametrize(
    ("inline", "text"),
    [
        ('Click <ph x="1">{0}</ph> now', "Click now"),
        ('<bpt i="1">&lt;b&gt;</bpt>bold<ept i="1">&lt;/b&gt;</ept>!', "bold!"),
        ("a <ph>1</ph> <ph>2</ph> <it>3</it> b", "a b"),
        ("a <hi>b <ph>1</ph></hi> c", "a b c"),
        ("a <ph>1</ph><hi> b</hi>", "a b"),
        ("two  spaces <ph>1</ph>stay", "two  spaces stay"),
        ("line<ph>&lt;br/&gt;</ph>line", "line line"),
        ('line <ph type="lb">x</ph> line', "line line"),
        ("<ph>1</ph> Hello <ph>2</ph>", "Hello"),
    ],
)
def test_tmx_leaves_one_space_where_an_inline_tag_was(tmp_path: Path, inline: str, text: str) -> None:
    (pair,) = read(write(tmp_path / "m.tmx", tmx(unit(en=inline, zh="按"))), "en", "zh")
    assert isinstance(pair, Pair)
    assert tidy(pair.src) == text


def test_tmx_with_two_variants_of_a_language_gives_a_pair_of_each(tmp_path: Path) -> None:
    """Not the last one only, and none twice; case makes no other language of a code."""
    variants = [
        ("en", "Hello"),
        ("zh", "你好"),
        ("ZH", "您好"),
        ("zh", "你好"),
        ("de", "Hallo"),
        ("zh-TW", "妳好"),
    ]
    body = "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in variants)
    path = write(tmp_path / "m.tmx", tmx(f"<tu>{body}</tu>"))
    assert read(path) == [Pair("你好", "Hello"), Pair("您好", "Hello")]
    assert read(path, "zh-TW", "en-US") == [Pair("妳好", "Hello")]
    missing = write(tmp_path / "n.tmx", tmx(f'<tu>{body}<tuv xml:lang="zh"/></tu>'))
    assert read(missing) == [BadLine(f"{missing}, line 3", "a <tuv> without <seg>")]


def test_tmx_without_codes_asks_its_header(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", tmx(unit(zh="你好", en="Hello")))
    assert read(path, None, None) == [Pair("Hello", "你好")]
    assert read(path, None, "en") == [Pair("你好", "Hello")]
    unclear = write(tmp_path / "n.tmx", tmx(unit(zh="你好", en="Hello"), srclang="*all*"))
    assert "give --src and --tgt" in fault(unclear, None, None)
    three = write(tmp_path / "o.tmx", tmx(unit(zh="你好", en="Hello", de="Hallo")))
    assert "has de, en, zh" in fault(three, None, None)


def test_tmx_without_the_language_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", tmx(unit(de="Hallo", en="Hello")))
    assert "has de, en, never zh with en" in fault(path)
    assert "no translation units" in fault(write(tmp_path / "n.tmx", tmx()))


def test_a_broken_tmx_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", tmx(unit(zh="你好", en="Hello"), "<tu><tuv></tu>"))
    assert "m.tmx, line 4: broken XML" in fault(path)
    huge = write(tmp_path / "h.tmx", tmx(unit(zh="字" * 4_000_000, en="x")))
    assert "beyond a limit of the XML reader" in fault(huge)
    packed = gzip.compress(tmx(unit(zh="你好", en="Hello")).encode())
    assert "damaged or cut off" in fault(write(tmp_path / "m.tmx.gz", packed[:-12]))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("declared", [False, True])
def test_tmx_in_a_wide_encoding_is_read_or_refused_by_its_name(
    tmp_path: Path, codec: str, declared: bool
) -> None:
    """Which of them XML may be in is for its parser to say."""
    text = tmx(unit(zh="你好", en="Hello"))
    if declared:
        text = text.replace("?>", f' encoding="{codec}"?>', 1)
    path = write(tmp_path / "m.tmx", text.encode(codec))
    found: list[Record] | str
    try:
        found = read(path)
    except CorpusError as error:
        found = str(error)
    refused = f"{path}: is {codec.upper()[:6]}, which cannot be read here; save it as UTF-8"
    assert found in ([Pair("你好", "Hello")], refused)


def test_tmx_expands_no_entities(tmp_path: Path) -> None:
    """Neither the file system nor a billion laughs get into a sentence."""
    secret = write(tmp_path / "secret", "secret")
    doctype = f'<!DOCTYPE tmx [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    text = tmx(unit(zh="你好", en="a &x; b"), unit(zh="一", en="one")).replace("<tmx", f"{doctype}<tmx", 1)
    bad, good = read(write(tmp_path / "m.tmx", text))
    assert isinstance(bad, BadLine)
    assert "line 3" in bad.where
    assert "&x;" in bad.cause
    assert good == Pair("一", "one")


def po(body: str, language: str = "zh_CN") -> str:
    fields = f'"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: {language}\\n"'
    return f'msgid ""\nmsgstr ""\n{fields}\n\n{body}'


ENTRIES = """msgid "Hello"
msgstr "你好"

#, fuzzy
msgid "fuzzy"
msgstr "糊"

msgid "untranslated"
msgstr ""

msgid "two "
"lines"
msgstr "两"
"行"

msgid "%d cup"
msgid_plural "%d cups"
msgstr[0] "%d 杯"

msgctxt "menu"
msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d 文件"
msgstr[1] "%d 些文件"

#~ msgid "old"
#~ msgstr "旧"
"""


def test_po_takes_what_is_translated_and_counts_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "t.po", po(ENTRIES))
    forward = [
        Pair("Hello", "你好"),
        Skipped("fuzzy"),
        Skipped("untranslated"),
        Pair("two lines", "两行"),
        Pair("%d cups", "%d 杯"),
        Pair("%d file", "%d 文件"),
        Pair("%d files", "%d 些文件"),
        Skipped("obsolete"),
    ]
    assert read(path, "en", "zh") == forward
    assert read(path, None, None) == forward
    swapped = [Pair(r.tgt, r.src) if isinstance(r, Pair) else r for r in forward]
    for src, tgt in (("zh", "en"), ("zh", None), (None, "en")):
        assert read(path, src, tgt) == swapped, "the header says that msgstr is the source language"
    assert read(path, "en", None) == read(path, None, "zh") == forward


@pytest.mark.parametrize("packed", COMPRESS)
def test_po_may_be_compressed(tmp_path: Path, packed: str) -> None:
    plain = read(write(tmp_path / "t.po", po(ENTRIES)), "en", "zh")
    path = write(tmp_path / f"u.po{packed}", COMPRESS[packed](po(ENTRIES).encode()))
    assert read(path, "en", "zh") == plain
    broken = write(
        tmp_path / f"v.po{packed}", COMPRESS[packed](po('msgid "a"\nmsgstr "b"\nrubbish\n').encode())
    )
    assert f"v.po{packed}, line 8: broken PO" in fault(broken)


def test_po_into_neither_language_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.po", po(ENTRIES, language="fr"))
    assert "t.po: translates into fr, neither zh nor en" in fault(path)


@pytest.mark.parametrize(
    ("body", "line", "cause"),
    [
        ('msgid "a"\nmsgstr "b"\nrubbish\n', 8, "broken PO"),
        ('msgid "a"\nmsgstr "say "b" now"\n', 7, "unescaped double quote"),
        ('msgid "a"\nmsgstr "b\n', 7, "without its closing quote"),
        ('msgid "a"\nmsgstr "b"\n"\n', 8, "without its closing quote"),
    ],
)
def test_a_broken_po_names_file_and_line(tmp_path: Path, body: str, line: int, cause: str) -> None:
    message = fault(write(tmp_path / "t.po", po(body)))
    assert f"t.po, line {line}: " in message
    assert cause in message


def test_po_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "t.po", po('msgid "a"\n').encode() + b'msgstr "\xe9"\n')
    assert "t.po, line 7: not utf-8" in fault(path)


def test_a_folder_of_po_is_read_in_order_of_paths(tmp_path: Path) -> None:
    for name in ("b.po", "a/z.po", "a/c.po"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, po(f'msgid "{name}"\nmsgstr "x"\n'))
    records = [record.src for record in read(tmp_path, "en", "zh") if isinstance(record, Pair)]
    assert records == ["a/c.po", "a/z.po", "b.po"]


# ---- the hub and the phrasebook


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one configuration, one with two, in the hub's layout; the cache is thrown away."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    datasets.disable_progress_bars()

    def part(path: str, rows: int) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"translation": [{"en": f"e{n}", "de": f"d{n}"} for n in range(rows)]})
        pq.write_table(table, tmp_path / path)

    part("one/data/train-00000-of-00001.parquet", 3)
    part("one/data/dev-00000-of-00001.parquet", 2)
    configs = ""
    for name in ("de-en", "en-fr"):
        part(f"two/{name}/train-00000-of-00001.parquet", 3)
        part(f"two/{name}/test-00000-of-00001.parquet", 1)
        files = "".join(f"  - split: {s}\n    path: {name}/{s}-*\n" for s in ("train", "test"))
        configs += f"- config_name: {name}\n  data_files:\n{files}"
    write(tmp_path / "two" / "README.md", f"---\nconfigs:\n{configs}---\n")
    return tmp_path


def test_hub_reads_the_split_for_the_role(hub: Path) -> None:
    assert read("hub:./one", "de", "en") == [Pair(f"d{n}", f"e{n}") for n in range(3)]
    assert len(read(f"hub:{hub}/one", "de", "en", split="validation")) == 2, "dev stands in for validation"
    assert len(read("hub:./one@dev", "de", "en")) == 2


def test_hub_finds_the_configuration_in_either_order(hub: Path) -> None:
    assert (hub / "two").is_dir()
    for spec in ("hub:./two", "hub:./two:de-en", "hub:./two:en-de@train"):
        assert read(spec, "en", "de") == [Pair(f"e{n}", f"d{n}") for n in range(3)]
    assert len(read("hub:./two:en-de", "en", "de", "test")) == 1


@pytest.mark.usefixtures("hub")
def test_hub_finds_the_configuration_whatever_the_region() -> None:
    assert read("hub:./two", "en-GB", "de_AT") == [Pair(f"e{n}", f"d{n}") for n in range(3)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.tsv", 'en\tde\n"Second\tzweite\nThird\tdritte\nx "y" z\tNone\nNA\t12\n'),
        ("train.csv", 'en,de\n"""Second",zweite\nThird,dritte\n"x ""y"" z",None\nNA,12\n'),
        ("train.csv", 'en;de\n"""Second";zweite\nThird;dritte\nx "y" z;None\nNA;12\n'),
    ],
)
def test_hub_reads_tables_of_text_as_their_own_paths_do(hub: Path, name: str, text: str) -> None:
    (hub / "text").mkdir()
    path = write(hub / "text" / name, text)
    pairs = [Pair('"Second', "zweite"), Pair("Third", "dritte"), Pair('x "y" z', "None"), Pair("NA", "12")]
    assert read("hub:./text", "en", "de") == read(path, "en", "de") == pairs
    assert "no split test; add one of @train" in fault("hub:./text@test")


def test_hub_does_not_guess_at_rows_that_are_cut_wrongly(hub: Path) -> None:
    (hub / "text").mkdir()
    write(hub / "text" / "train.csv", "en,de\n1,Hello,Hallo\n2,One,Eins\n")
    first, second = read("hub:./text", "en", "de")
    assert isinstance(first, BadLine)
    assert "train.csv, line 2" in first.where
    assert isinstance(second, BadLine)


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ("hub:./two:zh-en", "no configuration zh-en; add one of :de-en, :en-fr"),
        ("hub:./two", "several configurations; add one of :de-en, :en-fr"),
        ("hub:./one@test", "no split test; add one of @train, @dev"),
        ("hub:./one", ", but no zh/en, src/tgt"),  # the order of columns is that of `datasets`
        ("hub:./none", "no folder ./none"),
        ("hub:org/none", "cannot be loaded"),
        ("hub:", "names no data set"),
    ],
)
def test_hub_says_what_exists(hub: Path, spec: str, cause: str) -> None:
    assert (hub / "one").is_dir()
    assert cause in fault(spec)


def test_phrasebook_has_two_directions_and_three_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mt.data.formats.built_in.FOLDER", tmp_path)
    for split in ("train", "validation", "test"):
        write(tmp_path / f"{split}.tsv.xz", lzma.compress(f"zh\ten\n{split}中\t7 en\n".encode()))
    assert read("phrasebook", None, None) == [Pair("train中", "7 en")]
    assert read("phrasebook@test", "en", "zh-CN") == [Pair("7 en", "test中")]
    assert read("phrasebook", None, "zh", split="validation") == [Pair("7 en", "validation中")]
    assert "has zh and en, not de and en" in fault("phrasebook", "de", "en")
    assert "no such part" in fault("phrasebook@dev")


# ---- sources at fault as a whole


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.po", "p.tsv.gz", "p.parquet", "p.tmx"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    assert f"{name}: no such file" in fault(tmp_path / name)


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.po"])
def test_an_empty_file_is_named(tmp_path: Path, name: str) -> None:
    assert f"{name}: is empty" in fault(write(tmp_path / name, ""))


def test_what_is_no_source_is_refused_with_what_would_be(tmp_path: Path) -> None:
    assert "without .po files" in fault(tmp_path)
    assert "unknown corpus format" in fault(write(tmp_path / "p.docx", "x"))
    assert "unknown corpus format" in fault("")
    assert "names 3 files" in fault("a.zh,a.en,a.de")
    assert "is UTF-16" in fault(write(tmp_path / "p.tsv", "a\tb\n".encode("utf-16")))

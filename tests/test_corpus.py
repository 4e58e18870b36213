"""From sources to a corpus: cleaning, counting, the report, overlap, and setting validation aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.config import DataConfig, TokenizerConfig
from mt.data.cleaning import SeenHashes, hash_texts, tidy, why_drop
from mt.data.corpus import Corpus, Overlap, hold_out, overlap, read_train, read_validation, read_whole
from mt.data.encoded import cut
from mt.data.spec import check_files
from mt.errors import CorpusError
from mt.text.languages import split_weight
from mt.tokenizer import Tokenizer

RULES = {"max_chars": 60, "max_length_ratio": 3.0}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache" / "mt"


def tsv(path: Path, *rows: tuple[str, str]) -> str:
    path.write_bytes("".join(f"{src}\t{tgt}\n" for src, tgt in rows).encode())
    return str(path)


def settings(**changes: Any) -> DataConfig:
    return DataConfig.model_validate({"src": "zh", "tgt": "en", **RULES, **changes})


def load(*specs: str, **changes: Any) -> Corpus:
    return read_train(settings(train=specs, **changes))


def rows(corpus: Corpus) -> list[tuple[str, str]]:
    return list(zip(corpus.dataset["src"], corpus.dataset["tgt"], strict=True))


MESSY = [
    ("  你好 ", "Hello"),
    ("你好", "Hello"),  # the same once tidied
    ("", "nothing"),
    (" ", "\u3000"),
    ("字" * 61, "long"),
    ("同", "同"),
    ("bell\x07", "bell"),
    ("lost \ufffd", "lost"),
    ("好", "well " * 10 + "well"),
    ("制\u200b表", "zero width"),  # a mark that nobody sees
    ("你好", "Hi"),
]


def test_train_is_cleaned_and_every_drop_has_its_reason(tmp_path: Path) -> None:
    corpus = load(tsv(tmp_path / "p.tsv", *MESSY))
    assert rows(corpus) == [("你好", "Hello"), ("制表", "zero width"), ("你好", "Hi")]
    (source,) = corpus.report.sources
    assert source.dropped == {
        "empty side": 2,
        "over-long": 1,
        "identical sides": 1,
        "control characters": 2,
        "length ratio": 1,
        "duplicate": 1,
    }
    assert (source.read, source.kept) == (11, 3)


def test_validation_loses_only_what_has_an_empty_side(tmp_path: Path) -> None:
    corpus = read_validation(settings(validation=(tsv(tmp_path / "p.tsv", *MESSY),)))
    assert len(corpus.dataset) == len(MESSY) - 2
    assert corpus.report.sources[0].dropped == {"empty side": 2}


def test_a_test_set_read_whole_stays_line_for_line(tmp_path: Path) -> None:
    spec = tsv(tmp_path / "p.tsv", *MESSY)
    corpus = read_whole([spec], DataConfig())
    assert rows(corpus) == [(src.strip(), tgt.strip()) for src, tgt in MESSY]


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"drop_identical": False}, ("同", "同")),
        ({"max_chars": 61, "max_length_ratio": 10.0}, ("字" * 61, "long")),
        ({"max_length_ratio": 4.0}, ("好", "well " * 10 + "well")),
    ],
)
def test_each_rule_can_be_relaxed(tmp_path: Path, rules: dict[str, Any], kept: tuple[str, str]) -> None:
    spec = tsv(tmp_path / "p.tsv", *MESSY)
    assert kept in rows(load(spec, **rules))
    assert kept not in rows(load(spec))


def test_duplicates_are_kept_on_request(tmp_path: Path) -> None:
    spec = tsv(tmp_path / "p.tsv", ("a", "b"), ("a", "b"))
    assert len(load(spec, drop_duplicates=False).dataset) == 2


def test_the_length_ratio_is_of_bytes_with_sixteen_on_top() -> None:
    """1 Chinese character is 3 bytes: (3 + 16) * 3 = 57 = 41 + 16."""
    rules = settings()
    assert why_drop(rules, "好", "x" * 41) is None
    assert why_drop(rules, "好", "x" * 42) == "length ratio"
    assert why_drop(rules, "x" * 42, "好") == "length ratio"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        (" a\tb \n", "a\tb"),
        ("one\r\n  two\n\nthree", "one two three"),
        ("a\u2028b\x85c", "a\u2028b\x85c"),
        ("\u3000\xa0", ""),
    ],
)
def test_tidying_makes_one_line_and_keeps_tabs(text: str, tidied: str) -> None:
    assert tidy(text) == tidied


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=20), max_size=12))
def test_seen_hashes_know_first_times_as_a_set_does(batches: list[list[int]]) -> None:
    known: set[int] = set()
    seen = SeenHashes()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number not in known)
            known.add(number)
        assert seen.add(np.array(batch, dtype=np.uint64)).tolist() == expected


def test_hashes_are_the_same_on_every_machine() -> None:
    """blake2b with 8 bytes of "abc", as `b2sum -l 64` prints it: d8bb14d833d59559."""
    assert hash_texts(["abc"]).astype("<u8").tobytes().hex() == "d8bb14d833d59559"


# ---- several sources, sides, the cache


def test_sources_are_joined_in_order_and_deduplicated_across(tmp_path: Path) -> None:
    first = tsv(tmp_path / "a.tsv", ("一", "one"), ("二", "two"))
    second = tsv(tmp_path / "b.tsv", ("二", "two"), ("三", "three"))
    corpus = load(first, second)
    assert rows(corpus) == [("一", "one"), ("二", "two"), ("三", "three")]
    assert [(s.read, s.kept, s.dropped) for s in corpus.report.sources] == [
        (2, 2, {}),
        (2, 1, {"duplicate": 1}),
    ]


def test_swap_exchanges_the_sides(tmp_path: Path) -> None:
    """Also those of columns named src and tgt, which name no language."""
    specs = [tsv(tmp_path / "p.tsv", ("一", "one")), tsv(tmp_path / "q.tsv", ("src", "tgt"), ("二", "two"))]
    corpus = load(*specs, src="en", tgt="zh", swap=True)
    assert rows(corpus) == [("one", "一"), ("two", "二")]


@pytest.mark.parametrize("swap", [False, True])
def test_names_say_which_side_is_which_whatever_swap_says(tmp_path: Path, swap: bool) -> None:
    table = tsv(tmp_path / "p.tsv", ("zh", "en"), ("一", "one"))
    files = [tmp_path / "t.zh", tmp_path / "t.en"]
    for file, text in zip(files, ("二", "two"), strict=True):
        file.write_text(f"{text}\n", encoding="utf-8")
    corpus = load(table, ",".join(map(str, files)), src="en", tgt="zh", swap=swap)
    assert rows(corpus) == [("one", "一"), ("two", "二")]


def test_the_fingerprint_is_of_the_content(tmp_path: Path, cache: Path) -> None:
    pairs = [("一", "one"), ("二", "two")]
    first = load(tsv(tmp_path / "a.tsv", *pairs))
    again = load(tsv(tmp_path / "b.tsv", *pairs))
    other = load(tsv(tmp_path / "c.tsv", *reversed(pairs)))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert sorted(path.name for path in cache.iterdir()) == sorted(
        f"{corpus.fingerprint}.arrow" for corpus in (first, other)
    )
    assert first.dataset._fingerprint == first.fingerprint, "so that map finds its cache again"


@given(
    st.tuples(st.text("ab", max_size=3), st.text("ab", max_size=3)),
    st.tuples(st.text("ab", max_size=3), st.text("ab", max_size=3)),
)
def test_sides_cannot_run_together_in_a_pairs_hash(one: tuple[str, str], two: tuple[str, str]) -> None:
    hashes = hash_texts("\n".join(pair) for pair in (one, two))
    assert (hashes[0] == hashes[1]) == (one == two)


def test_a_source_that_breaks_off_leaves_nothing_in_the_cache(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "p.zh").write_text("x\n" * 3, encoding="utf-8")
    (tmp_path / "p.en").write_text("x\n" * 2, encoding="utf-8")
    with pytest.raises(CorpusError, match="3 lines"):
        load(f"{tmp_path}/p.zh,{tmp_path}/p.en")
    assert list(cache.iterdir()) == []


def test_more_pairs_than_one_batch(tmp_path: Path) -> None:
    pairs = [(f"s{n}", f"t{n % 15_000}") for n in range(25_000)]
    corpus = load(tsv(tmp_path / "p.tsv", *pairs, *pairs))
    assert rows(corpus) == pairs
    assert corpus.dataset[24_999] == {"src": "s24999", "tgt": "t9999"}


def test_reading_and_cutting_a_large_corpus_shows_how_far_it_is(tmp_path: Path) -> None:
    spec = tsv(tmp_path / "p.tsv", *((f"s{n}", f"t{n}") for n in range(20_001)))
    shown: list[str] = []
    corpus = read_train(DataConfig(train=(spec,)), shown.append)
    assert [line.rpartition(", ")[0] for line in shown] == [
        f"reading {spec}: 10,000 pairs",
        f"reading {spec}: 20,000 pairs",
    ]
    assert all(line.endswith(" s left") for line in shown)
    shown.clear()
    settings = TokenizerConfig(algorithm="bpe", byte_fallback=False)
    tokenizer = Tokenizer.learn(iter(["s0123456789", "t0123456789"]), settings, 20)
    for _ in range(2):  # the second time the pieces are in the cache
        assert len(cut(corpus, tokenizer, tokenizer, shown.append)) == 20_001
    assert [line.rpartition(", ")[0] for line in shown] == [
        f"cutting into tokens: {n} of 20,001 pairs" for n in ("10,000", "20,000")
    ]
    assert all(line.endswith(" s left") for line in shown)


# ---- bad lines


def bad_file(tmp_path: Path, count: int) -> str:
    path = tmp_path / "bad.tsv"
    path.write_text("a\tb\n" + "alone\n" * count + "c\td\n", encoding="utf-8")
    return str(path)


def test_bad_lines_stop_with_the_first_five_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        load(bad_file(tmp_path, 7))
    message = str(caught.value)
    assert [f"line {n}: " in message for n in range(1, 9)] == [False] + [True] * 5 + [False] * 2
    assert message.endswith("--on-bad-line skip")
    assert "\n" not in message


def test_five_bad_lines_are_enough_to_stop_reading(tmp_path: Path) -> None:
    """The unequal counts, known only at the end, are not reached."""
    (tmp_path / "p.zh").write_bytes(b"\xff\n" * 5 + b"x\n" * 3)
    (tmp_path / "p.en").write_bytes(b"x\n" * 7)
    with pytest.raises(CorpusError, match=r"p\.zh, line 5: not UTF-8"):
        load(f"{tmp_path}/p.zh,{tmp_path}/p.en")


def test_fewer_bad_lines_than_five_stop_as_well(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="line 2: has 1 column, needs 2, separated by a TAB; mend"):
        load(bad_file(tmp_path, 1))


def test_in_a_test_set_bad_lines_are_to_be_mended_and_no_flag_is_named(tmp_path: Path) -> None:
    """`mt evaluate` reads every line of a test: it has no --on-bad-line."""
    with pytest.raises(CorpusError, match=r"line 2: has 1 column, needs 2, separated by a TAB; mend them$"):
        read_whole([bad_file(tmp_path, 1)], DataConfig(src="zh", tgt="en"))


def test_bad_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    corpus = load(bad_file(tmp_path, 7), on_bad_line="skip")
    assert rows(corpus) == [("a", "b"), ("c", "d")]
    (source,) = corpus.report.sources
    assert source.bad_lines == 7
    assert len(source.bad_examples) == 5
    assert "bad lines 7, the first: " in corpus.report.lines()[0]


@pytest.mark.parametrize("missing", ["gone.tsv", "aa-bb=gone.tsv*2", "{broken},gone.tsv"])
def test_a_missing_file_is_named_before_any_other_is_read(tmp_path: Path, missing: str) -> None:
    broken = bad_file(tmp_path, 5)
    check_files([broken, "phrasebook@test", "hub:org/name", str(tmp_path)])
    with pytest.raises(CorpusError, match=r"^gone\.tsv: no such file; check the path$"):
        check_files([broken, missing.format(broken=broken)])


def test_nothing_left_says_why(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no pairs left \(2 identical sides\)"):
        load(tsv(tmp_path / "p.tsv", ("a", "a"), ("b", "b")))
    with pytest.raises(CorpusError, match="no source: no pairs left;"):
        load()


# ---- the report


def test_the_report_measures_both_sides(tmp_path: Path) -> None:
    pairs = [("字" * n, "x" * n) for n in range(1, 21)]
    side = load(tsv(tmp_path / "p.tsv", *pairs)).report.src
    assert (side.mean, side.median, side.p95, side.longest) == (10.5, 10, 19, 20)


def test_the_report_knows_scripts(tmp_path: Path) -> None:
    spec = tsv(tmp_path / "p.tsv", ("漢字々、１２ かな カナ ｶ", "Ａé é, Ж 한 عربي"))
    report = load(spec).report
    assert report.src.scripts == pytest.approx({"Han": 3 / 8, "Katakana": 3 / 8, "Hiragana": 2 / 8})
    assert report.tgt.scripts == pytest.approx(
        {"Arabic": 4 / 9, "Latin": 3 / 9, "Cyrillic": 1 / 9, "Hangul": 1 / 9}
    )


def test_the_report_reads_well_and_goes_into_json(tmp_path: Path) -> None:
    spec = tsv(tmp_path / "p.tsv", ("你好", "Hello"), ("你好", "Hello"), ("同", "同"), ("同样", "同样"))
    report = load(spec).report
    assert report.lines() == [
        f"{spec}: read 4, kept 1; dropped 2 identical sides, 1 duplicate",
        "1 pair: source 2.0 characters on average, median 2, 95 % up to 2, longest 2; Han 100 %",
        "        target 5.0 characters on average, median 5, 95 % up to 5, longest 5; Latin 100 %",
    ]
    assert json.loads(json.dumps(report.as_dict()))["sources"][0]["dropped"]["duplicate"] == 1


# ---- two corpora


def test_overlap_counts_the_second_corpus_rows(tmp_path: Path) -> None:
    train = load(tsv(tmp_path / "a.tsv", ("一", "one"), ("二", "two"), ("三", "three")))
    test = load(
        tsv(tmp_path / "b.tsv", ("一", "one"), ("一", "uno"), ("二", "three"), ("四", "two"), ("五", "five"))
    )
    assert overlap(train, test) == Overlap(src=3, tgt=3, pairs=1)


def numbered(tmp_path: Path, count: int) -> Corpus:
    """Pairs of which the first half share a target two and two."""
    half = count // 2
    pairs = [(f"s{n}", f"t{n // 2 if n < half else n}") for n in range(count)]
    return load(tsv(tmp_path / "n.tsv", *pairs))


def test_held_out_pairs_share_no_sentence_with_the_rest(tmp_path: Path) -> None:
    corpus = numbered(tmp_path, 400)
    rest, held = hold_out(corpus, 100, seed=1)
    assert len(held.dataset) == 100
    assert len(rest.dataset) == 300
    assert overlap(rest, held) == Overlap(0, 0, 0)
    assert sorted(rows(rest) + rows(held)) == sorted(rows(corpus))
    assert rest.report.set_aside == 100
    assert rest.report.related == 0
    assert rest.report.pairs == 300


def test_where_unshared_pairs_run_out_the_rest_loses_their_kin(tmp_path: Path) -> None:
    rest, held = hold_out(numbered(tmp_path, 40), 20, seed=1)
    assert overlap(rest, held) == Overlap(0, 0, 0)
    assert len(rest.dataset) == 20
    dense = [(f"s{n % 20}", f"t{n}") for n in range(40)]
    rest, held = hold_out(load(tsv(tmp_path / "d.tsv", *dense)), 5, seed=1)
    assert overlap(rest, held) == Overlap(0, 0, 0)
    assert rest.report.related == 40 - 5 - len(rest.dataset) > 0
    assert f"sharing a sentence with them: {rest.report.related}" in rest.report.lines()[1]


def test_hold_out_is_decided_by_the_seed(tmp_path: Path) -> None:
    corpus = numbered(tmp_path, 400)
    first, again, other = (hold_out(corpus, 50, seed) for seed in (1, 1, 2))
    assert [part.fingerprint for part in first] == [part.fingerprint for part in again]
    assert first[1].fingerprint != other[1].fingerprint


@pytest.mark.parametrize("count", [0, 21])
def test_too_few_pairs_cannot_be_split(tmp_path: Path, count: int) -> None:
    with pytest.raises(CorpusError, match="--validation"):
        hold_out(numbered(tmp_path, 40), count, seed=1)


def test_a_corpus_of_one_sentence_cannot_be_split(tmp_path: Path) -> None:
    corpus = load(tsv(tmp_path / "p.tsv", *((f"s{n}", "same") for n in range(10))))
    with pytest.raises(CorpusError, match="every pair shares a sentence"):
        hold_out(corpus, 2, seed=1)


def test_the_pairs_of_a_corpus_count_as_often_as_its_weight_says(tmp_path: Path) -> None:
    """Duplicates are looked for before that. The report says what proportion each source has."""
    big, mine = tmp_path / "big.tsv", tmp_path / "mine.tsv"
    big.write_text("".join(f"big {n}\tBIG {n}\n" for n in range(8)))
    mine.write_text("ba\tBA\nba\tBA\nbig 3\tBIG 3\n")
    corpus = read_train(DataConfig(train=(str(big), f"{mine}*2")))
    assert list(corpus.dataset["src"])[-3:] == ["big 7", "ba", "ba"]
    assert [source.times for source in corpus.report.sources] == [1, 2]
    first, second = corpus.report.lines()[:2]
    assert "kept 8, 80 % of all pairs" in first
    assert "kept 1 2 times, 20 % of all pairs; dropped 2 duplicate" in second
    with pytest.raises(CorpusError, match="repeated 0 times"):
        read_train(DataConfig(train=(f"{mine}*0",)))
    for weight in ("-1", "1.5", "+2"):
        with pytest.raises(CorpusError, match="a whole number of times"):
            split_weight(f"pairs.tsv*{weight}")
    assert split_weight("*4") == ("*4", 1)
    assert split_weight("pairs*-old.tsv") == ("pairs*-old.tsv", 1)
    assert split_weight("de-en=a.de,a.en*12") == ("de-en=a.de,a.en", 12)

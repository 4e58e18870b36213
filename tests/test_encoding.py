"""What files are written in: UTF-16 and UTF-32 by name, byte order marks, damaged archives and pages."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mt import cli
from mt.config import Config, DataConfig
from mt.config.files import load_file
from mt.data.corpus import read_validation
from mt.data.formats import read_pairs
from mt.data.formats.pairs import BadLine, Pair
from mt.errors import ConfigError, CorpusError, MTError
from mt.serve.keys import read_keys
from mt.text.encoding import wide_encoding
from tests.reading import COMPRESS, fault, read, write

TEXT = "我爱北京\tI love Beijing\n上海很大\tShanghai is large\r\n"
CODECS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("text", [TEXT, "a\tb\n", "one line\n", "你好吗\n上海\n", "😀\tsmile\n", TEXT * 200])
def test_wide_encodings_are_named_with_and_without_a_mark(codec: str, text: str) -> None:
    assert wide_encoding(text.encode(codec)) == codec.upper()[:6]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk"])
def test_other_encodings_are_none_of_those(codec: str) -> None:
    assert wide_encoding(TEXT.encode(codec)) is None
    assert wide_encoding(b"caf\xe9\tcoffee\n") is None
    assert wide_encoding(b"") is None


@given(st.lists(st.text(st.sampled_from("\0\r a\u4e0a\u3000é"), max_size=5), min_size=1, max_size=8))
def test_nul_characters_in_utf8_are_no_utf16(cells: list[str]) -> None:
    assert wide_encoding(("0\t0\n" + "".join(f"{cell}\tx\n" for cell in cells)).encode()) is None


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.po", "p.tsv.gz", "p.csv.zst", "p.jsonl.xz"])
def test_a_corpus_in_a_wide_encoding_is_refused_by_its_name(tmp_path: Path, name: str, codec: str) -> None:
    pack = COMPRESS[name[name.rindex(".") :] if name.count(".") == 2 else ""]
    text = '{"src": "a", "tgt": "b"}\n' if "jsonl" in name else TEXT
    message = fault(write(tmp_path / name, pack(text.encode(codec))))
    assert f"{name}: is {codec.upper()[:6]}; save it as UTF-8" in message


@pytest.mark.parametrize("codec", CODECS)
def test_settings_and_keys_in_a_wide_encoding_are_refused_by_its_name(tmp_path: Path, codec: str) -> None:
    name = codec.upper()[:6]
    with pytest.raises(ConfigError, match=rf"c\.toml is {name}, not UTF-8; save it as UTF-8"):
        load_file(write(tmp_path / "c.toml", "[training]\nseed = 7\n".encode(codec)), Config())
    with pytest.raises(MTError, match=rf"keys\.txt is {name}, not UTF-8"):
        read_keys(write(tmp_path / "keys.txt", "secret 5\n".encode(codec)))


def test_a_byte_order_mark_is_no_part_of_settings_or_keys(tmp_path: Path) -> None:
    assert load_file(write(tmp_path / "c.toml", "\ufeff[training]\nseed = 7\n"), Config()).training.seed == 7
    keys = read_keys(write(tmp_path / "keys.txt", "\ufeffsecret 5\n"))
    found = keys.find("secret")
    assert found is not None
    assert found.limit == 5
    with pytest.raises(ConfigError, match=r"c\.toml is not UTF-8 \(byte 0xe9 in line 2\)"):
        load_file(write(tmp_path / "c.toml", b"[training]\n# \xe9\n"), Config())


def test_a_byte_order_mark_is_no_part_of_aligned_files_or_translations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("t.src", "t.tgt", "h.txt"):
        write(tmp_path / name, "\ufeffone two three four\nfive six seven eight\n")
    spec = f"{tmp_path}/t.src,{tmp_path}/t.tgt"
    assert read(spec, "en", "de")[0] == Pair("one two three four", "one two three four")
    arguments = [
        "evaluate",
        "--hypotheses",
        str(tmp_path / "h.txt"),
        "--test",
        spec,
        "--src",
        "en",
        "--tgt",
        "de",
    ]
    assert cli.main([*arguments, "--json"]) == 0
    bleu, *_ = json.loads(capsys.readouterr().out)["scores"]
    assert bleu["value"] == pytest.approx(100)


def test_byte_order_marks_at_the_ends_of_a_cell_are_no_part_of_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`paste zh.txt en.txt` leaves the second file's mark in the middle of the first line."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    write(tmp_path / "p.tsv", "\ufeff你好\t\ufeff Hello\ufeff\n再见\tBye\ufeff bye\n")
    corpus = read_validation(DataConfig(validation=(str(tmp_path / "p.tsv"),)))
    assert corpus.dataset[:] == {"src": ["你好", "再见"], "tgt": ["Hello", "Bye\ufeff bye"]}
    pq.write_table(pa.table({"\ufeffzh": ["你好"], "en": ["Hello"]}), tmp_path / "p.parquet")
    assert read(tmp_path / "p.parquet") == [Pair("你好", "Hello")]


# ---- damage


@pytest.mark.parametrize("packed", [".gz", ".xz", ".zst"])
@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.tmx", "p.po"])
def test_an_archive_with_damage_in_the_middle_is_named_damaged_whatever_it_gives(
    tmp_path: Path, name: str, packed: str
) -> None:
    """Decompressors hand out nonsense before they know: it is not the text that is at fault."""
    lines = {
        "p.tsv": "{0}\t{1}\n", "p.csv": '"{0}","{1}"\n', "p.jsonl": '{{"src": "{0}", "tgt": "{1}"}}\n',
        "p.tmx": '<tu><tuv xml:lang="zh"><seg>{0}</seg></tuv><tuv xml:lang="en"><seg>{1}</seg></tuv></tu>\n',
        "p.po": 'msgid "{0}"\nmsgstr "{1}"\n',
    }[name]  # fmt: skip
    body = "".join(lines.format(f"s{n}", f"{n * 7919:x}") for n in range(3000))
    text = f"<tmx><body>{body}</body></tmx>" if name == "p.tmx" else body
    # Without its checksum zstandard does not know all damage.
    pack = zstandard.ZstdCompressor(write_checksum=True).compress if packed == ".zst" else COMPRESS[packed]
    whole = pack(text.encode())
    for place in (len(whole) // 3, len(whole) // 2, len(whole) - 2000):
        broken = bytearray(whole)
        broken[place : place + 40] = bytes(byte ^ 0x5A for byte in broken[place : place + 40])
        path = write(tmp_path / f"{name}{packed}", bytes(broken))
        records = read_pairs(str(path), src="zh", tgt="en", split="train")
        with pytest.raises(CorpusError, match="damaged or cut off"):
            assert not any(isinstance(record, BadLine) for record in records)


@pytest.mark.parametrize("compression", ["snappy", "gzip", "zstd", "none"])
def test_parquet_with_damaged_pages_is_refused(tmp_path: Path, compression: str) -> None:
    table = pa.table(
        {"src": [f"s{n * 7919}" for n in range(5000)], "tgt": [f"t{n * 104729}" for n in range(5000)]}
    )
    path = tmp_path / "p.parquet"
    pq.write_table(table, path, compression=compression, write_page_checksum=True)
    assert len(read(path, None, None)) == 5000
    whole = path.read_bytes()
    for place in (len(whole) // 4, len(whole) // 2):
        broken = bytearray(whole)
        broken[place : place + 30] = b"\0" * 30
        message = fault(write(path, bytes(broken)), None, None)
        assert "p.parquet: damaged, or not a whole Parquet file" in message
    for size in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        message = fault(write(path, whole[:size]), None, None)
        assert "p.parquet: damaged, or not a whole Parquet file" in message

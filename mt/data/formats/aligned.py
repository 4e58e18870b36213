"""Pairs from two aligned files, "train.zh,train.en": line n translates line n."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

from mt.data.formats.lines import not_utf8, read_lines, uncompressed_suffix
from mt.data.formats.pairs import BadLine, Pair, Record, Remark, code_matches, find_name
from mt.errors import CorpusError
from mt.text.counted import counted
from mt.text.scripts import is_language


def aligned_paths(spec: str) -> tuple[Path, Path]:
    """The two files that a SPEC names. Raises CorpusError if it names more or fewer."""
    names = [name.strip() for name in spec.split(",")]
    if len(names) != 2 or not all(names):
        raise CorpusError(
            f"{spec!r}: names {counted(len(names), 'file')}; aligned files come in twos, as train.zh,train.en"
        )
    return Path(names[0]).expanduser(), Path(names[1]).expanduser()


def read_aligned(first: Path, second: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of two files.

    The first file is the source, unless the suffixes are the two codes in the other order.
    Raises CorpusError if one has more lines than the other.
    """
    if src is None or tgt is None:
        return _pairs(first, second)
    suffixes = [uncompressed_suffix(path).removeprefix(".") for path in (first, second)]
    if suffixes[0] != suffixes[1] and [find_name(tgt, suffixes), find_name(src, suffixes)] == suffixes:
        return _pairs(second, first)
    sides = zip((first, second), suffixes, ((src, "--src"), (tgt, "--tgt")), strict=True)
    remarks = [
        Remark(str(path), f"its name says {suffix}, but {flag} is {code}; check --src and --tgt")
        for path, suffix, (code, flag) in sides
        if is_language(suffix) and not code_matches(code, suffix)
    ]
    return chain(remarks, _pairs(first, second))


def _pairs(src_path: Path, tgt_path: Path) -> Iterator[Record]:
    counts = [0, 0]
    for number, (src, tgt) in enumerate(zip_longest(read_lines(src_path), read_lines(tgt_path)), start=1):
        counts = [counts[0] + (src is not None), counts[1] + (tgt is not None)]
        if src is None or tgt is None:
            continue  # one has ended: count the other to its end
        path = src_path
        try:
            src_text = src.decode()
            path = tgt_path
            yield Pair(src_text, tgt.decode())
        except UnicodeDecodeError as error:
            yield BadLine(f"{path}, line {number}", not_utf8(error))
    if counts[0] != counts[1]:
        raise CorpusError(
            f"{src_path} has {counted(counts[0], 'line')} but {tgt_path} has {counts[1]:,}; "
            "line n of one must translate line n of the other: align them again"
        )

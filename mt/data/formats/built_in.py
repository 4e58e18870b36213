"""The built-in corpus: Chinese-English pairs that a grammar wrote, `data/phrasebook` of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from mt.data.formats.pairs import Record, Split, code_matches
from mt.data.formats.rows import read_tsv
from mt.errors import CorpusError

FOLDER = Path(__file__).parents[1] / "phrasebook"


def read_phrasebook(split: str, src: str | None, tgt: str | None) -> Iterator[Record]:
    """The pairs of one part, either way round. Raises CorpusError for another part or other languages."""
    if split not in get_args(Split):
        raise CorpusError(f"phrasebook@{split}: no such part; it has {', '.join(get_args(Split))}")
    for codes in (("zh", "en"), ("en", "zh")):
        pairs = zip(codes, (src, tgt), strict=True)
        if all(asked is None or code_matches(code, asked) for code, asked in pairs):
            return read_tsv(FOLDER / f"{split}.tsv.xz", *codes)
    raise CorpusError(f"phrasebook: has zh and en, not {src} and {tgt}; set --src and --tgt to zh and en")

"""A SPEC ("pairs.tsv", "train.zh,train.en", "hub:org/name", …) to the pairs it names, streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mt.data.formats.aligned import aligned_paths, read_aligned
from mt.data.formats.built_in import read_phrasebook
from mt.data.formats.hub import read_hub
from mt.data.formats.jsonl import read_jsonl
from mt.data.formats.lines import check_whole, uncompressed_suffix
from mt.data.formats.pairs import BadLine, Record, Split
from mt.data.formats.parquet import read_parquet
from mt.data.formats.po import read_po, read_po_folder
from mt.data.formats.rows import read_csv, read_tsv
from mt.data.formats.tmx import read_tmx
from mt.errors import CorpusError

__all__ = ["read_pairs"]


def read_pairs(spec: str, *, src: str | None, tgt: str | None, split: Split) -> Iterator[Record]:
    """Yield what the source named `spec` holds, in order, without keeping it in memory.

    `src` and `tgt` are language codes; None where the source alone shows which side is which. `split` is the
    part read from sources that have parts of their own (phrasebook, hub), unless SPEC names one with `@`.
    Raises CorpusError, here or while reading, for a fault of the whole source; a line at fault is a BadLine.
    """
    name, _, named_split = spec.partition("@")
    if name == "phrasebook":
        return read_phrasebook(named_split or split, src, tgt)
    if spec.startswith("hub:"):
        return read_hub(spec, src=src, tgt=tgt, split=split)
    path = Path(spec).expanduser()
    if spec.strip() and path.is_dir():
        return read_po_folder(path, src, tgt)
    if "," in spec and not path.exists():
        paths = aligned_paths(spec)
        return _checked(read_aligned(*paths, src, tgt), paths)
    suffix = uncompressed_suffix(path)
    if suffix in _READERS:
        return _checked(_READERS[suffix](path, src, tgt), [path])
    if spec.strip() and not path.exists():
        raise CorpusError(f"{spec}: no such file; check the path")
    raise CorpusError(
        f"{spec!r}: unknown corpus format; give a file ({' '.join(sorted(_READERS))}), a folder of .po, "
        "two aligned files such as train.zh,train.en, hub:org/name or phrasebook"
    )


def _checked(records: Iterator[Record], paths: Sequence[Path]) -> Iterator[Record]:
    """Pass records on; where they make no sense, see first whether the files are whole.

    A damaged archive can give text that is broken in any way before the damage is known.
    """
    unchecked = list(paths)
    try:
        for record in records:
            while unchecked and isinstance(record, BadLine):
                check_whole(unchecked.pop())
            yield record
    except CorpusError:
        while unchecked:
            check_whole(unchecked.pop())
        raise


_READERS: dict[str, Callable[[Path, str | None, str | None], Iterator[Record]]] = {
    ".tsv": read_tsv,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
    ".tmx": read_tmx,
    ".po": read_po,
}

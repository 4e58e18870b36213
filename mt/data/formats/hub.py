"""Pairs from the Hugging Face hub, or from a folder in the hub's layout: hub:org/name[:config][@split]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import datasets

from mt.data.formats.pairs import Record, Split
from mt.data.formats.parquet import first_line, read_tables, table_columns
from mt.data.formats.rows import read_csv, read_tsv
from mt.errors import CorpusError
from mt.text.languages import split_pair

_ROWS = 1000  # rows decoded at a time
_SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "dev", "valid"),
    "test": ("test",),
}


class _Name(NamedTuple):
    repo: str
    config: str | None
    split: str | None


def _parse(spec: str) -> _Name:
    rest = spec.removeprefix("hub:")
    split = config = None
    if not Path(rest).is_dir():  # a folder may have @ and : in its name
        rest, _, split = rest.partition("@")
    if not Path(rest).is_dir():
        rest, _, config = rest.partition(":")
    if rest.startswith(("/", ".")) and not Path(rest).is_dir():
        raise CorpusError(f"{spec}: no folder {rest}; check the path")
    if not rest:
        raise CorpusError(f"{spec}: names no data set; write hub:org/name[:config][@split]")
    return _Name(rest, config or None, split or None)


def read_hub(spec: str, *, src: str | None, tgt: str | None, split: Split) -> Iterator[Record]:
    """Yield the pairs of a data set by `datasets.load_dataset`, memory-mapped from its cache.

    Without `@split` the part is the one for the role `split`. Raises CorpusError if the data set, its
    configuration, its split or its columns are not there, and says which are.
    """
    name = _parse(spec)
    wanted = (name.split,) if name.split else _SPLIT_NAMES[split]
    with _loading(spec):
        configs: list[str] = datasets.get_dataset_config_names(name.repo)
        config = _choose_config(configs, name.config, src, tgt, spec)
        builder = datasets.load_dataset_builder(name.repo, config)
    if _is_plain_text(builder.config):
        files = builder.config.data_files
        part = _choose_part(list(files), wanted, spec)
        with _loading(spec):
            paths = datasets.DownloadManager().download_and_extract(list(files[part]))
        read = read_tsv if builder.config.sep == "\t" else read_csv
        yield from (record for path in paths for record in read(Path(path), src, tgt))
        return
    with _loading(spec):
        parts = datasets.load_dataset(name.repo, config)
    part = _choose_part(list(parts), wanted, spec)
    columns = table_columns(parts[part].features.arrow_schema, src, tgt, source=spec)
    tables = parts[part].with_format("arrow").iter(batch_size=_ROWS)
    yield from read_tables(tables, columns, source=spec)


def load_part(spec: str, split: Split) -> datasets.Dataset:
    """The data set's part for the role `split`, or `@split`, with all its columns. Raises CorpusError."""
    name = _parse(spec)
    with _loading(spec):
        configs: list[str] = datasets.get_dataset_config_names(name.repo)
        parts = datasets.load_dataset(name.repo, _choose_config(configs, name.config, None, None, spec))
    return parts[_choose_part(list(parts), (name.split,) if name.split else _SPLIT_NAMES[split], spec)]


def _is_plain_text(config: Any) -> bool:
    """Whether the files are CSV or TSV without settings of their own: these are read as elsewhere in `mt`.

    pandas, by which `datasets` reads them, takes a quote in TSV for the start of a quotation, "None" for
    nothing, and one cell too many in each row for an index.
    """
    settings = getattr(config, "pd_read_csv_kwargs", None)
    if settings is None or config.sep not in (",", "\t") or config.features is not None:
        return False
    return bool(settings == type(config)(sep=config.sep).pd_read_csv_kwargs)


@contextmanager
def _loading(spec: str) -> Iterator[None]:
    """Whatever goes wrong in `datasets` is a CorpusError."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:  # network, cache, formats: datasets and what is below it raise dozens of kinds
        raise CorpusError(
            f"{spec}: cannot be loaded ({first_line(error)}); check the name, the network and HF_HUB_OFFLINE"
        ) from error


def _choose_part(parts: Sequence[str], wanted: Sequence[str], spec: str) -> str:
    found = next((part for part in wanted if part in parts), None)
    if found is None:
        raise CorpusError(
            f"{spec}: has no split {wanted[0]}; add one of {', '.join(f'@{part}' for part in parts)}"
        )
    return found


def _choose_config(
    configs: list[str], wanted: str | None, src: str | None, tgt: str | None, spec: str
) -> str:
    """The configuration asked for, or the one for the two languages, in either order of its codes."""
    if wanted is not None:
        names = [wanted, "-".join(reversed(wanted.split("-")))]
    elif len(configs) == 1:
        names = configs
    else:
        known = [name for name in configs if "-" in name]
        pairs = [split_pair(pair, known) for pair in (f"{src}-{tgt}", f"{tgt}-{src}")]
        names = [*(pair[0] for pair in pairs if pair), "default"]
    found = next((name for name in names if name in configs), None)
    if found is None:
        cause = "several configurations" if wanted is None else f"no configuration {wanted}"
        raise CorpusError(f"{spec}: has {cause}; add one of {', '.join(':' + name for name in configs)}")
    return found

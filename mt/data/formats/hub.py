"""Pairs from the Hugging Face hub, or from a folder in the hub's layout: hub:org/name[:config][@split]."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import datasets

from mt.data.formats.pairs import Record, Split
from mt.data.formats.tables import first_line, read_tables, table_columns
from mt.errors import CorpusError

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
    try:
        configs: list[str] = datasets.get_dataset_config_names(name.repo)
        config = _choose_config(configs, name.config, src, tgt, spec)
        parts = datasets.load_dataset(name.repo, config)
    except CorpusError:
        raise
    except Exception as error:  # network, cache, formats: datasets and what is below it raise dozens of kinds
        raise CorpusError(
            f"{spec}: cannot be loaded ({first_line(error)}); check the name, the network and HF_HUB_OFFLINE"
        ) from error
    wanted = (name.split,) if name.split else _SPLIT_NAMES[split]
    part = next((part for part in wanted if part in parts), None)
    if part is None:
        raise CorpusError(
            f"{spec}: has no split {wanted[0]}; add one of {', '.join('@' + part for part in parts)}"
        )
    columns = table_columns(parts[part].features.arrow_schema, src, tgt, source=spec)
    tables = parts[part].with_format("arrow").iter(batch_size=_ROWS)
    yield from read_tables(tables, columns, source=spec)


def _choose_config(
    configs: list[str], wanted: str | None, src: str | None, tgt: str | None, spec: str
) -> str:
    """The configuration asked for, or the one for the two languages, in either order of its codes."""
    if wanted is not None:
        names = [wanted, "-".join(reversed(wanted.split("-")))]
    elif len(configs) == 1:
        names = configs
    else:
        names = [f"{src}-{tgt}", f"{tgt}-{src}", "default"]
    found = next((name for name in names if name in configs), None)
    if found is None:
        cause = "several configurations" if wanted is None else f"no configuration {wanted}"
        raise CorpusError(f"{spec}: has {cause}; add one of {', '.join(':' + name for name in configs)}")
    return found

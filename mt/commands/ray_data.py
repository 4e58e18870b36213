"""Translate on a Ray cluster: Ray Data gives rows to actors, each of which holds a translator."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from mt.checkpoint import newest_run
from mt.commands import shards
from mt.commands.ray_cluster import Cluster, import_ray
from mt.config import SearchConfig
from mt.config.fields import changed
from mt.console import Console, Pace
from mt.data.formats.lines import COMPRESSED
from mt.device import at_once
from mt.errors import ConfigError, FileError, RunError, UsageError, reason
from mt.files.json_rows import SOURCES, TRANSLATION
from mt.options import DoubtOptions, TranslateOptions
from mt.text.counted import counted
from mt.translator.opening import open_translator

LINES, FEWEST = 20_000, 1024  # of a text, to an actor at a time
PIECES = 16  # for each actor, at the end of which it waits for the others
ROWS = 1024  # of a table
OF_LINES = ("nbest", "scores", "alignments", "as_json", *DoubtOptions.model_fields)


def translate_on_ray(options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    """Translate the input on the cluster that the options name.

    What an actor was at when it died is done again by another one.
    Raises MTError: MissingExtraError without Ray; RunError for what failed on the cluster.
    """
    ray = import_ray()
    options = options.model_copy(update=_absolute(options))
    source, output, _ = shards.named(options)
    table = _table_suffix(source)
    if table and output.exists():
        raise ConfigError(f"{output} exists; name a new folder for the translated {table} files")
    if table and (given := changed(options, OF_LINES)):
        raise UsageError(f"mt translate: {given[0]} is for text in lines; a {table} file gets one column")
    if not table:
        shards.check_lines(source, options)
    cluster = Cluster(ray, options, beside=1 if table else 0)
    with cluster.joined(f"mend {source} and run it again" if table else "the same command goes on"):
        if table:
            _translate_table(cluster, table, options, search, console)
        else:
            _translate_text(cluster, options, search, console)
            shards.join_shards(options, console)


class TextActor:
    """Translates pieces of text files into the shards' folder."""

    def __init__(self, options: str, search: str, given: shards.Input) -> None:
        self._options = TranslateOptions.model_validate_json(options)
        self._console = Console()
        config = SearchConfig.model_validate_json(search)
        self._translator = shards.begin(self._options, config, given, self._console)
        source = self._options.input or Path()
        self._pieces = [piece for of_shard in shards.pieces_of(source, given.shards) for piece in of_shard]
        self._of_file = given.of_file

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[int]]:
        """rows: numbers of pieces. Returns how many lines each has."""
        return {"lines": [self._translate(self._pieces[number]) for number in rows["id"]]}

    def _translate(self, piece: shards.Piece) -> int:
        of = self._of_file or shards.measure(piece.source)
        return shards.translate_piece(self._translator, piece, of, self._options, self._console)


class TableActor:
    """Adds the translations of a column to rows of a table."""

    def __init__(self, options: str, search: str, column: str) -> None:
        self._options, self._column = TranslateOptions.model_validate_json(options), column
        config = SearchConfig.model_validate_json(search)
        self._translator = open_translator(self._options, config, Console())
        self._translator.use_glossary(*self._options.glossary)

    def __call__(self, rows: pa.Table) -> pa.Table:
        texts = [text or "" for text in rows.column(self._column).to_pylist()]
        found = self._translator.search(texts, nbest=1, tgt=self._options.tgt)
        return rows.append_column(TRANSLATION, pa.array([row.text for row in found], pa.string()))


def _translate_text(
    cluster: Cluster, options: TranslateOptions, search: SearchConfig, console: Console
) -> None:
    source, output, _ = shards.named(options)
    settings = shards.folder_of(output) / shards.SETTINGS
    of_file = shards.measure_file(source)
    if settings.exists():
        count = int(shards.read_settings(settings.parent)["shards"])
    else:
        count = pieces_for(of_file.lines if of_file else 0, cluster.actors, cluster.gpus > 0)
    given = shards.Input(count, of_file)
    shards.begin(options, search, given, console)  # what is wrong is said here, and not by an actor
    pieces = sum(map(len, shards.pieces_of(source, count)))
    arguments = (options.model_dump_json(), search.model_dump_json(), given)
    # `from_items` is done here; `range` would need tasks, and a process for them.
    ids = [{"id": number} for number in range(pieces)]
    rows = cluster.ray.data.from_items(ids, override_num_blocks=pieces).map_batches(
        TextActor, fn_constructor_args=arguments, batch_size=1, **cluster.pool()
    )
    pace, done = Pace(console, "line"), 0
    for row in rows.iter_rows():
        done += row["lines"]
        pace.show(done)
    pace.close(done)


def pieces_for(lines: int, actors: int, on_gpus: bool) -> int:
    """Into how many pieces a text is cut: many for each actor, but not so small that batches do not fill."""
    device = torch.device("cuda" if on_gpus else "cpu")
    most, fewest = at_once(LINES, device), at_once(FEWEST, device)
    return max(1, lines // most, min(PIECES * actors, lines // fewest))


def _translate_table(
    cluster: Cluster, suffix: str, options: TranslateOptions, search: SearchConfig, console: Console
) -> None:
    source, output, _ = shards.named(options)
    read = _reader(cluster.ray, suffix)
    rows = read(str(source))
    columns = rows.schema().names
    column = next((name for name in SOURCES if name in columns), None)
    if column is None or TRANSLATION in columns:
        raise ConfigError(
            f"{source} has the columns {', '.join(columns)}; "
            f"needs {' or '.join(SOURCES)}, and no {TRANSLATION}"
        )
    translator = open_translator(options, search, console)
    translator.check(nbest=1, aligned=False, tgt=options.tgt)
    arguments = (options.model_dump_json(), search.model_dump_json(), column)
    translated = rows.map_batches(
        TableActor,
        fn_constructor_args=arguments,
        batch_size=ROWS,
        batch_format="pyarrow",
        **cluster.pool(),
    )
    partial = output.with_name(f".{output.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (translated.write_parquet if suffix == ".parquet" else translated.write_json)(str(partial))
        total, written = rows.count(), read(str(partial)).count()
        if total != written:
            raise RunError(
                f"{source} has {counted(total, 'row')}, but {written:,} were written; run it again"
            )
        partial.rename(output)
    except OSError as problem:
        raise FileError(f"cannot write {output}: {reason(problem)}") from None
    console.note(f"{output}: {counted(total, 'row')}")


def _absolute(options: TranslateOptions) -> dict[str, Any]:
    """Paths as actors find them, which work in other folders; one thread each unless more are asked for."""
    return {
        "model": tuple(path.resolve() for path in options.model or (newest_run(),)),
        "glossary": tuple(path.resolve() for path in options.glossary),
        "input": options.input and options.input.resolve(),
        "output": options.output and options.output.resolve(),
        "threads": options.threads or 1,
    }


def _table_suffix(source: Path) -> str:
    """.parquet or .jsonl, if that is what the file, or each file of the folder, is; empty for text."""
    files = (
        [path for path in source.iterdir() if not path.name.startswith(".")] if source.is_dir() else [source]
    )
    kinds = {path.with_suffix("").suffix if path.suffix in COMPRESSED else path.suffix for path in files}
    return next(iter(kinds)) if kinds in ({".parquet"}, {".jsonl"}) else ""


def _reader(ray: Any, suffix: str) -> Callable[[str], Any]:
    return ray.data.read_parquet if suffix == ".parquet" else ray.data.read_json  # type: ignore[no-any-return]

"""Translate on a Ray cluster: Ray Data gives rows to actors, each of which holds a translator."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from mt.checkpoint import newest_run
from mt.commands import shards
from mt.config import SearchConfig
from mt.config.fields import changed
from mt.console import Console, Pace
from mt.data.formats.lines import COMPRESSED
from mt.errors import ConfigError, FileError, MissingExtraError, MTError, RunError, UsageError, reason
from mt.files.json_rows import SOURCES, TRANSLATION
from mt.options import DoubtOptions, TranslateOptions
from mt.text.counted import counted
from mt.translator.opening import open_translator

LINES, FEWEST = 20_000, 100  # of a text, to an actor at a time
ROWS = 1024  # of a table
OF_LINES = ("nbest", "scores", "alignments", "as_json", *DoubtOptions.model_fields)


def translate_on_ray(options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    """Translate the input on the cluster that the options name.

    What an actor was at when it died is done again by another one.
    Raises MTError: MissingExtraError without Ray; RunError for what failed on the cluster.
    """
    ray = _import_ray()
    options = options.model_copy(update=_absolute(options))
    source, output, _ = shards.named(options)
    table = _table_suffix(source)
    if table and output.exists():
        raise ConfigError(f"{output} exists; name a new folder for the translated {table} files")
    if table and (given := changed(options, OF_LINES)):
        raise UsageError(f"mt translate: {given[0]} is for text in lines; a {table} file gets one column")
    if not table:
        shards.check_lines(source, options)
    try:
        _connect(ray, options)
        if table:
            _translate_table(ray, table, options, search, console)
        else:
            _translate_text(ray, options, search, console)
            shards.join_shards(options, console)
    except ray.exceptions.RayError as problem:
        advice = f"mend {source} and run it again" if table else "the same command goes on"
        raise RunError(f"Ray: {_first_line(problem)}; {advice}") from None
    finally:
        ray.shutdown()


class TextActor:
    """Translates pieces of text files into the shards' folder."""

    def __init__(self, options: str, search: str, count: int) -> None:
        self._options = TranslateOptions.model_validate_json(options)
        self._console = Console()
        config = SearchConfig.model_validate_json(search)
        self._translator = shards.begin(self._options, config, count, self._console)
        source = self._options.input or Path()
        self._pieces = [piece for of_shard in shards.pieces_of(source, count) for piece in of_shard]
        self._measures = {path: shards.measure(path) for path in {piece.source for piece in self._pieces}}

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[int]]:
        """rows: numbers of pieces. Returns how many lines each has."""
        pieces = [self._pieces[number] for number in rows["id"]]
        how = self._options, self._console
        lines = [
            shards.translate_piece(self._translator, piece, self._measures[piece.source], *how)
            for piece in pieces
        ]
        return {"lines": lines}


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


def _translate_text(ray: Any, options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    source, output, _ = shards.named(options)
    settings = shards.folder_of(output) / shards.SETTINGS
    if settings.exists():
        count = int(shards.read_settings(settings.parent)["shards"])
    else:
        lines = 0 if source.is_dir() else shards.measure(source).lines
        count = max(1, lines // LINES, min(4 * _count(ray, options), lines // FEWEST))
    shards.begin(options, search, count, console)  # what is wrong is said here, and not by an actor
    pieces = sum(map(len, shards.pieces_of(source, count)))
    arguments = (options.model_dump_json(), search.model_dump_json(), count)
    rows = ray.data.range(pieces, override_num_blocks=pieces).map_batches(
        TextActor, fn_constructor_args=arguments, batch_size=1, **_actors(ray, options)
    )
    pace, done = Pace(console, "line"), 0
    for row in rows.iter_rows():
        done += row["lines"]
        pace.show(done)
    pace.close(done)


def _translate_table(
    ray: Any, suffix: str, options: TranslateOptions, search: SearchConfig, console: Console
) -> None:
    source, output, _ = shards.named(options)
    read = _reader(ray, suffix)
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
        **_actors(ray, options),
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


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--ray needs Ray", "ray") from None
    return ray


def _connect(ray: Any, options: TranslateOptions) -> None:
    local = options.ray == "local"
    more: Mapping[str, object] = {"num_cpus": (options.actors or os.cpu_count() or 1) + 1} if local else {}
    address = "local" if local else options.ray
    try:
        _reach(options.ray or "")
        ray.init(
            address,
            logging_level="ERROR",
            log_to_driver=False,
            include_dashboard=False if local else None,
            **more,
        )
    except (OSError, RuntimeError, ValueError) as problem:
        raise ConfigError(
            f"--ray {options.ray}: {_first_line(problem)}; --ray local starts one here"
        ) from None
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="ray")


def _reach(address: str) -> None:
    """Raises OSError where nobody answers at HOST:PORT, for which Ray waits minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def _gpus(ray: Any, options: TranslateOptions) -> int:
    return int(ray.cluster_resources().get("GPU", 0)) if options.device in ("auto", "cuda") else 0


def _count(ray: Any, options: TranslateOptions) -> int:
    """How many actors translate."""
    cores = int(ray.cluster_resources().get("CPU", 2))
    return options.actors or _gpus(ray, options) or max(1, cores - 1)


def _actors(ray: Any, options: TranslateOptions) -> dict[str, Any]:
    """The pool of actors, and what each gets. One that dies is replaced, and its work given to another."""
    count, gpus = _count(ray, options), _gpus(ray, options)
    each = {"num_gpus": min(1, gpus / count)} if gpus else {"num_cpus": 1}
    return {"compute": ray.data.ActorPoolStrategy(size=count), **each}


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


def _first_line(problem: BaseException) -> str:
    """What a cluster's error says in one line: the cause, where it is one of ours."""
    cause = getattr(problem, "cause", None) or problem.__cause__ or problem
    if cause is problem:
        lines = str(problem).strip().splitlines()
        return lines[-1] if lines else type(problem).__name__
    first = (str(cause).strip().splitlines() or [""])[0]
    return first if isinstance(cause, MTError) else f"{type(cause).__name__}: {first}"

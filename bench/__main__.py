"""Measure mt on this machine: training, search, start-up, and what grows with the data.

Prints a table on stderr and the same numbers as one JSON object on stdout. The corpus is Multi30k, English
to German, where that is at hand, else the built-in one. On a GPU training at the size of GNMT comes first.
Rates are medians; on a machine that does something else meanwhile they are worth little.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.bench_base import Columns, Settings, ask, graphics_card, machine, table
from mt.console import Console
from mt.errors import ConfigError, MTError, UsageError

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
QUICK_SECONDS = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    options = parser().parse_args(argv)
    try:
        if options.train_seconds <= 0 or options.batch_tokens < 256 or (options.threads or 1) < 1:
            raise UsageError("--train-seconds and --threads are positive, --batch-tokens at least 256")
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_from(options, Path(folder))
            gnmt = options.gnmt or settings.device == "cuda"
            print(json.dumps(measure(settings, gnmt, options.pairs, Console())))
    except MTError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0


def parser() -> argparse.ArgumentParser:
    """The flags."""
    found = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    found.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    found.add_argument("--threads", type=int, help="processor threads (default: as many as there are cores)")
    found.add_argument(
        "--precision",
        choices=["auto", "fp32", "bf16"],
        default="auto",
        help="of training; auto measures fp32, and bf16 where that runs in hardware",
    )
    found.add_argument("--quick", action="store_true", help="less of everything, to see that it works")
    found.add_argument("--train-seconds", type=float, default=90.0, help="of training before search")
    found.add_argument("--batch-tokens", type=int, default=65536, help="at the size of GNMT")
    found.add_argument("--gnmt", action="store_true", help="that part also without a GPU, much narrower")
    found.add_argument("--pairs", type=int, nargs="+", help="measure only what corpora of so many pairs cost")
    found.add_argument("--shared", type=Path, default=Path("../shared"), help="holds data/multi30k")
    return found


def settings_from(options: argparse.Namespace, work: Path) -> Settings:
    """What the flags ask for."""
    device = options.device
    if device != "cpu" and not graphics_card():
        if device == "cuda":
            raise ConfigError("--device cuda is not available here")
        device = "cpu"
    folder = options.shared.resolve() / "data" / "multi30k"
    return Settings(
        work=work,
        multi30k=folder if (folder / "train.en.gz").exists() else None,
        device="cuda" if device == "auto" else device,
        threads=options.threads,
        precision=options.precision,
        quick=options.quick,
        train_seconds=min(options.train_seconds, QUICK_SECONDS) if options.quick else options.train_seconds,
        batch_tokens=options.batch_tokens,
    )


def measure(
    settings: Settings, gnmt: bool, pairs: Sequence[int] | None, console: Console
) -> dict[str, object]:
    """All parts, each a table as soon as it is known, and everything for JSON.

    pairs: sizes of corpora, the only thing that is measured then.
    """
    on = machine() | {"gpu": graphics_card() if settings.device == "cuda" else "none used"}
    about: dict[str, object] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": on,
        "settings": described(settings, gnmt),
    }
    for name, value in (on | described(settings, gnmt)).items():
        console.note(f"{name:<20}{value}")
    results: dict[str, Columns] = {}

    def part(title: str, columns: Columns) -> Columns:
        table(title, columns, console)
        results[title] = columns
        return columns

    if pairs:
        part("corpus", ask(settings, "bench_setup"))
        part("by size of corpus", growth(settings, pairs))
        return about | {"results": results}
    peaks = part("products", ask(settings, "bench_products"))
    if gnmt:
        part("training at GNMT's size", training(settings, "bench_gnmt", peaks))
    part("corpus", ask(settings, "bench_setup"))
    about["config"] = recipe(settings)
    part("training", training(settings, "bench_training", peaks))
    part("training in several processes", ask(settings, "bench_ranks"))
    part("search", ask(settings, "bench_search"))
    part("whole processes", ask(settings, "bench_startup"))
    part("by length of sentences", ask(settings, "bench_lengths"))
    part("by size of corpus", growth(settings, QUICK_SIZES if settings.quick else SIZES))
    return about | {"results": results}


def described(settings: Settings, gnmt: bool) -> dict[str, object]:
    """The settings without folders."""
    found = asdict(settings)
    del found["work"], found["multi30k"]
    corpus = "multi30k en-de" if settings.multi30k else "phrasebook zh-en"
    return found | {"corpus": "random ids" if gnmt else corpus}


def recipe(settings: Settings) -> dict[str, object]:
    """The model's settings as its run has them, but for the names of its files."""
    tables = tomllib.loads((settings.run / "config.toml").read_text(encoding="utf-8"))
    return {name: tables[name] for name in ("tokenizer", "model", "training")}


def training(settings: Settings, module: str, peaks: Columns) -> Columns:
    """In each arithmetic whose peak is known, each in a process of its own."""
    found: Columns = {}
    for precision, peak in peaks.items():
        numbers = ask(settings, module, precision)[precision]
        share = 100 * numbers["achieved, GFLOP/s"] / peak["best, GFLOP/s"]
        found[precision] = numbers | {"achieved, % of the best product": share}
    return found


def growth(settings: Settings, sizes: Sequence[int]) -> Columns:
    """Each size in a process and a folder of its own, gone before the next."""
    found: Columns = {}
    for count in sizes:
        own = replace(settings, work=settings.work / "grown")
        found |= ask(own, "bench_growth", str(settings.pairs), str(count))
        shutil.rmtree(own.work)
    return found


if __name__ == "__main__":
    sys.exit(main())

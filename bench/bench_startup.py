"""Whole processes from start to end, as a person waits for them. Needs no torch itself."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.bench_base import Columns, Settings, answer
from bench.peer_base import flags

TIMES = 3


def main(settings: Settings, _: Sequence[str]) -> Columns:
    """Each so many times, in turn; the medians."""
    commands = listed(settings)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in commands}
    for _turn in range(1 if settings.quick else TIMES):
        for key, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[key].append(time.perf_counter() - began)
    found: Columns = {}
    for (column, row), values in times.items():
        found.setdefault(column, {})[row] = statistics.median(values)
    return found


def listed(settings: Settings) -> dict[tuple[str, str], list[str]]:
    """(column, row) of the table -> the command."""
    source = settings.test[0]
    with source.open(encoding="utf-8") as lines:
        texts = lines.read().splitlines()
    mt = [sys.executable, "-m", "mt"]
    found = {
        ("fp32", "python -c 'import torch', s"): [sys.executable, "-c", "import torch"],
        ("fp32", "mt --help, s"): [*mt, "--help"],
    }
    for precision in ("fp32", "int8"):
        how = {"beam": 1, "precision": precision, "device": settings.device}
        translate = [*mt, "translate", *flags({"model": settings.run, **how})]
        if settings.threads is not None:
            translate += ["--threads", str(settings.threads)]
        found[precision, "mt translate, one sentence, greedy, s"] = [*translate, texts[0]]
        files = flags({"input": source, "output": settings.work / "output"})
        found[precision, f"mt translate, {len(texts):,} sentences, greedy, s"] = [*translate, *files]
    return found


if __name__ == "__main__":
    answer(main)

"""mt translate --ray on this machine: one actor of one thread, two of one; in turns.

    python -m bench.bench_ray -m RUN -i TEXT

Beside it stand one and two processes of `--shard`, without Ray: what they lose, this machine loses. Needs the
extra ray. What a command takes to start is measured by a file of few lines and taken off.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from bench.bench_base import run
from mt.errors import MTError

ROUNDS, FEW, LINES = 3, 200, 60_000


def main() -> None:
    """Print lines a second by the number of actors as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.bench_ray", description=__doc__)
    parser.add_argument("-m", "--model", type=Path, required=True)
    parser.add_argument("-i", "--input", type=Path, required=True, help="text, repeated up to --lines")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--beam", type=int, default=1)
    options = parser.parse_args()
    lines = options.input.read_text(encoding="utf-8").splitlines()
    found: dict[str, list[float]] = {"1 actor": [], "2 actors": [], "1 shard": [], "2 shards": []}
    with tempfile.TemporaryDirectory() as name:
        few, many = Path(name) / "few.txt", Path(name) / "many.txt"
        for path, count in ((few, FEW), (many, options.lines)):
            path.write_text("".join(f"{lines[n % len(lines)]}\n" for n in range(count)), encoding="utf-8")
        for _ in range(options.rounds):
            for how, rates in found.items():
                start, whole = (seconds(options, path, how) for path in (few, many))
                if whole <= start:
                    raise MTError(f"{options.lines} lines took no longer than {FEW}: give more --lines")
                rates.append((options.lines - FEW) / (whole - start))
    medians = {how: statistics.median(rates) for how, rates in found.items()}
    times = {
        two: statistics.median(b / a for a, b in zip(found[one], found[two], strict=True))
        for one, two in (("1 actor", "2 actors"), ("1 shard", "2 shards"))
    }
    print(json.dumps({"lines a second": medians, "times one": times, "rounds": found}))


def seconds(options: argparse.Namespace, source: Path, how: str) -> float:
    """What the whole command takes, or all of them together. how: `2 actors`, `2 shards`."""
    count, _, what = how.partition(" ")
    output = source.with_name(f"{source.name}.{uuid4().hex}")
    command = [sys.executable, "-m", "mt", "translate", "-m", str(options.model), "-i", str(source)]
    command += ["-o", str(output), "--beam", str(options.beam), "--threads", "1"]
    if what.startswith("actor"):
        commands = [[*command, "--ray", "local", "--actors", count]]
    else:
        commands = [[*command, "--shard", f"{number}/{count}"] for number in range(1, int(count) + 1)]
    began = time.perf_counter()
    started = [subprocess.Popen(one, stderr=subprocess.DEVNULL) for one in commands]
    codes = [process.wait() for process in started]
    if any(codes):
        raise MTError(f"{' '.join(commands[0])} failed")
    return time.perf_counter() - began


if __name__ == "__main__":
    run(main)

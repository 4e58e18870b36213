"""mt translate --ray on this machine: one actor of one thread, two of one; in turns.

    python -m bench.bench_ray -m RUN -i TEXT

Needs the extra ray. What Ray takes to start is measured by a file of few lines and taken off.
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
    found: dict[str, list[float]] = {"1": [], "2": []}
    with tempfile.TemporaryDirectory() as name:
        few, many = Path(name) / "few.txt", Path(name) / "many.txt"
        for path, count in ((few, FEW), (many, options.lines)):
            path.write_text("".join(f"{lines[n % len(lines)]}\n" for n in range(count)), encoding="utf-8")
        for _ in range(options.rounds):
            for actors, rates in found.items():
                start, whole = (seconds(options, path, actors) for path in (few, many))
                if whole <= start:
                    raise MTError(f"{options.lines} lines took no longer than {FEW}: give more --lines")
                rates.append((options.lines - FEW) / (whole - start))
    medians = {actors: statistics.median(rates) for actors, rates in found.items()}
    times = statistics.median(two / one for one, two in zip(found["1"], found["2"], strict=True))
    print(json.dumps({"lines a second by actors": medians, "two are times one": times, "rounds": found}))


def seconds(options: argparse.Namespace, source: Path, actors: str) -> float:
    """What the whole command takes."""
    output = source.with_suffix(f".{actors}")
    command = ["translate", "-m", str(options.model), "-i", str(source), "-o", str(output)]
    command += ["--beam", str(options.beam), "--threads", "1", "--ray", "local", "--actors", actors]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "mt", *command], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    run(main)

"""Checks for a GPU: what nobody could try without one, in about ten minutes.

    python -m bench.gpu_checks

Prints tables on stderr and the same numbers as JSON on stdout: search with CUDA graphs and without, beside
the CPU's translations; a minute of training and what it scores. A check that fails is a line on stderr, and
the exit code is 1. `python -m bench.gpu_checks --device cpu --quick` shows that the checks themselves run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.__main__ import parser, settings_from
from bench.bench_base import Columns, Settings, ask, graphics_card, machine, run, table
from mt.console import Console
from mt.errors import MTError

UNLIKE = {"fp32": 2.0, "bf16": 10.0}
"""Per cent of lines that rounding may change."""


def main(argv: Sequence[str] | None = None) -> None:
    """Check and print. Raises MTError where a part cannot be run."""
    options, console = parser().parse_args(argv), Console()
    if options.device == "auto":
        options.device = "cuda"
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_from(options, Path(folder))
        ask(settings, "bench_setup")
        found = {"search": ask(settings, "bench_graphs")}
        table("search", found["search"], console)
        found["a minute of training"] = learn(settings)
        table("a minute of training", found["a minute of training"], console)
    failed = failures(found["search"], settings.device)
    for line in failed:
        console.note(f"FAILED {line}")
    print(json.dumps({"machine": machine() | {"gpu": graphics_card()}, "results": found, "failed": failed}))
    if failed:
        sys.exit(1)


def failures(search: Columns, device: str) -> list[str]:
    """What is not as it should be."""
    found = []
    for name, numbers in search.items():
        limit = UNLIKE[name.split()[-1]]
        found += [
            f"{name}: {number:.1f} {measure}, more than {limit:g}"
            for measure, number in numbers.items()
            if measure.startswith("%") and number > limit
        ]
        if device == "cuda" and not numbers["graphs recorded"]:
            found.append(f"{name}: no step was recorded as a graph")
    return found


def learn(settings: Settings) -> Columns:
    """The preset `attention` on Multi30k (else `phrasebook`), for a minute; BLEU of the test sentences."""
    out, test = settings.work / "learned", [str(file) for file in settings.test]
    if folder := settings.multi30k:
        train = ["--preset", "attention", "--src", "en", "--tgt", "de"]
        train += [f"--train={folder}/train.en.gz,{folder}/train.de.gz"]
        train += [f"--validation={folder}/val.en.gz,{folder}/val.de.gz"]
    else:
        train = ["--preset", "phrasebook"]
    train += ["--max-steps", "20"] if settings.quick else ["--time-budget", "60s"]
    train += ["--device", settings.device]
    mt("train", *train, "--out", str(out))
    score = mt("evaluate", "-m", str(out), "--test", ",".join(test), "--device", settings.device, "--json")
    last = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    bleu = next(one["value"] for one in json.loads(score)["scores"] if one["name"] == "BLEU")
    return {"trained": {"BLEU": bleu, "steps": json.loads(last)["step"]}}


def mt(*words: str) -> str:
    """What a command prints. Raises MTError with its last words."""
    done = subprocess.run([sys.executable, "-m", "mt", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MTError(f"mt {words[0]} failed:\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    run(main)

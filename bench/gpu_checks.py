"""Checks for a GPU: what nobody could try without one, in about ten minutes and at most fifteen.

    python -m bench.gpu_checks

Prints tables on stderr and the same numbers as JSON on stdout: search with CUDA graphs and without, beside
the CPU's translations; a minute of training and what it scores. Each check is a process of its own. One that
fails, or takes too long, is a line on stderr, and the others go on; the exit code is 1.
`python -m bench.gpu_checks --device cpu --quick` shows that the checks themselves run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.__main__ import parser, settings_from
from bench.bench_base import Columns, Settings, ask, graphics_card, machine, output_of, run, table
from mt.console import Console
from mt.errors import MTError

UNLIKE = {"fp32": 2.0, "bf16": 10.0}
"""Per cent of lines that rounding may change."""
LEAST_BLEU = 10.0
"""Of a minute of training on Multi30k; an H100 had 38.8 after three minutes beside two other trainings."""
TRAIN, SEARCH, LEARN = 130.0, 120.0, 120.0
"""Seconds that each may take, so that all end within 15 minutes."""
Check = Callable[[], Columns]


def main(argv: Sequence[str] | None = None) -> None:
    """Check and print. Raises MTError where there is no GPU, or the corpus cannot be read."""
    options, console = parser().parse_args(argv), Console()
    if options.device == "auto":
        options.device = "cuda"
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_from(options, Path(folder))
        ask(settings, "bench_setup")
        found, failed = done(checks(settings), console)
    failed += [
        line for columns in found.values() for line in failures(columns, settings.device, settings.quick)
    ]
    for line in failed:
        console.note(f"FAILED {line}")
    print(json.dumps({"machine": machine() | {"gpu": graphics_card()}, "results": found, "failed": failed}))
    if failed:
        sys.exit(1)


def checks(settings: Settings) -> dict[str, Check]:
    """Each check by its title."""
    graphs = partial(ask, settings, "bench_graphs")
    found: dict[str, Check] = {"model for search": partial(graphs, "train", limit=TRAIN)}
    for search in ("greedy", "beam 5"):
        for precision in ("fp32", "bf16") if settings.device == "cuda" else ("fp32",):
            found[f"{search} {precision}"] = partial(graphs, search, precision, limit=SEARCH)
    return found | {"a minute of training": partial(learn, settings)}


def done(checks: Mapping[str, Check], console: Console) -> tuple[dict[str, Columns], list[str]]:
    """What the checks found, each a table as soon as it is known; and a line for each that could not run."""
    found: dict[str, Columns] = {}
    failed = []
    for title, check in checks.items():
        try:
            found[title] = check()
        except (MTError, OSError, LookupError, ValueError) as problem:
            failed.append(f"{title}: {problem}")
        else:
            table(title, found[title], console)
    return found, failed


def failures(found: Columns, device: str, quick: bool) -> list[str]:
    """What is not as it should be."""
    lines = []
    for name, numbers in found.items():
        limit = UNLIKE.get(name.split()[-1], 0.0)
        lines += [
            f"{name}: {number:.1f} {measure}, more than {limit:g}"
            for measure, number in numbers.items()
            if measure.startswith("%") and number > limit
        ]
        if device == "cuda" and numbers.get("graphs recorded") == 0:
            lines.append(f"{name}: no step was recorded as a graph")
        if not quick and numbers.get("BLEU", LEAST_BLEU) < LEAST_BLEU:
            lines.append(f"{name}: BLEU {numbers['BLEU']:.1f}, less than {LEAST_BLEU:g}")
    return lines


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
    scores = {one["name"]: one["value"] for one in json.loads(score)["scores"]}
    return {"trained": {"BLEU": scores["BLEU"], "steps": json.loads(last)["step"]}}


def mt(*words: str) -> str:
    """What a command prints. Raises MTError with its last words."""
    return output_of([sys.executable, "-m", "mt", *words], limit=LEARN)


if __name__ == "__main__":
    run(main)

"""results/<id>/scores.json -> a row of the tables in RESULTS.md.

A result is one system on one test set, trained once or with several seeds. Its folder holds

    scores.json      what was measured, by which metric, on which hardware
    command.sh       the commands that repeat it
    seed-N/          of each run: config.toml, metrics.jsonl, and hypotheses.txt where it is small

Results that were measured before these folders existed have no `seed-N/`: their scores.json says where the
numbers were recorded and what is not at hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

RESULTS = Path(__file__).parent
TABLES = RESULTS.parent / "RESULTS.md"


def read(identifier: str) -> dict[str, Any]:
    """The scores.json of a result."""
    found: dict[str, Any] = json.loads((RESULTS / identifier / "scores.json").read_text(encoding="utf-8"))
    return found


def identifiers() -> list[str]:
    """All results, in the order of their names."""
    return sorted(path.parent.name for path in RESULTS.glob("*/scores.json"))


def row(identifier: str) -> str:
    """The result's line in RESULTS.md."""
    result = read(identifier)
    runs, weights = result["runs"], result["weights_millions"]
    cells = [
        result["task"],
        f"{result['system']}; {result['commit']}",
        "–" if weights is None else f"{weights:.1f} M",
        f"{result['hardware']}; {minutes(runs)}",
        summary(runs, "bleu"),
        summary(runs, "lc_tok_bleu"),
        tokenizer_of(result["signatures"]["bleu"]),
        f"[{identifier}](results/{identifier})",
    ]
    return f"| {' | '.join(cells)} |"


def summary(runs: Sequence[Mapping[str, Any]], metric: str) -> str:
    """What the runs scored by a metric, with one decimal.

    Several seeds: mean ± sample standard deviation (number of seeds). One seed: its score, of each machine if
    it was trained on several; of a single run with the 95 % interval where there is one.
    """
    scores = [run[metric] for run in runs if metric in run]
    if not scores:
        return "–"
    if len({run.get("seed") for run in runs}) > 1:
        return f"{fmean(scores):.1f} ± {stdev(scores):.1f} ({len(scores)})"
    interval = runs[0].get(f"{metric}_interval")
    if len(scores) == 1 and interval is not None:
        return f"{scores[0]:.1f} [{interval[0]:.1f}, {interval[1]:.1f}]"
    return " and ".join(f"{value:.1f}" for value in scores)


def minutes(runs: Sequence[Mapping[str, Any]]) -> str:
    """Minutes of training; of several runs the least and the most."""
    known = sorted(run["minutes"] for run in runs if "minutes" in run)
    if not known:
        return "–"
    shown = dict.fromkeys(f"{value:g}" for value in (known[0], known[-1]))
    return f"{'–'.join(shown)} min"


def tokenizer_of(signature: str) -> str:
    """The tokeniser that a sacreBLEU signature names, such as 13a."""
    parts = dict(part.split(":", 1) for part in signature.split("|"))
    return parts["tok"]

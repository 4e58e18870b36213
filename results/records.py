"""results/<id>/scores.json -> a row of the tables in RESULTS.md.

A result is one system on one test set, trained once or with several seeds. Its folder holds

    scores.json      what was measured, by which metric, on which hardware
    command.sh       the commands that repeat it
    seed-N/          of each run: config.toml, metrics.jsonl, and hypotheses.txt where it is small

A recogniser of speech has `part-N/` instead: some were trained in parts, each from the one before. Its
scores.json holds the error rates of each test, and references-N.txt and hypotheses-N.txt the texts that they
were counted on, where these may be published.

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
    if "tests" in result:
        return speech_row(identifier, result)
    runs, weights = result["runs"], result["weights_millions"]
    cells = [
        result["task"],
        f"{result['system']}; {result['commit']}",
        "–" if weights is None else f"{weights:.1f} M",
        f"{result['hardware']}; {minutes(runs)}",
        f"{spoken_by(result)}{summary(runs, 'bleu')}",
        summary(runs, "lc_tok_bleu"),
        tokenizer_of(result["signatures"]["bleu"]),
        f"[{identifier}](results/{identifier})",
    ]
    return f"| {' | '.join(cells)} |"


def speech_row(identifier: str, result: Mapping[str, Any]) -> str:
    """The line of a recogniser of speech."""
    tests = result["tests"]
    measured = "; ".join(
        error_rate(test) if len(tests) == 1 else f"{test['name']}: {error_rate(test)}" for test in tests
    )
    cells = [
        result["task"],
        f"{result['system']}; {result['commit']}",
        f"{result['weights_millions']:.1f} M",
        f"{result['hardware']}; {result['minutes']:g} min",
        f"{spoken_by(result)}{measured}",
        counted_by(tests[0]["scores"][0]["signature"]),
        f"[{identifier}](results/{identifier})",
    ]
    return f"| {' | '.join(cells)} |"


def spoken_by(result: Mapping[str, Any]) -> str:
    """What stands before a score where a synthesiser speaks in the test."""
    return "**synthetic** " if result.get("synthetic") else ""


def error_rate(test: Mapping[str, Any]) -> str:
    """The error rates of a test, of words and characters, with the 95 % interval of the first."""
    first, *others = test["scores"]
    low, high = first["interval"]
    told = [f"{first['name']} {first['value']:.2f} % [{low:.1f}, {high:.1f}]"]
    return ", ".join(told + [f"{score['name']} {score['value']:.2f} %" for score in others])


def counted_by(signature: str) -> str:
    """What the signature of an error rate says of texts: `unit:words case:lower punct:no norm:nfkc`."""
    return " ".join(
        part for part in signature.split("|") if part.split(":")[0] in ("unit", "case", "punct", "norm")
    )


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

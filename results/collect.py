"""Score finished runs and keep what repeats them as a result: python -m results.collect ID RUN... --help

    python -m results.collect multi30k-en-de-attention-2 checkpoints/en-de-1 checkpoints/en-de-2 \\
      --task "Multi30k en→de" --system "`attention`" --hardware "1 core, AMD EPYC, AVX-512 BF16" \\
      --data DATA --test DATA/test_2016_flickr.en.gz,DATA/test_2016_flickr.de.gz --lc-tok

writes results/ID/ with scores.json and command.sh, and for each run seed-N/ with config.toml, metrics.jsonl
and hypotheses.txt. The path of --data is replaced by DATA in everything that is written. Then
`python -m results.table` prints the row for RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results.records import RESULTS

LARGEST = 200_000
"""Bytes of a file that is kept: metrics are thinned to this, longer hypotheses are left out."""

Sections = Mapping[str, Mapping[str, Any]]


def main(argv: Sequence[str] | None = None) -> int:
    """Collect a result; returns the exit code."""
    options = _parser().parse_args(argv)
    folder = options.into / options.id
    if folder.exists():
        print(f"{folder} exists; name another result or remove it", file=sys.stderr)
        return 1
    runs: list[dict[str, Any]] = []
    signatures: dict[str, str] = {}
    for run in options.runs:
        seed = folder / f"seed-{read_config(run)['training']['seed']}"
        seed.mkdir(parents=True)
        record, signatures = evaluate(run, seed / "hypotheses.txt", options)
        write(seed / "config.toml", hide((run / "config.toml").read_text(encoding="utf-8"), options.data))
        write(seed / "metrics.jsonl", thin((run / "metrics.jsonl").read_text(encoding="utf-8")))
        if (seed / "hypotheses.txt").stat().st_size > LARGEST:
            (seed / "hypotheses.txt").unlink()
        runs.append(record)
    config = read_config(options.runs[0])
    scores = {
        "task": options.task,
        "test": hide(options.test, options.data),
        "system": options.system,
        "commit": options.commit,
        "weights_millions": round((options.weights or count_weights(options.runs[0])) / 1e6, 2),
        "hardware": options.hardware,
        "arithmetic": config["run"].get("arithmetic", {"precision": config["training"]["precision"]}),
        "search": f"beam {options.beam}, fp32",
        "runs": runs,
        "signatures": signatures,
    }
    scores |= ({"synthetic": True} if options.synthetic else {}) | (
        {"note": options.note} if options.note else {}
    )
    write(folder / "scores.json", json.dumps(scores, ensure_ascii=False, indent=2) + "\n")
    write(folder / "command.sh", commands(options, [run["seed"] for run in runs]))
    (folder / "command.sh").chmod(0o755)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m results.collect", allow_abbrev=False)
    parser.add_argument("id", help="name of the result: task, direction, system")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="finished run directories")
    parser.add_argument("--task", required=True, help="first cell of the row, such as 'Multi30k en→de'")
    parser.add_argument("--system", required=True, help="second cell: the preset, or what was trained")
    parser.add_argument("--hardware", required=True, help="processor or GPU that trained the runs")
    parser.add_argument("--test", required=True, metavar="SPEC", help="SPEC of the test pairs")
    parser.add_argument("--data", required=True, help="folder of the corpus; written as DATA")
    parser.add_argument("--lc-tok", action="store_true", help="score lower-cased, Moses-tokenised BLEU too")
    parser.add_argument("--beam", type=int, default=5, metavar="N", help="beam size (default: 5)")
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="threads for scoring (default: 1)"
    )
    parser.add_argument(
        "--scored",
        action="store_true",
        help="the runs hold scores.json, and scores-lc-tok.json, of mt evaluate --json",
    )
    parser.add_argument("--weights", type=int, metavar="N", help="number of weights, if no model is at hand")
    parser.add_argument("--commit", default=head(), help="commit that the runs were made by (default: HEAD)")
    parser.add_argument("--flags", default="", help="further flags of mt train, such as '--device cuda'")
    parser.add_argument("--synthetic", action="store_true", help="a synthesiser speaks in the test")
    parser.add_argument("--note", help="what a reader of the scores must know")
    parser.add_argument("--into", type=Path, default=RESULTS, metavar="DIR", help="folder of the results")
    return parser


def evaluate(
    run: Path, hypotheses: Path, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, str]]:
    """Scores of a run as a record, and the signatures of the metrics; the translations go to `hypotheses`."""
    asked = ["-m", str(run), "--test", options.test, "--beam", str(options.beam), "--save", str(hypotheses)]
    asked += ["--threads", str(options.threads), "--json", "--worst", "0"]
    cased = _read_scores(run, "scores.json", hypotheses) if options.scored else _evaluate(asked)
    by_name = {score["name"]: score for score in cased["scores"]}
    history = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    record = {
        "seed": read_config(run)["training"]["seed"],
        "minutes": round(max(entry.get("seconds", 0) for entry in history) / 60, 1),
        "bleu": round(by_name["BLEU"]["value"], 2),
        "bleu_interval": [round(bound, 2) for bound in by_name["BLEU"]["interval"]],
        "chrf2pp": round(by_name["chrF2++"]["value"], 2),
        "ter": round(by_name["TER"]["value"], 2),
        "perplexity": round(cased["perplexity"], 2),
    }
    names = {"bleu": "BLEU", "chrf2pp": "chrF2++", "ter": "TER"}
    signatures = {key: by_name[name]["signature"] for key, name in names.items()}
    if options.lc_tok:
        if options.scored:
            lowered = _read_scores(run, "scores-lc-tok.json", hypotheses)
        else:
            lowered = _evaluate([*asked, "--tokenize", "moses", "--lowercase", "--bootstrap", "0"])
        bleu = next(score for score in lowered["scores"] if score["name"] == "BLEU")
        record["lc_tok_bleu"] = round(bleu["value"], 2)
        signatures["lc_tok_bleu"] = bleu["signature"]
    return record, signatures


def _evaluate(arguments: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "mt", "evaluate", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _read_scores(run: Path, name: str, hypotheses: Path) -> dict[str, Any]:
    """What mt evaluate --json wrote into the run; its translations are copied to `hypotheses`."""
    found: dict[str, Any] = json.loads((run / name).read_text(encoding="utf-8"))
    hypotheses.write_bytes((run / Path(found["hypotheses"]).name).read_bytes())
    return found


def read_config(run: Path) -> Sections:
    """The settings of a run."""
    return tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))


def count_weights(run: Path) -> int:
    """Numbers in a run's model.safetensors."""
    import safetensors

    with safetensors.safe_open(run / "model.safetensors", framework="np") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118


def thin(metrics: str) -> str:
    """metrics.jsonl within LARGEST bytes: all validations, and every n-th line of training."""
    lines = metrics.splitlines(keepends=True)
    training = [number for number, line in enumerate(lines) if json.loads(line)["kind"] == "training"]
    every = 1
    kept = lines
    while sum(len(line.encode()) for line in kept) > LARGEST and every < len(lines):
        every *= 2
        dropped = set(training) - set(training[::every])
        kept = [line for number, line in enumerate(lines) if number not in dropped]
    return "".join(kept)


def hide(text: str, data: str) -> str:
    """`text` with the folder of the corpus written as DATA."""
    return text.replace(data.rstrip("/"), "DATA")


def commands(options: argparse.Namespace, seeds: Sequence[int]) -> str:
    """The script that trains the runs again and scores them."""
    test = hide(options.test, options.data).replace("DATA", "$DATA")
    lines = [
        "#!/bin/sh",
        f"# Run from the repository at commit {options.commit}.",
        "# DATA: folder with the corpus as its publisher distributes it.",
        "set -eu",
        ': "${DATA:?}"',
        "",
    ]
    for run, seed in zip(options.runs, seeds, strict=True):
        data = read_config(run)["data"]
        specs = {
            name: " ".join(hide(spec, options.data).replace("DATA", "$DATA") for spec in data[name])
            for name in ("train", "validation")
        }
        out = f"checkpoints/{options.id}-{seed}"
        config = f"results/{options.id}/seed-{seed}/config.toml"
        lines += [
            f"mt train --config {config} --out {out} {options.flags}".rstrip() + " \\",
            f"  --train {specs['train']} --validation {specs['validation']}",
            f"mt evaluate -m {out} --test {test} --beam {options.beam}",
        ]
        if options.lc_tok:
            lines.append(f"{lines[-1]} --tokenize moses --lowercase")
    return "\n".join(lines) + "\n"


def head() -> str:
    """The short name of the commit that is checked out here."""
    command = ["git", "-C", str(RESULTS), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()


def write(path: Path, text: str) -> None:
    """Write UTF-8 with line feeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


if __name__ == "__main__":
    sys.exit(main())

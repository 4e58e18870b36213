"""Keep a recogniser of speech and its error rates as a result: python -m results.collect_speech --help

    mt evaluate -m checkpoints/digits --test test.tsv --save test.txt --json > test.json
    python -m results.collect_speech digits checkpoints/digits --task "Spoken digits" --system "`speech`" \\
      --hardware "1 core, AMD EPYC, AVX-512 BF16" --data DATA --test "an unknown voice=test.json"

writes results/ID/ with scores.json, for each test references-N.txt and hypotheses-N.txt, and for each run
part-N/ with config.toml and metrics.jsonl. Several runs are parts of one training, each from the one before.
The path of --data is replaced by DATA. Write command.sh yourself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mt.config.speech import SpeechConfig
from mt.speech.layouts import read_utterances
from results.collect import count_weights, head, hide, read_config, thin, write
from results.records import RESULTS

KEPT = ("segments", "search", "scores", "real_time_factor")
"""What is kept of an evaluation."""


def main(argv: Sequence[str] | None = None) -> int:
    """Collect a result; returns the exit code."""
    options = _parser().parse_args(argv)
    folder = options.into / options.id
    if (folder / "scores.json").exists():
        print(f"{folder} exists; name another result or remove it", file=sys.stderr)
        return 1
    last = options.runs[-1]
    tests = []
    for number, (name, file) in enumerate(options.test, start=1):
        evaluation = json.loads(file.read_text(encoding="utf-8"))
        tests.append({"name": name} | {key: evaluation[key] for key in KEPT if evaluation[key] is not None})
        if not options.no_texts:
            references, hypotheses = _texts(evaluation, file.parent, last)
            write(folder / f"references-{number}.txt", "".join(f"{text}\n" for text in references))
            write(folder / f"hypotheses-{number}.txt", "".join(f"{text}\n" for text in hypotheses))
    seconds = 0.0
    for number, run in enumerate(options.runs, start=1):
        metrics = (run / "metrics.jsonl").read_text(encoding="utf-8")
        seconds += max(json.loads(line).get("seconds", 0) for line in metrics.splitlines())
        config = hide((run / "config.toml").read_text(encoding="utf-8"), options.data)
        write(folder / f"part-{number}/config.toml", config.replace(str(run.resolve().parent), "checkpoints"))
        write(folder / f"part-{number}/metrics.jsonl", thin(metrics))
    scores = {
        "task": options.task,
        "system": options.system,
        "synthetic": options.synthetic,
        "commit": options.commit,
        "weights_millions": round(count_weights(last) / 1e6, 2),
        "hardware": options.hardware,
        "minutes": round(seconds / 60, 1),
        "arithmetic": read_config(last)["run"]["arithmetic"],
        "tests": tests,
    } | ({"note": options.note} if options.note else {})
    write(folder / "scores.json", json.dumps(scores, ensure_ascii=False, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m results.collect_speech", allow_abbrev=False)
    parser.add_argument("id", help="name of the result: task, system")
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run directories, the last one tested"
    )
    parser.add_argument("--task", required=True, help="first cell of the row")
    parser.add_argument("--system", required=True, help="second cell: the preset, or what was trained")
    parser.add_argument("--hardware", required=True, help="processor or GPU that trained the runs")
    parser.add_argument("--data", required=True, help="folder of the corpus; written as DATA")
    parser.add_argument(
        "--test",
        action="append",
        required=True,
        type=_named_file,
        metavar="NAME=FILE",
        help="what mt evaluate --json printed, where the file of --save is still there",
    )
    parser.add_argument("--synthetic", action="store_true", help="a synthesiser speaks in the tests")
    parser.add_argument(
        "--no-texts", action="store_true", help="the texts may not be published: keep scores only"
    )
    parser.add_argument("--commit", default=head(), help="commit that the runs were made by (default: HEAD)")
    parser.add_argument("--note", help="what a reader of the scores must know")
    parser.add_argument("--into", type=Path, default=RESULTS, metavar="DIR", help="folder of the results")
    return parser


def _named_file(word: str) -> tuple[str, Path]:
    """NAME=FILE; the name may hold = too. Raises ArgumentTypeError."""
    name, _, file = word.rpartition("=")
    if not name or not Path(file).is_file():
        raise argparse.ArgumentTypeError(f"{word!r} is not NAME=FILE with a file that is there")
    return name, Path(file)


def _texts(evaluation: dict[str, Any], beside: Path, run: Path) -> tuple[list[str], list[str]]:
    """References and hypotheses of an evaluation whose files are named from the folder `beside`."""
    hypotheses = (beside / Path(evaluation["hypotheses"]).name).read_text(encoding="utf-8").split("\n")[:-1]
    speech = SpeechConfig(**read_config(run)["speech"])
    references = [one.text for one in read_utterances(evaluation["test"], speech, "test")]
    if len(references) != len(hypotheses):
        raise SystemExit(
            f"{evaluation['test']} has {len(references)} texts, {len(hypotheses)} were recognised"
        )
    return references, hypotheses


if __name__ == "__main__":
    sys.exit(main())

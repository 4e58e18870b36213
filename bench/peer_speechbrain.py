"""Train SpeechBrain's RNN recogniser, to set beside mt's: python -m bench.peer_speechbrain --help

Installs SpeechBrain into an environment of its own, trains it on one thread for so many seconds of CPU time
and transcribes the tests. Tables have the columns audio and text. Errors are counted as mt evaluate counts
them. Prints the error rates on stderr, and on stdout one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from bench import bench_base
from bench.peer_base import run
from bench.peer_setup import Patch, make_environment
from mt.config.speech import SpeechConfig
from mt.console import Console
from mt.speech.error_rates import Counts, count_errors, error_rate
from mt.speech.layouts import read_utterances

STEPS = (("torch==2.13.0",), ("speechbrain==1.1.2", "torchaudio==2.11.0", "soundfile"))
# torchaudio's compiled part wants CUDA; the recogniser needs only what is written in Python.
PATCHES = (Patch("torchaudio/_extension/__init__.py", '= _load_lib("_torchaudio")', "= False"),)
SEARCHES = {"ctc": "CTC alone, greedy", "hypotheses": "decoder with CTC, beam 5"}


def main() -> None:
    """Train, transcribe, count. Raises MTError."""
    parser = argparse.ArgumentParser(prog="python -m bench.peer_speechbrain", description=__doc__)
    parser.add_argument("--train", type=Path, required=True, metavar="TABLE")
    parser.add_argument("--test", type=Path, required=True, action="append", metavar="TABLE")
    parser.add_argument("--seconds", type=float, required=True, help="of CPU time, for training")
    parser.add_argument("--work", type=Path, default=Path("checkpoints/peer-speechbrain"))
    options = parser.parse_args()
    environment, folder = options.work / "env", options.work / "run"
    folder.mkdir(parents=True, exist_ok=True)
    make_environment(environment, STEPS, PATCHES)
    script = Path(__file__).with_name("speechbrain_train.py")
    command = [str(environment / "bin" / "python"), str(script), str(options.seconds), str(folder)]
    run([*command, str(options.train), *map(str, options.test)], options.work / "train.log")
    found: dict[str, object] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    console = Console()
    for number, test in enumerate(options.test, start=1):
        for name, search in SEARCHES.items():
            rate = error_rate(count(folder / f"{name}-{number}.txt", test), "words", bootstrap=1000)
            console.note(f"{test}, {search}: {rate}")
            found[f"{name} {test}"] = asdict(rate)
    print(json.dumps(found))


def count(transcripts: Path, table: Path) -> Counts:
    """The word errors of a file of transcripts."""
    lines = transcripts.read_text(encoding="utf-8").split("\n")[:-1]
    return count_errors(
        lines, [one.text for one in read_utterances(str(table), SpeechConfig(), "test")], "words"
    )


if __name__ == "__main__":
    bench_base.run(main)

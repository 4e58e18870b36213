"""Digit strings spoken by espeak-ng, for `make demo-speech`: python -m bench.spoken_digits FOLDER

Writes train.tsv, validation.tsv and test.tsv (audio, text) and their recordings. The voices of the test speak
nowhere else. All of it is synthetic: a model that understands espeak-ng understands no person.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-029")
KNOWN = ("m1", "m2", "m3", "m5", "m6", "f1", "f2", "f4")
UNKNOWN = ("m4", "m7", "f3")
COUNTS = {"train": 2400, "validation": 60, "test": 200}
LONGEST = 4  # digits of a string


def main(arguments: Sequence[str]) -> int:
    """Write the corpus, or say what is missing; returns the exit code."""
    if shutil.which("espeak-ng") is None:
        print(
            "make demo-speech needs the program espeak-ng: apt-get install espeak-ng, or train on your own "
            "recordings (docs/speech.md)",
            file=sys.stderr,
        )
        return 1
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    (name,) = arguments
    for part, count in COUNTS.items():
        speak_part(Path(name), part, count)
    return 0


def speak_part(folder: Path, part: str, count: int) -> None:
    """Write one table and its recordings, the same each time."""
    draw = random.Random(part)
    (folder / part).mkdir(parents=True, exist_ok=True)
    lines = ["audio\ttext"]
    for number in range(count):
        text = " ".join(draw.choices(WORDS, k=draw.randint(1, LONGEST)))
        voice = f"{draw.choice(ACCENTS)}+{draw.choice(UNKNOWN if part == 'test' else KNOWN)}"
        file = f"{part}/{number}.wav"
        settings = ["-v", voice, "-s", str(draw.randint(130, 190)), "-p", str(draw.randint(30, 70))]
        subprocess.run(["espeak-ng", *settings, "-w", str(folder / file), text], check=True)
        lines.append(f"{file}\t{text}")
    (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

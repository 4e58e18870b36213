"""The logs of a run: lines are added, and cut where a resumed run writes them again.

metrics.jsonl has the numbers, a JSON object a line; samples.txt has translations of validation pairs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mt.atomic import append_text, write_bytes

METRICS, SAMPLES = "metrics.jsonl", "samples.txt"
_HEAD = re.compile(r"^step ([\d,]+): ", re.MULTILINE)


def log_metrics(run_dir: Path, entry: Mapping[str, object]) -> None:
    """Add numbers of a step, which is one of them."""
    _append(run_dir / METRICS, json.dumps(entry, ensure_ascii=False))


def log_samples(run_dir: Path, step: int, scores: str, samples: list[str]) -> None:
    """Add what a validation said, under its step."""
    _append(run_dir / SAMPLES, "\n".join([f"step {step:,}: {scores}", *samples, ""]))


def _append(path: Path, text: str) -> None:
    append_text(path, text + "\n")


def cut_logs(run_dir: Path, step: int) -> None:
    """Drop what the logs say of steps after `step`, and half a line that a crash has left.

    Dropped is also the start of a command that has learned nothing which is left.
    """
    for name, cut in ((METRICS, _cut_metrics), (SAMPLES, _cut_samples)):
        path = run_dir / name
        if path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")
            write_bytes(path, cut(text, step).encode())


def _cut_metrics(text: str, step: int) -> str:
    kept = []
    for line in text.split("\n"):
        with suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            if entry["step"] < step or (entry["step"] == step and entry["kind"] != "start"):
                kept.append(line + "\n")
    return "".join(kept)


def _cut_samples(text: str, step: int) -> str:
    heads = (head for head in _HEAD.finditer(text) if int(head[1].replace(",", "")) > step)
    end = next((head.start() for head in heads), len(text))
    return text[:end]

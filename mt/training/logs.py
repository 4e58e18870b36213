"""The logs of a run: lines are added, and cut where a resumed run writes them again.

metrics.jsonl has the numbers, a JSON object a line; samples.txt has translations of validation pairs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mt.storage.atomic import append_text, write_bytes
from mt.training.progress import Progress

METRICS, SAMPLES = "metrics.jsonl", "samples.txt"
START, TRAINING, VALIDATION = "start", "training", "validation"
"""Kinds of lines in metrics.jsonl."""
_HEAD = re.compile(r"^step ([\d,]+): ", re.MULTILINE)


def log_metrics(run_dir: Path, kind: str, step: int, numbers: Mapping[str, object]) -> None:
    """Add numbers of a step."""
    entry = {"kind": kind, "step": step, **numbers}
    append_text(run_dir / METRICS, json.dumps(entry, ensure_ascii=False) + "\n")


def log_samples(run_dir: Path, step: int, scores: str, samples: Sequence[str]) -> None:
    """Add what a validation said, under its step."""
    append_text(run_dir / SAMPLES, "\n".join([f"step {step:,}: {scores}", *samples, "", ""]))


def cut_logs(run_dir: Path, progress: Progress) -> None:
    """Drop what a run that goes on from `progress` writes again, and half a line that a crash has left.

    That is each report and validation after the last one that was saved, and a start from which nothing that
    was learned is left.
    """
    for name, cut in ((METRICS, _cut_metrics), (SAMPLES, _cut_samples)):
        path = run_dir / name
        if path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")
            write_bytes(path, cut(text, progress).encode())


def _cut_metrics(text: str, progress: Progress) -> str:
    last = {START: progress.step - 1, TRAINING: progress.reported, VALIDATION: progress.validated}
    kept = []
    for line in text.split("\n"):
        with suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            if entry["step"] <= last[entry["kind"]]:
                kept.append(line + "\n")
    return "".join(kept)


def _cut_samples(text: str, progress: Progress) -> str:
    heads = (head for head in _HEAD.finditer(text) if int(head[1].replace(",", "")) > progress.validated)
    end = next((head.start() for head in heads), len(text))
    return text[:end]

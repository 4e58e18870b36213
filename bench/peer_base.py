"""What the benchmark asks of each translation toolkit, and how their commands are run and measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mt.errors import MTError


@dataclass(frozen=True)
class Places:
    """Where everything lies. shared: what the project was given; work: what this benchmark makes."""

    shared: Path
    work: Path

    @property
    def data(self) -> Path:
        """The corpus, its pieces and vocabularies."""
        return self.work / "data"

    @property
    def runs(self) -> Path:
        """A folder for each toolkit: checkpoints, logs, translations."""
        return self.work / "runs"

    @property
    def settings(self) -> Path:
        """The peers' settings as they were measured with."""
        return self.shared / "peers"

    @property
    def pieces(self) -> Path:
        """The SentencePiece model that the peers cut text with."""
        return self.data / "spm.model"


@dataclass(frozen=True)
class Finished:
    """What a process took: seconds from start to end, and its largest process's peak in MB."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Round:
    """A stretch of training. speeds: real target tokens a second, </s> counted, one for each report of the
    toolkit but the first; peak_mb: of its largest process."""

    speeds: tuple[float, ...]
    peak_mb: float


@dataclass(frozen=True)
class Snapshot:
    """What a tool had learned after so many seconds, its start-up included: a file, and its updates."""

    seconds: float
    updates: int
    checkpoint: Path


class Tool(Protocol):
    """A translation toolkit that takes part."""

    name: str
    """Its column in the table, and its folder"""
    title: str
    """Its name and version"""

    def install(self) -> None:
        """Make its environment, if that is not there yet. Raises MTError."""

    def prepare(self) -> None:
        """Forget earlier runs, and write the files that its training reads."""

    def train(self, done: int, updates: int) -> Round:
        """Go on from `done` updates for `updates` more."""

    def tokens_per_update(self) -> float:
        """Real target tokens that an update learned from, on average."""

    def translate(self, source: Path, output: Path, beam: int) -> Finished:
        """The whole command, start-up included."""

    def searcher(self, beam: int) -> list[str]:
        """The start of the command that times search alone: its python, and what names the model for
        `peer_search.py`."""


def run(
    command: Sequence[str], log: Path, *, stdin: Path | None = None, stdout: Path | None = None
) -> Finished:
    """Run a process to its end; what it says goes to `log`, its stdout to a file of its own if one is named.

    Raises MTError that names the log if it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        errors = files.enter_context(log.open("wb"))
        source = files.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
        output = files.enter_context(stdout.open("wb")) if stdout else errors
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=output, stderr=errors)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise MTError(f"{Path(command[0]).name} {' '.join(command[1:3])} … failed; {log} says why")
    return Finished(seconds, usage.ru_maxrss / 1024)


def run_for(command: Sequence[str], log: Path, seconds: float) -> float:
    """Run a process for so long, or to its end if that comes first; returns the time it was started at.

    What it started ends with it: OpenNMT-py's readers of the corpus would stay, half a gigabyte each.
    Raises MTError that names the log if it fails before.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.time()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = 0
        finally:
            with suppress(ProcessLookupError):  # all of them are gone
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        raise MTError(f"{Path(command[0]).name} {' '.join(command[1:3])} … failed; {log} says why")
    return began


def snapshots(files: Iterable[Path], began: float, last: float) -> list[Snapshot]:
    """Checkpoints named by their updates, in that order, but for one that was being written at the end."""
    found = [
        Snapshot(file.stat().st_mtime - began, int(re.sub(r"\D", "", file.stem)), file) for file in files
    ]
    return sorted((one for one in found if one.seconds < last), key=lambda one: one.updates)


def fresh(folder: Path) -> None:
    """An empty folder, whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def flags(values: Mapping[str, object]) -> list[str]:
    """`{"src": "en", "shared": True}` -> `--src en --shared`."""
    named = ((f"--{name}", value) for name, value in values.items())
    return [word for name, value in named for word in ([name] if value is True else [name, str(value)])]


def interval(updates: int) -> int:
    """Updates between two reports of a toolkit's speed: ten reports a round."""
    return updates // 10


def fill(template: Path, places: Places, values: Mapping[str, object]) -> str:
    """A copy of a peer's YAML settings with our folders for DATA and RUNS, and other values for some keys.

    Raises MTError if one of the keys does not occur exactly once.
    """
    text = template.read_text(encoding="utf-8")
    text = text.replace("DATA/", f"{places.data}/").replace("RUNS/", f"{places.runs}/")
    for key, value in values.items():
        line = f"{key}: {json.dumps(value)}"
        text, count = re.subn(rf"\b{key}: .*", line.replace("\\", r"\\"), text)
        if count != 1:
            raise MTError(f"{template} has {count} lines with {key} where one was expected")
    return text

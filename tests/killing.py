"""Commands in processes of their own, killed at chosen instants.

An instant is before a file is flushed, after it has its name, or after an update of the weights. Counting
them, instead of seconds, kills at the same place on every machine.

As a program it reads a list of jobs in JSON from its input and prints what became of each. Each job is a fork
of it, so that torch is imported once: a process of its own all the same, killed by a real signal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """A command, and the signal it is sent at an instant, counted from 1; 0 is never.

    whole: number of an earlier job, counted from 0; the instant is then a divisor of the instants it had.
    """

    arguments: list[str]
    instant: int = 0
    signal: int = 9
    whole: int | None = None


@dataclass(frozen=True)
class Done:
    """The exit status, negative for the signal that ended it, and the instants there were, if it ended."""

    status: int
    instants: int


def run_jobs(jobs: Sequence[Job]) -> list[Done]:
    """Do the jobs one after the other, by a new program."""
    text = json.dumps([asdict(job) for job in jobs])
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing"], input=text, capture_output=True, text=True, check=True
    )
    return [Done(**entry) for entry in json.loads(done.stdout)]


class Instants:
    """Counts the instants of this process, and sends it a signal at one of them."""

    def __init__(self, job: Job) -> None:
        self.job, self.count = job, 0

    def pass_one(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self.job.instant:
            os.kill(os.getpid(), self.job.signal)

    def watch(self, owner: Any, name: str, *, after: bool) -> None:
        """Have an instant before or after each call of a function."""
        original: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            if not after:
                self.pass_one()
            result = original(*arguments, **options)
            if after:
                self.pass_one()
            return result

        setattr(owner, name, watched)


def _child(job: Job, report: int) -> None:
    from mt import cli
    from mt.training.updater import Updater

    instants = Instants(job)
    instants.watch(os, "fsync", after=False)
    instants.watch(Path, "replace", after=True)
    instants.watch(Updater, "update", after=True)
    status = cli.main(job.arguments)
    os.write(report, json.dumps(instants.count).encode())
    os._exit(status)


def _do(job: Job) -> Done:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            _child(job, write)
        finally:
            os._exit(99)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        count = pipe.read()
    _, status = os.waitpid(child, 0)
    return Done(os.waitstatus_to_exitcode(status), json.loads(count or b"0"))


if __name__ == "__main__":
    import torch
    import torch._dynamo  # an optimiser imports it
    import torch.testing

    import mt.commands.train
    import mt.flags  # noqa: F401

    torch.set_num_threads(1)
    done: list[Done] = []
    for entry in json.load(sys.stdin):
        job = Job(**entry)
        if job.whole is not None:
            job = replace(job, instant=done[job.whole].instants // job.instant)
        done.append(_do(job))
    print(json.dumps([asdict(one) for one in done]))

"""make test-kill: kill -9 at twenty instants of a training, and at twenty moments of a longer one.

Instants are counted (see `killing`), spread evenly over a whole run: each ends a run of its own, which then
goes on to its end. Moments are by the clock: one run is killed twenty times, each time in what is left of it.
All must end in the files of the run that nobody has killed.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mt.training.state import STATE
from tests.killing import Job, run_jobs
from tests.runs import assert_equal, progress
from tests.toy import train_arguments
from tests.waiting import wait_until

KILLS = 20
MANY_STEPS = 1500
SETTINGS = [
    *["--sampling", "0.5", "--average-decay", "0.9", "--accumulate", "2", "--dropout-locked"],
    *["--max-steps", "40", "--max-epochs", "99", "--validate-every", "7", "--save-minutes", "1e-9"],
]


def by_instant(command: list[str], folder: Path) -> None:
    """Twenty runs, each killed once."""
    (whole,) = run_jobs([Job([*command, "--out", str(folder / "whole")])])
    assert whole.status == 0, whole
    instants = [1 + whole.instants * number // KILLS for number in range(KILLS)]
    for number, instant in enumerate(instants):
        run = folder / f"instant-{number}"
        part = [*command, "--out", str(run)]
        killed, ended = run_jobs([Job(part, instant), Job(part)])
        assert (killed.status, ended.status) == (-9, 0), (killed, ended)
        assert_equal(folder / "whole", run)
        print(f"killed at instant {instant} of {whole.instants}: the same files in the end", flush=True)


def by_moment(command: list[str], folder: Path) -> None:
    """One longer run that is killed twenty times while it trains."""
    command = [*command, "--max-steps", str(MANY_STEPS)]
    (whole,) = run_jobs([Job([*command, "--out", str(folder / "long")])])
    assert whole.status == 0, whole
    run, draw = folder / "moments", random.Random(1)
    part = [sys.executable, "-m", "mt", *command, "--out", str(run)]
    for number in range(KILLS):
        before = saved_at(run)
        process = subprocess.Popen(part, stderr=subprocess.DEVNULL)
        wait_until(lambda before=before: saved_at(run) != before)  # type: ignore[misc]
        time.sleep(draw.uniform(0, 0.5))
        process.kill()
        assert process.wait() == -9
        print(f"kill {number + 1}: saved at step {progress(run)['step']} of {MANY_STEPS}", flush=True)
    subprocess.run(part, check=True, capture_output=True)
    assert_equal(folder / "long", run)
    print("one run, killed twenty times: the same files in the end")


def saved_at(run: Path) -> float:
    """When the state was written, 0 before that."""
    return (run / STATE).stat().st_mtime if (run / STATE).exists() else 0.0


def main() -> None:
    """Raises AssertionError that names the files that differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*train_arguments(folder, pairs=300), *SETTINGS]
        by_instant(command, folder)
        by_moment(command, folder)


if __name__ == "__main__":
    main()

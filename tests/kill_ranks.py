"""make test-ranks: processes of a training that torchrun starts are killed, stopped, made fewer and more.

All must end where the run ends that nobody has disturbed: in the same bytes with the same number of ranks, in
the same weights but for rounding with another one.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kill import saved_at
from tests.runs import assert_equal, furthest, logged, progress
from tests.toy import train_arguments
from tests.waiting import wait_until

KILLS = 10
STEPS = 200
SETTINGS = [
    *["--sampling", "0.5", "--average-decay", "0.9", "--accumulate", "4", "--batch-tokens", "64"],
    *["--bag-of-words", "0.2", "--dropout-locked", "--max-steps", str(STEPS), "--max-epochs", "999"],
    *["--validate-every", "50", "--save-minutes", "1e-9"],
]
ENDLESS = ["--max-steps", "1000000", "--save-minutes", "0.01", "--validate-every", "1000"]
ROUNDING = 1e-5
STORE = """
import signal, sys
from torch.distributed import TCPStore
store = TCPStore("127.0.0.1", int(sys.argv[1]), is_master=True, wait_for_workers=False)
signal.pause()
"""


class Launch:
    """A torchrun with a training: its ranks, and what they have said."""

    def __init__(self, command: list[str], log: Path, *torchrun: str) -> None:
        self.log = log
        program = [sys.executable, "-m", "torch.distributed.run", *torchrun, "-m", "mt", *command]
        with log.open("w") as file:
            self.process = subprocess.Popen(program, stderr=file)

    def ranks(self) -> list[int]:
        """The process ids of the ranks, in their order."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def wait_for_save(self, run: Path) -> None:
        """Until the state is written once more; raises AssertionError if torchrun ends before."""
        before = saved_at(run)
        wait_until(lambda: saved_at(run) != before or self.process.poll() is not None, self.log.read_text)
        assert self.process.poll() is None, self.log.read_text()

    def end(self) -> int:
        """Its exit code."""
        return self.process.wait()


def standalone(command: list[str], log: Path, ranks: int, *torchrun: str) -> Launch:
    return Launch(command, log, "--standalone", "--nproc-per-node", str(ranks), *torchrun)


def undisturbed(command: list[str], folder: Path) -> tuple[Path, Path]:
    """The run of one process, and that of two ranks, which are one but for rounding."""
    one, two = folder / "one", folder / "two"
    subprocess.run([sys.executable, "-m", "mt", *command, "--out", str(one)], check=True, capture_output=True)
    launch = standalone([*command, "--out", str(two)], folder / "two.log", 2)
    assert launch.end() == 0, launch.log.read_text()
    print(
        f"{STEPS} steps by one process and by two: weights differ by {check(one, two):.1e} at most",
        flush=True,
    )
    return one, two


def check(one: Path, other: Path) -> float:
    """The largest difference of weights. Raises AssertionError if two runs differ by more than rounding."""
    assert progress(other)["step"] == STEPS
    assert logged(one) == logged(other)
    difference = furthest(one, other)
    assert difference < ROUNDING
    return difference


def killed(command: list[str], folder: Path, two: Path) -> None:
    """kill -9 of a rank, ten times at random; torchrun starts all again."""
    run, draw = folder / "killed", random.Random(1)
    launch = standalone([*command, "--out", str(run)], folder / "killed.log", 2, "--max-restarts", str(KILLS))
    for number in range(KILLS):
        launch.wait_for_save(run)
        time.sleep(draw.uniform(0, 0.3))
        rank = draw.randrange(2)
        subprocess.run(["kill", "-9", str(launch.ranks()[rank])], check=True)
        print(f"kill {number + 1} of rank {rank} at step {progress(run)['step']} of {STEPS}", flush=True)
        time.sleep(1)  # until torchrun has seen it
    assert launch.end() == 0, launch.log.read_text()
    assert_equal(two, run)
    print("two ranks, killed ten times: the same files in the end", flush=True)


def fewer_and_more(command: list[str], folder: Path, one: Path) -> None:
    """Four ranks until SIGTERM to torchrun, two until SIGTERM, then one."""
    run = folder / "ranks"
    for ranks in (4, 2):
        launch = standalone([*command, "--out", str(run)], folder / f"ranks-{ranks}.log", ranks)
        launch.wait_for_save(run)
        launch.process.send_signal(signal.SIGTERM)
        assert launch.end() != 0
        said = launch.log.read_text()
        assert said.count("mt: stopped by SIGTERM") == 1, said
        print(f"{ranks} ranks, SIGTERM: saved at step {progress(run)['step']}", flush=True)
    subprocess.run([sys.executable, "-m", "mt", *command, "--out", str(run)], check=True, capture_output=True)
    print(f"then one process: weights differ by {check(one, run):.1e} at most", flush=True)


def hanging(command: list[str], folder: Path) -> None:
    """A rank that hangs is named, in one line, and the others end."""
    run = folder / "hanging"
    launch = standalone([*command, "--timeout", "5s", "--out", str(run)], folder / "hanging.log", 2)
    launch.wait_for_save(run)
    stopped = launch.ranks()[1]
    subprocess.run(["kill", "-STOP", str(stopped)], check=True)
    assert launch.end() != 0
    lines = [line for line in launch.log.read_text().splitlines() if line.startswith("mt: ")]
    print(*lines, sep="\n", flush=True)
    assert len(lines) == 1
    assert "rank 1 of 2 is gone, or was slower than --timeout (5 s)" in lines[0]


@contextmanager
def store_of_its_own(port: int) -> Iterator[None]:
    """What the torchruns of several machines meet at, in a process that none of them takes along."""
    store = subprocess.Popen([sys.executable, "-c", STORE, str(port)])
    try:
        yield
    finally:
        store.kill()
        store.wait()


def leaving_and_joining(command: list[str], folder: Path) -> None:
    """Two machines, of which that of rank 0 is killed; the other goes on alone; a third one joins; SIGTERM.

    One process that takes as many steps learns the same.
    """
    run = folder / "elastic"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--nnodes", "1:2", "--nproc-per-node", "1", "--max-restarts", "10", "--rdzv-backend", "c10d"]
    options += ["--rdzv-id", "elastic", "--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1"]
    options += ["--rdzv-conf", "is_host=0,last_call_timeout=10"]

    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # as docs/scaling.md says

    def machine(number: int) -> Launch:
        return Launch([*command, *ENDLESS, "--out", str(run)], folder / f"agent-{number}.log", *options)

    with store_of_its_own(port):
        machines = [machine(1), machine(2)]
        wait_until(lambda: ranks_of(run) == 2 and saved_at(run) > 0, machines[0].log.read_text)
        first = next(each for each in machines if "run directory" in each.log.read_text())
        (other,) = (each for each in machines if each is not first)
        for pid in (first.process.pid, *first.ranks()):
            subprocess.run(["kill", "-9", str(pid)], check=True)
        print(f"the machine of rank 0 left at step {progress(run)['step']}", flush=True)
        wait_until(lambda: ranks_of(run) == 1, other.log.read_text)
        other.wait_for_save(run)
        print(f"the other one went on alone, to step {progress(run)['step']}", flush=True)
        third = machine(3)
        wait_until(lambda: ranks_of(run) == 2, other.log.read_text)
        print(f"one joined at step {progress(run)['step']}", flush=True)
        other.wait_for_save(run)
        for each in (other, third):
            each.process.send_signal(signal.SIGTERM)
        assert other.end() != 0
        assert third.end() != 0
    steps = progress(run)["step"]
    alone = [sys.executable, "-m", "mt", *command, *ENDLESS, "--max-steps", str(steps)]
    subprocess.run([*alone, "--out", str(folder / "alone")], check=True, capture_output=True)
    difference = furthest(folder / "alone", run)
    print(f"stopped at step {steps}: weights differ by {difference:.1e} at most", flush=True)
    assert difference < ROUNDING


def ranks_of(run: Path) -> int:
    """How many ranks the run has now; 0 before it has begun."""
    config = run / "config.toml"
    found = re.search(r"^ranks = (\d+)$", config.read_text(), re.M) if config.exists() else None
    return int(found[1]) if found else 0


def main() -> None:
    """Raises AssertionError that says what differs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*train_arguments(folder, pairs=300), *SETTINGS]
        one, two = undisturbed(command, folder)
        killed(command, folder, two)
        fewer_and_more(command, folder, one)
        hanging(command, folder)
        leaving_and_joining(command, folder)


if __name__ == "__main__":
    main()

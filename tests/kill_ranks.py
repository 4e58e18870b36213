"""make test-ranks: processes of a training that torchrun starts are killed, stopped, made fewer and more.

All must end where the run ends that nobody has disturbed: in the same bytes with the same number of ranks, in
the same weights but for rounding with another one.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
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
    *["--validate-every", "50", "--save-minutes", "0.0001"],
]
ROUNDING = 1e-5


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


def leaving(command: list[str], folder: Path, one: Path) -> None:
    """Two torchruns, of which the second one and its rank are killed: the first goes on alone."""
    run = folder / "leaving"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--nnodes", "1:2", "--nproc-per-node", "1", "--max-restarts", "3", "--rdzv-backend", "c10d"]
    options += ["--rdzv-id", "leaving", "--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1"]
    options += ["--rdzv-conf", "last_call_timeout=10"]
    trained = [*command, "--out", str(run)]
    launches = [Launch(trained, folder / f"agent-{number}.log", *options) for number in range(2)]
    launches[0].wait_for_save(run)
    assert "ranks = 2" in (run / "config.toml").read_text()
    for pid in (launches[1].process.pid, *launches[1].ranks()):
        subprocess.run(["kill", "-9", str(pid)], check=True)
    print(f"a machine left at step {progress(run)['step']}", flush=True)
    assert launches[0].end() == 0, launches[0].log.read_text()
    assert "ranks = 1" in (run / "config.toml").read_text()
    print(f"the other one ended alone: weights differ by {check(one, run):.1e} at most", flush=True)


def main() -> None:
    """Raises AssertionError that says what differs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*train_arguments(folder, pairs=300), *SETTINGS]
        one, two = undisturbed(command, folder)
        killed(command, folder, two)
        fewer_and_more(command, folder, one)
        hanging(command, folder)
        leaving(command, folder, one)


if __name__ == "__main__":
    main()

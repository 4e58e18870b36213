"""Run the commands that the documents show, on small data: python -m tests.docs_check [PAGE...]

The first word after a code fence is the language; what follows says how the block is run:

    ```sh                    runs as it stands, by bash, in a folder with small corpora and runs
    ```sh skip=REASON        is not run: hours, network, a browser …
    ```sh server="COMMAND"   runs while that server is up; its port replaces 5000
    ```console               runs what follows "$ "; the output shown is not compared
    ```python                runs by Python in the same folder

The blocks of a page run in order in one folder. `mt train` stops after STEPS steps there and sets few pairs
aside for validation; nothing else is changed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.docs_data import write_corpora, write_runs
from tests.waiting import DEADLINE, wait_until

ROOT = Path(__file__).parents[1]
STEPS = 3
SECONDS = 600  # for one block
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LANGUAGES = ("sh", "console", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: the number of its first line, its language, its options and its text."""

    page: Path
    line: int
    language: str
    options: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def command(self) -> str:
        """What a shell is to run."""
        if self.language != "console":
            return self.text
        commands, more = [], False
        for line in self.text.splitlines():
            if more or line.startswith("$ "):
                commands.append(line if more else line[2:])
                more = line.endswith("\\")
        return "\n".join(commands)


def pages() -> list[Path]:
    """What a user reads; the notebook and the results keep the commands of their time."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that hold commands, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, *words = shlex.split(match["info"]) or [""]
        if language in LANGUAGES:
            options = dict(word.split("=", 1) for word in words)
            line = text.count("\n", 0, match.start()) + 1
            body = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
            found.append(Block(page, line, language, options, body))
    return found


def main(arguments: Sequence[str]) -> int:
    """Run the blocks of the pages named, or of all; returns 1 if one failed."""
    chosen = [Path(name).resolve() for name in arguments] or pages()
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared"
        environment = write_environment(Path(scratch))
        write_corpora(prepared)
        write_runs(prepared, environment)
        with ThreadPoolExecutor(max_workers=2) as threads:
            done = threads.map(lambda page: check_page(page, prepared, environment), chosen)
            failures = [failure for of_page in done for failure in of_page]
    print(f"{len(failures)} blocks failed{': ' if failures else ''}{', '.join(failures)}")
    return 1 if failures else 0


def write_environment(folder: Path) -> dict[str, str]:
    """An environment in which `mt` is this code and its trainings are short."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    mt = bin_folder / "mt"
    mt.write_text(
        "#!/bin/sh\n"
        f'case "$1" in train) set -- "$@" --max-steps {STEPS} --validation-pairs 20;; esac\n'
        f'exec {shlex.quote(sys.executable)} -m mt "$@"\n'
    )
    mt.chmod(0o755)
    torchrun = bin_folder / "torchrun"
    torchrun.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m torch.distributed.run "$@" '
        f"--max-steps {STEPS} --validation-pairs 20\n"
    )
    torchrun.chmod(0o755)
    (bin_folder / "python").symlink_to(sys.executable)
    return {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HF_DATASETS_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }


def check_page(page: Path, prepared: Path, environment: dict[str, str]) -> list[str]:
    """Run a page's blocks in a folder of their own; returns those that failed."""
    found = [block for block in blocks(page) if "skip" not in block.options]
    made = {out for block in found for out in re.findall(r"--out (\S+)", block.text)}
    failures = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "work"
        shutil.copytree(prepared, folder)
        for out in made:  # what the page trains itself is not there yet
            shutil.rmtree(folder / out, ignore_errors=True)
        for block in found:
            began = time.monotonic()
            problem = run(block, folder, environment)
            print(
                f"{'FAILED' if problem else 'ok    '} {time.monotonic() - began:5.1f} s  {block}", flush=True
            )
            if problem:
                print(problem, flush=True)
                failures.append(str(block))
    return failures


def run(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """Run a block; returns what it printed if it failed, else nothing."""
    command, program = block.command, ["bash", "-euo", "pipefail", "-c"]
    if block.language == "python":
        program = [sys.executable, "-c"]
    with serving(block.options.get("server"), folder, environment) as port:
        if port is not None:
            command = re.sub(r"\b(localhost|127\.0\.0\.1):5000\b", f"127.0.0.1:{port}", command)
        with subprocess.Popen(
            [*program, command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # the shell and what it has started
                return f"not done in {SECONDS} s"
    return output or f"exit code {process.returncode}" if process.returncode else ""


@contextmanager
def serving(command: str | None, folder: Path, environment: dict[str, str]) -> Iterator[int | None]:
    """The port of a server while it is up; None if no server is wanted."""
    if command is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    arguments = [*shlex.split(command), "--port", str(port)]
    with subprocess.Popen(arguments, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            await_health(port, server)
            yield port
        finally:
            server.terminate()


def await_health(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers, or is gone."""

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=DEADLINE):
                return True
        except URLError:
            return server.poll() is not None

    wait_until(answers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

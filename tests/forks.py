"""Commands with standard streams of one's choice, each in a fork of a process that has loaded all it needs.

As the server of `Forks`: python -m tests.forks; a JSON object a line on stdin, an exit code a line on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.waiting import DEADLINE

STREAMS = ("stdin", "stdout", "stderr")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str


class Forks:
    """Runs `mt ARGUMENTS`; a context manager."""

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(self, arguments: list[str], folder: Path, **streams: str | None) -> Done:
        """Each of stdin, stdout, stderr is a file, or None if closed; by default files in `folder`."""
        default = {"stdin": os.devnull, "stdout": str(folder / "stdout"), "stderr": str(folder / "stderr")}
        for name in STREAMS[1:]:
            Path(default[name]).write_text("")
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps({"arguments": arguments, "streams": default | streams}) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        return Done(code, *(Path(default[name]).read_text() for name in STREAMS[1:]))


def serve() -> None:
    """Fork for each line of stdin."""
    import mt.commands.evaluate
    import mt.commands.inspect
    import mt.commands.train
    import mt.commands.tune  # noqa: F401

    for line in iter(sys.stdin.readline, ""):
        case = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(case["arguments"], case["streams"]))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments: list[str], streams: dict[str, str | None]) -> int:
    """As from the start of Python to its end: sys has None for a stream that is closed."""
    import signal

    from mt import cli

    signal.alarm(round(DEADLINE))
    for descriptor in range(3):
        os.close(descriptor)
    for descriptor, (stream, mode) in enumerate(zip(STREAMS, ("r", "w", "w"), strict=True)):
        name = streams[stream]
        opened = None
        if name is not None:
            number = os.open(name, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            os.dup2(number, descriptor)
            if number != descriptor:
                os.close(number)
            errors = "backslashreplace" if stream == "stderr" else "strict"
            opened = os.fdopen(descriptor, mode, errors=errors)
        setattr(sys, stream, opened)
    try:
        code = cli.main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 99
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        code = 120
    return code


if __name__ == "__main__":
    serve()

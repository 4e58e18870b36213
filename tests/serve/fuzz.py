"""Schemathesis against a real server over a toy model: `make test-api`.

`python -m tests.serve.fuzz ST [options]` with the path of schemathesis' command, which wants a virtual
environment of its own. Trains the toy model (seconds), serves it on a free port of 127.0.0.1 and exits as
schemathesis does: 0 if it finds nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mt import cli
from tests.serve.setup import load, make_middleware, on_a_port
from tests.toy import train_arguments


def main(command: list[str]) -> int:
    """The exit code of schemathesis."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        if cli.main([*train_arguments(Path(folder), pairs=800), "--max-epochs", "6", "--out", str(run)]):
            return 1
        with on_a_port(make_middleware(load(run))) as port:
            options = [
                "run",
                f"http://127.0.0.1:{port}/openapi.json",
                "--checks",
                "all",
                "--continue-on-failure",
            ]
            given = command[1:] or ["--max-examples", "100"]
            environment = os.environ | {"no_proxy": "127.0.0.1"}
            program = str(Path(command[0]).absolute())
            return subprocess.run(
                [program, *options, *given], env=environment, cwd=folder, check=False
            ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

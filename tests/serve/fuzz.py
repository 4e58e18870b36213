"""Schemathesis against a real server over a toy model: `make test-api`.

`python -m tests.serve.fuzz ST [options]` with the path of schemathesis' command, which wants a virtual
environment of its own. Trains a toy model of text and one of sound (seconds), serves both on a free port of
127.0.0.1 and exits as schemathesis does: 0 if it finds nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mt
from mt import cli
from mt.serve.models import Served
from mt.text.languages import Direction
from tests import tones, toy
from tests.serve.setup import load, make_middleware, on_a_port

# No schema says which bytes are a document or a recording: refusing others is right.
REFUSED = "checks.positive_data_acceptance.expected-statuses = [200, 400, 413]"
SETTINGS = "".join(
    f'[[operations]]\ninclude-path = "{path}"\n{REFUSED}\n' for path in ("/translate_file", "/transcribe")
)


def train(arguments: list[str], run: Path) -> Path:
    """The run that a training writes."""
    if cli.main([*arguments, "--out", str(run)]):
        sys.exit(1)
    return run


def main(command: list[str]) -> int:
    """The exit code of schemathesis."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = train([*toy.train_arguments(folder, pairs=800), "--max-epochs", "6"], folder / "text")
        (folder / "tones").mkdir()
        sound = train(
            [*tones.train_arguments(folder / "tones", recordings=20), "--max-epochs", "1"], folder / "sound"
        )
        listener = Served(Direction("en", "en"), mt.load(sound, beam=2), None)
        with on_a_port(make_middleware(load(text), listeners=[listener])) as port:
            options = [
                "run",
                f"http://127.0.0.1:{port}/openapi.json",
                "--checks",
                "all",
                "--continue-on-failure",
            ]
            given = command[1:] or ["--max-examples", "100"]
            settings = folder / "schemathesis.toml"
            settings.write_text(SETTINGS)
            program = str(Path(command[0]).absolute())
            environment = os.environ | {"no_proxy": "127.0.0.1"}
            return subprocess.run(
                [program, "--config-file", str(settings), *options, *given],
                env=environment,
                cwd=folder,
                check=False,
            ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make test-versions`: the tests with the lowest and with the newest versions that pyproject.toml admits.

Each in an environment of its own, .venv-lowest and .venv-newest, which stays until `make clean`. "Lowest" is
the lower bound of every requirement there; what those bring along is the newest that goes with them. Needs a
package index, by pip's own settings, and some minutes; not part of `make test`.

    python3 -m tests.versions [lowest] [newest] [-- options of pytest]
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENDS = ("lowest", "newest")
IGNORED = ("--ignore", "tests/browser", "--ignore", "tests/cluster")


def main(arguments: Sequence[str]) -> int:
    """Test the ends named, or both; the exit code."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:at], arguments[at + 1 :]
    if unknown := set(names) - set(ENDS):
        print(f"choose lowest, newest or both, not {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    failed = [end for end in names or ENDS if not passes(end, options)]
    print(f"failed: {', '.join(failed)}" if failed else "passed")
    return 1 if failed else 0


def passes(end: str, options: Sequence[str]) -> bool:
    """Whether the tests pass at one end. Warnings are errors only for the versions that we develop with.

    Commands that tests start say none: tests compare what stands on their stderr.
    """
    python = install(end)
    print(f"{end}: {', '.join(installed(python))}", flush=True)
    command = [
        str(python),
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "worksteal",
        "-W",
        "default",
        *IGNORED,
        *options,
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def install(end: str) -> Path:
    """Its environment, made if there is none or if the requirements have changed since; the Python in it."""
    folder = ROOT / f".venv-{end}"
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = requirements(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])
    if not stamp.exists() or stamp.read_text().splitlines() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(lowest(wanted)) if end == "lowest" else "")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(constraints), "-e", f"{ROOT}[dev]"], check=True)
        stamp.write_text("\n".join(wanted))
    return python


def requirements(project: dict[str, Any]) -> list[str]:
    """Of mt and of all its extras."""
    return [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]


def lowest(wanted: Sequence[str]) -> list[str]:
    """`name==version` for every requirement with a lower bound."""
    bounds = (re.match(r"([\w.-]+)\s*>=\s*([\w.]+)", requirement) for requirement in wanted)
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


def installed(python: Path) -> list[str]:
    """What decides most: `name version`."""
    names = ["torch", "numpy", "pyarrow", "datasets", "sentencepiece", "sacrebleu", "pydantic", "pytest"]
    program = "import sys; from importlib.metadata import version as v; print(*map(v, sys.argv[1:]))"
    found = subprocess.run([str(python), "-c", program, *names], capture_output=True, text=True, check=True)
    return [f"{name} {version}" for name, version in zip(names, found.stdout.split(), strict=True)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

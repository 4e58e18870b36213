"""`make test-wheel`: the built wheel, installed into empty environments and used as a stranger would.

For each Python: without extras a model is trained and translates, and what needs an extra says so in one
line; then the extras are installed and `mt serve` answers. Needs a package index; not part of `make test`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = 11  # of Python 3
EXTRAS = ("datastore", "moses", "pictures", "serve")
PAIR = {"source": "zh", "target": "en"}


class Failure(Exception):
    """The wheel does not do what it should."""


def main(pythons: Sequence[str]) -> int:
    """Test with each of these Pythons, or with each at hand; the exit code."""
    found = [*pythons] or at_hand()
    with tempfile.TemporaryDirectory(prefix="mt-wheel-") as folder:
        wheel = build(Path(folder))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, all files of mt/ and nothing else in it")
        failed = [python for python in found if not passes(python, wheel, Path(folder) / "work")]
    print(f"{len(found) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not found else 0


def at_hand() -> list[str]:
    """One interpreter of each supported version, on PATH or among pyenv's."""
    folders = [Path(entry) for entry in os.get_exec_path()]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin"))
    found: dict[str, str] = {}
    for file in (file for folder in folders for file in folder.glob("python3.*")):
        minor = re.fullmatch(r"python3\.(\d+)", file.name)
        if minor and int(minor[1]) >= OLDEST and _runs(file):
            found.setdefault(file.name, str(file))
    return sorted(found.values(), key=lambda python: int(python.rpartition(".")[2]))


def _runs(python: Path) -> bool:
    """Whether it makes environments: what pyenv puts on PATH for a version not in use cannot even start."""
    return subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0


def build(folder: Path) -> Path:
    """The wheel. Raises Failure unless it holds exactly the files of mt/ that git knows."""
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = set(run(["git", "-C", ROOT, "ls-files", "mt"]).split())
    if names != tracked:
        raise Failure(f"the wheel and git's mt/ differ: {sorted(names ^ tracked)}")
    return wheel


def passes(python: str, wheel: Path, work: Path) -> bool:
    """Test with one Python and say how it went."""
    version = run([python, "-c", "import platform; print(platform.python_version())"]).strip()
    try:
        installed = install(python, wheel, work)
        print(f"Python {version}: installed without extras, {installed.size()}", flush=True)
        without_extras(installed)
        print(
            f"Python {version}: trained, translated; four missing extras named in one line each", flush=True
        )
        installed.pip_install(f"{wheel}[{','.join(EXTRAS)}]")
        with_extras(installed)
        print(f"Python {version}: served and used with all extras, {installed.size()}", flush=True)
    except Failure as problem:
        print(f"Python {version}: {problem}", flush=True)
        return False
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return True


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and a folder to work in that is not the repository."""

    folder: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def mt(self) -> Path:
        """The command."""
        return self.folder / "venv/bin/mt"

    def pip_install(self, requirement: str) -> None:
        """With the versions of constraints.txt. Raises Failure if packages do not fit together."""
        pip = [str(self.folder / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        limits = ["-c", str(ROOT / "constraints.txt")]
        run([*pip, "install", *limits, requirement], environment=self.environment)
        run([*pip, "check"], environment=self.environment)

    def size(self) -> str:
        """Packages and bytes."""
        venv = self.folder / "venv"
        packages = len(list(venv.glob("lib/*/site-packages/*.dist-info")))
        size = sum(file.lstat().st_size for file in venv.rglob("*"))
        return f"{packages} packages, {size / 1e9:.2f} GB"

    def says(self, *arguments: str) -> str:
        """What `mt` writes to stdout."""
        return run([self.mt, *arguments], folder=self.folder, environment=self.environment)

    def refuses(self, *arguments: str) -> str:
        """The last line that `mt` prints when it exits with 1."""
        done = subprocess.run(
            [self.mt, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        if done.returncode != 1 or done.stdout or "Traceback" in done.stderr:
            raise Failure(f"mt {' '.join(arguments)}: exit code {done.returncode}, said {done.stderr!r}")
        return done.stderr.splitlines()[-1]


def install(python: str, wheel: Path, work: Path) -> Installed:
    """An empty environment, then the wheel without extras and without a compiler."""
    work.mkdir()
    run([python, "-m", "venv", work / "venv"])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    compilers = dict.fromkeys(("CC", "CXX"), "/bin/false")
    cache = {"HF_DATASETS_CACHE": str(work / "cache"), "HF_HUB_OFFLINE": "1"}
    installed = Installed(work, environment | compilers | cache)
    installed.pip_install(str(wheel))
    return installed


def without_extras(installed: Installed) -> None:
    """Train for a few steps, translate, and ask for everything that an extra brings."""
    version = installed.says("--version").strip()
    if not version:
        raise Failure("mt --version says nothing")
    train = ("train", "--preset", "tiny", "--src", "zh", "--tgt", "en", "--max-steps", "20", "--out", "run")
    installed.says(*train)
    if installed.says("translate", "-m", "run", "我爱北京", "你好").count("\n") != 2:
        raise Failure("mt translate did not write two lines for two texts")
    wanted = {
        "serve": ("serve", "-m", "run", "--port", "0"),
        "pictures": ("inspect", "-m", "run", "--picture", "picture.svg", "我爱北京"),
        "datastore": ("translate", "-m", "run", "--datastore", "phrasebook", "我爱北京"),
        "moses": ("evaluate", "-m", "run", "--tokenize", "moses"),
    }
    for extra, arguments in wanted.items():
        line = installed.refuses(*arguments)
        if not line.endswith(f": pip install 'seq2seq-mt[{extra}]'"):
            raise Failure(f"without the extra {extra} mt says {line!r}")


def with_extras(installed: Installed) -> None:
    """What was refused before is done; the server answers, stops when it is asked to, and exits with 0."""
    installed.says("inspect", "-m", "run", "--picture", "picture.svg", "我爱北京")
    if not (installed.folder / "picture.svg").stat().st_size:
        raise Failure("the picture is empty")
    command = [str(installed.mt), "serve", "-m", "run", "--port", "0"]
    with subprocess.Popen(
        command, cwd=installed.folder, env=installed.environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            use(_address(server))
            server.send_signal(signal.SIGTERM)
            _, said = server.communicate(timeout=300)
        finally:
            server.kill()
    if server.returncode != 0:
        raise Failure(f"mt serve exited with {server.returncode} after SIGTERM: {said}")


def use(address: str) -> None:
    """The page, the health check and a translation."""
    if "<html" not in _answer(address):
        raise Failure("the server's page is not HTML")
    _answer(f"{address}/health")
    body = json.dumps(PAIR | {"q": "我爱北京"}).encode()
    request = urllib.request.Request(f"{address}/translate", body, {"Content-Type": "application/json"})
    if not isinstance(json.loads(_answer(request))["translatedText"], str):
        raise Failure("the server's translation is no text")


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line)
        if address := re.search(r"http://[\d.]+:\d+", line):
            return address[0]
    raise Failure(f"mt serve did not start: {''.join(said)}")


def _answer(request: str | urllib.request.Request) -> str:
    with urllib.request.urlopen(request, timeout=300) as answer:
        return str(answer.read().decode())


def run(
    command: Sequence[str | Path], *, folder: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    """A command's stdout. Raises Failure with the end of what it said if it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        shown = " ".join(Path(part).name if isinstance(part, Path) else part for part in command)
        raise Failure(f"{shown}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    began = time.monotonic()
    code = main(sys.argv[1:])
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(code)

"""What the parts of the benchmark share: the settings, a process for each part, its memory, the table.

Each part runs in a process of its own, so that its peak memory and its caches are its own, and answers with
`Columns` in JSON. The process that asks loads no torch.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mt import __version__
from mt.console import Console
from mt.errors import MTError

Numbers = dict[str, float]
"""A value for each measure; the measure's name ends in its unit"""
Columns = dict[str, Numbers]
"""A part's results: what was measured of each of the things that stand beside each other"""

LABEL, CELL = 46, 15  # widths in the table


@dataclass(frozen=True)
class Settings:
    """What is measured, and how. work: a folder for everything that is made; multi30k: the corpus' folder,
    or None for the built-in corpus."""

    work: Path
    multi30k: Path | None
    device: str
    threads: int | None
    precision: str
    quick: bool
    train_seconds: float
    batch_tokens: int

    @property
    def file(self) -> Path:
        """Where a part finds its settings."""
        return self.work / "settings.json"

    @property
    def run(self) -> Path:
        """The run directory of the model that is measured."""
        return self.work / "run"

    @property
    def test(self) -> tuple[Path, Path]:
        """The test sentences and their references, a line each."""
        return self.work / "test.src", self.work / "test.ref"

    @property
    def pairs(self) -> Path:
        """The training pairs as TSV."""
        return self.work / "pairs.tsv"

    def save(self) -> None:
        """Write them where a part finds them."""
        self.work.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Settings:
        """What `save` wrote."""
        values = json.loads(file.read_text(encoding="utf-8"))
        folder = values.pop("multi30k")
        return cls(Path(values.pop("work")), None if folder is None else Path(folder), **values)


def ask(settings: Settings, part: str, *words: str, limit: float | None = None) -> Columns:
    """Run the module `bench.<part>` in a process of its own. Raises MTError with its last words.

    limit: seconds, after which it has failed. What the process reads and cuts is cached in `settings.work`,
    where nothing was before.
    """
    settings.save()
    environment = os.environ | {"HF_DATASETS_CACHE": str(settings.work / "cache")}
    command = [sys.executable, "-m", f"bench.{part}", str(settings.file), *words]
    found: Columns = json.loads(output_of(command, environment, limit).splitlines()[-1])
    return found


def output_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None, limit: float | None = None
) -> str:
    """What a command prints. Raises MTError with its last words, or where it takes longer than `limit` s."""
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise MTError(f"{' '.join(command[1:])} took longer than {limit:g} s") from None
    if done.returncode:
        raise MTError(f"{' '.join(command[1:])} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def answer(measure: Callable[[Settings, Sequence[str]], Columns]) -> None:
    """The other end of `ask`."""
    print(json.dumps(measure(Settings.read(Path(sys.argv[1])), sys.argv[2:])))


def peak_mb() -> float:
    """The most memory that this process has held since `forget_peak`.

    On Linux not by getrusage, which never says less than the process held from which this one was started.
    """
    found = _status("VmHWM")
    if found is not None:
        return found
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def held_mb() -> Numbers:
    """What this process holds now, and how much of that is mapped files, which the system takes back at will.
    Nothing where there is no /proc."""
    whole, mapped = _status("VmRSS"), _status("RssFile")
    if whole is None or mapped is None:
        return {}
    return {"memory, MB": whole, "of that mapped files, MB": mapped}


def forget_peak() -> None:
    """Let `peak_mb` begin anew, where the system can do that."""
    if _status("VmHWM") is not None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _status(name: str) -> float | None:
    """A line of Linux's account of this process, in MB."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), None)


def graphics_card() -> str:
    """The name of the GPU that torch finds, empty if it finds none."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> dict[str, object]:
    """What it was measured on; no name, no path."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "load average before": os.getloadavg()[0],
        "system": platform.system(),
        "mt": __version__,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "numpy": importlib.metadata.version("numpy"),
    }


def _processor() -> str:
    """The model, as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def table(title: str, columns: Columns, console: Console) -> None:
    """A line for each measure, a column for each thing measured, all columns of all tables in line."""
    console.note(f"\n{title:<{LABEL}}" + "".join(f"{name:>{CELL}}" for name in columns))
    rows = dict.fromkeys(name for numbers in columns.values() for name in numbers)
    for row in rows:
        cells = "".join(f"{short(numbers.get(row)):>{CELL}}" for numbers in columns.values())
        console.note(f"{row:<{LABEL}}{cells}".rstrip())


def short(value: float | None) -> str:
    """Three digits that count, or all before the point; nothing for nothing."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_tsv(pairs: Iterable[tuple[str, str]]) -> str:
    """A line for each pair, a tab between its sides. Tabs and line ends inside a side become spaces."""
    return "".join("\t".join(" ".join(side.split()) for side in pair) + "\n" for pair in pairs)


def run(main: Callable[[], None]) -> None:
    """A benchmark by itself; a mistake of the user is one line."""
    try:
        main()
    except (MTError, OSError) as problem:
        sys.exit(f"bench: {problem}")

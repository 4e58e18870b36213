"""A file, a folder or a pattern of names -> which documents are translated, and where to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mt.checkpoint import CONFIG, MODEL
from mt.errors import ConfigError, MTError
from mt.files.registry import LINES, format_of

_MAGIC = re.compile(r"[*?[]")
_HEAD = 4096


@dataclass(frozen=True)
class Job:
    """A document to translate, and the file to write; None are the standard streams."""

    input: Path | None
    output: Path | None
    format: str


def is_batch(path: Path) -> bool:
    """Whether a path is a folder, or a pattern such as docs/*.po."""
    return path.is_dir() or (bool(_MAGIC.search(str(path))) and not path.exists())


def jobs_of(path: Path, output: Path, format_name: str | None) -> list[Job]:
    """The documents of a folder or a pattern, in order; with `format_name` all files are of that format.

    They keep their paths below `output`. Files of other kinds, hidden ones and runs are left out.
    Raises ConfigError if there is none, or if `output` is a file or inside the folder.
    """
    root, files = _found(path)
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file; --output names a folder where the input is several files")
    if output.resolve() == root.resolve():
        raise ConfigError(f"{output} is the input folder too; write somewhere else")
    inside = output.resolve()
    jobs = []
    for file in files:
        name = None if inside in file.resolve().parents else _format(file, format_name)
        if name is not None:
            target = output / file.relative_to(root)
            jobs.append(Job(file, target.with_suffix(".po") if target.suffix == ".pot" else target, name))
    if not jobs:
        raise ConfigError(f"{path}: holds no document of a known format; name other files, or --format")
    return jobs


def _found(path: Path) -> tuple[Path, list[Path]]:
    """The folder below which paths are kept, and the files."""
    if path.is_dir():
        files = path.rglob("*")
    else:
        first = next(i for i, part in enumerate(path.parts) if _MAGIC.search(part))
        pattern = str(Path(*path.parts[first:]))
        path = Path(*path.parts[:first])
        files = path.glob(pattern)
    return path, sorted(
        file for file in files if file.is_file() and not _is_left_out(file.relative_to(path), path)
    )


def _is_left_out(name: Path, root: Path) -> bool:
    """Whether a part of a name below the root is hidden, or a folder is a run, with texts of its own."""
    folders = [root / one for one in name.parents[:-1]]
    hidden = any(part.startswith(".") for part in name.parts)
    return hidden or any((one / CONFIG).exists() and (one / MODEL).exists() for one in folders)


def _format(file: Path, format_name: str | None) -> str | None:
    """None of what is no document. Of text in lines only .txt is one: LICENSE and data.1 are not."""
    if format_name is not None:
        return format_name
    try:
        found = format_at(file)
    except MTError:
        return None
    return None if found == LINES and file.suffix.lower() != ".txt" else found


def format_at(path: Path) -> str:
    """The format of a file. Raises ConfigError if it is not there, DocumentError if it is not known."""
    head = b""
    if path.suffix.lower() == ".xml" or not path.exists():
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD)
        except OSError as problem:
            raise ConfigError(f"cannot open {path}: {problem.strerror}; check the path") from None
    return format_of(path, head)

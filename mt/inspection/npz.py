"""numpy's archive of arrays, written array by array: a long input needs no more memory than a short one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mt.errors import ConfigError
from mt.inspection.floats import Arrays


class Archive:
    """An npz file that is being written."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def add(self, arrays: Arrays, prefix: str) -> None:
        """Arrays under their names, each after the prefix; none may be of objects, so none is pickled."""
        for name, array in arrays.items():
            with self._file.open(f"{prefix}{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


@contextmanager
def npz_file(path: Path) -> Iterator[Archive]:
    """Write `path` under another name until it is whole. Raises ConfigError if it cannot be written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        file = zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED)
    except OSError as problem:
        raise ConfigError(f"cannot write {path}: {problem.strerror}") from None
    try:
        with file:
            yield Archive(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

"""numpy's archive of arrays, written array by array: a long input needs no more memory than a short one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np

from mt.inspection.floats import Arrays
from mt.storage.output import open_output


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
def open_archive(path: Path) -> Iterator[Archive]:
    """An archive that replaces the file `path` when it is whole. Raises FileError."""
    # A zip file that cannot seek is written from its beginning to its end, so a pipe will do.
    with open_output(path) as output:
        stream = cast(IO[bytes], output)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
            yield Archive(file)

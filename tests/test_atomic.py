"""Writing: the old file or the new one, never a part; and which file could not be written, and why."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mt.errors import FileError
from mt.storage.atomic import append_text, write_bytes


def test_a_file_is_replaced_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    for data in (b"old", b"new"):
        write_bytes(path, data)
        assert path.read_bytes() == data
    append_text(path, "er\n")
    assert path.read_bytes() == b"newer\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "No space left on device; free some space, then give the same command again"),
        (errno.EACCES, "Permission denied; change its permissions, or name another path"),
        (errno.EROFS, "Read-only file system; name a path that can be written"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_a_failed_write_names_the_file_and_leaves_the_old_one(
    call: str, code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the system refuses: a disk can be full when a file is opened, written or flushed."""
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    class Full:
        """An open file on a full disk."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None: ...

        write = fail

    refusals: dict[str, list[tuple[object, str, object]]] = {
        "open": [(os, "open", fail), (Path, "open", fail)],
        "write": [(os, "write", fail), (Path, "open", Full)],
        "fsync": [(os, "fsync", fail)],
    }
    with monkeypatch.context() as patch:
        for owner, name, refusal in refusals[call]:
            patch.setattr(owner, name, refusal)
        with pytest.raises(FileError) as caught:
            write_bytes(path, b"new")
        with pytest.raises(FileError) as of_append:
            append_text(path, "more")
    assert str(of_append.value) == str(caught.value)
    assert str(caught.value) == f"cannot write {path}: {says}"
    assert path.read_bytes().startswith(b"old")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_renamed_is_named_or_written_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    path = tmp_path / "file"
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileError, match=r"cannot write .*file: Device or resource busy"):
        write_bytes(path, b"new")
    assert not list(tmp_path.iterdir())
    path.write_bytes(b"older")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_never_costs_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be renamed is not written in place for every cause."""
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileError, match="No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_folder_of_that_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*folder: Is a directory; there is a folder of that"):
        write_bytes(tmp_path / "folder", b"")


def test_a_folder_that_cannot_be_flushed_is_let_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems do not open folders; the file is whole all the same."""
    system = os.open

    def files_only(path: Path, *rest: int) -> int:
        if path.is_dir():
            raise OSError(errno.EISDIR, "no")
        return system(path, *rest)

    monkeypatch.setattr(os, "open", files_only)
    write_bytes(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"

"""Tensors and notes in a file: the same bytes each time, no damage passed over, the true cause named."""

from __future__ import annotations

import errno
import json
import os
from itertools import permutations
from pathlib import Path

import pytest
import safetensors.torch
import torch

from mt.errors import RunError
from mt.storage.tensors import KEY, read_checked, read_tensors, write_tensors

TENSORS = {"b": torch.arange(3.0), "a": torch.tensor([[1, 2]]), "count": torch.tensor(7.0)}


def test_notes_travel_with_tensors(tmp_path: Path) -> None:
    checksum = write_tensors(tmp_path / "t", TENSORS, {"step": 7, "value": 0.1})
    tensors, notes, found = read_checked(tmp_path / "t")
    assert tensors.keys() == TENSORS.keys()
    assert all(tensors[name].equal(tensor) for name, tensor in TENSORS.items())
    assert notes == {"step": 7, "value": 0.1}
    assert found == checksum


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    """In another order too; safetensors alone writes its metadata in an order that it draws each time."""
    seen = set()
    for names in permutations("abc"):
        write_tensors(tmp_path / "t", {name: torch.ones(3) for name in names}, dict.fromkeys(names, 1))
        seen.add((tmp_path / "t").read_bytes())
    assert len(seen) == 1


def test_files_of_mt_0_1_are_read(tmp_path: Path) -> None:
    """They had two keys of metadata."""
    checksum = write_tensors(tmp_path / "t", TENSORS, {"step": 7})
    metadata = {"notes": json.dumps({"step": 7}), "checksum": checksum}
    (tmp_path / "old").write_bytes(safetensors.torch.save(TENSORS, metadata))
    assert read_checked(tmp_path / "old")[1:] == ({"step": 7}, checksum)


@pytest.mark.parametrize(
    "metadata",
    [{}, {KEY: "[]"}, {KEY: "{}"}, {KEY: "{"}, {KEY: '{"checksum": 1, "notes": ""}'}, {"notes": "{}"}],
)
def test_what_mt_did_not_write_is_refused(metadata: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(safetensors.torch.save(TENSORS, metadata))
    with pytest.raises(RunError, match=r"t is damaged \("):
        read_tensors(tmp_path / "t")


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_tensors(path, TENSORS, {"step": 7})
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        with pytest.raises(RunError, match="is damaged"):
            read_tensors(path)


def test_the_true_cause_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="none is missing"):
        read_tensors(tmp_path / "none")
    with pytest.raises(RunError, match=r"cannot read .*: Is a directory"):
        read_tensors(tmp_path)
    write_tensors(tmp_path / "t", TENSORS, {})

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(RunError, match=r"cannot read .*t: Permission denied"):
        read_tensors(tmp_path / "t")

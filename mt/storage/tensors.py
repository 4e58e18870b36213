"""Named tensors and JSON metadata in one safetensors file, with a checksum over everything. No pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from mt.errors import RunError, reason
from mt.storage.atomic import write_bytes

KEY = "mt"
"""The one key of the file's own metadata: safetensors writes several in random order."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> str:
    """Write tensors and JSON-able metadata; the same ones give the same bytes. Returns the checksum.

    Raises FileError.
    """
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    text = json.dumps(metadata, sort_keys=True)
    checksum = _checksum(plain, text)
    header = {KEY: json.dumps({"checksum": checksum, "notes": text})}
    write_bytes(path, safetensors.torch.save(plain, header))
    return checksum


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` wrote. Raises RunError if the file is missing or damaged in any bit."""
    tensors, metadata, _ = read_checked(path)
    return tensors, metadata


def read_checked(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], str]:
    """What `write_tensors` wrote, and the checksum. Raises RunError as `read_tensors` does."""
    try:
        with path.open("rb"):  # safetensors would not say what it is that cannot be opened
            pass
        with safetensors.safe_open(path, framework="pt") as file:
            checksum, metadata = _metadata(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{path} is missing; restore it, train again, or name another run with -m") from None
    except (safetensors.SafetensorError, ValueError) as problem:  # of JSON and UTF-8 too
        raise RunError(f"{path} is damaged ({problem}); restore it, or train again") from None
    except OSError as problem:
        raise RunError(f"cannot read {path}: {reason(problem)}") from None
    if checksum != _checksum(tensors, metadata):
        raise RunError(f"{path} is damaged (its checksum does not fit); restore it, or train again")
    return tensors, json.loads(metadata), checksum


def _metadata(raw: Mapping[str, str]) -> tuple[str, str]:
    """Checksum and metadata; mt 0.1 wrote each under a key of its own. Raises ValueError if it was not mt."""
    found = json.loads(raw[KEY]) if KEY in raw else raw
    if not isinstance(found, dict) or not all(
        isinstance(found.get(key), str) for key in ("checksum", "notes")
    ):
        raise ValueError("it was not written by mt")
    return found["checksum"], found["notes"]


def _checksum(tensors: Mapping[str, Tensor], metadata: str) -> str:
    digest = hashlib.blake2b(metadata.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

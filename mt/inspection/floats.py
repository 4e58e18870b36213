"""Tensors as arrays, and what was found in a form for JSON."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FloatArray = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
"""Arrays by name, none of objects."""


def to_array(tensor: Tensor) -> FloatArray:
    """A tensor as an array on the CPU."""
    array: FloatArray = tensor.detach().float().cpu().numpy()
    return array


def short(value: Any) -> Any:
    """For JSON: floats with 6 significant digits; arrays and tuples as lists, dataclasses as dictionaries."""
    if isinstance(value, np.ndarray):
        return short(value.tolist())
    if isinstance(value, list | tuple):
        return [short(row) for row in value]
    if is_dataclass(value) or isinstance(value, dict):
        parts = value if isinstance(value, dict) else vars(value)
        return {name: short(part) for name, part in parts.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value

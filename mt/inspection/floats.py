"""Tensors as arrays, and floats with six digits for JSON."""

from __future__ import annotations

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
    """Floats with 6 significant digits, arrays and lists as nested lists of them; anything else as it is."""
    if isinstance(value, np.ndarray):
        return short(value.tolist())
    if isinstance(value, list):
        return [short(row) for row in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value

"""Matrices made ready to be multiplied many times: what makes search fast on a CPU.

torch multiplies a few rows by a large matrix badly: it lays the matrix out anew each time. Laid out once
in oneDNN's way, or as 8-bit integers, the same product takes a half to a twentieth of the time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

SearchPrecision = Literal["fp32", "int8"]
Product = Callable[[Tensor], Tensor]


class Packable(nn.Module):
    """A module whose matrices can be made ready; until then, and in training, they are used as they are."""

    def pack(self, precision: SearchPrecision) -> None:
        """Make the matrices ready. Later changes of the weights are not seen until packed again."""
        raise NotImplementedError

    def unpack(self) -> None:
        """Use the weights as they are again."""
        raise NotImplementedError


class Linear(nn.Linear, Packable):
    """torch's linear layer, packable."""

    product: Product | None = None

    def forward(self, rows: Tensor) -> Tensor:
        """(…, I) -> (…, O)."""
        return super().forward(rows) if self.product is None else self.product(rows)

    def pack(self, precision: SearchPrecision) -> None:
        self.product = ready(self.weight, self.bias, precision)

    def unpack(self) -> None:
        self.product = None


def pack(model: nn.Module, precision: SearchPrecision) -> None:
    """Make all matrices of a model ready for search; on other devices than a CPU nothing changes."""
    for module in model.modules():
        if isinstance(module, Packable) and next(module.parameters()).device.type == "cpu":
            module.pack(precision)


def unpack(model: nn.Module) -> None:
    """Use the weights as they are again."""
    for module in model.modules():
        if isinstance(module, Packable):
            module.unpack()


@contextmanager
def packed(model: nn.Module, precision: SearchPrecision) -> Iterator[None]:
    """Inside, the model is ready for search."""
    pack(model, precision)
    try:
        yield
    finally:
        unpack(model)


def ready(weight: Tensor, bias: Tensor | None, precision: SearchPrecision) -> Product:
    """W (O, I) and b (O) -> the function rows (…, I) -> (…, O); int8 rounds, fp32 does not."""
    with torch.inference_mode():
        weight = weight.detach().contiguous()
        bias = None if bias is None else bias.detach()
        return _int8(weight, bias) if precision == "int8" else _fp32(weight, bias)


def _int8(weight: Tensor, bias: Tensor | None) -> Product:
    """A scale for each output, found now, and one for all the inputs, found at each call."""
    scales = (weight.abs().amax(dim=1) / 127).clamp_min(1e-12)
    zeros = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():
        # Announced to go in some later torch; the versions that pyproject.toml admits have it.
        warnings.filterwarnings("ignore", message=".*deprecated")
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    matrix = torch.ops.quantized.linear_prepack(quantized, bias)

    def product(rows: Tensor) -> Tensor:
        return torch.ops.quantized.linear_dynamic(rows, matrix)  # type: ignore[no-any-return]

    return product


def _fp32(weight: Tensor, bias: Tensor | None) -> Product:
    """oneDNN's layout, by the operators that torch.compile uses; torch's own product where they are not."""
    if not torch._C._has_mkldnn or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return lambda rows: nn.functional.linear(rows, weight, bias)
    matrix = torch.ops.mkldnn._reorder_linear_weight(weight, None)

    def product(rows: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(  # type: ignore[no-any-return]
            rows, matrix, bias, "none", [], ""
        )

    return product

"""Matrices made ready to be multiplied many times: what makes search fast on a CPU.

torch multiplies a few rows by a large matrix badly: it lays the matrix out anew each time. Laid out once
in oneDNN's way, or as 8-bit integers, the same product takes a half to a twentieth of the time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn

from mt.layers.operators import Product, int8_product, onednn_product

SearchPrecision = Literal["fp32", "int8"]
log = logging.getLogger(__name__)


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
    """W (O, I) and b (O) -> the function rows (…, I) -> (…, O); int8 rounds, fp32 does not.

    Where this processor, or this torch, gets the faster product wrong the plain one takes its place; of int8
    that is logged as a warning, once a process.
    """
    with torch.inference_mode():
        weight = weight.detach().contiguous()
        bias = None if bias is None else bias.detach()
        if precision == "int8":
            product = int8_product(weight, bias)
            if product is not None:
                return product
            _warn_of_fallback()
        return onednn_product(weight, bias) or (lambda rows: nn.functional.linear(rows, weight, bias))


@cache
def _warn_of_fallback() -> None:
    log.warning("some 8-bit products come out wrong on this processor: they are computed in fp32 instead")

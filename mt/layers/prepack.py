"""Prepacked matrices, which make search fast on a CPU.

torch multiplies a few rows by a large matrix slowly: it reorders the matrix at each call. Reordered once in
oneDNN's layout, or stored as 8-bit integers, the same product takes a half to a twentieth of the time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn

from mt.layers.operators import LinearFunction, int8_linear, onednn_linear

SearchPrecision = Literal["fp32", "int8"]
log = logging.getLogger(__name__)


class Prepackable(nn.Module):
    """A module whose matrices can be prepacked. Training and unpacked modules use the plain weights."""

    def pack(self, precision: SearchPrecision) -> None:
        """Prepack the matrices. Later changes of the weights have no effect until the next call."""
        raise NotImplementedError

    def unpack(self) -> None:
        """Use the plain weights again."""
        raise NotImplementedError


class Linear(nn.Linear, Prepackable):
    """torch's linear layer, prepackable."""

    prepacked: LinearFunction | None = None

    def forward(self, rows: Tensor) -> Tensor:
        """(…, I) -> (…, O)."""
        return super().forward(rows) if self.prepacked is None else self.prepacked(rows)

    def pack(self, precision: SearchPrecision) -> None:
        self.prepacked = prepack_linear(self.weight, self.bias, precision)

    def unpack(self) -> None:
        self.prepacked = None


def pack(model: nn.Module, precision: SearchPrecision) -> None:
    """Prepack all matrices of a model for search. Models on other devices than the CPU stay as they are."""
    for module in model.modules():
        if isinstance(module, Prepackable) and next(module.parameters()).device.type == "cpu":
            module.pack(precision)


def unpack(model: nn.Module) -> None:
    """Use the plain weights again."""
    for module in model.modules():
        if isinstance(module, Prepackable):
            module.unpack()


@contextmanager
def packed(model: nn.Module, precision: SearchPrecision) -> Iterator[None]:
    """Inside the context the model is prepacked."""
    pack(model, precision)
    try:
        yield
    finally:
        unpack(model)


def prepack_linear(weight: Tensor, bias: Tensor | None, precision: SearchPrecision) -> LinearFunction:
    """W (O, I) and b (O) -> the function rows (…, I) -> (…, O); int8 rounds, fp32 does not.

    If the faster product is missing or wrong in this torch or on this processor, the plain product is
    returned instead; for int8 this is logged as a warning, once a process.
    """
    with torch.inference_mode():
        weight = weight.detach().contiguous()
        bias = None if bias is None else bias.detach()
        if precision == "int8":
            product = int8_linear(weight, bias)
            if product is not None:
                return product
            _warn_of_fallback()
        return onednn_linear(weight, bias) or (lambda rows: nn.functional.linear(rows, weight, bias))


@cache
def _warn_of_fallback() -> None:
    log.warning("8-bit products are missing or wrong here for some matrices, which stay in fp32")

"""Whether int8 is faster than fp32 on this processor: one product is timed in both when a model is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mt.layers.operators import LinearFunction
from mt.layers.prepack import Prepackable, prepack_linear

PASSES = 3
LARGEST = 512  # outputs at most, so that a large model's trial takes no longer
SMALLEST = 1 << 16  # weights; below that an operator's own overhead decides, and nothing takes long


def int8_time(model: nn.Module, rows: int, clock: Callable[[], float] = time.perf_counter) -> float | None:
    """How long int8 takes for `rows` rows by the largest matrix of a model, fp32 taking 1.

    None where no matrix is large enough to tell.
    """
    matrices = [
        weight
        for module in model.modules()
        if isinstance(module, Prepackable)
        for weight in module.parameters()
        if weight.dim() == 2 and weight.numel() >= SMALLEST
    ]
    if not matrices:
        return None
    weight = max(matrices, key=Tensor.numel)[:LARGEST]
    with torch.inference_mode():
        inputs = torch.linspace(-1, 1, rows * weight.shape[1]).view(rows, -1)
        int8, fp32 = prepack_linear(weight, None, "int8"), prepack_linear(weight, None, "fp32")
        _seconds(int8, inputs, clock), _seconds(fp32, inputs, clock)  # the first call compiles
        times = [(_seconds(int8, inputs, clock), _seconds(fp32, inputs, clock)) for _ in range(PASSES)]
    return min(one for one, _ in times) / min(other for _, other in times)


def _seconds(product: LinearFunction, inputs: Tensor, clock: Callable[[], float]) -> float:
    began = clock()
    product(inputs)
    return clock() - began

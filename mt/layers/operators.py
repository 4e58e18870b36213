"""Matrix products by operators of torch that are not public API. All such calls of this package are here.

`onednn_linear` and `int8_linear` turn W (O, I) and b (O) or None into a function rows (…, I) -> (…, O). Each
function is first compared with the plain product, on the rows that overflow 16 bits soonest. If it differs or
is missing (another torch, processor or engine), they return None, and the caller uses
`torch.nn.functional.linear`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import linear

LinearFunction = Callable[[Tensor], Tensor]

FULL, SAFE = 127, 64
"""Steps on each side of zero that an output's weights are rounded to.

Processors without VNNI add two products of an input (0 to 255) and a weight in 16 bits: 255 · (127 + 127)
does not go into 32,767 and is cut off there, 255 · (64 + 64) does.
"""
EXTREME_OUTPUTS = 2  # whose weights are tried with inputs of their own
TOLERANCE = 1e-5  # of the sum of |input · weight|: rounding in fp32, and less than one cut-off sum


def onednn_linear(weight: Tensor, bias: Tensor | None) -> LinearFunction | None:
    """In fp32, by the operators that torch.compile uses: the matrix laid out once in oneDNN's way."""
    try:
        matrix = torch.ops.mkldnn._reorder_linear_weight(weight, None)

        def product(rows: Tensor) -> Tensor:
            return torch.ops.mkldnn._linear_pointwise(  # type: ignore[no-any-return]
                rows, matrix, bias, "none", [], ""
            )

        return product if agrees(product, weight, bias) else None
    except (AttributeError, RuntimeError):  # a torch without oneDNN, or whose operators have changed
        return None


def int8_linear(weight: Tensor, bias: Tensor | None) -> LinearFunction | None:
    """In 8-bit integers, with all steps of the weights if this processor adds them up right, else with half.

    The weights have a scale for each output, found now; the inputs have one for all, found at each call.
    """
    try:
        for steps in (FULL, SAFE):
            matrix = _rounded(weight, steps)
            # First without the bias: a large one would hide what is wrong with the rest.
            if agrees(_quantized_linear(matrix, None), matrix.dequantize(), None):
                product = _quantized_linear(matrix, bias)
                return product if agrees(product, matrix.dequantize(), bias) else None
    except (AttributeError, RuntimeError):  # no such operator, or no engine for it
        return None
    return None


def _rounded(weight: Tensor, steps: int) -> Tensor:
    """The weights as 8-bit integers with a scale for each output, of torch's quantized type."""
    scales = (weight.abs().amax(dim=1) / steps).clamp_min(1e-30)
    zeros = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():
        # Announced to go in some later torch; the versions that pyproject.toml admits have it.
        warnings.filterwarnings("ignore", message=".*deprecated")
        return torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)


def _quantized_linear(matrix: Tensor, bias: Tensor | None) -> LinearFunction:
    """By the engine that torch has for this kind of processor (FBGEMM on x86, QNNPACK on ARM)."""
    packed = torch.ops.quantized.linear_prepack(matrix, bias)

    def product(rows: Tensor) -> Tensor:
        return torch.ops.quantized.linear_dynamic(rows, packed)  # type: ignore[no-any-return]

    return product


def agrees(product: LinearFunction, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether a product of W (O, I) and b is the plain one, on rows that 8 bits hold exactly.

    Ones, where neighbouring weights of one sign are largest together; and for the outputs with the largest
    sums ones just where a weight has that sign.
    """
    sums = weight.sum(dim=1)
    count = min(EXTREME_OUTPUTS, len(weight))
    up, down = weight[sums.topk(count).indices] > 0, weight[(-sums).topk(count).indices] < 0
    rows = torch.cat([torch.ones(1, weight.shape[1]), up.float(), down.float()])
    expected = linear(rows, weight, bias)
    size = linear(rows, weight.abs(), None if bias is None else bias.abs())
    return bool(((product(rows) - expected).abs() <= TOLERANCE * size).all())

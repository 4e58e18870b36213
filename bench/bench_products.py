"""How fast this machine multiplies: the best over a few shapes and ways. What training is held against."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bench.bench_base import Columns, Numbers, Settings, answer
from bench.bench_model import choose, synchronize
from mt.device import resolve_precision
from mt.layers.prepack import prepack_linear

SHAPES = [(2048, 2048, 2048), (2048, 512, 8000), (512, 512, 8000), (2048, 512, 2048), (4096, 4096, 4096)]
LARGEST = "best, GFLOP/s"


def main(settings: Settings, _: Sequence[str]) -> Columns:
    """Of each arithmetic that training is measured in; rows × inputs × outputs."""
    where = choose(settings)
    torch.manual_seed(1)
    found: Columns = {}
    with torch.inference_mode():
        for precision in precisions(settings, where):
            numbers = measure(precision, where, 0.1 if settings.quick else 1.0)
            found[precision] = {LARGEST: max(numbers.values())} | numbers
    return found


def precisions(settings: Settings, where: torch.device) -> list[str]:
    """fp32, and bf16 where it runs in hardware; or the one asked for."""
    if settings.precision != "auto":
        return [settings.precision]
    return list(dict.fromkeys(["fp32", resolve_precision("auto", where)]))


def measure(precision: str, where: torch.device, seconds: float) -> Numbers:
    """GFLOP/s of each shape, by its fastest way."""
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    found = {}
    for rows, inputs, outputs in SHAPES[: 3 if seconds < 1 else None]:
        left = torch.randn(rows, inputs, device=where).to(dtype)
        weight = torch.randn(outputs, inputs, device=where).to(dtype)
        best = min(fastest(way, where, seconds) for way in ways(left, weight))
        found[f"{rows} × {inputs} × {outputs}, GFLOP/s"] = 2e-9 * rows * inputs * outputs / best
    return found


def ways(left: Tensor, weight: Tensor) -> list[Callable[[], Tensor]]:
    """Rows (N, I) times a matrix (O, I): torch's, with the matrix either way round, and oneDNN's own."""
    upright = weight.t().contiguous()
    found: list[Callable[[], Tensor]] = [
        lambda: torch.mm(left, upright),
        lambda: torch.nn.functional.linear(left, weight),
    ]
    if left.device.type == "cpu" and left.dtype == torch.float32:
        product = prepack_linear(weight, None, "fp32")
        found.append(lambda: product(left))
    return found


def fastest(work: Callable[[], Tensor], where: torch.device, seconds: float) -> float:
    """The shortest time that it takes, over so many seconds of trying."""
    work()
    synchronize(where)
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        work()
        synchronize(where)
        best = min(best, time.perf_counter() - began)
    return best


if __name__ == "__main__":
    answer(main)

"""Values -> positions in a chart, and the round values to write beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Values from low to high -> positions from start to end; in equal ratios if logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (
            (math.log(self.low), math.log(self.high), math.log(value))
            if self.logarithmic
            else (self.low, self.high, value)
        )
        return self.start + (self.end - self.start) * (value - low) / ((high - low) or 1)

    def ticks(self, count: int) -> list[float]:
        """About `count` round values between low and high."""
        ticks = _log_ticks(self.low, self.high, count) if self.logarithmic else []
        if len(ticks) > 2:  # too few where high is not twice low
            return ticks
        rough = (self.high - self.low) / count or 1
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * part for part in (1, 2, 5, 10) if size * part >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [step * index for index in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 3, 4, 5, 6, 7, 8), (1, 2, 5), (1, 3), (1,)):
        found = [part * 10.0**power for power in exponents for part in parts]
        found = [value for value in found if low <= value <= high]
        if len(found) <= count + 1:
            break
    return found


def number(value: float) -> str:
    """A tick's label: 5,000, 0.25."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"

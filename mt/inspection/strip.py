"""Numbers as block characters: bars, and a strip of one bar for each number."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

LEVELS = "▁▂▃▄▅▆▇█"
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
NEGATIVE, NEUTRAL, POSITIVE = (43, 108, 176), (150, 150, 146), (214, 106, 42)


def bar(proportion: float, width: int) -> str:
    """A proportion, 0 to 1, as a bar of up to `width` columns; filled up with spaces."""
    eighths = round(8 * width * min(1.0, max(0.0, float(proportion))))
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).ljust(width)


def strip(values: Sequence[float], width: int) -> list[Text]:
    """One bar for each number, folded to lines of `width` columns: half high and grey is 0.

    The number furthest from 0 has the lowest bar, in blue, or the highest, in orange.
    """
    most = max(map(abs, values), default=0.0) or 1.0
    lines = []
    for start in range(0, len(values), width):
        line = Text(no_wrap=True)
        for value in values[start : start + width]:
            level = round((value / most + 1) / 2 * (len(LEVELS) - 1))
            line.append(LEVELS[level], style=_colour(value / most))
        lines.append(line)
    return lines


def _colour(value: float) -> str:
    """From -1 to 1 -> from blue over grey to orange."""
    end = POSITIVE if value > 0 else NEGATIVE
    red, green, blue = (
        round(neutral + (far - neutral) * abs(value)) for neutral, far in zip(NEUTRAL, end, strict=True)
    )
    return f"#{red:02x}{green:02x}{blue:02x}"

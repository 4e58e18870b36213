"""Small charts as SVG by hand: themed by the page's CSS, read by hovering (`<title>`), no script.

Colours and fonts are classes of report.css. Sizes are in units of a phone's pixels: a chart is as wide as a
phone's screen and grows with its column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mt.inspection.report.html import Markup, element

WIDTH, HEIGHT = 360.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 10.0, 40.0
TONES = 7
"""Steps of the colour scale, classes tone0 to tone6."""


@dataclass(frozen=True)
class Scale:
    """Values from low to high -> places from start to end; in equal ratios if logarithmic."""

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
        return [step * place for place in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 3, 4, 5, 6, 7, 8), (1, 2, 5), (1, 3), (1,)):
        found = [part * 10.0**power for power in exponents for part in parts]
        found = [value for value in found if low <= value <= high]
        if len(found) <= count + 1:
            break
    return found


@dataclass(frozen=True)
class Line:
    """A curve through (x, y) points; css names its colour. With titles each point is a dot to hover."""

    points: Sequence[tuple[float, float]]
    css: str
    titles: Sequence[str] = ()


@dataclass(frozen=True)
class Bar:
    """A value with its interval, if it has one; label and note stand below."""

    label: str
    note: str
    value: float
    interval: tuple[float, float] | None
    title: str


@dataclass(frozen=True)
class Dot:
    """A point of a map; tone is 0 to 6; marked ones have a ring of the error colour."""

    x: float
    y: float
    tone: int
    marked: bool
    title: str


def number(value: float) -> str:
    """A tick's label: 5,000, 0.25."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"


def line_chart(
    lines: Sequence[Line], *, label: str, logarithmic: bool, below: Callable[[float], tuple[str, str]]
) -> Markup:
    """Curves over a common x from 0 on; `below` names an x in two rows. label: for who cannot see it."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    across = Scale(0, max(xs), LEFT, WIDTH - RIGHT)
    margin = (max(ys) - min(ys)) * 0.05 or 0.5
    low = min(ys) * 0.97 if logarithmic else min(ys) - margin if min(ys) > margin else 0
    up = Scale(low, max(ys) + margin, HEIGHT - BOTTOM, TOP, logarithmic)
    parts = [*_grid(up), *_below(across, below)]
    for line in lines:
        places = [(across(x), up(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(element("polyline", {"points": path, "class": f"line {line.css}"}))
        parts += [
            _titled("circle", {"cx": x, "cy": y, "r": 3, "class": f"dot {line.css}"}, title)
            for (x, y), title in zip(places, line.titles, strict=False)
        ]
    return _figure(WIDTH, HEIGHT, label, parts)


def bar_chart(bars: Sequence[Bar], *, label: str, level: float) -> Markup:
    """Bars from 0 to 100 or so, side by side; a dashed line at `level`."""
    most = max(level, *(bar.interval[1] if bar.interval else bar.value for bar in bars))
    up = Scale(0, max(most, 1) * 1.05, HEIGHT - BOTTOM, TOP)
    room = (WIDTH - LEFT - RIGHT) / len(bars)
    parts = _grid(up)
    for place, bar in enumerate(bars):
        middle = LEFT + room * (place + 0.5)
        width = min(36.0, room * 0.7)
        top = up(bar.value)
        inside = [
            element(
                "rect",
                {
                    "x": middle - width / 2,
                    "y": top,
                    "width": width,
                    "height": up(0) - top,
                    "class": "bar",
                },
            ),
            *_whisker(middle, bar.interval, up),
            _text(middle, HEIGHT - BOTTOM + 15, bar.label, "middle"),
            _text(middle, HEIGHT - BOTTOM + 30, bar.note, "middle faint"),
        ]
        parts.append(_titled("g", {}, bar.title, *inside))
    ends = {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": up(level), "y2": up(level)}
    parts.append(element("line", {**ends, "class": "level"}))
    return _figure(WIDTH, HEIGHT, label, parts)


def dot_map(dots: Sequence[Dot], *, label: str, axes: tuple[str, str]) -> Markup:
    """Points of a plane, both axes in the same measure; marked ones on top."""
    size = 420.0
    xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
    span = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    unit = (size - 60) / span
    height = (max(ys) - min(ys)) * unit + 60
    parts = [
        _text(size / 2, height - 6, axes[0], "middle faint"),
        element(
            "text",
            {"transform": f"translate(12 {height / 2:.0f}) rotate(-90)", "class": "middle faint"},
            axes[1],
        ),
    ]
    for dot in sorted(dots, key=lambda dot: dot.marked):
        x = 34 + (dot.x - min(xs)) * unit
        y = 14 + (max(ys) - dot.y) * unit
        css = f"point tone{dot.tone}{' marked' if dot.marked else ''}"
        parts.append(_titled("circle", {"cx": x, "cy": y, "r": 2.7, "class": css}, dot.title))
    return _figure(size, height, label, parts)


def _figure(width: float, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    box = f"0 0 {width:.0f} {height:.0f}"
    return element("svg", {"viewBox": box, "role": "img", "aria-label": label}, *parts)


def _grid(up: Scale) -> list[Markup]:
    parts = []
    for value in up.ticks(5):
        y = up(value)
        parts.append(element("line", {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": y, "y2": y, "class": "grid"}))
        parts.append(_text(LEFT - 6, y + 4, number(value), "end"))
    return parts


def _below(across: Scale, names: Callable[[float], tuple[str, str]]) -> list[Markup]:
    parts = []
    for value in across.ticks(4):
        for row, name in enumerate(names(value)):
            y = HEIGHT - BOTTOM + 15 + 15 * row
            parts.append(_text(across(value), y, name, "middle faint" if row else "middle"))
    return parts


def _whisker(x: float, interval: tuple[float, float] | None, up: Scale) -> list[Markup]:
    if interval is None:
        return []
    low, high = map(up, interval)
    strokes = ((x, x, low, high), (x - 4, x + 4, low, low), (x - 4, x + 4, high, high))
    return [
        element("line", {"x1": left, "x2": right, "y1": top, "y2": bottom, "class": "whisker"})
        for left, right, top, bottom in strokes
    ]


def _text(x: float, y: float, text: str, css: str) -> Markup:
    return element("text", {"x": x, "y": y, "class": css}, text)


def _titled(name: str, attributes: dict[str, str | float], title: str, *inside: Markup) -> Markup:
    """An element that shows `title` when the pointer is over it."""
    return element(name, attributes, element("title", None, title), *inside)

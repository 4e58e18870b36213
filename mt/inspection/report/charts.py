"""What the report draws, in the units of its SVG: curves of training, BLEU by length, the map of vectors.

A unit is a phone's pixel: a chart is as wide as a phone's screen and grows with its column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mt.console import duration
from mt.decoding.confidence import Calibration
from mt.inspection.report.curves import Curves
from mt.inspection.report.measure import Measured
from mt.inspection.report.scale import Scale, number

Point = tuple[float, float]

TONES = 7
"""Steps of the colour scale, classes tone0 to tone6."""
LONGEST_TITLE = 100  # characters of a text that hovering shows


@dataclass(frozen=True)
class Chart:
    """Axes of a fixed size; grid: the heights of horizontal lines and their names."""

    title: str
    grid: Sequence[tuple[float, str]]
    width: ClassVar[int] = 360
    height: ClassVar[int] = 230
    left: ClassVar[int] = 40
    right: ClassVar[int] = 348
    top: ClassVar[int] = 10
    bottom: ClassVar[int] = 190


@dataclass(frozen=True)
class Curve:
    """A line through points; css names its colour. With titles each point is a dot to hover."""

    points: Sequence[Point]
    css: str
    titles: Sequence[str] = ()


@dataclass(frozen=True)
class LineChart(Chart):
    """Curves over a common x; below: positions on that axis, each with a name and a second line."""

    curves: Sequence[Curve]
    below: Sequence[tuple[float, str, str]]


@dataclass(frozen=True)
class Bar:
    """A value; whisker: the heights of its interval's ends. label and note stand below."""

    middle: float
    width: float
    top: float
    whisker: Point | None
    label: str
    note: str
    title: str


@dataclass(frozen=True)
class BarChart(Chart):
    """Bars side by side, and a dashed line at the height `level`."""

    bars: Sequence[Bar]
    level: float


@dataclass(frozen=True)
class Dot:
    """A sentence on the map; tone: 0 to 6, by its length; marked ones have a ring of the error colour."""

    x: float
    y: float
    tone: int
    marked: bool
    title: str


@dataclass(frozen=True)
class DotMap:
    """The sentence vectors on their plane, both axes in the same measure, marked ones last.

    shortest, longest: pieces. correlation: of length with the axis that it goes along most.
    """

    dots: Sequence[Dot]
    height: float
    axes: tuple[str, str]
    shortest: int
    longest: int
    axis_of_length: str
    correlation: float
    width: ClassVar[int] = 420
    tones: ClassVar[int] = TONES


def training(curves: Curves) -> list[LineChart]:
    """Loss, perplexity and BLEU over steps, the time below."""
    learned = Curve([(point.step, point.loss) for point in curves.learned], "training")
    nats = [math.log(max(1.0, point.perplexity)) for point in curves.validated]
    losses = [curve for curve in (learned, _validation(curves, nats)) if curve.points]
    charts = [line_chart("Loss, nats per piece", losses, curves)] if losses else []
    if curves.validated:
        perplexities = _validation(curves, [max(1.0, point.perplexity) for point in curves.validated])
        bleu = _validation(curves, [point.bleu for point in curves.validated])
        charts.append(line_chart("Validation perplexity", [perplexities], curves, logarithmic=True))
        charts.append(line_chart("Validation BLEU, greedy", [bleu], curves))
    return charts


def _validation(curves: Curves, values: Sequence[float]) -> Curve:
    pairs = list(zip(curves.validated, values, strict=True))
    titles = [
        f"step {point.step:,.0f}, {duration(point.seconds)}: {value:.2f}"
        + (" (best so far)" if point.best else "")
        for point, value in pairs
    ]
    return Curve([(point.step, value) for point, value in pairs], "validation", titles)


def line_chart(title: str, curves: Sequence[Curve], times: Curves, *, logarithmic: bool = False) -> LineChart:
    """Curves of (step, value) from step 0 on; `times` says how long each step took."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    across = Scale(0, max(xs), Chart.left, Chart.right)
    margin = (max(ys) - min(ys)) * 0.05 or 0.5
    low = min(ys) * 0.97 if logarithmic else min(ys) - margin if min(ys) > margin else 0
    up = Scale(low, max(ys) + margin, Chart.bottom, Chart.top, logarithmic)
    drawn = [Curve([(across(x), up(y)) for x, y in one.points], one.css, one.titles) for one in curves]
    below = [
        (across(step), f"{step:,.0f}", duration(times.seconds_at(step)) if step else "steps")
        for step in across.ticks(4)
    ]
    return LineChart(title, _grid(up), drawn, below)


def reliability(calibration: Calibration) -> LineChart:
    """How many translations of each confidence were good; the other line is what confidence means."""
    across, up = Scale(0, 1, Chart.left, Chart.right), Scale(0, 1, Chart.bottom, Chart.top)
    points = [(across(one.confidence), up(one.good)) for one in calibration.reliability]
    titles = [
        f"{one.count:,} of {one.confidence:.2f}: {one.good:.0%} good" for one in calibration.reliability
    ]
    meant = Curve([(across(0), up(0)), (across(1), up(1))], "training")
    below = [(across(value), f"{value:.1f}", "") for value in across.ticks(5)]
    return LineChart(
        "Good translations by confidence", _grid(up), [meant, Curve(points, "validation", titles)], below
    )


def by_length(measured: Measured) -> BarChart:
    """BLEU of short and of long sources."""
    level, scores = measured.bleu.value, [scored.bleu for scored in measured.buckets]
    most = max(level, *(score.interval[1] if score.interval else score.value for score in scores))
    up = Scale(0, max(most, 1) * 1.05, Chart.bottom, Chart.top)
    room = (Chart.right - Chart.left) / len(scores)
    bars = []
    for index, scored in enumerate(measured.buckets):
        count, bleu = f"{len(scored.bucket.rows):,}", scored.bleu
        bars.append(
            Bar(
                middle=Chart.left + room * (index + 0.5),
                width=min(36.0, room * 0.7),
                top=up(bleu.value),
                whisker=(up(bleu.interval[0]), up(bleu.interval[1])) if bleu.interval else None,
                label=str(scored.bucket),
                note=f"n={count}",
                title=f"{scored.bucket} pieces, {count} sentences: BLEU {bleu.figures}",
            )
        )
    return BarChart("BLEU by the source's length in pieces", _grid(up), bars, up(level))


def vectors(measured: Measured) -> DotMap:
    """The map of sentence vectors."""
    rows, points = measured.vectors.rows, measured.vectors.map.positions
    lengths = sorted(measured.lengths[row] for row in rows)
    bounds = [lengths[len(rows) * tone // TONES] for tone in range(1, TONES)]
    poor = sorted(measured.chrf[row] for row in rows)[len(rows) // 10]
    low, high = points.min(axis=0), points.max(axis=0)
    unit = (DotMap.width - 60) / (float((high - low).max()) or 1.0)
    dots = [
        Dot(
            34 + (x - float(low[0])) * unit,
            14 + (float(high[1]) - y) * unit,
            sum(measured.lengths[row] > bound for bound in bounds),
            measured.chrf[row] < poor,
            _dot_title(measured, row),
        )
        for row, (x, y) in zip(rows, points.tolist(), strict=True)
    ]
    along = max(measured.vectors.by_length, key=abs)
    return DotMap(
        dots=sorted(dots, key=lambda dot: dot.marked),
        height=float(high[1] - low[1]) * unit + 60,
        axes=measured.vectors.map.axes,
        shortest=lengths[0],
        longest=lengths[-1],
        axis_of_length=("first", "second")[measured.vectors.by_length.index(along)],
        correlation=along,
    )


def _grid(up: Scale) -> list[tuple[float, str]]:
    return [(up(value), number(value)) for value in up.ticks(5)]


def _dot_title(measured: Measured, row: int) -> str:
    texts = (measured.test.sources[row], measured.hypotheses[row])
    cut = (text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}…" for text in texts)
    return "\n".join([*cut, f"{measured.lengths[row]} pieces, chrF {measured.chrf[row]:.0f}"])

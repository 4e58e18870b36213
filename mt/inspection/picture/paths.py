"""States as a path over the plane on which they differ most: time goes along the arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mt.inspection.floats import FloatArray
from mt.inspection.picture.labels import width
from mt.inspection.picture.theme import Theme
from mt.inspection.plane import Map

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 72  # in an inch
MOST_LABELS = 60  # of a longer path every second, third … is labelled


@dataclass(frozen=True)
class Path:
    """N states on a map and their labels, in the order of time."""

    map: Map
    labels: Sequence[str]


def draw_path(axes: Axes, path: Path, theme: Theme, *, inches: float, fontsize: float) -> None:
    """Draw it into a square of so many inches."""
    background, points = path.map.background, path.map.positions
    if len(background):
        axes.scatter(background[:, 0], background[:, 1], s=5, color=theme.rule, linewidths=0, zorder=1)
    arrow = {"arrowstyle": "-|>", "color": theme.accent, "lw": 1.1, "shrinkA": 2, "shrinkB": 3, "alpha": 0.8}
    for start, end in pairwise(points):
        axes.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=arrow, zorder=2)
    axes.scatter(points[:, 0], points[:, 1], s=16, color=theme.accent, zorder=3)
    axes.scatter(points[:1, 0], points[:1, 1], s=34, facecolor=theme.paper, edgecolor=theme.accent, zorder=4)
    axes.scatter(points[-1:, 0], points[-1:, 1], s=48, color=theme.accent, zorder=4)
    _frame(axes, np.concatenate([background, points]))
    _label(axes, path, theme, inches, fontsize)
    across, up = path.map.axes
    axes.set_xlabel(across, fontsize=8, color=theme.faint)
    axes.set_ylabel(up, fontsize=8, color=theme.faint)
    axes.set_xticks([])
    axes.set_yticks([])


def _frame(axes: Axes, points: FloatArray) -> None:
    """A square around all points: a distance is the same along both axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) * 0.58 or 1.0
    x, y = (low + high) / 2
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))


def _label(axes: Axes, path: Path, theme: Theme, size: float, fontsize: float) -> None:
    """A label beside each point, where it lies least on other labels, points and the frame."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    scale = size * POINTS / (right - left)
    points = (path.map.positions - np.array([left, bottom])) * scale
    # Points of the path, and a few on each arrow, on which no label should lie.
    between = [points[:-1] * (1 - part) + points[1:] * part for part in (0.2, 0.4, 0.6, 0.8)]
    covered = np.concatenate([points, *between])
    taken: list[tuple[float, float, float, float]] = []
    edge = size * POINTS, (top - bottom) * scale
    step = -(-len(points) // MOST_LABELS)
    for (x, y), text in list(zip(points.tolist(), path.labels, strict=True))[::step]:
        wide, high = width(text) * fontsize * 0.56, fontsize * 1.15
        boxes = list(_boxes(x, y, wide, high))
        box = min(boxes, key=lambda box: _cost(box, taken, covered, edge) + 0.5 * boxes.index(box))
        taken.append(box)
        axes.annotate(
            text,
            xy=(x / scale + left, y / scale + bottom),
            textcoords="offset points",
            xytext=(box[0] - x, box[1] - y + fontsize * 0.25),
            fontsize=fontsize,
            color=theme.ink,
            zorder=5,
        )


def _boxes(x: float, y: float, wide: float, high: float) -> Iterator[tuple[float, float, float, float]]:
    """Boxes (left, bottom, right, top) around a point, the nearest first."""
    for gap in (4.0, 10.0, 17.0, 26.0):
        for dx, dy in ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)):
            left = x + gap * dx - wide * (1 - dx) / 2
            bottom = y + gap * dy - high * (1 - dy) / 2
            yield left, bottom, left + wide, bottom + high


def _cost(
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, float, float, float]],
    points: FloatArray,
    edge: tuple[float, float],
) -> float:
    """How much of the box is on something else, in square points."""
    left, bottom, right, top = box
    covered = sum(
        max(0.0, min(right, other[2]) - max(left, other[0]))
        * max(0.0, min(top, other[3]) - max(bottom, other[1]))
        for other in taken
    )
    inside = (points[:, 0] > left - 2) & (points[:, 0] < right + 2)
    inside &= (points[:, 1] > bottom - 2) & (points[:, 1] < top + 2)
    outside = max(0.0, -left) + max(0.0, right - edge[0]) + max(0.0, -bottom) + max(0.0, top - edge[1])
    return covered + 25.0 * float(inside.sum()) + 20.0 * outside

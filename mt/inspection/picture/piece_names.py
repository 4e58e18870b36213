"""Pieces as the names of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mt.inspection.picture.labels import widest
from mt.inspection.picture.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER = 0.6
"""How wide a letter is, of its size."""


def name_columns(
    axes: Axes, labels: Sequence[str], theme: Theme, *, inches: float, top: bool = False
) -> None:
    """Pieces under (or over) the columns of axes so wide, upright where they would run into each other."""
    size, upright = name_size(len(labels)), _upright(labels, inches)
    axes.set_xticks(range(len(labels)), labels)
    axes.tick_params(
        axis="x",
        labelsize=size,
        labelcolor=theme.ink,
        length=0,
        rotation=90 if upright else 0,
        labeltop=top,
        labelbottom=not top,
    )


def column_room(labels: Sequence[str], inches: float) -> float:
    """Inches that `name_columns` takes."""
    return row_room(labels) if _upright(labels, inches) else name_size(len(labels)) / 72 + 0.15


def row_room(labels: Sequence[str]) -> float:
    """Inches that `name_rows` takes."""
    return widest(labels) * name_size(len(labels)) * LETTER / 72 + 0.12


def _upright(labels: Sequence[str], inches: float) -> bool:
    return (widest(labels) + 1) * name_size(len(labels)) * LETTER / 72 > inches / len(labels)


def name_rows(axes: Axes, labels: Sequence[str], theme: Theme) -> None:
    """Pieces at the left of the rows."""
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", labelsize=name_size(len(labels)), labelcolor=theme.ink, length=0)


def name_size(count: int) -> float:
    """The size of so many labels along an axis."""
    return 10.0 if count <= 40 else max(4.0, 10 * 40 / count)

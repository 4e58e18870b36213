"""Pieces as the names of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mt.picture.labels import widest
from mt.picture.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def name_columns(
    axes: Axes, labels: Sequence[str], theme: Theme, *, inches: float, top: bool = False
) -> None:
    """Pieces under (or over) the columns of axes so wide, upright where they would run into each other."""
    size = name_size(len(labels))
    upright = (widest(labels) + 1) * size * 0.56 / 72 > inches / len(labels)
    axes.set_xticks(range(len(labels)), labels)
    axes.tick_params(
        axis="x", labelsize=size, labelcolor=theme.ink, length=0, rotation=90 if upright else 0,
        labeltop=top, labelbottom=not top,
    )  # fmt: skip


def name_rows(axes: Axes, labels: Sequence[str], theme: Theme) -> None:
    """Pieces at the left of the rows."""
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", labelsize=name_size(len(labels)), labelcolor=theme.ink, length=0)


def name_size(count: int) -> float:
    """The size of so many labels along an axis."""
    return 10.0 if count <= 40 else max(4.0, 10 * 40 / count)

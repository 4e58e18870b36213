"""How the sentence was read: each state as a column of colours, and how far each step moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mt.inspection.floats import FloatArray
from mt.inspection.picture.theme import Theme
from mt.inspection.reading import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

DIRECTIONS = {"left-to-right": "from left to right", "right-to-left": "from right to left"}


def order_units(states: FloatArray) -> list[int]:
    """States (S, H) -> the H units by the step at which they are furthest from 0.

    Of those of one step the positive ones first, the strongest outermost: what a piece leaves in the state
    is then a block in its column.
    """
    peaks = np.abs(states).argmax(axis=0)
    values = states[peaks, np.arange(states.shape[1])]
    return sorted(range(states.shape[1]), key=lambda unit: (int(peaks[unit]), -float(values[unit])))


def draw_states(axes: Axes, reading: Reading, theme: Theme, most: float) -> AxesImage:
    """The states (H rows, S columns, in the order of reading) as colours from -most to most."""
    states = reading.states[:, order_units(reading.states)].T
    image = axes.imshow(
        states, aspect="auto", cmap=theme.diverging, vmin=-most, vmax=most, interpolation="nearest"
    )
    axes.set_yticks([])
    axes.set_ylabel(f"{len(states)} numbers of the state", fontsize=8, color=theme.faint)
    return image


def draw_columns(axes: Axes, proportions: FloatArray, name: str, theme: Theme) -> None:
    """A bar for each piece, the largest as high as the axes."""
    axes.bar(range(len(proportions)), proportions, width=0.72, color=theme.accent)
    axes.set(xlim=(-0.5, len(proportions) - 0.5), xticks=[], yticks=[0, float(proportions.max())])
    axes.set_yticklabels(["0", f"{float(proportions.max()):.0%}"])
    axes.tick_params(axis="y", labelsize=8, labelcolor=theme.faint)
    axes.set_ylabel(name, fontsize=8, color=theme.faint)
    axes.spines[["top", "right"]].set_visible(False)

"""How the translation was written: where the model looked or how it needed the vector, how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mt.inspection.floats import FloatArray
from mt.inspection.picture.labels import width
from mt.inspection.picture.piece_names import name_rows, name_size
from mt.inspection.picture.theme import Theme
from mt.inspection.terminal import shown
from mt.inspection.writing import Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TINTS = (0.5, 0.36, 0.24, 0.14)  # of the runners-up, the likeliest first
NAMED = 0.005  # runners-up of a smaller probability are not named
RIGHT = 0.75  # of the bar's length, for names


def draw_attention(axes: Axes, weights: FloatArray, theme: Theme) -> None:
    """Weights (T, S) as colours, from nothing to all."""
    steps, pieces = weights.shape
    axes.imshow(weights, aspect="auto", cmap=theme.sequential, vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks(np.arange(0.5, pieces - 1), minor=True)
    axes.set_yticks(np.arange(0.5, steps - 1), minor=True)
    axes.grid(which="minor", color=theme.paper, linewidth=1)
    axes.tick_params(which="minor", length=0)


def draw_proportions(axes: Axes, proportions: Sequence[float], labels: Sequence[str], theme: Theme) -> None:
    """A bar for each row and its percentage; the largest nearly as long as the axes."""
    axes.barh(range(len(proportions)), proportions, height=0.72, color=theme.accent)
    for row, proportion in enumerate(proportions):
        axes.annotate(
            f"{proportion:.0%}",
            xy=(proportion, row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=min(8, name_size(len(labels))),
            color=theme.faint,
        )
    axes.set_xlim(0, max(max(proportions) * 1.25, 0.05))
    _plain_rows(axes, labels, theme)


def draw_probabilities(
    axes: Axes, steps: Sequence[Step], labels: Sequence[str], theme: Theme, *, inches: float
) -> None:
    """For each step what was chosen and, after it, the runners-up, as parts of a bar of length 1; and names.

    inches: how wide the axes are.
    """
    size = min(8.5, name_size(len(steps)))
    letters = inches * (RIGHT - 0.14) / (1 + RIGHT) * 72 / (size * 0.56)
    for row, step in enumerate(steps):
        axes.barh(row, step.probability, height=0.72, color=theme.accent)
        start = step.probability
        for tint, (_, probability) in zip(TINTS, step.runners_up, strict=False):
            axes.barh(row, probability, left=start, height=0.72, color=theme.accent, alpha=tint, linewidth=0)
            start += probability
        # The percentage of what was chosen stands at the end, where it can be read on paper of any colour.
        axes.text(1.02, row, f"{step.probability:.0%}", va="center", fontsize=size, color=theme.ink)
        others = _others(step, letters, first=row == 0)
        axes.text(1.14, row, others, va="center", fontsize=size, color=theme.faint)
    axes.set_xlim(0, 1 + RIGHT)
    _plain_rows(axes, labels, theme)


def _others(step: Step, letters: float, *, first: bool) -> str:
    """The likeliest runners-up, as many as have room."""
    found = ""
    for piece, probability in step.runners_up:
        more = f"{found}\u2003{shown(piece, first=first)} {probability:.0%}".strip()
        if probability < NAMED or width(more) > letters:
            break
        found = more
    return found


def _plain_rows(axes: Axes, labels: Sequence[str], theme: Theme) -> None:
    name_rows(axes, labels, theme)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)

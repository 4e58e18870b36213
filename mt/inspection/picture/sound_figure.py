"""The picture of a recording: one axis of time under all panels, from the sound to the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mt.inspection.blocks import printable
from mt.inspection.floats import FloatArray
from mt.inspection.hearing import Hearing
from mt.inspection.picture.encoder_panels import DIRECTIONS, order_units
from mt.inspection.picture.labels import cut
from mt.inspection.picture.piece_names import name_rows, row_room
from mt.inspection.picture.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN, WIDE, SQUARE = 0.3, 9.0, 3.6  # inches
HEAD, HEADING, GAP = 0.75, 0.3, 0.3
ROW, LEAST = 0.24, 0.5  # of a word; of a panel of words


def compose_sound(found: Hearing, theme: Theme) -> Figure:
    """The whole picture. The current rcParams choose the fonts."""
    return SoundCanvas(found, theme).compose()


def row_labels(found: Hearing) -> list[str]:
    """The words, one for each row."""
    return [printable(piece.replace("▁", "")) for piece in found.pieces]


class SoundCanvas:
    """A recording on its way to a figure. Positions are in inches from the upper left corner."""

    def __init__(self, found: Hearing, theme: Theme) -> None:
        from matplotlib.figure import Figure

        self.found, self.theme, self.labels = found, theme, row_labels(found)
        self.left = max(0.7, MARGIN + row_room(self.labels))
        self.width = self.left + WIDE + MARGIN
        self.height = 1.0
        self.figure = Figure(facecolor=theme.paper)

    def compose(self) -> Figure:
        """Draw all panels, one below the other, and what each state depends on below them."""
        panels = self._panels()
        below = HEADING + SQUARE + GAP
        self.height = HEAD + sum(HEADING + height + GAP for _, height, _ in panels) + below
        self.figure.set_size_inches(self.width, self.height)
        self._write(0.25, f"{self.found.name}  →  {self.found.text}", 13, self.theme.ink)
        length = f"{self.found.seconds:.2f} s in {len(self.found.movement)} steps"
        size = f"{length}; {len(self.found.vector)} numbers in the vector; time in seconds"
        self._write(0.52, size, 8.5, self.theme.faint)
        y = HEAD
        for title, height, draw in panels:
            self._write(y + 0.12, title, 9.5, self.theme.ink)
            draw(self._axes(self.left, y + HEADING, WIDE, height))
            y += HEADING + height + GAP
        self._write(
            y + 0.12, "What the state depends on (column) after each moment (row)", 9.5, self.theme.ink
        )
        for index, (name, rows) in enumerate(self.found.moments.states.items()):
            axes = self._axes(self.left + index * (SQUARE + 0.6), y + HEADING, SQUARE, SQUARE)
            self._heat(axes, rows, [])
            axes.set_ylabel(f"read {DIRECTIONS[name]}", fontsize=8, color=self.theme.faint)
        return self.figure

    def _panels(self) -> list[tuple[str, float, Callable[[Axes], None]]]:
        """Titles, heights and what draws them."""
        found = self.found
        high = max(LEAST, ROW * len(self.labels))
        states = found.states[:, order_units(found.states)]
        vector = found.moments.in_steps(found.moments.vector[None])[0]
        panels: list[tuple[str, float, Callable[[Axes], None]]] = [
            ("The sound: low below, high above", 1.1, lambda axes: self._image(axes, found.spectrogram.T)),
            ("How far the state moved", 0.5, lambda axes: self._bars(axes, found.movement)),
            (
                f"The state: {states.shape[1]} numbers, blue below 0, orange above",
                1.6,
                lambda axes: self._image(axes, states.T, diverging=True),
            ),
            ("How much of the vector depends on each moment", 0.5, lambda axes: self._bars(axes, vector)),
        ]
        if found.attention is not None and self.labels:
            looked = found.attention
            panels.append(
                ("Where attention looked", high, lambda axes: self._heat(axes, looked, self.labels))
            )
        if self.labels:
            title = "On which moments each word depends"
            panels.append((title, high, lambda axes: self._heat(axes, found.dependence, self.labels)))
        return panels

    def _axes(self, x: float, y: float, width: float, height: float) -> Axes:
        bottom = self.height - y - height
        axes: Axes = self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height)
        )
        axes.tick_params(labelsize=7, labelcolor=self.theme.faint, length=2)
        return axes

    def _write(self, y: float, text: str, size: float, colour: str) -> None:
        line = cut(printable(text), (self.width - 2 * MARGIN) * 72 / (size * 0.53))
        position = MARGIN / self.width, 1 - y / self.height
        self.figure.text(*position, line, fontsize=size, color=colour, va="center")

    def _image(self, axes: Axes, rows: FloatArray, *, diverging: bool = False) -> None:
        """Numbers (rows, S): those of each step as a column of colours, the first row lowest."""
        most = max(float(abs(rows).max()), 1e-9)
        axes.imshow(
            rows,
            aspect="auto",
            origin="lower",
            extent=(*self._span, 0, len(rows)),
            cmap=self.theme.diverging if diverging else self.theme.sequential,
            vmin=-most if diverging else 0,
            vmax=most,
            interpolation="nearest",
        )
        axes.set_yticks([])

    def _heat(self, axes: Axes, rows: FloatArray, labels: list[str]) -> None:
        """Proportions (rows, N), each row in relation to its largest, the first row on top."""
        shown = rows / rows.max(axis=1, keepdims=True).clip(1e-9)
        start, end = self._span
        axes.imshow(
            shown,
            aspect="auto",
            extent=(start, end, len(rows) - 0.5, -0.5),
            cmap=self.theme.sequential,
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        axes.set_yticks([])
        if labels:
            name_rows(axes, labels, self.theme)

    def _bars(self, axes: Axes, values: FloatArray) -> None:
        """A bar for each step."""
        start, end = self._span
        width = (end - start) / len(values)
        lefts = [start + width * index for index in range(len(values))]
        axes.bar(lefts, values, width=width, align="edge", color=self.theme.accent, linewidth=0)
        axes.set(xlim=(start, end), ylim=(0, max(float(values.max()), 1e-9)), yticks=[])
        axes.spines[["top", "right"]].set_visible(False)

    @property
    def _span(self) -> tuple[float, float]:
        """Seconds of the recording at the left and the right."""
        return self.found.start, self.found.start + self.found.seconds

"""The picture of one inspection, laid out: reading, the vector, the state's way, writing.

Every position is computed here, in inches: matplotlib's own layout differs in the last bits between runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mt.inspection import Inspection
from mt.inspection.blocks import printable
from mt.inspection.picture.decoder_panels import draw_attention, draw_probabilities, draw_proportions
from mt.inspection.picture.encoder_panels import DIRECTIONS, draw_columns, draw_states
from mt.inspection.picture.labels import cut
from mt.inspection.picture.paths import Path, draw_path
from mt.inspection.picture.piece_names import column_room, name_columns, name_rows, name_size, row_room
from mt.inspection.picture.theme import Theme
from mt.inspection.terminal import source_labels, target_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABREAST = 24  # pieces up to which two directions stand side by side
WIDEST = 30.0
MARGIN, LEFT = 0.15, 0.5  # of the figure; of axes, for the names of what is drawn
HEAD, HEADING, GAP = 1.15, 0.55, 0.25
TITLE = 0.28
MOVES, STATES = 0.42, 2.3
VECTOR, BARS = 0.28, 0.5


@dataclass(frozen=True)
class Part:
    """A heading over the whole width with how to read what is below it, and that: `height` inches of it."""

    title: str
    how: str
    height: float
    draw: Callable[[float], None]


def compose(inspection: Inspection, theme: Theme) -> Figure:
    """The whole picture. The current rcParams choose the fonts."""
    canvas = Canvas(inspection, theme)
    parts = canvas.parts()
    canvas.set_height(HEAD + sum(HEADING + part.height + GAP for part in parts))
    canvas.head()
    y = HEAD
    for part in parts:
        canvas.write(y + 0.16, part.title, 11.5, theme.ink, weight="bold")
        canvas.write(y + 0.38, part.how, 8.5, theme.faint)
        part.draw(y + HEADING)
        y += HEADING + part.height + GAP
    return canvas.figure


class Canvas:
    """An inspection on its way to a figure. Positions are in inches from the upper left corner."""

    def __init__(self, inspection: Inspection, theme: Theme) -> None:
        from matplotlib.figure import Figure

        self.inspection, self.theme = inspection, theme
        self.source, self.target = source_labels(inspection), target_labels(inspection)
        self.attention = [step.attention for step in inspection.steps if step.attention is not None]
        readings = len(inspection.readings)
        short = len(self.source) <= ABREAST
        self.abreast = readings if short else 1
        self.width = min(WIDEST, max(12.0 if short else 15.0, self.abreast * (len(self.source) * 0.24 + 1)))
        self.column = (self.width - 2 * MARGIN) / self.abreast  # of a direction
        self.square = min(7.0, (self.width - 2 * MARGIN) / (readings + 1) - 0.45)
        self.bars_width = min(self.width - 2 * MARGIN - LEFT, max(4.0, len(self.source) * 0.5))
        self.height = 1.0
        self.figure = Figure(facecolor=theme.paper)

    def set_height(self, inches: float) -> None:
        """How much there is to be drawn."""
        self.height = inches
        self.figure.set_size_inches(self.width, inches)

    def axes(self, x: float, y: float, width: float, height: float, title: str = "") -> Axes:
        """Axes whose upper left corner is at (x, y)."""
        bottom = self.height - y - height
        axes: Axes = self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height)
        )
        if title:
            self.write(y - 0.13, title, 9, self.theme.ink, x=x)
        return axes

    def write(
        self, y: float, text: str, size: float, colour: str, *, weight: str = "normal", x: float = MARGIN
    ) -> None:
        """A line with its middle at y, as much of it as has room."""
        line = cut(printable(text), (self.width - x - MARGIN) * 72 / (size * 0.53))
        position = x / self.width, 1 - y / self.height
        self.figure.text(*position, line, fontsize=size, color=colour, fontweight=weight, va="center")

    def parts(self) -> list[Part]:
        """From reading to writing."""
        seen, count = self.inspection, self.inspection.state_sample.sentences
        names = column_room(self.source, self.column - LEFT - 0.75)
        others = f"grey: {count} other sentences' states; " if count else ""
        looked = "where it looked, " if self.attention else ""
        above = column_room(self.source, self.width * 0.28) if self.attention else 0.0
        return [
            Part(
                "Reading: one state, changed by each piece",
                "Bars: how far a piece moved the state (0 to 1). Colours: the state after it, blue below 0, "
                "orange above; a row is a number, the rows ordered by when they are furthest from 0.",
                (TITLE + MOVES + 0.08 + STATES + names) * (len(seen.readings) // self.abreast),
                self.reading,
            ),
            Part(
                f"The sentence vector: {len(seen.vector):,} numbers",
                "As many for any sentence; the one furthest from 0 is "
                f"{float(np.abs(seen.vector).max()):.2f} from it. Bars: how much depends on each piece.",
                VECTOR + TITLE + BARS + column_room(self.source, self.bars_width),
                self.vector,
            ),
            Part(
                "The state's way",
                f"Each state as a point of the plane on which states differ most (PCA; {others}time goes "
                "along the arrows, from the open circle to the large dot).",
                TITLE + self.square + 0.2,
                self.paths,
            ),
            Part(
                "Writing: a piece at a time",
                f"From left to right: {looked}how much of a prediction would change with an average vector, "
                "how sure it was of the piece, and what else it had in mind.",
                TITLE + above + self._rows(len(self.target)),
                self.writing,
            ),
        ]

    def _rows(self, count: int) -> float:
        """Inches for so many rows."""
        return max(1.2, count * 0.26 * name_size(count) / 10)

    def head(self) -> None:
        """Source, translation, model."""
        model, theme = self.inspection.model, self.theme
        looks = " alone" if model.attention == "none" else f" and {model.attention} attention"
        self.write(0.25, self.inspection.source, 15, theme.ink)
        self.write(0.6, f"→ {self.inspection.translation}", 15, theme.accent)
        summary = (
            f"{model.name}: {model.cell} cells, {model.src or '?'} to {model.tgt or '?'}, written from the "
            f"vector{looks}. ⏎ ends the sentence, · begins a word, ? marks a piece that the model does not "
            "know."
        )
        self.write(0.92, summary, 8.5, theme.faint)

    def reading(self, top: float) -> None:
        """For each direction how far each step moved the state, and the states."""
        readings, theme = self.inspection.readings, self.theme
        most = max(float(np.abs(reading.states).max()) for reading in readings) or 1.0
        wide = self.column - LEFT - 0.75
        deep = TITLE + MOVES + 0.08 + STATES + column_room(self.source, wide)
        for index, reading in enumerate(readings):
            x = MARGIN + LEFT + self.column * (index % self.abreast)
            y = top + TITLE + deep * (index // self.abreast)
            moves = self.axes(x, y, wide, MOVES, DIRECTIONS[reading.direction])
            draw_columns(moves, reading.moves, "moved", theme)
            moves.set(ylim=(0, 1), yticks=[0, 1], yticklabels=["0", "1"])
            states = self.axes(x, y + MOVES + 0.08, wide, STATES)
            image = draw_states(states, reading, theme, most)
            labels = [self.source[piece] for piece in reading.order]
            name_columns(states, labels, theme, inches=wide)
            scale = self.axes(x + wide + 0.12, y + MOVES + 0.08, 0.1, STATES)
            self.figure.colorbar(image, cax=scale, ticks=[-most, 0, most])
            scale.set_yticklabels([f"−{most:.1f}", "0", f"{most:.1f}"], fontsize=8, color=theme.faint)

    def vector(self, top: float) -> None:
        """The vector as a strip."""
        vector = self.inspection.vector
        most = float(np.abs(vector).max()) or 1.0
        axes = self.axes(MARGIN, top, self.width - 2 * MARGIN, VECTOR)
        axes.imshow(
            vector[None, :],
            aspect="auto",
            cmap=self.theme.diverging,
            vmin=-most,
            vmax=most,
            interpolation="nearest",
        )
        axes.set(xticks=[], yticks=[])
        below = self.axes(MARGIN + LEFT, top + VECTOR + TITLE, self.bars_width, BARS)
        draw_columns(below, self.inspection.vector_dependence, "proportion", self.theme)
        name_columns(below, self.source, self.theme, inches=self.bars_width)

    def paths(self, top: float) -> None:
        """The ways of the encoder's and of the decoder's state."""
        seen = self.inspection
        titles = [f"reading {DIRECTIONS[reading.direction]}" for reading in seen.readings]
        labels = [[self.source[piece] for piece in reading.order] for reading in seen.readings]
        paths = list(map(Path, (*seen.maps, seen.decoder_map), [*labels, self.target]))
        room = (self.width - 2 * MARGIN) / len(paths)
        for index, (title, path) in enumerate(zip([*titles, "writing"], paths, strict=True)):
            axes = self.axes(MARGIN + 0.25 + room * index, top + TITLE, self.square, self.square, title)
            size = min(9.5, name_size(len(path.labels)))
            draw_path(axes, path, self.theme, inches=self.square, fontsize=size)

    def writing(self, top: float) -> None:
        """Where the model looked, with attention; how it needed the vector; how sure it was."""
        steps, theme = self.inspection.steps, self.theme
        proportions = (0.34, 0.2, 0.46) if self.attention else (0.0, 0.35, 0.65)
        starts = [MARGIN + (self.width - 2 * MARGIN) * sum(proportions[:index]) for index in range(3)]
        ends = [*starts[1:], self.width - MARGIN]
        room, high = row_room(self.target), self._rows(len(self.target))
        y = top + TITLE
        if self.attention:
            wide = ends[0] - starts[0] - room - 0.25
            self.write(y - 0.13, "where it looked", 9, theme.ink, x=starts[0] + room)
            y += column_room(self.source, wide)
            looked = self.axes(starts[0] + room, y, wide, high)
            draw_attention(looked, np.stack(self.attention), theme)
            name_columns(looked, self.source, theme, inches=wide, top=True)
            name_rows(looked, self.target, theme)
        wide = ends[1] - starts[1] - room - 0.25
        axes = self.axes(starts[1] + room, y, wide, high, "how much it needs the vector")
        draw_proportions(axes, [step.influence for step in steps], self.target, theme)
        wide = ends[2] - starts[2] - room
        axes = self.axes(starts[2] + room, y, wide, high, "how sure it was")
        draw_probabilities(axes, steps, self.target, theme, inches=wide)

"""The picture of one inspection, laid out: read, the vector, the way through the states, written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mt.inspection import Inspection
from mt.picture.labels import cut, source_labels, target_labels, widest
from mt.picture.names import name_columns, name_rows, name_size
from mt.picture.paths import Path, draw_path
from mt.picture.reading import DIRECTIONS, draw_moves, draw_states
from mt.picture.theme import Theme
from mt.picture.writing import draw_attention, draw_probabilities, draw_shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

ABREAST = 24  # pieces up to which two directions stand side by side
WIDEST = 30.0  # inches
HEADING = 0.52
MARGIN = 0.15


@dataclass(frozen=True)
class Part:
    """A heading over the whole width with how to read what is below it, and that: `height` inches of it."""

    title: str
    how: str
    height: float
    draw: Callable[[SubFigure], None]


def compose(inspection: Inspection, theme: Theme) -> Figure:
    """The whole picture. The current rcParams choose the fonts."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    canvas = Canvas(inspection, theme)
    parts = canvas.parts()
    heights = [1.1] + [height for part in parts for height in (HEADING, part.height)]
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.04)
    figure = Figure(figsize=(canvas.across, sum(heights)), facecolor=theme.paper, layout=layout)
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    canvas.head(rows[0])
    for part, heading, body in zip(parts, rows[1::2], rows[2::2], strict=True):
        canvas.write(heading, 0.36, part.title, 11.5, theme.ink, weight="bold")
        canvas.write(heading, 0.14, part.how, 8.5, theme.faint)
        part.draw(body)
    return figure


class Canvas:
    """An inspection on its way to a figure, `across` inches wide."""

    def __init__(self, inspection: Inspection, theme: Theme) -> None:
        self.inspection, self.theme = inspection, theme
        self.source, self.target = source_labels(inspection), target_labels(inspection)
        readings = len(inspection.readings)
        self.abreast = readings if len(self.source) <= ABREAST else 1
        least = 12.0 if len(self.source) <= ABREAST else 15.0
        self.across = min(WIDEST, max(least, self.abreast * (len(self.source) * 0.24 + 1)))
        self.square = min(5.0, (self.across - 1) / (readings + 1))
        self.attention = [step.attention for step in inspection.steps if step.attention is not None]

    def parts(self) -> list[Part]:
        """From reading to writing."""
        seen = self.inspection
        most = float(np.abs(seen.vector).max())
        rows = len(self.target) if self.attention else max(len(self.target), len(self.source))
        others = (
            f"grey: {seen.backdrop.sentences} other sentences' states; " if seen.backdrop.sentences else ""
        )
        looked = "where it looked, " if self.attention else "what the vector depends on, "
        return [
            Part(
                "Reading: one state, changed by each piece",
                "Bars: how far a piece moved the state (0 to 1). Colours: the state after it, blue below 0, "
                "orange above; a row is a number, the rows ordered by when they are furthest from 0.",
                3.4 * (len(seen.readings) // self.abreast),
                self.reading,
            ),
            Part(
                f"The sentence vector: {len(seen.vector):,} numbers",
                f"As many for any sentence; the one furthest from 0 is {most:.2f} from it.",
                0.4,
                self.vector,
            ),
            Part(
                "The state's way",
                f"Each state as a point of the plane on which states differ most (PCA; {others}time goes "
                "along the arrows, from the open circle to the large dot).",
                self.square + 0.2,
                self.paths,
            ),
            Part(
                "Writing: a piece at a time",
                f"From left to right: {looked}how much of a prediction would change with an average vector, "
                "how sure it was of the piece, and what else it had in mind.",
                max(1.4, rows * 0.26 * name_size(rows) / 10) + 0.5 + self.attention_room(),
                self.writing,
            ),
        ]

    def attention_room(self) -> float:
        """Inches for the source's pieces above the matrix."""
        return min(1.5, widest(self.source) * 0.09) if self.attention else 0.0

    def write(
        self, part: SubFigure, y: float, text: str, size: float, colour: str, *, weight: str = "normal"
    ) -> None:
        """A line at the left margin, y inches above the part's lower edge."""
        height = part.bbox.height / part.figure.dpi
        cut_off = cut(text, (self.across - 2 * MARGIN) * 72 / (size * 0.53))
        part.text(
            MARGIN / self.across,
            y / height,
            cut_off,
            fontsize=size,
            color=colour,
            fontweight=weight,
            va="center",
        )

    def head(self, part: SubFigure) -> None:
        """Source, translation, model."""
        model, theme = self.inspection.model, self.theme
        looks = " alone" if model.attention == "none" else f" and {model.attention} attention"
        self.write(part, 0.86, self.inspection.source, 15, theme.ink)
        self.write(part, 0.5, f"→ {self.inspection.translation}", 15, theme.accent)
        facts = (
            f"{model.name}: {model.cell} cells, {model.src or '?'} to {model.tgt or '?'}, written from the "
            f"vector{looks}. ⏎ ends the sentence, · begins a word, ? marks a piece that the "
            "model does not know."
        )
        self.write(part, 0.2, facts, 8.5, theme.faint)

    def title(self, axes: Axes, text: str) -> None:
        """What one of several panels shows."""
        axes.set_title(text, loc="left", fontsize=9, color=self.theme.ink)

    def reading(self, part: SubFigure) -> None:
        """For each direction how far each step moved the state, and the states."""
        readings, theme = self.inspection.readings, self.theme
        most = max(float(np.abs(reading.states).max()) for reading in readings) or 1.0
        cells = part.subfigures(len(readings) // self.abreast, self.abreast, squeeze=False)
        for cell, reading in zip(cells.ravel(), readings, strict=True):
            moves, states = cell.subplots(2, 1, height_ratios=[1, 5])
            self.title(moves, DIRECTIONS[reading.direction])
            draw_moves(moves, reading, theme)
            image = draw_states(states, reading, theme, most)
            labels = [self.source[place] for place in reading.order]
            name_columns(states, labels, theme, inches=self.across / self.abreast - 1)
            bar = cell.colorbar(image, ax=states, fraction=0.02, pad=0.01, ticks=[-most, 0, most])
            bar.ax.set_yticklabels([f"−{most:.1f}", "0", f"{most:.1f}"], fontsize=8, color=theme.faint)

    def vector(self, part: SubFigure) -> None:
        """The vector as a strip."""
        vector = self.inspection.vector
        most = float(np.abs(vector).max()) or 1.0
        axes = part.subplots()
        axes.imshow(
            vector[None, :], aspect="auto", cmap=self.theme.diverging, vmin=-most, vmax=most,
            interpolation="nearest",
        )  # fmt: skip
        axes.set(xticks=[], yticks=[])

    def paths(self, part: SubFigure) -> None:
        """The ways of the encoder's and of the decoder's state."""
        seen = self.inspection
        titles = [f"reading {DIRECTIONS[reading.direction]}" for reading in seen.readings]
        labels = [[self.source[place] for place in reading.order] for reading in seen.readings]
        nothing = np.zeros((0, 2), dtype=np.float32)
        places = [*seen.trajectories, seen.decoder_trajectory]
        points = [*seen.backdrop.points, nothing]
        explained = [plane.explained for plane in (*seen.backdrop.planes, seen.backdrop.decoder_plane)]
        paths = map(Path, places, [*labels, self.target], points, explained)
        cells = part.subplots(1, len(places))
        for axes, title, path in zip(cells, [*titles, "writing"], paths, strict=True):
            self.title(axes, title)
            size = min(9.5, name_size(len(path.labels)))
            draw_path(axes, path, self.theme, inches=self.square - 0.4, fontsize=size)

    def writing(self, part: SubFigure) -> None:
        """Where the model looked or what the vector depends on; what hung on the vector; how sure it was."""
        steps, theme = self.inspection.steps, self.theme
        shares = [3.0, 1.5, 4.0] if self.attention else [1.6, 1.6, 4.0]
        left, middle, right = part.subplots(1, 3, width_ratios=shares)
        if self.attention:
            self.title(left, "where it looked")
            draw_attention(left, np.stack(self.attention), theme)
            name_columns(left, self.source, theme, inches=self.across * 0.3, top=True)
            name_rows(left, self.target, theme)
        else:
            self.title(left, "what the vector depends on")
            draw_shares(left, self.inspection.vector_dependence.tolist(), self.source, theme)
        self.title(middle, "how it hangs on the vector")
        draw_shares(middle, [step.influence for step in steps], self.target, theme)
        self.title(right, "how sure it was")
        draw_probabilities(
            right, steps, self.target, theme, inches=self.across * shares[2] / sum(shares) - 0.8
        )

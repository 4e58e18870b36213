"""An inspection as a person reads it in a terminal: short headings, tables, bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mt.inspection.blocks import (
    ACCENT,
    FAINT,
    INDENT,
    SMALLEST,
    coloured,
    fitting,
    folded,
    heading,
    indented,
    measure,
    note,
    percent,
    plain_table,
    printable,
)
from mt.inspection.reading import DEPENDENCE_METHOD, Reading
from mt.inspection.result import Inspection
from mt.inspection.strip import strip
from mt.inspection.writing import Step

CELL = 6  # columns of a number in the table of what depends on what
STRIP_LINES = 6
NAMED = 3  # pieces named where there is no room for all

_SUM = "h' = f(W·x + b + U·h + B) makes a new state of the piece x and the state before, h"
FORMULAS = {
    "rnn": f"{_SUM}: W weighs the piece, U the state, and f = tanh presses each sum between -1 and 1.",
    "gru": f"{_SUM}. This cell, a gru, has gates beside it: one says how much of h enters the sum, one how "
    "much of h stays as it was.",
    "lstm": f"{_SUM}. This cell, an lstm, has gates beside it: what enters a memory, what of it is "
    "forgotten, and what is shown as h'.",
}
ARROWS = {"left-to-right": "from left to right →", "right-to-left": "from right to left ←"}


def shown(piece: str, *, first: bool = False) -> str:
    """A piece as it is shown: ⏎ for the end; · where a word begins, but for the first piece."""
    if piece == "</s>":
        return "⏎"
    text = piece[1:] if first and piece.startswith("▁") and len(piece) > 1 else piece
    return printable(text.replace("▁", "·"))


def source_labels(inspection: Inspection) -> list[str]:
    """The pieces (S,) as they are shown; one that the model does not know is followed by a ?."""
    return [
        shown(piece, first=index == 0) + "?" * (index in inspection.unknown)
        for index, piece in enumerate(inspection.pieces)
    ]


def target_labels(inspection: Inspection) -> list[str]:
    """The pieces of the translation (T,) as they are shown."""
    return [shown(step.piece, first=index == 0) for index, step in enumerate(inspection.steps)]


def show(inspection: Inspection, console: Console) -> None:
    """Write an inspection to a console."""
    console.print(Group(*Panels(inspection, console.width)))


class Panels:
    """The parts of an inspection, for a screen of so many columns."""

    def __init__(self, inspection: Inspection, width: int) -> None:
        self.inspection, self.room = inspection, width - INDENT
        self.pieces = source_labels(inspection)

    def __iter__(self) -> Iterator[RenderableType]:
        yield from self._head()
        yield from self._reading()
        yield from self._vector()
        yield from self._writing()
        yield from self._recalling()
        yield from self._search()

    def _label(self, index: int) -> Text:
        """A source piece, as `x2 爱`."""
        return Text.assemble((f"x{index + 1} ", FAINT), (self.pieces[index], "bold"))

    def _written(self, index: int, step: Step) -> Text:
        """A piece of the translation, as `y2 love`."""
        return Text.assemble((f"y{index + 1} ", FAINT), (shown(step.piece, first=index == 0), "bold"))

    def _head(self) -> Iterator[RenderableType]:
        seen, model = self.inspection, self.inspection.model
        ends = "read from both ends" if model.bidirectional else "read from one end"
        looks = (
            "the vector alone" if model.attention == "none" else f"the vector and {model.attention} attention"
        )
        yield Text.assemble(
            (printable(seen.source), "bold"),
            ("  →  ", FAINT),
            (printable(seen.translation), f"bold {ACCENT}"),
        )
        yield Text(f"{model.name}: {model.cell} cells, {ends}, written from {looks}", style=FAINT)
        yield heading("1", "The sentence in pieces")
        yield indented(folded([self._label(index) for index in range(len(self.pieces))], self.room))
        legend = "⏎ is the end of the sentence, which is read too; · begins a word."
        if seen.unknown:
            legend += " ? marks what the model does not know: to it all such pieces are one."
        yield note(legend)

    def _reading(self) -> Iterator[RenderableType]:
        yield heading("2", "Reading: one state, changed by each piece")
        yield note(FORMULAS[self.inspection.model.cell])
        for reading in self.inspection.readings:
            yield indented(Text(ARROWS[reading.direction], style="italic"))
            yield indented(self._reading_table(reading))
        yield note(
            "moved: 0% leaves the state as it was; the first step, which starts from zeros, moves it by "
            f"100%. What it depends on is found {DEPENDENCE_METHOD}"
        )

    def _reading_table(self, reading: Reading) -> Table:
        """A row for each step; a column for each piece where there is room, else the largest proportions."""
        room = self.room - max(map(cell_len, self.pieces)) - 24
        wide = len(reading.order) * CELL <= room
        table = plain_table("after", "the state moved")
        if wide:
            for index in reading.order:
                table.add_column(f"x{index + 1}", justify="right", no_wrap=True, min_width=CELL - 2)
        else:
            table.add_column("it depends most on")
        for step, index in enumerate(reading.order):
            row = reading.dependence[step, : step + 1].tolist()
            largest = fitting(self._largest(row, reading.order), room)
            proportions = [coloured(proportion, max(row)) for proportion in row] if wide else [largest]
            table.add_row(self._label(index), measure(float(reading.moves[step]), 8), *proportions)
        return table

    def _largest(self, proportions: Sequence[float], order: Sequence[int]) -> list[Text]:
        """The pieces with the largest proportions, as `x3 北京 54%`, `x1 我 20%`."""
        best = sorted(range(len(proportions)), key=lambda step: -proportions[step])[:NAMED]
        return [Text.assemble(self._label(order[step]), f" {percent(proportions[step])}") for step in best]

    def _vector(self) -> Iterator[RenderableType]:
        seen = self.inspection
        yield heading("3", f"The sentence vector: {len(seen.vector):,} numbers, however long the text is")
        lines = strip(seen.vector.tolist(), self.room)
        for line in lines[:STRIP_LINES]:
            yield indented(line)
        more = "" if len(lines) <= STRIP_LINES else " The rest is in --json, --npz and --picture."
        knows = (
            "The decoder knows nothing else of the sentence."
            if seen.model.attention == "none"
            else "The decoder gets it, and attends to the states above."
        )
        low, high = float(seen.vector.min()), float(seen.vector.max())
        scale = f"Each bar is a number: the lowest {low:.2f}, the highest {high:.2f}; half high is 0.{more}"
        yield note(f"{scale} {knows} How much of it depends on each piece:")
        proportions = seen.vector_dependence.tolist()
        parts = [
            Text.assemble(self._label(index), " ", coloured(proportion, max(proportions)).append("%"))
            for index, proportion in enumerate(proportions)
        ]
        yield indented(folded(parts, self.room))

    def _writing(self) -> Iterator[RenderableType]:
        steps = self.inspection.steps
        attends = steps[0].attention is not None
        yield heading("4", "Writing: a piece at a time, each read back in before the next")
        why = "it looked at" if attends else "needs the vector"
        table = plain_table("piece", "probability", why)
        table.add_column("or else")
        pieces = [self._written(index, step) for index, step in enumerate(steps)]
        looks = [Text(why), *map(self._look, steps)]
        taken = sum(max(part.cell_len for part in column) for column in (pieces, looks)) + 17
        for index, step in enumerate(steps):
            others = [
                Text.assemble(shown(piece, first=index == 0), (f" {percent(proportion)}", FAINT))
                for piece, proportion in step.runners_up
                if proportion >= SMALLEST
            ]
            table.add_row(
                pieces[index],
                measure(step.probability, 6),
                looks[index + 1],
                fitting(others, self.room - taken),
            )
        yield indented(table)
        looked = "where attention's weight lay, which adds up to 100%"
        yield note(f"{why}: {looked if attends else self.inspection.state_sample.influence_method}")

    def _look(self, step: Step) -> Text:
        if step.attention is None:
            return measure(step.influence, 6)
        return fitting(self._largest(step.attention.tolist(), range(len(self.pieces))), self.room // 3)

    def _recalling(self) -> Iterator[RenderableType]:
        if self.inspection.recalled is None:
            return
        yield heading("5", "Recalling: at each step the nearest entry of the datastore")
        table = plain_table("piece", "proportion")
        table.add_column("its target so far  ←  its source")
        pieces = [self._written(index, step) for index, step in enumerate(self.inspection.steps)]
        room = self.room - max(piece.cell_len for piece in pieces) - 9
        for piece, (one, *_) in zip(pieces, self.inspection.recalled, strict=True):
            said = Text.assemble(
                (f"{printable(one.before)} " if one.before else "", FAINT),
                (shown(one.piece, first=not one.before), "bold"),
                (f"  ←  {printable(one.source)}", FAINT),
            )
            said.truncate(room, overflow="ellipsis")
            table.add_row(piece, percent(one.proportion), said)
        yield indented(table)
        yield note(
            "The entry that weighed most, and its proportion of the prediction; --json has three. The last "
            "piece before ← is the one that the entry votes for."
        )

    def _search(self) -> Iterator[RenderableType]:
        yield heading(
            "5" if self.inspection.recalled is None else "6",
            "What search ended with, and how likely each translation is as a whole",
        )
        table = plain_table("")
        table.add_column()
        table.show_header = False
        for index, found in enumerate(self.inspection.hypotheses):
            style = f"bold {ACCENT}" if index == 0 else ""
            probability = Text(percent(found.probability), justify="right")
            table.add_row(probability, Text(printable(found.translation), style=style))
        yield indented(table)

"""A recording as it is heard, for a terminal: spectrogram, movement, where each word was heard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.text import Text

from mt.inspection.blocks import ACCENT, FAINT, printable
from mt.inspection.floats import FloatArray
from mt.inspection.hearing import STEP, Hearing

SHADES = " ░▒▓█"
BARS = " ▁▂▃▄▅▆▇█"
BANDS = 12  # rows of the spectrogram
MARGIN = 12  # columns before a row
TIMES = 14  # columns behind a row


def hearing_panels(found: Hearing, width: int) -> Iterator[Text]:
    """The lines of the view, for a screen of so many columns."""
    steps = len(found.movement)
    columns = max(1, min(steps, width - MARGIN - TIMES))
    written = (printable(found.text), f"bold {ACCENT}")
    yield Text.assemble((printable(found.name), "bold"), ("  →  ", FAINT), written)
    size = f"{found.seconds:.2f} s in {steps} steps of {1000 * STEP:.0f} ms"
    yield Text(f"{size}; low sounds below, high above", FAINT)
    bands = _squeezed(_squeezed(found.spectrogram, columns).T, BANDS) / 255
    for row in bands[::-1]:
        yield _row("", _drawn(row, SHADES))
    yield _row("moved", _drawn(_squeezed(found.movement[:, None], columns)[:, 0], BARS))
    yield _row("vector", _relative(found.moments.in_steps(found.moments.vector[None])[0], columns))
    rows = found.dependence if found.attention is None else found.attention
    for index, word in enumerate(found.pieces):
        label = f"y{index + 1} {printable(word.replace('▁', ''))}"
        start, end = found.times[index]
        yield _row(label, _relative(rows[index], columns)).append(f" {start:.2f}–{end:.2f} s", FAINT)
    words = "where attention looked"
    if found.attention is None:
        words = "the moments on which the word depends; it was written from the vector alone"
    yield Text(f"vector: how much of it depends on each moment; y: {words}", FAINT)


def _row(label: str, line: str) -> Text:
    return Text.assemble((f"{label[: MARGIN - 1]:<{MARGIN}}", FAINT), (line, ACCENT))


def _squeezed(rows: FloatArray, count: int) -> FloatArray:
    """Rows (N, F) -> the means of `count` groups of neighbours (count, F); fewer rows stay as they are."""
    if len(rows) <= count:
        return rows
    found: FloatArray = np.stack([group.mean(axis=0) for group in np.array_split(rows, count)])
    return found


def _relative(values: FloatArray, columns: int) -> str:
    """Numbers (S,) as bars, the largest as high as there is room."""
    shown = _squeezed(values[:, None], columns)[:, 0]
    return _drawn(shown / max(float(shown.max()), 1e-9), BARS)


def _drawn(values: FloatArray, marks: str) -> str:
    """Numbers from 0 to 1 as characters."""
    return "".join(marks[round(float(value) * (len(marks) - 1))] for value in values.clip(0, 1))

"""A recording as it is heard, for a terminal: spectrogram, movement, where each word was heard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.text import Text

from mt.inspection.floats import FloatArray
from mt.inspection.hearing import STEP, Hearing
from mt.inspection.terminal import ACCENT, FAINT, printable

SHADES = " ░▒▓█"
BARS = " ▁▂▃▄▅▆▇█"
BANDS = 12  # rows of the spectrogram
MARGIN = 12  # columns before a row
TIMES = 14  # columns behind a row


def hearing_panels(found: Hearing, name: str, width: int) -> Iterator[Text]:
    """The lines of the view, for a screen of so many columns."""
    steps = len(found.movement)
    columns = max(1, min(steps, width - MARGIN - TIMES))
    written = (printable(found.text), f"bold {ACCENT}")
    yield Text.assemble((printable(name), "bold"), ("  →  ", FAINT), written)
    size = f"{steps * STEP:.2f} s in {steps} steps of {1000 * STEP:.0f} ms"
    yield Text(f"{size}; low sounds below, high above", FAINT)
    bands = _squeezed(_squeezed(found.spectrogram, columns).T, BANDS) / 255
    for row in bands[::-1]:
        yield _row("", _drawn(row, SHADES))
    yield _row("moved", _drawn(_squeezed(found.movement[:, None], columns)[:, 0], BARS))
    for index, word in enumerate(found.pieces):
        label = f"y{index + 1} {printable(word.replace('▁', ''))}"
        if found.attention is None or found.times is None:
            yield _row(label, "")
            continue
        looked = _squeezed(found.attention[index][:, None], columns)[:, 0]
        start, end = found.times[index]
        line = _drawn(looked / max(float(looked.max()), 1e-9), BARS)
        yield _row(label, line).append(f" {start:.2f}–{end:.2f} s", FAINT)
    if found.attention is None:
        yield Text("written from the vector alone, so no word has a time", FAINT)


def _row(label: str, line: str) -> Text:
    return Text.assemble((f"{label[: MARGIN - 1]:<{MARGIN}}", FAINT), (line, ACCENT))


def _squeezed(rows: FloatArray, count: int) -> FloatArray:
    """Rows (N, F) -> the means of `count` groups of neighbours (count, F); fewer rows stay as they are."""
    if len(rows) <= count:
        return rows
    found: FloatArray = np.stack([group.mean(axis=0) for group in np.array_split(rows, count)])
    return found


def _drawn(values: FloatArray, marks: str) -> str:
    """Numbers from 0 to 1 as characters."""
    return "".join(marks[round(float(value) * (len(marks) - 1))] for value in values.clip(0, 1))

"""Rows of numbers for a screen, for a README (Markdown) or for a paper (LaTeX)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

Row = tuple[str, ...]
_LATEX = {"\\": r"\textbackslash{}", "±": r"$\pm$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {mark: f"\\{mark}" for mark in "&%$#_{}"}


@dataclass(frozen=True)
class Table:
    """A header, groups of rows, and notes below; the first column holds names, the others numbers."""

    header: Row
    groups: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """For a screen: columns aligned, a blank line between groups."""
        rows = [self.header, *(row for group in self.groups for row in group)]
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        lines = [_aligned(self.header, widths)]
        for number, group in enumerate(self.groups):
            lines += [""] * (number > 0) + [_aligned(row, widths) for row in group]
        return "\n".join([*lines, *self._below()])

    def markdown(self) -> str:
        """As GitHub shows it."""
        lines = [self.header, ("---", *["---:"] * (len(self.header) - 1))]
        lines += [row for group in self.groups for row in group]
        marked = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
        return "\n".join([*marked, *self._below()])

    def latex(self) -> str:
        """A tabular with booktabs' rules, the notes as comments."""
        lines = [rf"\begin{{tabular}}{{l{'r' * (len(self.header) - 1)}}}", r"\toprule", _latex(self.header)]
        for group in self.groups:
            lines += [r"\midrule", *map(_latex, group)]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", *(f"% {note}" for note in self.notes)])

    def _below(self) -> Iterator[str]:
        if self.notes:
            yield ""
            yield from self.notes


def _aligned(row: Row, widths: Sequence[int]) -> str:
    spaces = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
    cells = [row[0] + spaces[0], *(space + cell for cell, space in zip(row[1:], spaces[1:], strict=True))]
    return "  ".join(cells).rstrip()


def _latex(row: Row) -> str:
    cells = ("".join(_LATEX.get(mark, mark) for mark in cell) for cell in row)
    return " & ".join(re.sub(r"^([+-][\d.]+)$", r"$\1$", cell) for cell in cells) + r" \\"

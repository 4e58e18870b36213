"""What the terminal's view of an inspection consists of: headings, tables, bars, percentages."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mt.inspection.strip import bar

ACCENT, FAINT = "#1f9a8a", "#7d7d7d"  # both legible on dark and on light
INDENT = 3
SMALLEST = 0.0005  # proportion that is not shown as nothing


def printable(text: str) -> str:
    """The text with a mark for each character that would move the cursor, colour the screen or hide."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)


def percent(proportion: float) -> str:
    """57%; below one percent with a digit more. Without a space, at which a line could end."""
    return f"{100 * proportion:.1f}%" if SMALLEST <= proportion < 0.00995 else f"{100 * proportion:.0f}%"


def heading(number: str, text: str) -> RenderableType:
    """A numbered heading."""
    return Padding(Text.assemble((f"{number}  ", ACCENT), (text, "bold")), (1, 0, 0, 0))


def note(text: str) -> RenderableType:
    """An explanation under what it explains."""
    return indented(Text(text, style=FAINT))


def indented(part: RenderableType) -> RenderableType:
    """What stands under a heading."""
    return Padding(part, (0, 0, 0, INDENT))


def plain_table(*titles: str) -> Table:
    """A table without lines; its first columns, which do not wrap."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style=FAINT)
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table


def folded(parts: Sequence[Text], room: int) -> Text:
    """The parts in lines of at most so many columns; no part is cut."""
    gap = "   "
    lines = [parts[0].copy()]
    for part in parts[1:]:
        if lines[-1].cell_len + len(gap) + part.cell_len > room:
            lines.append(part.copy())
        else:
            lines[-1].append(gap).append_text(part)
    return Text("\n").join(lines)


def fitting(parts: Sequence[Text], room: int) -> Text:
    """As many of the parts as fit into so many columns; the first one at least, if there is any."""
    found = Text()
    for part in parts:
        if found and found.cell_len + 2 + part.cell_len > room:
            break
        found = Text("  ").join([found, part]) if found else part
    return found


def measure(proportion: float, width: int) -> Text:
    """A bar and its percentage."""
    return Text.assemble((bar(proportion, width), ACCENT), f" {percent(proportion):>4}")


def coloured(proportion: float, largest: float) -> Text:
    """A proportion as a whole number of percent, the largest of its row in colour, small ones faint."""
    style = f"bold {ACCENT}" if proportion == largest else "" if proportion >= 0.1 else FAINT
    return Text(f"{100 * proportion:.0f}", style=style)

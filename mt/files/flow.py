"""Text in lines with markup (Markdown, reStructuredText): blocks whose lines are joined and wrapped again."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mt.files.document import Edit, Result, Unit, rendered, source_of
from mt.inline.segment import Code

_LONGEST = 10_000  # columns: a text on one line stays on one


@dataclass(frozen=True)
class Line:
    """The text of a block on one of its lines: text[begin:end]."""

    begin: int
    end: int


Inline = Callable[[str], list[str | Code]]
"""Text of one block -> its texts and codes."""


def block_unit(text: str, lines: Sequence[Line], inline: Inline, guard: Callable[[str], str]) -> Unit:
    """A block as a unit. What stands between its lines, such as a quote's marks, stands between the new ones.

    guard: changes a line that would begin another kind of block.
    """
    joined = " ".join(text[line.begin : line.end] for line in lines)
    source = source_of(inline(joined))
    between = text[lines[0].end : lines[1].begin] if len(lines) > 1 else ""
    width = max(line.end - line.begin for line in lines) if len(lines) > 1 else _LONGEST

    def edits(results: Sequence[Result]) -> list[Edit]:
        (result,) = results
        if result.translation == source:
            return []
        new = " ".join(rendered(result.translation, str).split("\n"))
        rows = _wrapped(new, width) if len(lines) > 1 else [new]
        written = between.join([rows[0], *map(guard, rows[1:])])
        return [Edit(lines[0].begin, lines[-1].end, written)]

    return Unit((source,), edits)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [text]


def paired(tokens: Sequence[tuple[str, str]]) -> list[str | Code]:
    """Texts and codes of (kind, raw) tokens: text, code, and delimiters such as ** that may begin or end.

    kind: "text", "code" (kept, and shown to the model), "mark" (kept alone), or the delimiter's name with
    "(" and ")" behind it for what may begin, or end, emphasis; of both the innermost pair is taken. What
    has no partner is text, but for tags, whose names begin with "<".
    """
    parts: list[str | Code] = []
    opened: list[tuple[str, str, int]] = []  # names, texts, and indices of the parts
    for kind, raw in tokens:
        name = kind.rstrip("()")
        if kind in ("text", "code", "mark"):
            parts.append(raw if kind == "text" else Code(raw, shown=raw if kind == "code" else ""))
            continue
        begun = next((index for index in range(len(opened) - 1, -1, -1) if opened[index][0] == name), None)
        if ")" in kind and begun is not None:
            _, opening, position = opened[begun]
            del opened[begun:]
            parts[position] = Code(opening, "open", f"{name}{position}")
            parts.append(Code(raw, "close", f"{name}{position}"))
            continue
        if "(" in kind:
            opened.append((name, raw, len(parts)))
        parts.append(Code(raw) if name.startswith("<") else raw)
    return parts

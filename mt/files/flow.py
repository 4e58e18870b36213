"""Text in lines with markup (Markdown, reStructuredText): blocks whose lines are joined and wrapped again."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mt.files.document import Source, Unit, rendered, replacing, source_of
from mt.inline.segment import Code

_LONGEST = 10_000  # columns: a text on one line stays on one
_GLUE = "\0"  # for a space within a code, where no line may end; a document has none


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

    def written(translation: Source) -> str:
        new = rendered(translation, str, lambda code: code.replace(" ", _GLUE)).replace("\n", " ")
        rows = wrapped(new, width) if len(lines) > 1 else [new]
        return between.join([rows[0], *map(guard, rows[1:])]).replace(_GLUE, " ")

    return replacing(lines[0].begin, lines[-1].end, source, written)


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text that is wrapped at spaces; one at least."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [text]


def emphasis(found: re.Match[str], *, in_words: bool) -> tuple[str, str]:
    """The token for `paired` of a mark such as **: emphasis begins before a character and ends after one.

    in_words: whether it may begin or end inside a word.
    """
    before = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    opens = bool(after.strip()) and (in_words or not before.isalnum())
    closes = bool(before.strip()) and (in_words or not after.isalnum())
    return (found[0] + "(" * opens + ")" * closes if opens or closes else "text"), found[0]


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

"""reStructuredText: paragraphs, titles, lists, definitions and notes; code and markup stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mt.files.decoding import decode
from mt.files.document import Edit, Reading, Result, Spliced, Unit
from mt.files.flow import Line, block_unit, emphasis, paired
from mt.inline.segment import Code
from mt.text.characters import columns_of

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*$")
_MARK = r"(?:[-*+•]|(?:\d{1,4}|[A-Za-z#]|[ivxIVX]+)[.)]|\((?:\d{1,4}|[A-Za-z#])\))[ \t]+|\|[ \t]+"
_OPTION = r"(?:--?|/)\w[\w-]*(?:[ =]<?[\w-]+>?)?"
_ITEM = re.compile(rf"(?:{_MARK})+|{_OPTION}(?:, {_OPTION})*(?:[ \t]{{2,}}|$)")
_FIELD = re.compile(r":(?:[^:`\s\\]|\\.)(?:[^:`\\\r\n]|\\.)*:(?!`)[ \t]*")
_DIRECTIVE = re.compile(r"\.\.[ \t]+(?:\|[^|]+\|[ \t]+)?([A-Za-z][\w:+.-]*)::[ \t]*")
_FOOTNOTE = re.compile(r"\.\.[ \t]+\[[^\]]+\][ \t]+")
_EXPLICIT = re.compile(r"\s*\.\.(?:\s|$)")
_GRID = re.compile(r"\+[-=+]{3,}|={2,}[ \t]+=+")
_MARGIN = 3  # by which the content of a directive is usually indented
_VERSIONED = ("versionadded", "versionchanged", "deprecated", "deprecated-removed")
_NOTES = (
    "note",
    "warning",
    "tip",
    "hint",
    "important",
    "seealso",
    "caution",
    "centered",
    "attention",
    "danger",
)
_TITLED = ("admonition", "topic", "sidebar", "rubric", "replace", "list-table")
_OBJECTS = ("class", "method", "function", "attribute", "data", "exception", "module", "describe", "option")
_TEXT_DIRECTIVES = frozenset(
    [
        *(*_VERSIONED, *_NOTES, *_TITLED, *_OBJECTS, *(f"py:{name}" for name in _OBJECTS)),
        *(
            "error",
            "epigraph",
            "pull-quote",
            "compound",
            "container",
            "impl-detail",
            "availability",
            "only",
            "figure",
        ),
    ]
)
"""Directives whose content is text."""
_TOKEN = re.compile(
    r"""(?P<link>(?P<begin>(?::[\w+.:-]+:)?`)(?P<shown>[^`<\s][^`<]*)(?P<end>\s<[^`<>]+>`_{0,2}))|(?P<code>``(?:[^`]|`(?!`))+``|:[\w+.:-]+:`[^`]+`|`[^`]+`(?::[\w+.:-]+:|__?)?|\|[^|\s](?:[^|]*[^|\s])?\|_{0,2}
    |\[[\w#*.-]+\]_|<?https?://[^\s<>]+>?|(?<![\w.])\w+(?:[.+-]\w+)*__?(?!\w)|\\.)
    |(?P<emphasis>\*{1,2})|(?P<text>[^`:|\[\\*<h\w]+|\w+|.)""",
    re.DOTALL | re.VERBOSE,
)
_BLOCK = re.compile(r"(?:[-+*•]|\w{1,4}[.)])\s|\.\.\s|:\w+:|[|>]|([!-/:-@\[-`{-~])\1{2,}$")


def read(file: Reading) -> Spliced:
    """A text in reStructuredText. Raises Broken for what is no text."""
    decoded = decode(file.data)
    return Spliced(decoded, _Reader(decoded.text).units())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t")) if line.strip() else -1


class _Reader:
    """Goes through the blocks between blank lines; what is indented below code or a comment is left out."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = [(found.start(), found[0].rstrip("\r\n")) for found in _LINE.finditer(text)]
        self._skip = -1  # what is indented deeper is no text

    def units(self) -> Iterator[Unit]:
        block: list[tuple[int, str]] = []
        for at, line in [*self._spans, (len(self._text), "")]:
            if block and (not line.strip() or _EXPLICIT.match(line)):
                yield from self._block(block)
                block = []
            if line.strip():
                block.append((at, line))

    def _block(self, block: list[tuple[int, str]]) -> Iterator[Unit]:
        first = _indent(block[0][1])
        if self._skip >= 0 and first > self._skip:
            return
        self._skip = -1
        rest = block[0][1].strip()
        if rest.startswith((">>>", "... ")) or _GRID.match(rest):
            return
        if rest.startswith("..") and not _FOOTNOTE.match(rest) and (rest == ".." or rest[2] in " \t"):
            yield from self._explicit(block, first)
            return
        title = self._title(block)
        if title is not None:
            yield title[0]
            if title[1]:
                yield from self._block(title[1])
            return
        yield from self._paragraphs(block)

    def _explicit(self, block: list[tuple[int, str]], indent: int) -> Iterator[Unit]:
        """A directive, a target or a comment. Of some directives the content is text."""
        at, line = block[0]
        found = _DIRECTIVE.match(line.strip())
        if found is None or found[1] not in _TEXT_DIRECTIVES:
            self._skip = indent
            return
        argument = line[indent + found.end() :]
        rows = block[1:]
        while (
            rows
            and (_FIELD.match(rows[0][1].strip()) or not argument.strip())
            and rows[0][1].strip()[0] == ":"
        ):
            rows.pop(0)  # options
        if found[1] in _VERSIONED:
            argument = "".join(argument.split(None, 1)[1:])  # behind the version
        if argument.strip() and found[1] in (*_TITLED, *_NOTES, *_VERSIONED):
            begin = at + len(line) - len(argument)
            lines = [Line(begin, begin + len(argument.rstrip()))]
            if found[1] in (*_NOTES, *_VERSIONED):
                lines += [_stripped(row) for row in rows]
                rows = []
            if self._text[lines[-1].begin : lines[-1].end].endswith("::"):
                self._skip = max(_indent(block[-1][1]), indent + _MARGIN)
            yield self._unit(lines)
        if rows:
            yield from self._block(rows)

    def _title(self, block: list[tuple[int, str]]) -> tuple[Unit, list[tuple[int, str]]] | None:
        """A title with its underline, which is as long as the translation; and what follows."""
        over = 1 if len(block) > 2 and _ADORNMENT.match(block[0][1]) and _ADORNMENT.match(block[2][1]) else 0
        if (
            len(block) < over + 2
            or not _ADORNMENT.match(block[over + 1][1])
            or _ADORNMENT.match(block[over][1])
        ):
            return None
        line = _stripped(block[over])
        rules = [block[0], block[2]] if over else [block[1]]
        unit = self._unit([line])

        def edits(results: Sequence[Result]) -> Iterator[Edit]:
            for edit in unit.edits(results):
                width = columns_of(edit.text)
                yield edit
                for at, rule in rules:
                    length = len(rule.rstrip())
                    yield Edit(at, at + length, rule[0] * max(width, 2))

        return replace(unit, edits=edits), block[over + 2 :]

    def _paragraphs(self, block: list[tuple[int, str]]) -> Iterator[Unit]:
        """The lines of a block in texts: items, fields and terms begin one, and so does another depth."""
        lines: list[Line] = []
        depth = -1
        for at, line in block:
            indent = _indent(line)
            begin = at + indent
            rest = line.strip()
            mark = _ITEM.match(rest) or _FIELD.match(rest) or _FOOTNOTE.match(rest)
            if lines and (mark or (indent != depth and depth >= 0)):
                yield self._unit(lines)
                lines, depth = [], -1
            if mark:
                begin, rest = begin + mark.end(), rest[mark.end() :]
                depth = -1
            else:
                depth = indent if lines or depth < 0 else depth
            if rest:
                lines.append(Line(begin, begin + len(rest)))
                depth = depth if not mark else -1
        if lines:
            last = self._text[lines[-1].begin : lines[-1].end]
            if last.endswith("::"):
                self._skip = _indent(block[0][1])
            yield self._unit(lines)

    def _unit(self, lines: list[Line]) -> Unit:
        return block_unit(self._text, lines, _inline, _guarded)


def _stripped(row: tuple[int, str]) -> Line:
    at, line = row
    return Line(at + _indent(line), at + len(line.rstrip()))


def _guarded(line: str) -> str:
    """A line that would begin another block: its first mark is escaped."""
    return "\\" + line if _BLOCK.match(line) else line


def _inline(text: str) -> list[str | Code]:
    """Emphasis and links with a text of their own as pairs; literals, other roles and substitutions as codes.

    `::` at the end is one too.
    """
    literal = "::" if text.endswith("::") else ""
    kinds: list[tuple[str, str]] = []
    body = text[: len(text) - 1] if literal else text  # one colon is the sentence's
    for found in _TOKEN.finditer(body):
        kind = found.lastgroup or "text"
        if found["link"]:
            kinds += [("link(", found["begin"]), ("text", found["shown"]), ("link)", found["end"])]
        elif kind == "emphasis":
            kinds.append(emphasis(found, in_words=False))
        else:
            kinds.append(("code" if kind == "code" else "text", found[0]))
    return [*paired(kinds), *([Code(":")] if literal else [])]

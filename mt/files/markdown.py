"""Markdown: paragraphs, headings, lists, quotes and tables; code, front matter and HTML blocks stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import partial
from itertools import pairwise

from mt.files.decoding import decode
from mt.files.document import Reading, Spliced, Unit
from mt.files.flow import Line, block_unit, emphasis, paired
from mt.inline.segment import Code

_FRONT = re.compile(
    r"\A(?:---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*$|\+\+\+[ \t]*\r?\n.*?^\+\+\+[ \t]*$)", re.DOTALL | re.M
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_PREFIX = re.compile(r"(?:[ \t]*>[ \t]?)*[ \t]*")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:[ \t]+(?:\[[ xX]\][ \t]+)?|$)|:[ \t]+|\*\[[^\]]+\]:[ \t]+")
_FENCE = re.compile(r"(`{3,}|~{3,}|\$\$)")
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|$)")
_CLOSING = re.compile(r"[ \t]+#+[ \t]*$|[ \t]*\{#[^{}]*\}[ \t]*$|[ \t]+$")
_NO_TEXT = re.compile(
    r"(?:[-*_][ \t]*){3,}$|=+[ \t]*$|-+[ \t]*$|\[(?!\^)[^\]]+\]:|:{3,}|\[!\w+\][-+]?[ \t]*$"
    r"|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$"
    r"|import[ \t](?:.*[ \t]from[ \t]+)?[\"'][^\"']+[\"'];?[ \t]*$"  # of MDX
)
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:[ \t]*")
_ADMONITION = re.compile(r"(?:!!!|\?\?\?\+?)[ \t]+\w+(?:[ \t]+(?:inline|end))*[ \t]*(?=\"|$)")
"""MkDocs'; its title is behind it, and below it what is indented belongs to it, as with a footnote."""
_LABEL = re.compile(r"^[> \t]*\[(?!\^)([^\]\r\n]+)\]:", re.MULTILINE)
_DELIMITERS = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$")
_HTML_ENDS = {"<!--": "-->", "<?": "?>", "<!": ">"} | {
    f"<{name}": f"</{name}>" for name in ("script", "style", "pre", "textarea")
}
"""Blocks of HTML that end there; others end at a blank line."""
_HTML = re.compile(r"<(?:[A-Za-z][\w-]*(?=[\s/>])|/[A-Za-z]|!--|\?|!)")
_CELL = re.compile(r"(?:\\.|`[^`]*`|[^|\\])+")
_TAIL = (
    r"\]\((?:<[^<>\r\n]*>|(?:[^()\\\s]|\\.|\([^()]*\))*)(?:[ \t]+(?:\"[^\"]*\"|'[^']*'))?[ \t]*\)"
    r"(?:\{[^{}]*\})?|\]\[[^\]]*\]"
)
_TOKEN = re.compile(
    rf"""(?P<code>(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`)|<[A-Za-z][\w+.-]*:[^<>\s]*>|<[^<>\s@]+@[^<>\s]+>
    |\\[!-/:-@\[-`{{-~]|\$[^$\s](?:[^$]*[^$\s])?\$|\[\^[^\]]+\]|{{{{.*?}}}}|{{%.*?%}}
    |(?<![\w:]):[a-z][a-z0-9_+-]*:(?![\w:]))|(?P<mark><!--.*?-->)
    |(?P<html></?[A-Za-z][\w-]*(?:\s[^<>]*|/)?>)|(?P<begin>!?\[)|(?P<tail>{_TAIL})|(?P<end>\])
    |(?P<emphasis>\*{{1,3}}|_{{1,3}}|~~)|(?P<text>[^\\`<\[\]!*_~${{:]+|.)""",
    re.DOTALL | re.VERBOSE,
)
_INLINE = ("a", "b", "i", "em", "strong", "kbd", "code", "span", "sub", "sup", "img")
"""Tags with which a paragraph may begin."""
_VOID = ("br", "img", "hr", "wbr", "input")
_BLOCK = re.compile(r"(?:[-+*#>]|\d{1,9}[.)])(?=\s)|[-=]+$|[|]")


def read(file: Reading) -> Spliced:
    """A text in Markdown. Raises Broken for what is no text."""
    decoded = decode(file.data)
    return Spliced(decoded, _Reader(decoded.text).units())


class _Reader:
    """Goes through the lines of a text; a block is collected until something else begins."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[Line] = []
        self._fence = ""  # what ends the code that is open
        self._html = ""  # what ends the HTML that is open: a line with it, or a blank one
        self._table = False
        self._labels = {_label(found[1]) for found in _LABEL.finditer(text)}
        self._blank = True  # whether the line before was
        self._indent = 0  # of the list item's text that is open
        self._quotes = 0  # how many are around the lines

    def units(self) -> Iterator[Unit]:
        front = _FRONT.match(self._text)
        found = _LINE.finditer(self._text, front.end() if front else 0)
        lines = [(line[0].rstrip("\r\n"), line.start()) for line in found]
        for (line, at), (following, _) in pairwise([*lines, ("", 0)]):
            begins = "|" in line and "|" in following and bool(_DELIMITERS.match(following))
            self._table = bool(line.strip()) and (self._table or begins)
            yield from self._read(line, at)
        yield from self._flush()

    def _read(self, line: str, at: int) -> Iterator[Unit]:
        prefix = _PREFIX.match(line)
        assert prefix is not None
        rest = line[prefix.end() :]
        begin = at + prefix.end()
        indent = len(line[: prefix.end()].rpartition(">")[2].expandtabs(4))
        if self._fence:
            if rest.startswith(self._fence) and not rest.strip(self._fence[0] + " \t"):
                self._fence = ""
            return
        if self._html or (not self._lines and _HTML.match(rest) and not _is_inline(rest)):
            self._html = self._html or _html_end(rest)
            if self._html in rest.lower() if self._html.strip() else not rest.strip():
                self._html, self._blank = "", not rest.strip()
            return
        if not rest.strip():
            yield from self._flush()
            self._blank = True
            return
        fence = _FENCE.match(rest)
        if fence and fence[1][0] not in rest[fence.end() :]:
            yield from self._flush()
            self._fence = fence[1]
            return
        if self._blank and not self._lines and indent >= 4 + self._indent:
            return  # code that is indented
        if prefix[0].count(">") > self._quotes:
            yield from self._flush()
        self._quotes = prefix[0].count(">") if not self._lines else self._quotes
        self._blank = False
        yield from self._read_text(rest, begin, indent)

    def _read_text(self, rest: str, begin: int, indent: int) -> Iterator[Unit]:
        item = _ITEM.match(rest)
        if item and not re.fullmatch(r"(?:[-*][ \t]*){3,}", rest):
            yield from self._flush()
            self._indent = indent + item.end()
            if item.end() < len(rest):
                yield from self._read_text(rest[item.end() :], begin + item.end(), indent + item.end())
            return
        if indent < self._indent and not self._lines:
            self._indent = 0
        note = _FOOTNOTE.match(rest) or _ADMONITION.match(rest) if not self._lines else None
        heading = _HEADING.match(rest) or note
        if _NO_TEXT.match(rest) and (rest[0] in "[|:$-=i" or not rest.strip("-*_= \t")):
            yield from self._flush()
        elif heading:
            yield from self._flush()
            closing = _CLOSING.search(rest) if rest[0] == "#" else None
            end = closing.start() if closing and closing.start() >= heading.end() else len(rest)
            self._lines = [Line(begin + heading.end(), begin + end)] if heading.end() < end else []
            if note:
                self._indent = indent + 4
            if rest[0] != "[":
                yield from self._flush()
        elif self._table or rest.startswith("|"):
            yield from self._flush()
            for cell in _CELL.finditer(rest):
                stripped = cell[0].strip()
                if stripped:
                    start = begin + cell.start() + cell[0].index(stripped)
                    yield self._unit([Line(start, start + len(stripped))])
        else:
            stripped = rest.rstrip()
            self._lines.append(Line(begin, begin + len(stripped)))
            if rest.endswith("  ") or stripped.endswith("\\"):  # a line break that is meant
                end = len(stripped) - stripped.endswith("\\")
                self._lines[-1] = Line(begin, begin + end)
                yield from self._flush()

    def _flush(self) -> Iterator[Unit]:
        if self._lines:
            yield self._unit(self._lines)
            self._lines = []

    def _unit(self, lines: list[Line]) -> Unit:
        return block_unit(self._text, lines, partial(_inline, labels=self._labels), _guarded)


def _label(text: str) -> str:
    return " ".join(text.casefold().split())


def _html_end(rest: str) -> str:
    return next((end for begin, end in _HTML_ENDS.items() if rest.lower().startswith(begin)), " ")


def _is_inline(rest: str) -> bool:
    """Whether a line that begins with a tag is a paragraph all the same."""
    found = re.match(r"<([a-z]+)[^<>]*>", rest)
    return found is not None and found[1] in _INLINE


def _guarded(line: str) -> str:
    """A line that would begin a list, a quote, a heading: its mark is escaped."""
    found = _BLOCK.match(line)
    if found is None:
        return line
    return f"{line[: found.end() - 1]}\\{line[found.end() - 1 :]}"


def _inline(text: str, labels: Collection[str]) -> list[str | Code]:
    """Emphasis, links, pictures and tags as pairs; code, addresses and escapes as codes.

    labels: of the addresses that are elsewhere. A text that is such a label itself is written with it.
    """
    kinds: list[tuple[str, str]] = []
    opened: list[int] = []  # where the brackets begin
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "text"
        begin = opened.pop() if kind in ("tail", "end") and opened else len(text)
        if kind == "begin":
            opened.append(found.end())
        raw = found[0]
        if kind == "html":
            name = (re.match(r"</?([\w-]+)", raw) or found)[1].lower()
            single = raw.endswith("/>") or name in _VOID
            kinds.append(("mark", raw) if single else (f"<{name}" + (")" if raw[1] == "/" else "("), raw))
        elif kind == "begin":
            kinds.append(("[(", raw))
        elif raw in ("]", "][]") and _label(text[begin : found.start()]) in labels:
            kinds.append(("[)", f"][{text[begin : found.start()]}]"))
        elif kind == "tail":
            kinds.append(("[)", raw))
        elif kind == "emphasis":
            kinds.append(emphasis(found, in_words=raw[0] != "_"))
        else:
            kinds.append(("text" if kind in ("text", "end") else "mark" if kind == "mark" else "code", raw))
    return paired(kinds)

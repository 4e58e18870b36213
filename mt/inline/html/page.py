"""The segments of a page, and the page with their translations."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mt.decoding.pausing import Pause, no_pause
from mt.inline.html.elements import ATTRIBUTES, BUTTONS, DESCRIPTIONS
from mt.inline.html.runs import Item, Reader, Run
from mt.inline.html.tokens import Attribute, Token
from mt.inline.prepared import Placed
from mt.inline.segment import Code, Segment, merged

_ENTITY = r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);"
_REFERENCE = re.compile(_ENTITY)
_EDGE = re.compile(rf"{_ENTITY}|\s+")
_SPACES = re.compile("[ \t\n\r\f]+")  # what HTML shows as one space; no-break spaces are not among them
_BARE = re.compile(r"<|&(?!#?[0-9A-Za-z]+;)")
_TAG = re.compile("<[^>]*>")
_CODE = re.compile(r"<%|<\?")  # of a template
_TEXT = "text"  # the id of codes that are text
_LONGEST = 60  # characters of what is left alone that are read with the sentence

Range = tuple[int, int]


@dataclass(frozen=True)
class Page:
    """A page's segments. Its codes' texts are numbers: they stand for `codes`.

    sentences: where each segment is, but for those of attributes, which come last. codes: where each code is.
    attributes: those that are translated.
    """

    text: str
    segments: tuple[Segment, ...]
    sentences: tuple[Range, ...]
    codes: tuple[Range, ...]
    attributes: tuple[Attribute, ...] = ()

    def fill(self, placed: Sequence[Placed]) -> str:
        """The page with its segments translated; all else, and what is not changed, as it was.

        Raises ValueError if there are more or fewer of them than segments.
        """
        if len(placed) != len(self.segments):
            raise ValueError(f"{len(placed)} translations for {len(self.segments)} segments")
        texts = _Kept(self.text, self._values(placed[len(self.sentences) :]))
        parts, end = [], 0
        for (begin, finish), segment, each in zip(self.sentences, self.segments, placed, strict=False):
            parts.append(texts.between(end, begin))
            if list(each.parts) == merged(segment):
                parts.append(texts.between(begin, finish))
            else:
                parts += [self._written(part, texts) for part in each.parts]
            end = finish
        return "".join([*parts, texts.between(end, len(self.text))])

    def _written(self, part: str | Code, texts: _Kept) -> str:
        if not isinstance(part, Code):
            written = html.escape(part, quote=False)
            return written.replace("\u00a0", "&nbsp;") if texts.names_spaces else written
        kept = texts.between(*self.codes[int(part.text)])
        # Beside another text than before "<" would begin a tag.
        return _BARE.sub(lambda found: html.escape(found[0]), kept) if part.id == _TEXT else kept

    def _values(self, placed: Sequence[Placed]) -> list[tuple[Range, str]]:
        """Where values of attributes are, and what they become."""
        changed = []
        for attribute, segment, each in zip(
            self.attributes, self.segments[len(self.sentences) :], placed, strict=True
        ):
            if list(each.parts) != merged(segment):
                value = html.escape(str(each))
                written = value if attribute.quote else f'"{value}"'
                changed.append(((attribute.begin, attribute.end), written))
        return changed


class _Kept:
    """A text with some ranges, ascending, replaced."""

    def __init__(self, text: str, changed: Sequence[tuple[Range, str]]) -> None:
        self._text, self._changed = text, changed
        self._begins = [begin for (begin, _), _ in changed]
        self.names_spaces = "&nbsp;" in text  # looked for once, not for each segment

    def between(self, begin: int, end: int) -> str:
        """text[begin:end], in which no range is cut."""
        first, last = bisect_left(self._begins, begin), bisect_left(self._begins, end)
        parts = []
        for (here, there), value in self._changed[first:last]:
            parts += [self._text[begin:here], value]
            begin = there
        return "".join([*parts, self._text[begin:end]])


def parse_html(text: str, *, attributes: bool = False, xml: bool = False, pause: Pause = no_pause) -> Page:
    """A page, whole or a fragment. Takes time in proportion to its length, and raises only what `pause` does.

    attributes: translate those that hold text too, such as title and alt. xml: it is XHTML. pause: called
    between two tags.
    """
    reader = Reader(text, xml=xml, pause=pause)
    builder = _Builder(text)
    for run in reader.runs:
        pause()
        builder.add(run)
    found = [each for tag in reader.tags for each in _texts_of(tag)] if attributes else []
    values: list[Segment] = [(_SPACES.sub(" ", _plain_value(each.value)),) for each in found]
    return Page(
        text,
        (*builder.segments, *values),
        tuple(builder.sentences),
        tuple(builder.codes),
        tuple(found),
    )


class _Builder:
    """Runs as segments."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.segments: list[Segment] = []
        self.sentences: list[Range] = []
        self.codes: list[Range] = []

    def add(self, run: Run) -> None:
        """The segment of a run, if it has something to translate."""
        cores = [_core(self.text[item.begin : item.end]) if item.kind == "text" else (0, 0) for item in run]
        texts = (self.text[item.begin : item.end] for item in run if item.kind == "text")
        if not any(map(_has_letters, texts)):
            return
        codes = {index: self._code(item) for index, item in enumerate(run) if item.kind != "text"}
        read = [
            index
            for index, (begin, end) in enumerate(cores)
            if begin < end or (index in codes and codes[index].shown)
        ]
        first, last = read[0], read[-1]
        segment: list[str | Code] = []
        for index, item in enumerate(run):
            if index in codes:
                segment.append(codes[index])
            elif first <= index <= last:
                begin = item.begin + cores[index][0] if index == first else item.begin
                end = item.begin + cores[index][1] if index == last else item.end
                segment += self._kept(item.begin, begin)
                segment.append(_SPACES.sub(" ", html.unescape(self.text[begin:end])))
                segment += self._kept(end, item.end)
            else:
                segment += self._kept(item.begin, item.end)
        self.segments.append(tuple(segment))
        self.sentences.append((run[0].begin, run[-1].end))

    def _kept(self, begin: int, end: int) -> list[Code]:
        """A range of text that is not translated."""
        return [self._numbered(begin, end)._replace(id=_TEXT)] if begin < end else []

    def _code(self, item: Item) -> Code:
        code = self._numbered(item.begin, item.end)
        if item.element and item.kind in ("open", "close"):
            return code._replace(kind=item.kind, id=str(item.element.index))
        shown = ""
        if item.shown and item.end - item.begin < 10 * _LONGEST:
            shown = _SPACES.sub(" ", html.unescape(_TAG.sub("", self.text[item.begin : item.end]))).strip()
        return code._replace(shown=shown if len(shown) <= _LONGEST else "", separates=item.separates)

    def _numbered(self, begin: int, end: int) -> Code:
        self.codes.append((begin, end))
        return Code(str(len(self.codes) - 1))


def _core(node: str) -> Range:
    """Where a text is more than white space and symbols such as &nbsp; around it."""
    first = 0
    while (found := _EDGE.match(node, first)) and (found[0].isspace() or not _has_letters(found[0])):
        first = found.end()
    last = _without_space(node, first, len(node))
    while last > first and node[last - 1] == ";":
        begin = max(first, node.rfind("&", first, last))
        if not _REFERENCE.fullmatch(node, begin, last) or _has_letters(node[begin:last]):
            break
        last = _without_space(node, first, begin)
    return first, last


def _without_space(text: str, begin: int, end: int) -> int:
    """Where text[begin:end] ends without white space."""
    while end > begin and text[end - 1].isspace():
        end -= 1
    return end


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, html.unescape(text)))


def _texts_of(tag: Token) -> Iterator[Attribute]:
    """The attributes of a start tag that hold text; of two of one name the first counts."""
    names = set[str]()
    for attribute in tag.attributes:
        text = _has_letters(attribute.value) and not _CODE.search(attribute.value)
        if text and attribute.name not in names and _holds_text(tag, attribute.name):
            yield attribute
        names.add(attribute.name)


def _holds_text(tag: Token, name: str) -> bool:
    if tag.name == "input" and name == "value":
        return tag.value("type").strip().lower() in BUTTONS
    if tag.name == "meta" and name == "content":
        return (tag.value("name") or tag.value("property")).strip().lower() in DESCRIPTIONS
    return name in ATTRIBUTES


def _plain_value(value: str) -> str:
    """What the value of an attribute says. `&copy=1` is no reference there."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), value)

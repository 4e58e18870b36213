"""Word's and PowerPoint's paragraphs as text with codes for formats, links, fields, pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mt.files.document import Reading, Source, Spliced, in_place, parts_of
from mt.files.paragraphs import Raw, paragraph_units
from mt.files.xml import Element, decode_xml, escape, parse
from mt.inline.segment import Code, merged

_AROUND = ("pPr", "endParaRPr")  # what stays at its end of a paragraph
_CONTAINERS = ("hyperlink", "ins", "smartTag", "fldSimple", "sdtContent", "moveTo", "dir", "bdo")
_DROPPED = ("proofErr", "lastRenderedPageBreak", "softHyphen")  # of the last look at the old text
_NOT_FORMAT = re.compile(r"<\w+:(?:lang|noProof)\b[^>]*/>|\s(?:lang|dirty|err|smtClean)=\"[^\"]*\"")
_EMPTY = re.compile(r"<\w+:rPr\s*(?:/>|>\s*</\w+:rPr>)")
_BREAKS = ("br", "cr", "tab")


def read(file: Reading) -> Spliced:
    """A part of a document. Raises Broken."""
    decoded = decode_xml(file.data)
    text = decoded.text
    units = paragraph_units(text, parse(text), ("p",), lambda element: _Paragraph(text, element))
    return Spliced(decoded, units)


def read_ncx(file: Reading) -> Spliced:
    """An EPUB's table of contents. Raises Broken."""
    decoded = decode_xml(file.data)
    labels = parse(decoded.text).iterate("text")
    return Spliced(
        decoded, (in_place(one.inner, one.outer, one.text, escape) for one in labels if one.children)
    )


@dataclass
class _Field:
    """An open field. shown: whether its result is being read, and is text."""

    begin: int
    instruction: str = ""
    shown: bool = False


def _is_text(instruction: str) -> bool:
    """Whether the result of a field is text; no instruction is no field."""
    name, *_ = instruction.split() or [""]
    return name.upper() in ("", "HYPERLINK", "REF", "TOC")


class _Paragraph:
    """The runs of a paragraph. Runs of one format are one text; the format of most of it needs no code.

    The texts of codes say what is written: `raw BEGIN END`, the same inside a run as `run BEGIN END FORMAT`,
    `format FORMAT` where another format begins, `end` where it ends.
    """

    def __init__(self, text: str, element: Element) -> None:
        self._text, self._tag = text, element.with_prefix
        self._formats: list[str] = []  # as they are written
        self._known: dict[str, int] = {}  # their indices, by what they look like
        self._fields: list[_Field] = []  # that are open
        self._items: list[tuple[str | Code, int]] = []  # with their formats; -1 of what has none
        children = [one for one in element.elements if one.name not in _AROUND]
        self.begin = children[0].begin if children else element.outer
        self.end = children[-1].end if children else element.outer
        self._read(children)
        if self._hidden():
            begin = next(field.begin for field in self._fields if not field.shown)
            self._items.append((Code(f"raw {begin} {self.end}"), -1))
        self.source: Source = tuple(merged(self._parts()))

    def _read(self, elements: Iterable[Element]) -> None:
        for element in elements:
            if element.tag == self._tag("r"):
                self._read_run(element)
            elif self._hidden():
                continue
            elif element.name == "sdt" and (content := element.child("sdtContent")):
                self._read_container(element, content)
            elif element.name in _CONTAINERS and _is_text(element.attributes.get(self._tag("instr"), "")):
                self._read_container(element, element)
            elif element.name not in _DROPPED:
                self._items.append((self._mark(element), -1))

    def _read_container(self, element: Element, content: Element) -> None:
        name = str(element.begin)
        self._items.append((Code(f"raw {element.begin} {content.inner}", "open", name), -1))
        self._read(content.elements)
        self._items.append((Code(f"raw {content.outer} {element.end}", "close", name), -1))

    def _mark(self, element: Element) -> Code:
        found = re.fullmatch(r"(\w+)(Start|End)", element.name)
        raw = f"raw {element.begin} {element.end}"
        if found is None:
            return Code(raw, separates=element.name in _BREAKS)
        number = next((value for key, value in element.attributes.items() if key.endswith("id")), "")
        return Code(raw, "open" if found[2] == "Start" else "close", f"{found[1]} {number}")

    def _read_run(self, run: Element) -> None:
        properties = run.child("rPr")
        written = self._text[properties.begin : properties.end] if properties else ""
        looks = _EMPTY.sub("", _NOT_FORMAT.sub("", written))
        index = self._known.setdefault(looks, len(self._formats))
        if index == len(self._formats):
            self._formats.append(written)
        if sum(child.name == "fldChar" for child in run.elements) > 1:
            self._items += [] if self._hidden() else [(Code(f"raw {run.begin} {run.end}"), -1)]
            return
        for child in run.elements:
            if child.name == "fldChar":
                self._read_field(run, child)
            elif child.name == "instrText" and self._fields:
                self._fields[-1].instruction += child.text
            elif child.name in ("rPr", *_DROPPED) or self._hidden():
                continue
            elif child.name == "t":
                self._items.append((child.text, index))
            elif child.name == "noBreakHyphen":
                self._items.append(("\u2011", index))
            else:
                code = Code(f"run {child.begin} {child.end} {index}", separates=child.name in _BREAKS)
                self._items.append((code, index))

    def _hidden(self) -> bool:
        """Whether this is the instruction of a field, or a result that a program computes."""
        return any(not field.shown for field in self._fields)

    def _read_field(self, run: Element, mark: Element) -> None:
        """A field whose result is text is a pair around it, another is one code. Its end may be elsewhere."""
        kind = next((value for key, value in mark.attributes.items() if key.endswith("fldCharType")), "")
        if kind == "begin":
            self._fields.append(_Field(run.begin))
        elif not self._fields:
            self._items.append((Code(f"raw {run.begin} {run.end}"), -1))
        elif kind == "separate" and _is_text(self._fields[-1].instruction):
            field = self._fields[-1]
            field.shown = True
            if not self._hidden():
                code = Code(f"raw {field.begin} {run.end}", "open", f"field {field.begin}")
                self._items.append((code, -1))
        elif kind == "end":
            field = self._fields.pop()
            if not self._hidden():
                close = Code(f"raw {run.begin} {run.end}", "close", f"field {field.begin}")
                self._items.append((close if field.shown else Code(f"raw {field.begin} {run.end}"), -1))

    def _base(self) -> int:
        """The format of most of the text."""
        lengths = Counter[int]()
        for item, index in self._items:
            lengths[index] += len(item.strip()) if isinstance(item, str) else 0
        return max(lengths, key=lambda index: lengths[index], default=0)

    def _parts(self) -> list[str | Code]:
        self.base = self._base()
        parts: list[str | Code] = []
        inside, count = -1, 0  # the format that was begun
        for item, index in self._items:
            wanted = index if isinstance(item, str) and index != self.base else -1
            if inside >= 0 and wanted != inside:
                parts.append(Code("end", "close", f"format {count}"))
                inside = -1
            if wanted >= 0 and inside < 0:
                count += 1
                parts.append(Code(f"format {wanted}", "open", f"format {count}"))
                inside = wanted
            parts.append(item)
        return [*parts, *([Code("end", "close", f"format {count}")] if inside >= 0 else [])]

    def written(self, translation: Source, raw: Raw) -> str:
        """Runs; each text is one, in the format that is open there."""
        out, formats = [], [self.base]
        for part in parts_of(translation):
            if isinstance(part, str):
                out.append(self._run(formats[-1], self._t(part)))
                continue
            kind, *numbers = part.text.split()
            if kind == "format":
                formats.append(int(numbers[0]))
            elif kind == "end":
                formats = formats[:-1] if len(formats) > 1 else formats
            else:
                content = raw(int(numbers[0]), int(numbers[1]))
                out.append(content if kind == "raw" else self._run(int(numbers[2]), content))
        return "".join(out)

    def _run(self, index: int, content: str) -> str:
        properties = self._formats[index] if 0 <= index < len(self._formats) else ""
        return f"<{self._tag('r')}>{properties}{content}</{self._tag('r')}>"

    def _t(self, text: str) -> str:
        space = ' xml:space="preserve"' if text != text.strip() and self._tag("t") == "w:t" else ""
        return f"<{self._tag('t')}{space}>{escape(text)}</{self._tag('t')}>"

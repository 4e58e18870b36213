"""XLIFF 1.2 and 2.x: targets that are missing or new are filled; everything else stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mt.files.decoding import Broken
from mt.files.document import (
    Edit,
    Reading,
    Result,
    Source,
    Spliced,
    Unit,
    confidence_of,
    remark,
    rendered,
    source_of,
)
from mt.files.xml import Element, content_of, decode_xml, escape, indent_of, parse, set_attribute
from mt.inline.segment import Code

_OPAQUE = ("bpt", "ept", "ph", "it", "x", "bx", "ex", "sc", "ec", "sm", "em", "cp")
_MARK_BEGINS = re.compile(r"""<(?:\w+:)?sm\b(?=[^<>]*\btranslate=["']no)[^<>]*\bid=["']([^"'<>]*)""")
_MARK_ENDS = re.compile(r"""<(?:\w+:)?em\b[^<>]*\bstartRef=["']([^"'<>]*)""")
_SEGMENT_MARK = re.compile(r"</?(?:\w+:)?mrk\b[^<>]*>")
_NEW = ("new", "needs-translation")


def read(file: Reading) -> Spliced:
    """Units without a target, or with one whose state is new; with `everything` all. Raises Broken."""
    decoded = decode_xml(file.data)
    root = parse(decoded.text, "xliff")
    version = root.attributes.get("version", "")
    if not version.startswith(("1.", "2.")):
        raise Broken(f"XLIFF of version {version or 'none'}: 1.x and 2.x are known", root.line)
    text, notes = decoded.text, _Notes(decoded.text)
    segments = _segments_1(root) if version.startswith("1.") else _segments_2(root, notes)
    units = [unit for one in segments for unit in one.units(text, file)]
    return Spliced(decoded, units, lambda: (*_languages(text, root, file, version), *notes.edits()))


def _languages(text: str, root: Element, how: Reading, version: str) -> Iterator[Edit]:
    """The target language, where it is not named yet."""
    elements, name = (root.elements, "target-language") if version.startswith("1.") else ([root], "trgLang")
    for element in elements:
        if how.tgt and name not in element.attributes and element.name in ("file", "xliff"):
            yield set_attribute(text, element, name, how.tgt.replace("_", "-"))


def _segments_1(root: Element) -> Iterator[_Segment]:
    for unit in root.iterate("trans-unit"):
        source, target = unit.child("source"), unit.child("target")
        if source is not None and _is_translated(unit):
            state = target.attributes.get("state", "") if target else ""
            approved = unit.attributes.get("approved") == "yes"
            yield _Segment(
                unit, unit.child("seg-source") or source, source, target, "final" if approved else state
            )


def _segments_2(root: Element, notes: _Notes) -> Iterator[_Segment]:
    for unit in root.iterate("unit"):
        for segment in unit.elements if _is_translated(unit) else []:
            source, target = segment.child("source"), segment.child("target")
            if segment.name == "segment" and source is not None:
                state = segment.attributes.get("state", "")
                yield _Segment(unit, source, source, target, state, (segment, notes))


def _is_translated(element: Element | None) -> bool:
    """As the element says, or the nearest one around it that does."""
    while element is not None:
        if "translate" in element.attributes:
            return element.attributes["translate"] != "no"
        element = element.parent
    return True


class _Segment:
    """A source and its target.

    within: of XLIFF 2, the segment that holds both, of which a unit may have several, and the notes of units.
    """

    def __init__(
        self,
        unit: Element,
        read_from: Element,
        source: Element,
        target: Element | None,
        state: str,
        within: tuple[Element, _Notes] | None = None,
    ) -> None:
        self.unit, self.read_from, self.source, self.target = unit, read_from, source, target
        self.state = state
        self.segment = within[0] if within else None
        self.notes = within[1] if within else None

    def units(self, text: str, how: Reading) -> Iterator[Unit]:
        """The unit, if it is to be translated: a part for each segment that <seg-source> marks."""
        filled = self.target is not None and bool(self.target.children)
        if filled and self.state not in _NEW and not how.everything:
            return
        marked = [one for one in self.read_from.iterate("mrk") if one.attributes.get("mtype") == "seg"]
        places = marked or [self.read_from]
        sources = tuple(_source(text, place) for place in places)
        if not any(place.text.strip() for place in places):
            return

        def edits(results: Sequence[Result]) -> Iterator[Edit]:
            content, end = "", self.read_from.inner
            for place, result in zip(places, results, strict=True):
                content += text[end : place.inner] + rendered(result.translation, escape)
                end = place.outer
            content += text[end : self.read_from.outer]
            if self.target is not None and text[self.target.inner : self.target.outer] == content:
                return
            yield from self._edits(text, how, content, results)

        yield Unit(sources, edits)

    def _edits(self, text: str, how: Reading, content: str, results: Sequence[Result]) -> Iterator[Edit]:
        """The target, its state, the model's confidence, and a note with the reasons of doubt."""
        doubtful = how.fuzzy or any(result.doubtful for result in results)
        tag = self.source.with_prefix("target")
        states = {} if self.segment else _states_1(results, doubtful)
        last = self.target or self.unit.child("seg-source") or self.source
        if self.target is None or self.target.inner == self.target.end:
            attributes = "".join(f' {name}="{state}"' for name, state in states.items())
            new = f"<{tag}{attributes}>{content}</{tag}>"
            begin = last.begin if self.target else last.end
            yield Edit(begin, last.end, new if self.target else indent_of(text, self.source) + new)
        else:
            yield Edit(self.target.inner, self.target.outer, content)
            for name, state in states.items():
                yield set_attribute(text, self.target, name, state)
        if self.segment:
            yield set_attribute(text, self.segment, "state", "initial" if doubtful else "translated")
        said = remark(results) if doubtful or self.segment else ""
        if self.segment and self.notes and said:
            self.notes.add(self.unit, self.segment.attributes.get("id", ""), said)
        elif not self.segment:
            yield Edit(last.end, last.end, self._beside(text, content, results, said))

    def _beside(self, text: str, content: str, results: Sequence[Result], said: str) -> str:
        """Of XLIFF 1: the reasons as a note, the confidence as the quality of a proposal."""
        out, indent, sure = "", indent_of(text, self.source), confidence_of(results)
        note, proposal, target = map(self.source.with_prefix, ("note", "alt-trans", "target"))
        if said:
            out += f'{indent}<{note} from="mt">{escape(said)}</{note}>'
        if sure is not None:
            unmarked = _SEGMENT_MARK.sub("", content)  # the marks of segments are in one target only
            inner = f"<{target}>{unmarked}</{target}>"
            out += f'{indent}<{proposal} match-quality="{100 * sure:.0f}%" origin="mt">{inner}</{proposal}>'
        return out


class _Notes:
    """What is said of the segments of XLIFF 2: a unit has all of its notes in one element."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._said: dict[int, tuple[Element, list[str]]] = {}

    def add(self, unit: Element, segment: str, said: str) -> None:
        """Say it of a segment, which has a name if there are several."""
        several = sum(child.name == "segment" for child in unit.elements) > 1
        self._said.setdefault(unit.begin, (unit, []))[1].append(
            f"{segment}: {said}" if several and segment else said
        )

    def edits(self) -> Iterator[Edit]:
        """The notes added since the last time."""
        said, self._said = self._said, {}
        for unit, lines in said.values():
            note, around = unit.with_prefix("note"), unit.with_prefix("notes")
            new = "".join(f'<{note} category="mt">{escape(line)}</{note}>' for line in lines)
            notes = unit.child("notes")
            if notes is not None and notes.inner < notes.end:
                yield Edit(notes.outer, notes.outer, new)
                continue
            names = ("originalData", "segment", "ignorable")
            first = notes or next(one for one in unit.elements if one.name in names)
            end = first.end if notes else first.begin
            written = f"<{around}>{new}</{around}>"
            yield Edit(first.begin, end, written if notes else written + indent_of(self._text, first))


def _source(text: str, element: Element) -> Source:
    return source_of(_with_marked(content_of(text, element, _is_opaque)))


def _with_marked(content: Iterable[str | Code]) -> Iterator[str | Code]:
    """What is between `<sm translate="no"/>` and its `<em/>` as one code; without such an end as it is."""
    marked = list[str | Code]()
    name = ""
    for part in content:
        begins = _MARK_BEGINS.match(part.text) if isinstance(part, Code) and not marked else None
        if not marked and begins is None:
            yield part
            continue
        name = begins[1] if begins else name
        marked.append(part)
        ends = _MARK_ENDS.match(part.text) if isinstance(part, Code) else None
        if ends and ends[1] == name:
            yield from _as_one(marked)
            marked = []
    yield from marked


def _as_one(parts: Sequence[str | Code]) -> Sequence[str | Code]:
    """The parts as one code, unless a pair begins or ends outside of them."""
    kinds = [(part.id, part.kind) for part in parts[1:-1] if isinstance(part, Code) and part.kind != "single"]
    if any((one, "close" if kind == "open" else "open") not in kinds for one, kind in kinds):
        return parts
    return [Code("".join(part.text if isinstance(part, Code) else escape(part) for part in parts))]


def _is_opaque(element: Element) -> bool:
    return (
        element.name in _OPAQUE
        or element.attributes.get("mtype") == "protected"
        or (element.attributes.get("translate") == "no")
    )


def _states_1(results: Sequence[Result], doubtful: bool) -> dict[str, str]:
    """The state and where the target is from, of XLIFF 1.2."""
    origins = {result.origin for result in results}
    state, origin = ("needs-review-translation" if doubtful else "translated"), "leveraged-mt"
    if "memory-adapted" in origins:
        state, origin = "needs-review-adaptation", "fuzzy-match"
    elif origins <= {"memory", "kept"} and not doubtful:
        origin = "exact-match"
    return {"state": state, "state-qualifier": origin}

"""Paragraphs of XML documents, some inside others (text boxes, notes), as units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from mt.files.document import Edit, Result, Source, Unit, splice
from mt.files.xml import Element

Raw = Callable[[int, int], str]
"""text[begin:end] with the translations of the paragraphs inside."""


class Paragraph(Protocol):
    """A paragraph: its text with codes, where its content is, and how a translation is written there."""

    source: Source
    begin: int
    end: int

    def written(self, translation: Source, raw: Raw) -> str:
        """The new content; raw gives what codes stand for."""


def paragraph_units(
    text: str, root: Element, names: Sequence[str], build: Callable[[Element], Paragraph]
) -> Iterator[Unit]:
    """A unit for each outermost element of those names, with the paragraphs inside it."""
    for element in root.elements:
        if element.name in names:
            yield _unit(text, _Nested(element, names, build))
        elif element.name != "deletion":  # ODT's, that is tracked
            yield from paragraph_units(text, element, names, build)


class _Nested:
    """A paragraph and those inside it."""

    def __init__(self, element: Element, names: Sequence[str], build: Callable[[Element], Paragraph]) -> None:
        self.own = build(element)
        self.inner = [_Nested(one, names, build) for one in _outermost(element, names)]

    def sources(self) -> list[Source]:
        return [self.own.source, *(source for one in self.inner for source in one.sources())]

    def edits(self, text: str, results: Iterator[Result]) -> list[Edit]:
        """Those of what is inside, or one of the whole content with these made."""
        result = next(results)
        inside = [edit for one in self.inner for edit in one.edits(text, results)]
        if result.translation == self.own.source:
            return inside

        def raw(begin: int, end: int) -> str:
            moved = [
                Edit(edit.begin - begin, edit.end - begin, edit.text)
                for edit in inside
                if begin <= edit.begin and edit.end <= end
            ]
            return splice(text[begin:end], moved)

        return [Edit(self.own.begin, self.own.end, self.own.written(result.translation, raw))]


def _outermost(element: Element, names: Sequence[str]) -> Iterator[Element]:
    for child in element.elements:
        if child.name in names:
            yield child
        else:
            yield from _outermost(child, names)


def _unit(text: str, nested: _Nested) -> Unit:
    return Unit(tuple(nested.sources()), lambda results: nested.edits(text, iter(results)))

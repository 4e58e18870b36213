"""A document: segments to translate, and the bytes with their translations put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from mt.files.decoding import Decoded
from mt.inline.segment import Code, merged
from mt.text.counted import counted

Source = str | tuple[str | Code, ...]
"""A text; or text with inline codes, whose own texts are what stands in the file."""
Origin = Literal["model", "memory", "memory-adapted", "kept"]
"""Who translated a segment: the model, a memory word for word, a memory with other numbers or placeholders;
or nobody, as there is nothing to translate."""


@dataclass(frozen=True)
class Result:
    """The translation of a segment. flags: reasons to doubt it. confidence: 0 to 1, None if not estimated."""

    translation: Source
    origin: Origin = "model"
    flags: tuple[str, ...] = ()
    confidence: float | None = None

    @property
    def text(self) -> str:
        """The translation without codes."""
        return plain(self.translation)

    @property
    def doubtful(self) -> bool:
        """Whether somebody should look at it."""
        return bool(self.flags) or self.origin == "memory-adapted"


@dataclass(frozen=True)
class Reading:
    """A file that is read as a document, and how.

    name: of the file, for messages. data: its bytes. format: as in the registry. src, tgt: language codes if
    known.
    everything: also what is translated already. fuzzy: mark what is filled in for review.
    columns: of a table, names or numbers from 1.
    """

    name: str
    data: bytes
    format: str
    src: str | None = None
    tgt: str | None = None
    everything: bool = False
    fuzzy: bool = False
    columns: tuple[str, ...] = ()


class Document(Protocol):
    """What every format reads a file into."""

    @property
    def segments(self) -> Sequence[Source]:
        """What is to be translated, in order."""

    def write(self, results: Sequence[Result | None]) -> bytes:
        """The document with a result for each segment; where there is None it stays as it is.

        Without any result it is the file that was read, byte for byte.
        """


class Edit(NamedTuple):
    """text[begin:end] is replaced."""

    begin: int
    end: int
    text: str


@dataclass(frozen=True)
class Unit:
    """Texts that are put in together, and the edits that do it. edits: gets a result for each source."""

    sources: tuple[Source, ...]
    edits: Callable[[Sequence[Result]], Iterable[Edit]]


def replacing(begin: int, end: int, source: Source, written: Callable[[Source], str]) -> Unit:
    """A unit whose translation, as `written`, replaces text[begin:end]; an equal one changes nothing."""

    def edits(results: Sequence[Result]) -> list[Edit]:
        (result,) = results
        return [] if result.translation == source else [Edit(begin, end, written(result.translation))]

    return Unit((source,), edits)


def in_place(begin: int, end: int, source: Source, written: Callable[[str], str]) -> Unit:
    """A unit whose translation replaces its source: codes as they are, text as `written`."""
    return replacing(begin, end, source, lambda translation: rendered(translation, written))


class Spliced:
    """A document that is its text with some spans replaced: every other byte stays."""

    def __init__(
        self, decoded: Decoded, units: Iterable[Unit], more: Callable[[], Iterable[Edit]] = tuple
    ) -> None:
        """more: called once the units are edited, if any is, for edits such as of a header."""
        self.decoded, self.units, self.more = decoded, list(units), more

    @property
    def segments(self) -> list[Source]:
        """All sources."""
        return [source for unit in self.units for source in unit.sources]

    def write(self, results: Sequence[Result | None]) -> bytes:
        """A unit that lacks a result stays as it is. Raises ValueError for too few or too many results."""
        if len(results) != sum(len(unit.sources) for unit in self.units):
            raise ValueError(
                f"{counted(len(results), 'result')} for {counted(len(self.segments), 'segment')}"
            )
        edits, rest = list[Edit](), iter(results)
        for unit in self.units:
            found = [result for result in (next(rest) for _ in unit.sources) if result is not None]
            if len(found) == len(unit.sources):
                edits += unit.edits(found)
        return self.decoded.encode(splice(self.decoded.text, [*edits, *self.more()] if edits else []))


def rendered(
    source: Source, written: Callable[[str], str], of_code: Callable[[str], str] = lambda text: text
) -> str:
    """What stands in a file: text as `written`, codes by `of_code` of their texts, else as they are."""
    return "".join(
        written(part) if isinstance(part, str) else of_code(part.text) for part in parts_of(source)
    )


def parts_of(source: Source) -> tuple[str | Code, ...]:
    """The texts and codes of a source."""
    return (source,) if isinstance(source, str) else source


def source_of(parts: Iterable[str | Code]) -> Source:
    """Texts and codes as a source: a single text is that text."""
    one = tuple(merged(parts))
    return one[0] if len(one) == 1 and isinstance(one[0], str) else one


def plain(source: Source) -> str:
    """The text without its codes."""
    return "".join(part for part in parts_of(source) if isinstance(part, str))


def reasons(results: Sequence[Result]) -> list[str]:
    """Why somebody should look at results, each reason once."""
    said = [flag for result in results for flag in result.flags]
    adapted = any(result.origin == "memory-adapted" for result in results)
    return list(dict.fromkeys([*said, *(["adapted from memory"] if adapted else [])]))


def confidence_of(results: Sequence[Result]) -> float | None:
    """The least confidence of results; None if none is estimated."""
    return min((result.confidence for result in results if result.confidence is not None), default=None)


def remark(results: Sequence[Result]) -> str:
    """What a translator should know: the reasons to doubt results, and how sure the model was."""
    sure = confidence_of(results)
    said = [reason for reason in reasons(results) if reason != "confidence"]
    return ", ".join([*said, *([] if sure is None else [f"confidence {sure:.2f}"])])


def splice(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; they do not overlap. Raises ValueError if they do."""
    parts, end = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.begin, edit.end)):
        if edit.begin < end:
            raise ValueError(f"two edits of position {edit.begin}")
        parts += [text[end : edit.begin], edit.text]
        end = edit.end
    return "".join([*parts, text[end:]])

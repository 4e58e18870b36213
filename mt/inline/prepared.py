"""Segments -> texts for a model -> segments, with every code once and balanced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mt.decoding.translation import Aligned, Translation
from mt.inline.assembling import write
from mt.inline.markers import mark
from mt.inline.placing import Placer
from mt.inline.segment import Code, Segment, merged, parse, walk
from mt.inline.units import Range, by_alignment, by_position, copies, cut_copies, occurrences, standing_in
from mt.translator import Translator

How = Literal["edges", "markers", "alignment", "position"]
"""How a segment's codes were put: no choice was left, as at its edges; by markers, where the model has them;
by what the model looked at; or, for at least one of them, by its proportion of the source alone.
"""


@dataclass(frozen=True)
class Placed:
    """A translated segment: text and the source's codes, each once. Neighbouring texts are one."""

    parts: tuple[str | Code, ...]
    how: How

    def __str__(self) -> str:
        """Text and codes as they stand."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)


class Prepared:
    """A segment to be translated: `text` for the model, and `place` for what the model answers.

    markers: whether the model has them. shown: whether it reads what single codes show; else it reads nothing
    of them. coded: whether there are codes within the text: then ask for the alignment too, if it attends.
    """

    def __init__(self, segment: Segment, *, markers: bool, shown: bool = True) -> None:
        self.segment = tuple(segment)
        self._tree = parse(segment, shown=shown)
        self.coded = bool(self._tree.root.children)
        self._markers = mark(self._tree) if markers and self.coded else None
        self.text = self._tree.text if self._markers is None else self._markers.text

    def place(self, translation: Translation, rank: int = 0) -> Placed:
        """A hypothesis for `text`, with the codes. What was not translated is the segment as it is."""
        found = translation.hypotheses[rank].strip()
        if not translation.searched or found == self.text:
            return Placed(tuple(merged(self.segment)), "edges")
        aligned = translation.aligned[rank] if translation.aligned else None
        how: How = "edges"
        parts: list[str | Code] = [found]
        if self.coded:
            parts, how = self._place(found, aligned)
        return Placed(tuple(merged([*self._tree.prefix, *parts, *self._tree.suffix])), how)

    def _place(self, text: str, aligned: Aligned | None) -> tuple[list[str | Code], How]:
        root, source = self._tree.root, self._tree.text
        hidden: Collection[str] = ()
        if self._markers is not None:
            hidden = self._markers.tags
            text, units, spans = self._markers.read(text)
            if spans is not None:
                return write(root, spans, text, units), "markers"
        attends = aligned is not None and len(aligned.alignment) > 0
        if aligned is not None and attends:
            units = by_alignment(text, source, aligned, hidden)
        else:
            units = by_position(text, source)
        units = cut_copies(units, text, source, self._tree.cuts())
        shown = self._shown()
        copied = zip(copies(text, source, shown), shown, strict=True)
        units = standing_in(units, {here: there for here, there in copied if here is not None})
        placer = Placer(source, text, units, aligned=attends)
        spans = placer.place(root)
        how: How = "alignment" if attends and not placer.guessed else "position"
        return write(root, spans, text, placer.units), how

    def loses(self, translation: Translation) -> bool:
        """Whether the best hypothesis lacks what a code shows, or has it more often than the source."""
        return translation.searched and not self._keeps(translation.text)

    def keeping(self, translation: Translation) -> Translation:
        """The translation without those alternatives that `loses` is true of."""
        ranks = range(len(translation.hypotheses) if translation.searched and self._codes_shown else 0)
        lost = {rank for rank in ranks if rank and not self._keeps(translation.hypotheses[rank])}
        return translation.of_ranks([rank for rank in ranks if rank not in lost]) if lost else translation

    def _keeps(self, text: str) -> bool:
        shown, source = self._codes_shown, self._tree.text
        return None not in copies(text, source, shown) and all(
            occurrences(text, copy) <= occurrences(source, copy) for copy in {source[a:b] for a, b in shown}
        )

    @cached_property
    def _codes_shown(self) -> list[Range]:
        """Where in the text what codes show is: nowhere where they are markers."""
        return [] if self._markers else self._shown()

    def _shown(self) -> list[Range]:
        """Where in the text what codes show is."""
        return [(node.start, node.end) for node, _ in walk(self._tree.root) if node.stands_for]


def translate_segments(
    translator: Translator, segments: Sequence[Segment], *, tgt: str | None = None
) -> list[tuple[Placed, Translation]]:
    """The best translation of each segment: with its codes, and as the search found it.

    Where a model loses what a code shows, the segment is translated without it: nothing that the model wrote
    in its stead is left beside the code. Raises ConfigError as `Translator.check` does.
    """
    prepared = prepare(translator, segments)
    found = _searched(translator, prepared, tgt)
    lost = [row for row, each in enumerate(prepared) if each.loses(found[row])]
    for row in lost:
        prepared[row] = Prepared(segments[row], markers=False, shown=False)
    again = _searched(translator, [prepared[row] for row in lost], tgt)
    for row, translation in zip(lost, again, strict=True):
        found[row] = translation
    return [(each.place(row), row) for each, row in zip(prepared, found, strict=True)]


def _searched(translator: Translator, prepared: Sequence[Prepared], tgt: str | None) -> list[Translation]:
    """The best translation of each, aligned where that helps to put codes."""
    found: dict[int, Translation] = {}
    for aligned in (False, True):
        attending = [each.coded and translator.model.attends for each in prepared]
        rows = [row for row, wanted in enumerate(attending) if wanted == aligned]
        texts = [prepared[row].text for row in rows]
        if rows:
            found |= zip(rows, translator.search(texts, nbest=1, aligned=aligned, tgt=tgt), strict=True)
    return [found[row] for row in range(len(prepared))]


def prepare(translator: Translator, segments: Sequence[Segment]) -> list[Prepared]:
    """Each segment, ready for that translator."""
    markers = bool(translator.run.src_tokenizer.markers)
    return [Prepared(segment, markers=markers) for segment in segments]

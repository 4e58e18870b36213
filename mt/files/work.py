"""Segments -> results: from memories, from what was translated before, else by the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mt.files.document import Origin, Result, Source, parts_of, plain, source_of
from mt.files.edges import Edges, edges, with_capital_of, with_end_of
from mt.files.icu import NUMBER, split_source
from mt.files.journal import Journal
from mt.files.memory import Memory
from mt.inline.segment import Code
from mt.text.doubts import doubts
from mt.text.passthrough import nothing_to_translate

Engine = Callable[[Sequence[Source]], list[Result]]
"""Translates texts, each one line without white space around, and texts with codes inside."""

CHUNK = 16_384  # characters handed to the model at once, or a little more; then they are in the journal
_BREAK = re.compile("(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|\t+| {3,})")
"""Line ends, and what aligns columns: the texts on both sides are translated by themselves."""
_RANK: tuple[Origin, ...] = ("kept", "memory", "memory-adapted", "model")


@dataclass(frozen=True)
class _Coded:
    """A text with codes inside."""

    core: tuple[str | Code, ...]


_Part = Result | Edges | _Coded
_Plan = list[_Part]
"""What a segment is put together from."""


class Work:
    """Translates segments; equal ones once. Its memories and its journal come before the model."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        memory: Memory,
        tgt: str | None,
        on_doubt: Literal["flag", "empty", "source"] = "flag",
    ) -> None:
        """on_doubt: what becomes of a model's translation with flags."""
        self._engine, self.journal, self._memory, self._tgt = engine, journal, memory, tgt
        self._on_doubt = on_doubt

    def translate(
        self, segments: Iterable[Source], progress: Callable[[int, int], None] = lambda _done, _total: None
    ) -> list[Result | None]:
        """A result for each segment, None for one that is to be left empty.

        progress: told how many of how many texts the model has translated.
        """
        segments = list(segments)
        plans = [self._plan(segment) for segment in segments]
        parts = (part for plan in plans for part in plan if not isinstance(part, Result))
        missing = [core for core in dict.fromkeys(part.core for part in parts) if core not in self.journal]
        done = 0
        for chunk in _chunks(missing):
            self.journal.add(zip(chunk, self._engine(chunk), strict=True))
            done += len(chunk)
            progress(done, len(missing))
        results = map(self._put_together, plans)
        return [self._decided(segment, result) for segment, result in zip(segments, results, strict=True)]

    def _decided(self, segment: Source, result: Result) -> Result | None:
        """The result, or what is asked for where it is in doubt."""
        if self._on_doubt == "flag" or not result.flags or result.origin != "model":
            return result
        return None if self._on_doubt == "empty" else replace(result, translation=segment, origin="kept")

    def _plan(self, segment: Source) -> _Plan:
        """A message of ICU by its cases, unless a memory has all of it."""
        pieces = split_source(segment)
        if not pieces[0]:
            return self._plan_piece(segment)
        if isinstance(segment, str) and self._memory.find(segment.strip()):
            return self._plan_text(segment)
        plan = list[_Part]()
        for index, piece in enumerate(pieces):
            plan += self._plan_piece(piece) if index % 2 else [Result(piece, "kept")]
        return plan

    def _plan_piece(self, segment: Source) -> _Plan:
        if nothing_to_translate(plain(segment)):
            return [Result(segment, "kept")]
        if isinstance(segment, str):
            return self._plan_text(segment)
        before, core, after = _inside(segment)
        is_text = all(isinstance(part, str) for part in core)
        inside: _Plan = self._plan_text(plain(core)) if is_text else [_Coded(core)]
        return [*_kept(before), *inside, *_kept(after)]

    def _plan_text(self, text: str) -> list[_Part]:
        """The result of a memory, or the lines and line breaks."""
        whole = edges(text)
        found = self._memory.find(text.strip())
        if found is not None:
            return [Result(f"{whole.lead}{found.translation}{whole.trail}", found.origin)]
        return [self._plan_line(part) for part in _BREAK.split(text)]

    def _plan_line(self, text: str) -> _Part:
        if nothing_to_translate(text):
            return Result(text, "kept")
        parts = edges(text)
        found = self._memory.find(parts.core) or self._memory.find(parts.bare)
        if found is None:
            return parts
        return Result(parts.put_back(str(found.translation), self._tgt), found.origin)

    def _put_together(self, plan: _Plan) -> Result:
        done = [part if isinstance(part, Result) else self._finished(part) for part in plan]
        confidences = [one.confidence for one in done if one.confidence is not None]
        parts = (part for one in done for part in parts_of(one.translation))
        return Result(
            done[0].translation if len(done) == 1 else source_of("#" if p == NUMBER else p for p in parts),
            max((one.origin for one in done), key=_RANK.index),
            tuple(dict.fromkeys(flag for one in done for flag in one.flags)),
            min(confidences, default=None),
        )

    def _finished(self, part: Edges | _Coded) -> Result:
        found = self.journal[part.core]
        translation: Source
        if isinstance(part, Edges):
            text = with_capital_of(part.core, str(found.translation), self._tgt)
            translation = part.put_back(text, self._tgt)
            judged = replace(part, mark="", marked="").put_back(text, self._tgt)
        else:
            assert isinstance(found.translation, tuple)
            translation = with_end_of(part.core, found.translation, self._tgt)
            judged = plain(translation)
        said = doubts(plain(part.core), judged, tgt=self._tgt) if found.origin == "model" else []
        flags = dict.fromkeys((*found.flags, *said))
        return Result(translation, found.origin, tuple(flags), found.confidence)


def _inside(
    segment: tuple[str | Code, ...],
) -> tuple[tuple[Code, ...], tuple[str | Code, ...], tuple[Code, ...]]:
    """The codes before a text, the text with the codes in it, the codes after it.

    A pair around all of it is outside; an opening code before the text whose partner is in it is inside.
    """
    first = next((i for i, part in enumerate(segment) if isinstance(part, str)), len(segment))
    last = next((i for i in range(len(segment), 0, -1) if isinstance(segment[i - 1], str)), 0)
    open_within = {
        part.id for part in segment[first:last] if isinstance(part, Code) and part.kind != "single"
    }
    while first > 0 and _is_of(segment[first - 1], open_within):
        first -= 1
    while last < len(segment) and _is_of(segment[last], open_within):
        last += 1
    return _codes(segment[:first]), segment[first:last], _codes(segment[last:])


def _chunks(texts: Iterable[Source]) -> Iterator[list[Source]]:
    """The texts in their order, in groups of `CHUNK` characters, so that long ones are saved as often."""
    chunk, size = list[Source](), 0
    for text in texts:
        chunk.append(text)
        size += len(plain(text))
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _kept(codes: tuple[Code, ...]) -> list[Result]:
    return [Result(codes, "kept")] if codes else []


def _codes(parts: Iterable[str | Code]) -> tuple[Code, ...]:
    return tuple(part for part in parts if isinstance(part, Code))


def _is_of(part: str | Code, ids: set[str]) -> bool:
    return isinstance(part, Code) and part.kind != "single" and part.id in ids

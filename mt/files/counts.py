"""What was done with the segments of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from mt.files.document import Result, Source, plain
from mt.text.counted import counted

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")


@dataclass
class Counts:
    """What was done with segments. words: of their sources; each Han character and kana is one."""

    segments: int = 0
    words: int = 0
    memory: int = 0
    adapted: int = 0
    translated: int = 0
    kept: int = 0
    flagged: int = 0
    empty: int = 0

    @classmethod
    def of(cls, sources: Iterable[Source], results: Iterable[Result | None]) -> Counts:
        """The counts of a document: a result, or None, for each source."""
        counts = cls()
        for source, result in zip(sources, results, strict=True):
            counts._add(source, result)
        return counts

    def _add(self, source: Source, result: Result | None) -> None:
        self.segments += 1
        self.words += len(_WORD.findall(plain(source)))
        if result is None:
            self.empty += 1
            return
        self.memory += result.origin == "memory"
        self.adapted += result.origin == "memory-adapted"
        self.translated += result.origin == "model"
        self.kept += result.origin == "kept"
        self.flagged += bool(result.flags)

    def __iadd__(self, other: Counts) -> Counts:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    def __str__(self) -> str:
        parts = [
            (self.translated, "translated"),
            (self.memory, "from memory"),
            (self.adapted, "adapted from memory"),
            (self.kept, "kept as they are"),
            (self.flagged, "flagged"),
            (self.empty, "left empty"),
        ]
        said = ", ".join(f"{count:,} {what}" for count, what in parts if count or what == "translated")
        return f"{counted(self.segments, 'segment')}, {counted(self.words, 'word')}: {said}"

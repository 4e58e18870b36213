"""Numbers that the best hypotheses lose: such texts are searched again, as for the terms of a glossary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mt.data.batches import Source
from mt.decoding.hints import Alternatives, HintMaker
from mt.search import Hypothesis, Search
from mt.text.glossary import Glossary
from mt.text.numerals import lost_numbers
from mt.translator.candidates import CandidateWriter

MOST = 16
"""Lost numbers for which a text is searched again: of more, a beam hardly comes to hold all."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class NumberKeeper:
    """The N texts of a search, the beginnings of their translations, and the two languages."""

    texts: Sequence[str]
    prefixes: Sequence[str]
    src: str | None
    tgt: str | None
    glossary: Glossary | None

    def again(
        self,
        search: Search,
        sources: Sequence[Source],
        found: list[list[Hypothesis]],
        writer: CandidateWriter,
        hint_maker: Callable[[], HintMaker],
    ) -> list[list[Hypothesis]]:
        """What was `found` for the texts, whose ids are `sources`, with their numbers where possible.

        The best hypothesis that holds them comes first. Where none does, the text is searched for one. What
        loses no number stays as it is, and so does what a second search does not improve.
        """
        lost = self._lost(range(len(found)), dict(enumerate(found)), writer)
        rows = [row for row, numbers in lost.items() if 0 < len(numbers) <= MOST]
        if not rows:
            return found
        hints = hint_maker().hints(
            [self.texts[row] for row in rows],
            [self.prefixes[row] for row in rows],
            self.glossary,
            [lost[row] for row in rows],
        )
        new = search.again([sources[row] for row in rows], hints, [found[row] for row in rows])
        of_row = dict(zip(rows, new, strict=True))
        still = self._lost(rows, of_row, writer)
        return [
            of_row[row] if row in of_row and len(still[row]) < len(lost[row]) else before
            for row, before in enumerate(found)
        ]

    def _lost(
        self, rows: Sequence[int], found: Mapping[int, list[Hypothesis]], writer: CandidateWriter
    ) -> dict[int, list[Alternatives]]:
        """What the best hypotheses of these rows lack: for each number how it may be written."""
        rows = [row for row in rows if _DIGIT.search(self.texts[row])]
        outputs = writer.decode([found[row][0] for row in rows], [self.texts[row] for row in rows])
        return {
            row: [
                number.spellings(self.src, self.tgt)
                for number in lost_numbers(self._without_terms(self.texts[row]), output, self.tgt)
            ]
            for row, output in zip(rows, outputs, strict=True)
        }

    def _without_terms(self, text: str) -> str:
        """The text without the terms of the glossary, which says what becomes of their numbers."""
        text = unicodedata.normalize("NFC", text)
        for found in reversed(self.glossary.find(text) if self.glossary else []):
            text = f"{text[: found.start]} {text[found.end :]}"
        return text

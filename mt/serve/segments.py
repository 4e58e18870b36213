"""A text as what is translated and what is kept: lines of plain text, sentences of HTML.

    我爱北京\\n\\n你好                              -> 我爱北京, 你好
    <p class="x">我<b>爱</b>北京</p><p>你好</p>    -> 我爱北京, 你好

Everything else, tags, attributes, comments, white space, comes back character by character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mt.decoding.pausing import Pause, no_pause
from mt.decoding.translation import Translation
from mt.inline.html import Page, parse_html
from mt.inline.prepared import Prepared
from mt.text.characters import is_blank
from mt.translator import Translator

_LINE = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")


@dataclass(frozen=True)
class Lines:
    """`kept[0] + texts[0] + kept[1] + texts[1] + … + kept[-1]` is the text itself; no text has tags."""

    kept: tuple[str, ...]
    texts: tuple[str, ...]
    coded: ClassVar[bool] = False

    def made_for(self, _: Translator) -> Lines:
        """The same: a line is a line to any translator."""
        return self

    def without_lost(self, _: Sequence[Translation]) -> Lines:
        """The same: there is nothing to lose."""
        return self

    def keeping(self, translations: list[Translation]) -> list[Translation]:
        """The same: there is nothing to lose."""
        return translations

    def fill(self, translations: Sequence[Translation], rank: int = 0) -> str:
        """The text with its parts translated, by their hypotheses of that rank or their last."""
        rows = zip(translations, self.kept[1:], strict=True)
        parts = [row.hypotheses[_of_rank(row, rank)] + kept for row, kept in rows]
        return self.kept[0] + "".join(parts)


@dataclass(frozen=True)
class Markup:
    """HTML; its texts are its sentences."""

    page: Page
    prepared: tuple[Prepared, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What is translated."""
        return tuple(each.text for each in self.prepared)

    @property
    def coded(self) -> bool:
        """Whether there are tags within the texts, so that alignments help."""
        return any(each.coded for each in self.prepared)

    def made_for(self, translator: Translator) -> Markup:
        """The same as that translator is best asked: with markers, or with names that are not translated."""
        markers = bool(translator.run.src_tokenizer.markers)
        if self.coded and (markers or translator.model.attends):
            return Markup(self.page, _prepared(self.page, markers=markers, shown=True))
        return self

    def without_lost(self, translations: Sequence[Translation]) -> Markup:
        """The same; where the best translation has lost what a code shows, the text is without it, so that
        nothing that the model wrote in its stead is left beside the code.
        """
        rows = zip(self.page.segments, self.prepared, translations, strict=True)
        prepared = tuple(
            Prepared(segment, markers=False, shown=False) if each.loses(row) else each
            for segment, each, row in rows
        )
        return self if prepared == self.prepared else Markup(self.page, prepared)

    def keeping(self, translations: list[Translation]) -> list[Translation]:
        """The translations without those alternatives that lose what a code shows."""
        return [each.keeping(row) for each, row in zip(self.prepared, translations, strict=True)]

    def fill(self, translations: Sequence[Translation], rank: int = 0) -> str:
        """As `Lines.fill`; tags are around what was made from what they held."""
        rows = zip(self.prepared, translations, strict=True)
        return self.page.fill([each.place(row, _of_rank(row, rank)) for each, row in rows])


Template = Lines | Markup


def plain(text: str) -> Lines:
    """Line by line; blank lines, also those of control characters alone, are kept."""
    kept, texts = [""], []
    for part in _LINE.split(text):
        if is_blank(part):
            kept[-1] += part
        else:
            texts.append(part)
            kept.append("")
    return Lines(tuple(kept), tuple(texts))


def markup(text: str, pause: Pause = no_pause) -> Markup:
    """Sentences of HTML, whole or a fragment, however broken; not those marked translate="no".

    pause: called between two tags.
    """
    page = parse_html(text, pause=pause)
    return Markup(page, _prepared(page, markers=False, shown=False))


def _prepared(page: Page, *, markers: bool, shown: bool) -> tuple[Prepared, ...]:
    return tuple(Prepared(segment, markers=markers, shown=shown) for segment in page.segments)


def _of_rank(translation: Translation, rank: int) -> int:
    return min(rank, len(translation.hypotheses) - 1)

"""Copies of the source, repetitions and empty outputs, whatever the quality of the texts.

Outputs and references are counted alike: a rate says something only beside that of the references.
A word is a token of BLEU's tokeniser (a character in Chinese) with a letter or a digit in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_PHRASE = 4


@dataclass(frozen=True)
class Behaviour:
    """Of N texts; proportions are 0..1.

    copies: texts that are their source. copied_words: words that stand in the source too.
    loops: texts that say a phrase of one to four words twice in a row.
    repeated_words: words that stand earlier in the same text.
    empty: texts without a word. same: texts that are also another source's.
    words: how many there are.
    """

    copies: float
    copied_words: float
    loops: float
    repeated_words: float
    empty: float
    same: float
    words: int


def behaviour(
    sources: Sequence[str],
    texts: Sequence[str],
    source_words: Sequence[Sequence[str]],
    text_words: Sequence[Sequence[str]],
) -> Behaviour:
    """Of N sources and a text for each, all four of the same length N, at least 1."""
    count = len(texts)
    spoken = [[word.casefold() for word in row if _is_word(word)] for row in text_words]
    read = [{word.casefold() for word in row if _is_word(word)} for row in source_words]
    words = sum(map(len, spoken))
    copied = sum(sum(word in there for word in row) for row, there in zip(spoken, read, strict=True))
    first_source: dict[str, str] = {}
    for source, text in zip(sources, texts, strict=True):
        first_source.setdefault(text, source)
    several = {
        text for source, text in zip(sources, texts, strict=True) if first_source[text] != source
    }  # said for two sources or more
    return Behaviour(
        copies=sum(text.strip() == source.strip() for source, text in zip(sources, texts, strict=True))
        / count,
        copied_words=copied / max(1, words),
        loops=sum(map(loops, spoken)) / count,
        repeated_words=sum(len(row) - len(set(row)) for row in spoken) / max(1, words),
        empty=sum(not row for row in spoken) / count,
        same=sum(text in several for text in texts) / count,
        words=words,
    )


def loops(words: Sequence[str]) -> bool:
    """Whether a phrase of one to four words stands twice in a row."""
    return any(
        words[start : start + size] == words[start + size : start + 2 * size]
        for size in range(1, LONGEST_PHRASE + 1)
        for start in range(len(words) - 2 * size + 1)
    )


def _is_word(token: str) -> bool:
    return any(character.isalnum() for character in token)

"""Reasons to doubt a translation that the two texts alone show."""

from __future__ import annotations

import re

from mt.text.characters import readable
from mt.text.numerals import numbers_differ
from mt.text.placeholders import markup_intact, without_spans
from mt.text.scripts import script_of_letter, scripts_of

NUMBERS, PLACEHOLDERS, COPIED, REPEATED = "numbers", "placeholders", "copied", "repeated"
LENGTH, END_MARK, SCRIPT, UNKNOWN = "length", "end mark", "script", "unknown characters"

_END_MARKS = {mark: kind for kind in (".。．｡।", "?？؟", "!！", ":：", "…") for mark in kind}
_CLOSING = "\"'”’»«)]）】」』*_`"
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]")
_WIDTH = 2.5  # letters of an alphabet to one of these
_SHORT = 20  # letters: the lengths of shorter texts say little
_RATIO = 4.0
_FOREIGN = 0.5  # of the letters
_AGAIN = re.compile(r"(?:^|\s)(\S.{0,60}?)(?:[\s,]+\1){2}(?=\W|$)|([^\W\d]{2,12}?)\2{3}")


def doubts(source: str, output: str, *, tgt: str | None) -> list[str]:
    """The reasons to doubt a translation: `numbers`, `placeholders`, …. tgt: its language."""
    source, output = readable(source).strip(), readable(output).strip()
    if not source or not output:
        return [LENGTH] if source else []
    found = (
        (NUMBERS, numbers_differ(source, output, tgt)),
        (PLACEHOLDERS, not markup_intact(source, output)),
        (COPIED, _copied(source, output)),
        (REPEATED, bool(_AGAIN.search(output)) and not _AGAIN.search(source)),
        (LENGTH, _other_length(source, output)),
        (END_MARK, _end_mark(source) != _end_mark(output)),
        (SCRIPT, _other_script(source, output, tgt)),
        (UNKNOWN, ("⁇" in output or "\ufffd" in output) and not ("⁇" in source or "\ufffd" in source)),
    )
    return [reason for reason, holds in found if holds]


def _copied(source: str, output: str) -> bool:
    """Whether a text of several words is the source again."""
    words = [word for word in without_spans(source).split() if any(map(str.isalpha, word))]
    return len(words) > 2 and source.casefold() == output.casefold()


def _length(text: str) -> float:
    letters = sum(map(str.isalnum, text))
    return letters + (_WIDTH - 1) * len(_WIDE.findall(text))


def _other_length(source: str, output: str) -> bool:
    before, after = _length(source), _length(output)
    return max(before, after) >= _SHORT and not 1 / _RATIO <= after / max(before, 1.0) <= _RATIO


def _end_mark(text: str) -> str | None:
    bare = text.rstrip(_CLOSING)
    return "…" if bare.endswith("...") else _END_MARKS.get(bare[-1:])


def _other_script(source: str, output: str, tgt: str | None) -> bool:
    """Whether most letters are of none of the language's scripts, those of words of the source aside."""
    wanted = scripts_of(tgt)
    words = set(source.split())
    own = "".join(word for word in without_spans(output).split() if word not in words)
    letters = [*filter(str.isalpha, own)]
    if not wanted or not letters:
        return False
    foreign = sum(script_of_letter(letter) not in wanted for letter in letters)
    return foreign > _FOREIGN * len(letters)

"""Reasons to doubt a translation that the two texts alone show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from mt.text.characters import readable
from mt.text.numerals import numbers_differ
from mt.text.placeholders import markup_intact, without_spans
from mt.text.scripts import script_of_letter, scripts_of

NUMBERS, PLACEHOLDERS, COPIED, REPEATED = "numbers", "placeholders", "copied", "repeated"
LENGTH, END_MARK, SCRIPT, UNKNOWN = "length", "end mark", "script", "unknown characters"

_END_MARKS = {mark: kind[0] for kind in (".。．｡।։۔።។။།", "?？؟⸮", "!！", ":：", "…") for mark in kind}
_CLOSING = "\"'”’»«)]）】」』*_`"
_KEY = re.compile(r" ?\([_&]?[A-Za-z]\)\Z")  # of a menu: 打开...(&O)
_DOTS = re.compile(r"(?:\.{3}|。{3}|…)\Z")
_GREEK_QUESTION = re.compile(r"[\u0370-\u03ff][^;\u037e]*[;\u037e]\Z")
_ARMENIAN_QUESTION = re.compile(r"՞[^։]*։?\Z")
# Where a full stop may be no end mark: abbreviations, initials, ordinals.
_OWN_DOT = re.compile(
    r"(?:(?<![^\W_])(?:[^\W\d_]|etc|inc|ltd|co|corp|jr|sr|dr|vs|usw|bzw|ca|[IVX]+)|\d)\.\Z", re.IGNORECASE
)
_NO_FULL_STOP = frozenset(["Thai", "Lao"])  # scripts
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]")
_WIDTH = 2.5  # letters of an alphabet to one of these
_SHORT = 20  # letters: the lengths of shorter texts say little
_RATIO = 4.0
_FOREIGN = 0.5  # of the letters
_AGAIN = re.compile(
    r"(?<!\w)(\S.{0,60}?)(?:[,.;:!?]*\s[\s,]*\1){2}(?!\w)"  # words
    r"|([^\W\d]{2,12}?)\2{3}"  # syllables
    rf"|({_WIDE.pattern}{{2,20}}?)(?:[，、。；！？ ]?\3){{2}}|({_WIDE.pattern})\4{{3}}",
    re.IGNORECASE,
)


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
        (END_MARK, _other_end(source, output)),
        (SCRIPT, _other_script(source, output, tgt)),
        (UNKNOWN, ("⁇" in output or "\ufffd" in output) and not ("⁇" in source or "\ufffd" in source)),
    )
    return [reason for reason, holds in found if holds]


def _copied(source: str, output: str) -> bool:
    """Whether a text of several words is the source again, but for case, spaces and marks."""
    words = [word for word in without_spans(source).split() if any(map(str.isalpha, word))]
    return len(words) > 2 and _bare(source) == _bare(output)


def _bare(text: str) -> list[str]:
    return text.casefold().rstrip(_CLOSING + "".join(_END_MARKS)).split()


def _length(text: str) -> float:
    letters = sum(map(str.isalnum, text))
    return letters + (_WIDTH - 1) * len(_WIDE.findall(text))


def _other_length(source: str, output: str) -> bool:
    before, after = _length(source), _length(output)
    return max(before, after) >= _SHORT and not 1 / _RATIO <= after / max(before, 1.0) <= _RATIO


def _other_end(source: str, output: str) -> bool:
    """Whether the two end with different marks. A full stop may be missing where it is none or not usual."""
    texts = [_KEY.sub("", text).rstrip(_CLOSING) for text in (source, output)]
    marks = [_end_mark(text) for text in texts]
    if set(marks) != {".", None}:
        return marks[0] != marks[1]
    with_stop, without = texts if marks[1] is None else reversed(texts)
    return not _OWN_DOT.search(with_stop) and script_of_letter(without[-1:] or " ") not in _NO_FULL_STOP


def _end_mark(text: str) -> str | None:
    if _DOTS.search(text):
        return "…"
    if _GREEK_QUESTION.search(text) or _ARMENIAN_QUESTION.search(text):
        return "?"
    return _END_MARKS.get(text[-1:])


def _other_script(source: str, output: str, tgt: str | None) -> bool:
    """Whether most letters are of none of the language's scripts, those of words of the source aside."""
    wanted = scripts_of(tgt)
    known = set(_words(source))
    own = [(script, word) for script, word in _words(without_spans(output)) if (script, word) not in known]
    foreign = sum(len(word) for script, word in own if script not in wanted)
    return bool(wanted) and foreign > _FOREIGN * sum(len(word) for _, word in own)


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text, and their scripts. Where the script changes a word ends, as in 打开Firefox."""
    for word in re.findall(r"[^\W\d_]+", text):
        for script, letters in groupby(word, script_of_letter):
            if script is not None:  # ² is no letter
                yield script, "".join(letters).casefold().removesuffix("s")

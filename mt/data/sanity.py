"""Signs that a source is not what its languages say: ids for text, sides exchanged, another script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from mt.data.statistics import count_scripts
from mt.text.scripts import scripts_of

_FIRST, _EVERY, _MOST = 1000, 1000, 2000  # pairs looked at: the first 1,000, then every 1,000th up to 2,000
_FEWEST_TEXTS, _FEWEST_LETTERS = 2, 5
_IDS = 0.9  # proportion of a side's texts that make a column of ids of it
_FOREIGN = 0.2  # a side with fewer of its letters than this in its language's scripts is not in that language
# A number with whatever is around it, or one word that holds digits: "1276", "0.83", "#7", "sent_12", a UUID.
_ID = re.compile(r"[^\w\s]*\d[\d\W]*|(?=\S*\d)[A-Za-z0-9_.:#/-]+")


class Sample:
    """Some pairs of one source, and what is odd about them."""

    def __init__(self, tidy: Callable[[str, str], tuple[str, str]]) -> None:
        """tidy: what makes texts of source and target of what `add` is shown."""
        self._tidy, self._seen = tidy, 0
        self._sides: tuple[list[str], list[str]] = ([], [])

    def add(self, src: str, tgt: str) -> None:
        """Show a pair; most of a large source are passed over."""
        self._seen += 1
        if self._seen <= _FIRST or (self._seen % _EVERY == 0 and len(self._sides[0]) < _MOST):
            for side, text in zip(self._sides, self._tidy(src, tgt), strict=True):
                side.append(text)

    def warnings(self, src: str | None, tgt: str | None) -> list[str]:
        """What a person should know before training; `src` and `tgt` are the codes of the languages."""
        sides = [_Side("source", src, self._sides[0]), _Side("target", tgt, self._sides[1])]
        found = [side.ids() for side in sides if side.ids()]
        if all(side.foreign() for side in sides) and sides[0].could_be(tgt) and sides[1].could_be(src):
            return [
                *found,
                f"{sides[0]}, {sides[1]}: the sides look exchanged; check --src, --tgt and --swap",
            ]
        return found + [f"{side}: check --src, --tgt and the columns" for side in sides if side.foreign()]


class _Side:
    def __init__(self, name: str, code: str | None, texts: Sequence[str]) -> None:
        self._name, self._code = name, code
        self._texts = [text for text in texts if text]
        letters = Counter("".join(self._texts))
        self._scripts = count_scripts(letters)
        self._counted = sum(count for letter, count in letters.items() if letter.isalpha())

    def __str__(self) -> str:
        script, proportion = next(iter(self._scripts.items()))
        return f"the {self._name}, which is to be {self._code}, is {100 * proportion:.0f} % {script}"

    def ids(self) -> str:
        """What looks like a column of ids or scores; empty if it is text."""
        matching = [text for text in self._texts if _ID.fullmatch(text)]
        if len(self._texts) < _FEWEST_TEXTS or len(matching) < _IDS * len(self._texts):
            return ""
        shown = ", ".join(matching[:3])
        return (
            f"the {self._name} looks like ids or numbers, not text ({shown[:60]}): "
            "name the columns in a header line, or cut that one off"
        )

    def foreign(self) -> bool:
        """Whether the letters cannot be of the language."""
        return (
            self._counted >= _FEWEST_LETTERS
            and bool(scripts_of(self._code))
            and not self.could_be(self._code)
        )

    def could_be(self, code: str | None) -> bool:
        """Whether enough of the letters are of a language's scripts."""
        return sum(self._scripts.get(script, 0.0) for script in scripts_of(code)) >= _FOREIGN

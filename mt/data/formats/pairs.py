"""What every reader of parallel text yields, and how languages and columns are found by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Split = Literal["train", "validation", "test"]


class Pair(NamedTuple):
    """A sentence and its translation, exactly as the source holds them."""

    src: str
    tgt: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """One line that cannot be read; the rest of its source can."""

    where: str  # 'pairs.tsv, line 7'
    cause: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that the format itself marks as unusable: a fuzzy translation, a blank line."""

    reason: str


Record = Pair | BadLine | Skipped

BLANK_LINE = Skipped("blank line")

# Names that say which side a column is, whatever the languages.
_NEUTRAL = (("src", "tgt"), ("source", "target"))


def _normal(code: str) -> str:
    return code.strip().lower().replace("_", "-")


def code_matches(wanted: str, found: str) -> bool:
    """Whether `found` is the language `wanted`: "zh" is found in "zh-CN" and "ZH_Hans", "en" not in "enm"."""
    wanted, found = _normal(wanted), _normal(found)
    return found == wanted or found.startswith(wanted + "-")


def find_code(wanted: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is the language `wanted`: the same code before a regional one (zh-TW)."""
    matching = [name for name in names if code_matches(wanted, name)]
    return next((name for name in matching if _normal(name) == _normal(wanted)), next(iter(matching), None))


def find_columns(names: Iterable[str], src: str | None, tgt: str | None) -> tuple[str, str] | None:
    """The names of the source and the target column, or None.

    The two language codes come first, then src/tgt, then source/target; case does not matter.
    """
    names = list(names)
    candidates = _NEUTRAL if src is None or tgt is None else ((src, tgt), *_NEUTRAL)
    for wanted_src, wanted_tgt in candidates:
        found = find_code(wanted_src, names), find_code(wanted_tgt, names)
        if found[0] is not None and found[1] is not None and found[0] != found[1]:
            return found[0], found[1]
    return None


def no_columns(src: str | None, tgt: str | None, *, has: Iterable[str]) -> str:
    """The cause and the way out where `find_columns` found nothing."""
    names = ", ".join(has) or "none"
    if src is None or tgt is None:
        return f"has {names}, but no src/tgt or source/target; name the languages with --src and --tgt"
    return f"has {names}, but no {src}/{tgt}, src/tgt or source/target; check --src and --tgt"

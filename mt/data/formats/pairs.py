"""What every reader of parallel text yields, and how languages and columns are found by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mt.text.languages import base_language, find_code
from mt.text.names import code_of

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


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person should know of a source before training: it can be read, but looks wrong."""

    where: str  # 'pairs.tsv, line 1'
    text: str


Record = Pair | BadLine | Skipped | Remark

BLANK_LINE = Skipped("blank line")

# A row of a table with its line number: its cells, or why it has none.
Row = tuple[int, list[str] | str]

# Names that say which side a column is, whatever the languages. The last are those of `mt translate --json`.
_NEUTRAL = (("src", "tgt"), ("source", "target"), ("source", "translation"), ("term", "translation"))
NEUTRAL_NAMES = {name for names in _NEUTRAL for name in names}


def normal_code(name: str) -> str:
    """A code as it is compared, `pt-br` for "pt_BR"; for the English name of a language its code."""
    name = name.strip().strip("\ufeff").strip().lower().replace("_", "-")
    return code_of(name) or name


def code_matches(wanted: str, found: str) -> bool:
    """Whether two codes or names mean the same language, in any region: "zh" and "ZH_Hans", not "enm"."""
    return base_language(normal_code(wanted)) == base_language(normal_code(found))


def find_name(wanted: str, names: Iterable[str]) -> str | None:
    """The one of `names` that means the language `wanted` best (see `mt.text.languages.find_code`)."""
    codes: dict[str, str] = {}
    for name in names:
        codes.setdefault(normal_code(name), name)
    found = find_code(normal_code(wanted), list(codes))
    return None if found is None else codes[found]


def find_columns(names: Iterable[str], src: str | None, tgt: str | None) -> tuple[str, str] | None:
    """The names of the source and the target column, or None.

    The two languages, by code or English name, come first, then src/tgt, source/target, source/translation;
    case does not matter.
    """
    names = list(names)
    candidates = [(_find_role(of_src, names), _find_role(of_tgt, names)) for of_src, of_tgt in _NEUTRAL]
    if src is not None and tgt is not None:
        candidates.insert(0, (find_name(src, names), find_name(tgt, names)))
    for of_src, of_tgt in candidates:
        if of_src is not None and of_tgt is not None and of_src != of_tgt:
            return of_src, of_tgt
    return None


def _find_role(role: str, names: Iterable[str]) -> str | None:
    """The name that is a role, or one of its texts: "source_text", not "source_lang" or "source_id"."""
    known = {normal_code(name).replace(" ", "-"): name for name in names}
    wanted = (role, *(f"{role}-{what}" for what in ("text", "sentence", "segment", "term")))
    return next((known[name] for name in wanted if name in known), None)


def is_unicode(text: str) -> bool:
    """Whether text can be written as UTF-8: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def no_columns(src: str | None, tgt: str | None, *, has: Iterable[str]) -> str:
    """The cause and the way out where `find_columns` found nothing."""
    names = ", ".join(has) or "none"
    neutral = "src/tgt, source/target or source/translation"
    if src is None or tgt is None:
        return f"has {names}, but no {neutral}; name the languages with --src and --tgt"
    return f"has {names}, but no {src}/{tgt}, {neutral}; check --src and --tgt"

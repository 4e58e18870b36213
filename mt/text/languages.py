"""Several directions in one model: a SPEC may name its languages, and a tag before the source says where to.

The tag is a piece of its own before the source text (Johnson et al. 2017).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mt.errors import ConfigError

_CODE = r"[a-z]{2,3}(?:_[A-Za-z]+)?"
_TAG = re.compile(rf"<2({_CODE})> ")
_CODE_LIKE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]+)*", re.IGNORECASE)
_NAMED = re.compile(rf"({_CODE})-({_CODE})=(.+)", re.DOTALL)


class Direction(NamedTuple):
    """Language codes of the source and the target."""

    src: str
    tgt: str


def base_language(code: str | None) -> str:
    """The language of a code such as `zh-CN` or `pt_BR`, without script and region; "" of None."""
    return (code or "").replace("_", "-").split("-")[0].lower()


def is_code(code: str) -> bool:
    """Whether this may be a language's code: `zh`, `pt-BR`; not `chinese`."""
    return _CODE_LIKE.fullmatch(code) is not None


def split_direction(spec: str) -> tuple[Direction | None, str]:
    """`en-fr=train.en,train.fr` -> (en, fr) and the rest; a SPEC without languages comes back as it is."""
    found = _NAMED.fullmatch(spec)
    return (Direction(found[1], found[2]), found[3]) if found else (None, spec)


def targets(specs: Iterable[str]) -> tuple[str, ...]:
    """The target languages that SPECs name, sorted; none where no SPEC names any.

    Raises ConfigError if some name theirs and others do not.
    """
    directions = [(spec, split_direction(spec)[0]) for spec in specs]
    found = sorted({direction.tgt for _, direction in directions if direction})
    for spec, direction in directions:
        if found and direction is None:
            raise ConfigError(
                f"{spec} does not name its languages, others do: write en-{found[0]}={spec}, and so for all"
            )
    return tuple(found)


def check_languages(train: Sequence[str], others: Sequence[str], what: str) -> None:
    """Raises ConfigError if some SPEC of `others` names no language, or one that no training SPEC names.

    what: the name of those pairs, as "validation".
    """
    learned, asked = set(targets(train)), set(targets(others))
    if not others or (asked <= learned and bool(asked) == bool(learned)):
        return
    into = [", ".join(sorted(codes)) or "no language that is named" for codes in (learned, asked)]
    raise ConfigError(
        f"the training pairs are into {into[0]}, the {what} pairs into {into[1]}: "
        "name the same languages before the = of each SPEC"
    )


def tag(tgt: str) -> str:
    """What stands before a source that is to be translated into a language, with a space after it."""
    return f"<2{tgt}> "


def languages_of(sources: Iterable[str], tgt: str | None) -> list[str | None]:
    """The language that each source is to be translated into: its tag's, or `tgt` where it has none."""
    found = map(_TAG.match, sources)
    return [match[1] if match else tgt for match in found]


def untagged(source: str) -> str:
    """The source without the tag, if it has one."""
    found = _TAG.match(source)
    return source[found.end() :] if found else source


def symbols(codes: Iterable[str]) -> list[str]:
    """The pieces that tags are."""
    return [tag(code).strip() for code in codes]

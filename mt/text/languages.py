"""Several directions in one model: a SPEC may name its languages, and a tag before the source says where to.

The tag is a piece of its own before the source text (Johnson et al. 2017).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mt.errors import ConfigError, CorpusError

# After a hyphen a script or region is known by its case or digits, so that en-pt-BR is two codes only.
_CODE = r"[a-z]{2,3}(?:_[A-Za-z0-9]+|-(?:[A-Z][a-z]{3}|[A-Z]{2}|\d{3})(?![A-Za-z0-9]))*"
TAG = rf"<2{_CODE}> "
"""The pattern of what stands before a source of a model of several directions."""
_TAG = re.compile(rf"<2({_CODE})> ")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_CODE_LIKE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]+)*", re.IGNORECASE)
_CHINESE_SCRIPTS = {"cn": "hans", "sg": "hans", "tw": "hant", "hk": "hant", "mo": "hant"}
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


def find_code(code: str, known: Sequence[str]) -> str | None:
    """The one of `known` that means the language `code`; None if there is none.

    The same code in any spelling (zh-CN, zh_cn) is best, then one of the same script (zh-TW is zh_Hant), then
    the language without a region, then the first one of the same language.
    """

    def rank(other: str) -> int:
        if _plain(other) == _plain(code):
            return 0
        if script_of(other) and script_of(other) == script_of(code):
            return 1
        return 2 if _plain(other) == base_language(code) else 3

    same = [other for other in known if base_language(other) == base_language(code)]
    return min(same, key=rank, default=None)


def _plain(code: str) -> str:
    return code.replace("_", "-").lower()


def script_of(code: str) -> str:
    """The script that a code names or that its region writes, in lower case; "" if it says neither."""
    language, *parts = _plain(code).split("-")
    named = next((part for part in parts if len(part) == 4 and part.isalpha()), "")
    regions = _CHINESE_SCRIPTS if language in ("zh", "zho", "cmn") else {}
    return named or next((regions[part] for part in parts if part in regions), "")


def split_pair(pair: str, known: Sequence[str]) -> tuple[str, Direction] | None:
    """`zh-CN-en` -> the one of `known` that means it, such as zh-en, and the two codes as they were given.

    known: pairs of codes with one hyphen between. None if nothing there means it.
    """
    parts = pair.split("-")
    for cut in range(1, len(parts)):
        asked = Direction("-".join(parts[:cut]), "-".join(parts[cut:]))
        pairs = [Direction(*other.split("-", 1)) for other in known]
        src = find_code(asked.src, [other.src for other in pairs])
        tgt = find_code(asked.tgt, [other.tgt for other in pairs if other.src == src])
        if src is not None and tgt is not None:
            return f"{src}-{tgt}", asked
    return None


def split_direction(spec: str) -> tuple[Direction | None, str]:
    """`en-fr=train.en,train.fr` -> (en, fr) and the rest; a SPEC without languages comes back as it is."""
    found = _NAMED.fullmatch(spec)
    return (Direction(found[1], found[2]), found[3]) if found else (None, spec)


def split_weight(spec: str) -> tuple[str, int]:
    """`mine.tmx*4` -> the SPEC, and how many times its pairs are learned from.

    Raises CorpusError for 0, a negative number and a fraction.
    """
    name, star, times = spec.rpartition("*")
    if not (name and star and _NUMBER.fullmatch(times)):
        return spec, 1
    if not times.isdecimal():
        raise CorpusError(f"{spec}: a corpus is repeated a whole number of times, such as {name}*2")
    if int(times) == 0:
        raise CorpusError(f"{spec}: a corpus repeated 0 times is empty; leave it out")
    return name, int(times)


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


@dataclass(frozen=True)
class Languages:
    """The languages of a run: the directions that its SPECs name, each once, or else two codes or fewer.

    src, tgt: what the settings say, which holds where no SPEC names a direction.
    """

    src: str | None = None
    tgt: str | None = None
    named: tuple[Direction, ...] = ()

    @classmethod
    def of(cls, specs: Sequence[str], src: str | None, tgt: str | None) -> Languages:
        """Those of training SPECs and of two codes for SPECs without names."""
        found = (split_direction(spec)[0] for spec in specs)
        return cls(src, tgt, tuple(dict.fromkeys(direction for direction in found if direction)))

    @property
    def targets(self) -> tuple[str, ...]:
        """The target languages that SPECs name, sorted."""
        return tuple(sorted({direction.tgt for direction in self.named}))

    @property
    def several(self) -> bool:
        """Whether there are several target languages, of which one is to be chosen."""
        return len(self.targets) > 1

    @property
    def tags(self) -> list[str]:
        """The tokens that choose among the target languages that SPECs name."""
        return [tag(code).strip() for code in self.targets]

    @property
    def source(self) -> str | None:
        """The one language that is translated from; None if it is not known or there are several."""
        return _only(direction.src for direction in self.named) if self.named else self.src

    @property
    def target(self) -> str | None:
        """The one language that is translated into; None if it is not known or there are several."""
        return _only(direction.tgt for direction in self.named) if self.named else self.tgt

    def difference(self, other: Languages) -> str:
        """Why a run in `other` cannot translate what one in these does; empty if it can, or may."""
        if bool(self.named) != bool(other.named):
            tagged = "the languages named before the = of each SPEC (en-de=…)"
            return f"the one was trained with {tagged}, the other without"
        if self.named:
            missing = sorted(set(self.named) - set(other.named))
            return f"the second does not translate {' to '.join(missing[0])}" if missing else ""
        for ours, theirs in ((self.src, other.src), (self.tgt, other.tgt)):
            if ours and theirs and base_language(ours) != base_language(theirs):
                sides = [f"{one.src or '?'} to {one.tgt or '?'}" for one in (self, other)]
                return f"the one translates {sides[0]}, the other {sides[1]}"
        return ""


def _only(codes: Iterable[str]) -> str | None:
    different = set(codes)
    return different.pop() if len(different) == 1 else None

"""False sentence ends: what sentencex takes for an end and a reader does not.

    M. | Dupont      art. | 5      10 a.m. | Monday      “走吧！” | 他说。      「行け！」 | と言った。

Joining too much costs little: two sentences are then translated together. Cutting a sentence in two costs its
meaning.
"""

from __future__ import annotations

import re

from mt.text.languages import base_language

_GOES_ON = re.compile(r"[,;:)\]}»”’、，；：」』）】〉》]")
_TITLE = re.compile(
    r"""(?:^|[\s(«"'“‘])(?:Mr|Mrs|Ms|Dr|Drs|Prof|St|Ste|Rev|Hon|MM|Mmes?|Mlles?|Mgr|Sr|Sra|Srta|Dra|Ud|Uds"""
    r"""|Sig|Dott|Avv|Dhr|Mevr|Hr|Hra|Frl|np|bijv)\.$""",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"""(?:^|[\s(«"'“‘-])(?!I\.)[A-Za-zÀ-ɏͰ-ϿЀ-ӿ]\.$""")  # "So do I." is an end
_SHORT_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,4}\.$")
_BEFORE_NUMBER = re.compile(
    r"(?<![^\W\d_])(?:pp?|pgs?|pág|pag|arts?|figs?|abb|vols?|bd|caps?|chs?|kap|sec|eqs?|nos?|nrs?|núm|tel|str|max|min"
    r"|ca|approx|kl|jan|feb|mar|apr|jun|jul|aug|sept?|oct|okt|nov|dec|dez)\.$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\S\s+\d{1,4}\.$")
_HOUR = re.compile(r"\d\s?[ap]\.\s?m\.$", re.IGNORECASE)
_DAY_OR_ZONE = re.compile(
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Jan|Febr)uary|March|April|May|June|July|August"
    r"|(?:Septem|Octo|Novem|Decem)ber|[ECMP][SD]?T|GMT|UTC|BST|CES?T|Eastern|Central|Mountain|Pacific)\b"
)
_CLOSED = re.compile(r"[”’」』\"']$")
_SPOKEN_BY = re.compile(r"[^\s，。！？；：、“”「」]{0,8}[说說道问問喊叫答嚷骂罵叹嘆](?!道?[：:])")
_HIRAGANA = re.compile("[ぁ-ゖ]")

# Where 3. is also "third".
_WITH_ORDINALS = frozenset(
    ["de", "lb", "da", "nb", "nn", "no", "is", "fo", "fi", "et", "lv", "cs", "sk", "sl", "hr", "bs", "sr"]
) | {"hu", "pl", "tr", "az"}


def goes_on(before: str, after: str, language: str) -> bool:
    """Whether `after` continues the sentence that `before` holds; `language` is the text's code."""
    closed = before.rstrip()
    following = after.lstrip()
    if not closed or not following:
        return False
    touching = closed == before
    if _GOES_ON.match(following) or (touching and following[0] in "-–"):
        return True
    if closed[-1] == ".":
        return _is_abbreviation(closed, following, language)
    if closed[-1] in "》〉":
        return True
    if _CLOSED.search(closed):
        return bool(_SPOKEN_BY.match(following) or (touching and _HIRAGANA.match(following)))
    return False


def _is_abbreviation(closed: str, following: str, language: str) -> bool:
    """Whether a full stop belongs to the word, letter or number before it."""
    if _TITLE.search(closed) or _INITIAL.search(closed):
        return True
    if _HOUR.search(closed) and _DAY_OR_ZONE.match(following):
        return True
    if following[0].islower() and _SHORT_WORD.search(closed):
        return True
    if following[0].isdigit() and _BEFORE_NUMBER.search(closed):
        return True
    return base_language(language) in _WITH_ORDINALS and bool(_ORDINAL.search(closed))

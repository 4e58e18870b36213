"""Which languages and scripts are written without spaces between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mt.text.languages import base_language, script_of

# Thai, Lao, Tibetan and Dzongkha, Burmese and Shan, Khmer, and languages that share their scripts.
_LANGUAGES = frozenset(
    (
        *("th", "tha", "nod", "sou", "tts", "lo", "lao", "km", "khm", "bo", "bod", "tib", "dz", "dzo"),
        *("my", "mya", "bur", "mnw", "rki", "shn", "kht", "khb", "tdd"),
    )
)
_HAN = frozenset(["zh", "zho", "cmn", "yue", "wuu", "lzh", "ja", "jpn"])
_SCRIPTS = frozenset(["thai", "laoo", "tibt", "mymr", "khmr", "lana", "talu", "tale", "tavt", "java", "bali"])
_LETTER = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9df\ua9e0-\ua9ff\uaa60-\uaadf]"
)
_IDEOGRAPHS = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")  # Han and kana


def is_spaceless(code: str | None) -> bool:
    """Whether a code's language puts no spaces between words, Chinese, Japanese and their like aside."""
    script = script_of(code or "")
    return script in _SCRIPTS if script else base_language(code) in _LANGUAGES


def is_unspaced(code: str | None) -> bool:
    """Whether a code's language puts no spaces between words or sentences: those, Chinese and Japanese."""
    return is_spaceless(code) or base_language(code) in _HAN


def looks_spaceless(texts: Iterable[str]) -> bool:
    """Whether most letters of some texts are of such a script."""
    letters = spaceless = 0
    for text in texts:
        found = len(_LETTER.findall(text))
        spaceless += found
        letters += found + sum(map(str.isalpha, _LETTER.sub("", text)))
    return spaceless > letters / 2


def is_word_letter(character: str) -> bool:
    """Whether a letter, mark or digit belongs to a script with spaces between words: no Han, kana, Thai."""
    if not character.isalnum() and not (character and unicodedata.category(character).startswith("M")):
        return False
    return not (_LETTER.match(character) or _IDEOGRAPHS.match(character))

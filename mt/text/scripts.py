"""The scripts that languages are written in, as Unicode names them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from mt.text.languages import base_language

_LANGUAGES = {
    "Latin": (
        "af an ast br ca ceb cs cy da de en eo es et eu fi fil fo fr fy ga gd gl gn hr ht hu id ig is it jv "
        "la lb lg ln lt lv mg mi mt nb nl nn no ny oc om pl pt qu rn ro rw se sk sl sm sn so sq st su sv sw "
        "tl tn tr ts vi wa wo xh yo zu"
    ),
    "Latin Arabic": "ha ku ms",
    "Latin Cyrillic": "bs sr tk",
    "Latin Cyrillic Arabic": "az kk ky tt uz",
    "Cyrillic": "ba be bg cv mk ru uk",
    "Cyrillic Arabic": "tg",
    "Cyrillic Mongolian": "mn",
    "Arabic": "ar ckb fa ps ug ur",
    "Arabic Devanagari": "ks sd",
    "Armenian": "hy",
    "Bengali": "as bn",
    "Devanagari": "hi mr ne sa",
    "Ethiopic": "am ti",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi Arabic": "pa",
    "Han Bopomofo": "lzh wuu yue zh",
    "Han Hiragana Katakana": "ja",
    "Hangul Han": "ko",
    "Hebrew": "he iw yi",
    "Kannada": "kn",
    "Khmer": "km",
    "Lao": "lo",
    "Malayalam": "ml",
    "Myanmar": "my",
    "Oriya": "or",
    "Sinhala": "si",
    "Tamil": "ta",
    "Telugu": "te",
    "Thaana": "dv",
    "Thai": "th",
    "Tibetan": "bo dz",
}
_SCRIPTS = {code: scripts.split() for scripts, codes in _LANGUAGES.items() for code in codes.split()}
_SUBTAGS = {  # of ISO 15924, as in sr-Latn; for languages that are written in several
    "latn": "Latin",
    "cyrl": "Cyrillic",
    "arab": "Arabic",
    "deva": "Devanagari",
    "guru": "Gurmukhi",
    "mong": "Mongolian",
}
# The first word of a letter's Unicode name, where it is not the name of its script.
_FIRST_WORDS = {"Cjk": "Han", "Ideographic": "Han"} | dict.fromkeys(
    ("Fullwidth", "Feminine", "Masculine", "Kelvin", "Angstrom"), "Latin"
)


def scripts_of(code: str | None) -> list[str]:
    """The scripts that a language is written in; none where it is not known.

    A code may name the one script itself: `sr-Latn`.
    """
    subtags = (code or "").lower().replace("_", "-").split("-")[1:]
    named = [_SUBTAGS[subtag] for subtag in subtags if subtag in _SUBTAGS]
    return named or _SCRIPTS.get(base_language(code), [])


def is_language(code: str) -> bool:
    """Whether this is the code of a language that is known here, with or without a region."""
    return base_language(code) in _SCRIPTS


@lru_cache(maxsize=1 << 16)
def script_of_letter(letter: str) -> str | None:
    """The script of a letter by its Unicode name; None for digits, marks, punctuation."""
    if not unicodedata.category(letter).startswith("L"):
        return None
    words = unicodedata.name(letter, "unnamed").title().replace("-", " ").split()
    if words[0] in ("Halfwidth", "Fullwidth") and len(words) > 1 and words[1] in ("Katakana", "Hangul"):
        return words[1]
    return _FIRST_WORDS.get(words[0], words[0])

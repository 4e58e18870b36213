"""What of a segment's ends a translation keeps: white space, a menu's key, a closing colon or dots."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mt.files.document import Source
from mt.text.languages import base_language

_FAMILIES = ((r"(?:\.{3,}|…+|⋯+)", "..."), (r"[:：]", ":"), (r"[.。．｡]", "."))
_ENDS = tuple((re.compile(rf"\s*({pattern})$"), name) for pattern, name in _FAMILIES)
_WIDE = {":": "：", ".": "。"}
_WIDE_LANGUAGES = ("zh", "yue", "lzh", "wuu", "ja")
_DOTTED_LANGUAGES = ("tr", "az")  # whose capital of i is another one
# _File, E_xit; &File, E&xit, but no &amp; and no AT&T.
_KEY = re.compile(
    r"(?<![A-Za-z0-9_.\\])_(?=[A-Za-z0-9])|(?<=[a-z])_(?=[a-z])|(?<=[A-Z])_(?=[a-z])"
    r"|(?<![A-Z0-9&])&(?=[^\W_])(?![A-Za-z]+;)|(?<=\b[A-Z])&(?=[a-z])"
)
_LONGEST = 60  # characters of a menu's text
_NOT_MENUS = re.compile(r"[_&].*[_&]|://|[=/\\<>{}%$]|\b[a-z0-9]+_|_[A-Za-z0-9]+\(")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


@dataclass(frozen=True)
class Edges:
    """A text without its edges, `core`, and what is put back around and into a translation."""

    lead: str
    core: str
    trail: str
    mark: str = ""
    """What marks the key of a menu's text: `_` or `&`; "" if nothing does."""
    key: str = ""
    marked: str = ""
    """The core with its key marked, as it was."""

    @property
    def bare(self) -> str:
        """The core without its end mark: `put_back` gives its translation the mark again."""
        return next(
            (self.core[: found.start()] for pattern, _ in _ENDS if (found := pattern.search(self.core))),
            self.core,
        )

    def put_back(self, translation: str, tgt: str | None) -> str:
        """The translation of `core` with the edges of the text; end marks as those of `core`."""
        if translation.strip() == self.core:
            return self.lead + (self.marked or self.core) + self.trail
        text = _with_end(translation.strip(), _end(self.core), tgt)
        return self.lead + (_with_key(text, self.mark, self.key) if self.mark else text) + self.trail


def edges(text: str) -> Edges:
    """The text in its parts. A blank text has an empty core."""
    core = text.strip()
    lead = text[: len(text) - len(text.lstrip())] if core else text
    trail = text[len(text.rstrip()) :] if core else ""
    found = _KEY.search(core) if len(core) <= _LONGEST and not _NOT_MENUS.search(core) else None
    if found is None:
        return Edges(lead, core, trail)
    bare = core[: found.start()] + core[found.end() :]
    return Edges(lead, bare, trail, found[0], core[found.end()], core)


def with_end_of(source: Source, translation: Source, tgt: str | None) -> Source:
    """The translation of a text with codes, with the end mark of its source."""
    if (
        isinstance(translation, str)
        or not isinstance(translation[-1], str)
        or not isinstance(source[-1], str)
    ):
        return translation
    return (*translation[:-1], _with_end(translation[-1], _end(source[-1]), tgt))


def with_capital_of(source: str, translation: str, tgt: str | None) -> str:
    """The translation of a text that begins with a capital letter begins with one too.

    Not if its first word has capitals inside, or stands so in the source: aria2, iPhone.
    """
    if not source[:1].isupper() or not translation[:1].islower():
        return translation
    word = re.split(r"\W", translation)[0]
    is_name = not word.islower() or word in re.findall(r"\w+", source)
    if is_name or (word[0] == "i" and base_language(tgt) in _DOTTED_LANGUAGES):
        return translation
    return translation[0].upper() + translation[1:]


def _end(text: str) -> str:
    """The family of the mark at a text's end; "" of others, ? and ! among them."""
    return next((name for pattern, name in _ENDS if pattern.search(text)), "")


def _with_end(text: str, end: str, tgt: str | None) -> str:
    """The text with that mark at its end, as its language writes it."""
    own = _end(text)
    if own == end or not text:
        return text
    for pattern, name in _ENDS:
        if name == own:
            text = pattern.sub("", text)
    if text.endswith(("?", "!", "？", "！")) or not text:
        return text
    wide = base_language(tgt) in _WIDE_LANGUAGES or (tgt is None and _CJK.match(text[-1]))
    return text + (_WIDE.get(end, end) if wide else end)


def _with_key(text: str, mark: str, key: str) -> str:
    """The text with its key marked: the same letter at a word's beginning, else anywhere, else the first one.

    Where letters are no keys, in Chinese, Japanese and Korean, the key stands behind: 文件(_F).
    """
    if mark in text:
        return text
    if _CJK.search(text) and not re.search(rf"(?i)\b{key}", text):
        end = next((found.start() for pattern, _ in _ENDS if (found := pattern.search(text))), len(text))
        return f"{text[:end]}({mark}{key.upper()}){text[end:]}"
    for pattern in (rf"(?i)\b{key}", rf"(?i){key}", r"[^\W\d_]"):
        found = re.search(pattern, text)
        if found:
            return text[: found.start()] + mark + text[found.start() :]
    return text

"""Fonts that have the characters of a picture's labels, of those that this machine knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

# Families with Chinese, Japanese and Korean characters: Linux, macOS, Windows.
CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti TC",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "Hiragino Sans",
    "Yu Gothic",
    "MS Gothic",
    "IPAexGothic",
    "Noto Sans CJK KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Arial Unicode MS",
)
LATIN = ("Noto Sans", "DejaVu Sans")  # matplotlib brings the second
_FILES = ("cjk", "wqy", "pingfang", "msyh", "simhei", "hiragino", "yugoth", "msgothic", "malgun", "ipaexg")

STACK = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
"""What a viewer of an SVG is to choose from."""


def families(text: str) -> list[str]:
    """Families for the text, the first that has a character draws it."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    known = {font.name for font in manager.ttflist}
    if _has_cjk(text) and not known.intersection(CJK):
        _add_from_disk()  # matplotlib remembers the fonts of its first start; these are newer
        known = {font.name for font in manager.ttflist}
    chosen = [name for name in LATIN if name in known]
    # One family for all Han characters: a word half in one and half in another looks broken.
    lacking = {"": len(missing(text, chosen))}
    for name in CJK:
        if name in known and min(lacking.values()) > 0:
            lacking[name] = len(missing(text, [*chosen, name]))
    best = min(lacking, key=lacking.__getitem__)
    return [*chosen, best] if best else chosen


def missing(text: str, names: Iterable[str]) -> str:
    """The characters, each once, that none of the families has."""
    from matplotlib import font_manager

    have: set[int] = set()
    for name in names:
        path = font_manager.fontManager.findfont(name, fallback_to_default=False)
        have |= set(font_manager.get_font(path).get_charmap())
    return "".join(mark for mark in dict.fromkeys(text) if ord(mark) not in have and not mark.isspace())


def _has_cjk(text: str) -> bool:
    return any("\u2e80" <= mark <= "\ua4cf" or "\uac00" <= mark <= "\ud7af" for mark in text)


def _add_from_disk() -> None:
    from matplotlib import font_manager

    for path in font_manager.findSystemFonts():
        if any(part in Path(path).name.lower() for part in _FILES):
            font_manager.fontManager.addfont(path)

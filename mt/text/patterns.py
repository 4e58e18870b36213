"""Spans that a translation keeps, one pattern for each kind: markup, placeholders, code, addresses, numbers.

Each pattern takes time in proportion to the length of any text. A character that would begin the next span, a
number, or what may not stand before a span bounds how far it reads ahead.
"""

from __future__ import annotations

import re

from mt.text.languages import TAG


def _nested(depth: int) -> str:
    """Text whose braces are balanced, so many deep."""
    inside = r"[^{}]*"
    for _ in range(depth):
        inside = rf"[^{{}}]*(?:\{{{inside}\}}[^{{}}]*)*"
    return inside


# The names of Python's, C's and ICU's arguments, an attribute or an index behind them; in any script.
_ARGUMENT = r"(?u:\w[\w.-]*)(?:\[[\w.-]*\][\w.-]*)*|"
_MESSAGE_KINDS = "plural|selectordinal|select|choice"
_FORMAT_KINDS = "number|date|time|duration|spellout|ordinal|list"

# printf's, Objective-C's and Python's. A space is no flag here, though C has it: "5 % discount".
_CONVERSION = r"(?:hh?|ll?|[LqjztI])?[diouxXeEfFgGaAcCsSpnr@]"
_SIZED = r"(?:\d+\$)?(?:-(?=[\d*]))?[+#0',]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?"

_NO_PER_CENT = r"(?<![0-9])(?<![0-9][ \u00a0\u202f])"  # 100%sure, 5 %discount

# HTML's attributes that need no value; with any others "x <y and z> w" would be a tag.
_FLAGS = (
    "allowfullscreen|async|autofocus|autoplay|checked|controls|default|defer|disabled|download|hidden|ismap|itemscope"
    "|loop|multiple|muted|nomodule|novalidate|nowrap|open|readonly|required|reversed|selected|translate"
)
_ATTRIBUTE = rf"""\s+(?:[^\s"'<>/=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>`]+)|(?:{_FLAGS})(?=[\s/>]))"""

# Those that translators leave alone: in the Python manual's Chinese more than 99 of 100 spans of each kind
# are as in the source, but for emphasised words (93), so longer emphasis stays text. Of a title with its
# address, `text <address>`, the text is translated.
KINDS = {
    "direction": rf"\A{TAG}",  # before a source of a model into several languages: nothing in it is a span
    "literal": r"``(?:[^`]|`(?!`))+``",
    "role": r":[A-Za-z][\w+.-]{0,63}(?::[\w+.-]{1,64}){0,3}:`(?:[^`<]+`|(?=[^`]*<[^`<>]*>`))",
    "address": r"<[^`<>\s][^`<>]*>`(?:__?)?",
    "substitution": r"\|[\w.-]+\|",
    "url": r"(?<![A-Za-z0-9])(?:(?:https?|ftp)://|www\.(?=\w))[\w./?=&%#~+:@!$*,;-]*[\w/]",
    "email": r"(?<![\w.+-])[\w.+-]+@\w[\w-]*(?:\.\w[\w-]*)+",
    # ICU's: the whole message with the texts of its cases, which are not translated.
    "message": rf"\{{\s{{0,9}}[\w.]+\s{{0,9}},\s{{0,9}}(?:{_MESSAGE_KINDS})\s{{0,9}},{_nested(4)}\}}",
    "template": r"\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\}|\{%[^{}%]*%\}"
    r"|<%[=\s-][^<>]*%>|<\?[^<>]*\?>|<!--[^<>]*-->",
    "dollar": r"\$\{[^{}]*\}|\$[a-z]?\([A-Za-z_][^()]*\)|\$[A-Za-z_]\w*(?:\$(?![\w$({]))?",
    "braces": rf"[%#@]?\{{\s?(?:{_ARGUMENT})(?:![rsa])?(?:,-?\d+)?(?::[^{{}}\s]*)?\s?\}}"
    rf"|\{{\s?[\w.]+\s?,\s?(?:{_FORMAT_KINDS})\s?(?:,[^{{}}]*)?\}}",
    "percent": r"%%|%[([<][A-Za-z_][\w.-]*[)\]>][-+#0-9.]*[A-Za-z]"
    r"|%[A-Za-z_]\w+(?:\.\w+)*%(?![\w%])"  # %name%
    r"|%(?:\d+\$)?\#@\w+@"  # a string of Apple's that varies by number
    rf"|%{_SIZED}[sd@](?![A-Za-z0-9_])|(?<![0-9])%{_SIZED}{_CONVERSION}(?![A-Za-z0-9_])"
    # Before letters: %dx%d, %ldMB; of %s and %d before any word, as in %sword printf reads no further.
    rf"|{_NO_PER_CENT}%{_SIZED}(?:ll?|[hz])?[sduf@](?=[A-Za-z]{{1,2}}(?![A-Za-z0-9_]))"
    rf"|{_NO_PER_CENT}%(?:\d+\$|0\d|-\d+)?[sd](?=[A-Za-z_])"
    r"|%L?[1-9](?![\w$]|[.,]\d)|(?<![0-9])%[A-Za-z](?![A-Za-z0-9_])",  # Qt's %1, dates' %Y
    "tag": rf"<[A-Za-z][\w:.-]*(?:{_ATTRIBUTE})*\s*/?>|</[A-Za-z][\w:.-]*\s*>|</?\d{{1,3}}\s?/?>",
    "entity": r"&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][\w.-]+);",
    "emphasis": r"(?<![\w*\\])\*\w+\*(?![\w*])",
    "name": r"(?<![A-Za-z0-9_.])(?:(?:[A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*\(\)"
    # In menus _File, _new, _URL and E_xit have the letter of a key marked.
    r"|(?!(?:_[A-Za-z]+|[A-Z][a-z]*_[a-z]+)(?![\w(]|\.\w))"
    r"(?:[A-Za-z_][A-Za-z0-9_]+\.)*[A-Za-z0-9]*_[A-Za-z0-9_]+)",
    # All or nothing by what may not follow, not by a possessive group: Python 3.11.2's finds "7," in "7, z".
    "number": r"(?<![A-Za-z0-9_])(?<!\d[.,:])\d+(?:[.,:]\d+)*(?![A-Za-z0-9_]|[.,:]\d)",
    "marker": r"⟦\d+⟧",
}
PATTERN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS.items()), re.ASCII)

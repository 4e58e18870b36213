"""What HTML says of each element: https://html.spec.whatwg.org/multipage/"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


VOID = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
)
"""Elements without an end tag."""

INLINE = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rb rp rt "
    "rtc ruby s samp small span strike strong sub sup time tt u var"
)
"""Elements within a sentence. Those that HTML does not know are too."""

POINTS = _names("img input wbr")
"""Elements without an end tag within a sentence."""

SEPARATES = _names("img input")
"""Those of them that part two words."""

UNTOUCHED = _names(
    "script style template svg math iframe noscript noembed noframes xmp object applet canvas audio video"
)
"""Elements whose text is no language, or that show it only where they fail."""

PICTURES = _names("svg math iframe object applet canvas audio video")
"""Those of them that may stand within a sentence."""

AS_IT_IS = _names("code kbd samp var rt rp rtc")
"""Elements within a sentence whose text is not translated."""

LINE_BY_LINE = _names("pre textarea listing plaintext")
"""Elements that show line ends: each line is a text by itself."""

FOREIGN = _names("svg math")

LEAVES_FOREIGN = _names(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
"""Elements that end SVG or MathML."""

_SCOPE = _names("applet caption html table td th marquee object template")
_TABLE_SCOPE = _names("html table template")
_HEADINGS = _names("h1 h2 h3 h4 h5 h6")
_ENDS_P = _HEADINGS | _names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure "
    "footer header hgroup main menu nav ol p search section summary ul pre listing form table hr "
    "plaintext xmp li dd dt"
)
_CELLS = _names("td th")
_ROWS = _CELLS | _names("tr")
_TABLE_PARTS = _ROWS | _names("tbody thead tfoot caption colgroup")

_SCOPES = {
    "p": _SCOPE | {"button"},
    "li": _SCOPE | _names("ol ul menu dir"),
    **dict.fromkeys(_names("dd dt"), _SCOPE | {"dl"}),
    **dict.fromkeys(_TABLE_PARTS, _TABLE_SCOPE),
    **dict.fromkeys(_names("table html template"), frozenset[str]()),
}

ENDED_BY = {
    **dict.fromkeys(_ENDS_P, _names("p")),
    **dict.fromkeys(_HEADINGS, _HEADINGS | {"p"}),
    "li": _names("li p"),
    **dict.fromkeys(_names("dd dt"), _names("dd dt p")),
    **{name: frozenset({name}) for name in ("a", "button", "nobr", "option")},
    "optgroup": _names("option optgroup"),
    **dict.fromkeys(_names("rb rtc"), _names("rb rt rp rtc")),
    **dict.fromkeys(_names("rt rp"), _names("rb rt rp")),
    **dict.fromkeys(_CELLS, _CELLS),
    "tr": _ROWS | {"caption", "colgroup"},
    **dict.fromkeys(_names("tbody thead tfoot caption colgroup"), _TABLE_PARTS),
    "body": _names("head"),
}
"""The open elements that a start tag ends."""

ATTRIBUTES = _names(
    "title alt placeholder label summary aria-label aria-description aria-placeholder aria- "
    "roledescription aria-valuetext"
)
"""Attributes that hold text."""

BUTTONS = _names("submit button reset")
"""Types of input whose value is shown."""

DESCRIPTIONS = _names("description og:title og:description twitter:title twitter:description")
"""Names of meta whose content is text."""


def scope_of(name: str) -> frozenset[str]:
    """Elements across which a tag does not end an open element of that name."""
    return _SCOPES.get(name, _SCOPE)


def is_inline(name: str) -> bool:
    """Whether an element is within a sentence, as those are that HTML does not know."""
    return name in INLINE or name in POINTS or name in PICTURES or name not in KNOWN


_BLOCKS = _names(
    "address article aside blockquote body br button caption center col colgroup datalist dd details "
    "dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head "
    "header hgroup hr html legend li link main map area menu meta base nav ol optgroup option output p "
    "param plaintext pre listing progress meter search section select slot source summary table tbody "
    "td textarea tfoot th thead title tr track ul picture marquee embed keygen basefont bgsound"
)
KNOWN = _BLOCKS | UNTOUCHED | INLINE | POINTS
"""The elements of HTML."""

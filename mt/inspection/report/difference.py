"""Two texts beside each other: the words that only one of them has are marked."""

from __future__ import annotations

import difflib
import re

from markupsafe import Markup, escape

# A run of white space, a run of letters of a script with spaces between words, or one character of any other.
_TOKEN = re.compile(r"\s+|[^\W\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+|.", re.DOTALL)
LONGEST = 2000  # characters; comparing takes time by their square


def mark_difference(reference: str, output: str) -> tuple[Markup, Markup]:
    """Both texts; what the output lacks is marked in the reference, what it has besides in the output."""
    if len(reference) + len(output) > LONGEST:
        return escape(reference), escape(output)
    ours, theirs = _TOKEN.findall(reference), _TOKEN.findall(output)
    left = right = Markup()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        left += _marked("del", "".join(ours[a:b]), kind)
        right += _marked("mark", "".join(theirs[c:d]), kind)
    return left, right


def _marked(name: str, text: str, kind: str) -> Markup:
    if not text or kind == "equal" or text.isspace():
        return escape(text)
    return Markup("<{0}>{1}</{0}>").format(name, text)

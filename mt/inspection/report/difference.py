"""Two texts beside each other: the words that only one of them has are marked."""

from __future__ import annotations

import difflib
import re

from mt.inspection.report.html import Markup, element, join

# A run of white space, a run of letters of a script with spaces between words, or one character of any other.
_TOKEN = re.compile(r"\s+|[^\W\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]+|.", re.DOTALL)
LONGEST = 2000  # characters; comparing takes time by their square


def mark_difference(reference: str, output: str) -> tuple[Markup, Markup]:
    """Both texts; what the output lacks is marked in the reference, what it has besides in the output."""
    if len(reference) + len(output) > LONGEST:
        return join([reference]), join([output])
    ours, theirs = _TOKEN.findall(reference), _TOKEN.findall(output)
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    left: list[str] = []
    right: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        for side, text, name in ((left, "".join(ours[a:b]), "del"), (right, "".join(theirs[c:d]), "mark")):
            if text:
                side.append(text if kind == "equal" or text.isspace() else element(name, None, text))
    return join(left), join(right)

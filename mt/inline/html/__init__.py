"""HTML, whole or a fragment, however broken, as segments with inline codes; all else comes back as it was.

tokens.py    text, tags, comments: where each begins and ends
elements.py  what HTML says of each element
nesting.py   the open elements: what ends where, and whether its text is translated
page.py      the segments of a page; the page with their translations
"""

from mt.inline.html.page import Page, parse_html

__all__ = ["Page", "parse_html"]

"""HTML and SVG out of elements: text is escaped where it is put in, so that it never becomes markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

Attributes = Mapping[str, str | float]

_VOID = {"meta", "br"}


class Markup(str):
    """A text that is markup already. Any other string is escaped when an element takes it in."""


def element(name: str, attributes: Attributes | None = None, *children: str) -> Markup:
    """`<name attributes>children</name>`; numbers among the attributes are rounded to a tenth."""
    pairs = "".join(f' {key}="{_attribute(value)}"' for key, value in (attributes or {}).items())
    if name in _VOID:
        return Markup(f"<{name}{pairs}>")
    return Markup(f"<{name}{pairs}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """The parts one after the other, escaped where they are not markup."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def table(head: Iterable[str], rows: Iterable[Iterable[str]], css: str = "") -> Markup:
    """A table that scrolls by itself where the screen is too narrow for it."""
    top = element("tr", None, *(element("th", {"scope": "col"}, title) for title in head))
    body = (element("tr", None, *(element("td", None, cell) for cell in row)) for row in rows)
    whole = element("table", None, element("thead", None, top), element("tbody", None, *body))
    return element("div", {"class": f"scroll {css}".strip(), "tabindex": 0}, whole)


def section(title: str, how: str, *parts: str) -> Markup:
    """A part of the report: a heading, one sentence that says how to read what follows, and that."""
    head = element("h2", None, title), element("p", {"class": "how"}, how)
    return element("section", None, *head, *parts)


def _attribute(value: str | float) -> str:
    return html.escape(value) if isinstance(value, str) else f"{round(value, 1):g}"

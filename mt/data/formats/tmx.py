"""Pairs from a translation memory in TMX, streaming by lxml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from lxml import etree

from mt.data.formats.pairs import BadLine, Pair, Record, Skipped, find_name, normal_code
from mt.data.formats.xml_elements import LANG, read_elements
from mt.errors import CorpusError

# Inline elements whose content is another program's mark-up; that of <hi> and <mrk> is text.
_CODES = {"bpt", "ept", "ph", "it", "ut"}
_BREAK = re.compile(r"\s*(<(br|p|/p)\b[^>]*>|\\n|\n)\s*", re.IGNORECASE)  # mark-up that parts words
_ONE_SIDE = Skipped("not in both languages")


class _UnresolvedError(Exception):
    """A sentence holds an entity, which is not looked up."""


def read_tmx(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of a TMX file; units that lack a language are skipped.

    Codes may be missing if the file has two languages and its header says which is the source. No entity is
    expanded, nothing fetched. Raises CorpusError for broken XML and for languages that the file lacks.
    """
    found: set[str] = set()
    paired = False
    srclang: str | None = None
    for element in read_elements(path, ("{*}header", "{*}tu")):
        if _local(element) == "header":
            srclang = element.get("srclang")
            continue
        texts = _variants(element)
        found.update(texts)
        if src is None or tgt is None:
            src, tgt = _tell_languages(sorted(found), src, tgt, srclang, path)
        records = _records(texts, src, tgt, f"{path}, line {element.sourceline}")
        paired = paired or records != [_ONE_SIDE]
        yield from records
    if not found:
        raise CorpusError(f"{path}: holds no translation units; name a TMX file with <tu> elements")
    if not paired:
        raise CorpusError(
            f"{path}: has {', '.join(sorted(found))}, never {src} with {tgt}; check --src and --tgt"
        )


def _local(element: Any) -> str:
    """The tag without its namespace; empty for comments, processing instructions and entities."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _variants(unit: Any) -> dict[str, list[Any]]:
    """The <seg>s of each language of a <tu>, by code as it comes first; None for a <tuv> without one."""
    codes: dict[str, str] = {}
    variants: dict[str, list[Any]] = {}
    for child in unit:
        if _local(child) == "tuv":
            code = child.get(LANG) or child.get("lang") or "?"
            code = codes.setdefault(normal_code(code), code)
            variants.setdefault(code, []).append(child.find("{*}seg"))
    return variants


def _tell_languages(
    found: list[str], src: str | None, tgt: str | None, srclang: str | None, path: Path
) -> tuple[str, str]:
    """Work out the code or codes not given from the first unit and the header's srclang."""
    known_src = find_name(src or srclang or "", found)
    known_tgt = find_name(tgt or "", found)
    if len(found) == 2:
        if known_tgt is None and known_src is not None:
            return known_src, next(code for code in found if code != known_src)
        if known_tgt is not None and src is None:
            return next(code for code in found if code != known_tgt), known_tgt
    raise CorpusError(f"{path}: has {', '.join(found)} and does not say which is which; give --src and --tgt")


def _records(texts: dict[str, list[Any]], src: str, tgt: str, where: str) -> list[Record]:
    """What a <tu> holds: a pair of each source variant with each target variant."""
    src_code, tgt_code = find_name(src, texts), find_name(tgt, texts)
    if src_code is None or tgt_code is None or src_code == tgt_code:
        return [_ONE_SIDE]
    if None in (*texts[src_code], *texts[tgt_code]):
        return [BadLine(where, "a <tuv> without <seg>")]
    try:
        sides = [[_text(segment) for segment in texts[code]] for code in (src_code, tgt_code)]
    except _UnresolvedError as error:
        return [BadLine(where, f"the entity {error} is not looked up")]
    return [Pair(*pair) for pair in dict.fromkeys(product(*sides))]


def _text(element: Any) -> str:
    """The words of a <seg>: inline mark-up dropped, the text around it kept with one space between."""
    text, dropped = "", False
    for part in _parts(element):
        if part is None:
            dropped = True
        elif part:
            text += part.lstrip() if dropped and text[-1:].isspace() else part
            dropped = False
    return text


def _parts(element: Any) -> Iterator[str | None]:
    """The text of a <seg> in parts; None for a markup element, with a space if it breaks a line."""
    yield element.text or ""
    for child in element:
        if child.tag is etree.Entity:
            raise _UnresolvedError(child.text)
        if isinstance(child.tag, str) and _local(child) not in _CODES:
            yield from _parts(child)
        elif isinstance(child.tag, str):
            yield None
            if child.get("type") in ("lb", "pb") or _BREAK.fullmatch("".join(child.itertext())):
                yield from (" ", None)
        yield child.tail or ""

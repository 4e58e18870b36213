"""Translation memories in TMX: units that lack the target language get it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mt.files.decoding import Broken
from mt.files.document import Edit, Reading, Result, Spliced, Unit, rendered, source_of
from mt.files.xml import Element, content_of, decode_xml, escape, indent_of, parse
from mt.text.languages import find_code

_CODES = ("bpt", "ept", "ph", "it", "ut")  # whose content is another program's markup


def read(file: Reading) -> Spliced:
    """A memory; with `everything` what the target has is translated again. Raises Broken."""
    decoded = decode_xml(file.data)
    root = parse(decoded.text, "tmx")
    if not file.tgt:
        raise Broken("name the language of the translations by --tgt")
    header = root.child("header")
    srclang = header.attributes.get("srclang", "") if header else ""
    src = file.src or (srclang if srclang != "*all*" else "")
    units = [unit for element in root.iterate("tu") for unit in _units(decoded.text, element, src, file)]
    if not units and not any(_variants(element, src)[0] for element in root.iterate("tu")):
        raise Broken(f"has no unit in {src or 'a known language'}; name a memory from that language")
    return Spliced(decoded, units)


def _variants(unit: Element, code: str) -> tuple[Element | None, dict[str, Element]]:
    """The variant of a language, and all by their codes."""
    variants = {
        tuv.attributes.get("xml:lang", tuv.attributes.get("lang", "")): tuv
        for tuv in unit.elements
        if tuv.name == "tuv"
    }
    found = find_code(code, list(variants)) if code else None
    return (variants[found] if found else None), variants


def _units(text: str, unit: Element, src: str, how: Reading) -> Iterator[Unit]:
    tgt = how.tgt or ""
    source, variants = _variants(unit, src)
    target, _ = _variants(unit, tgt)
    segment = source.child("seg") if source else None
    there = target.child("seg") if target else None
    if source is None or segment is None or not segment.text.strip():
        return
    if there is not None and there.text.strip() and not how.everything:
        return
    value = source_of(content_of(text, segment, lambda child: child.name in _CODES))

    def edits(results: Sequence[Result]) -> list[Edit]:
        content = rendered(results[0].translation, escape)
        if there is not None and text[there.inner : there.outer] == content:
            return []
        if there is not None and there.inner == there.end:  # <seg/>
            return [Edit(there.begin, there.end, f"<seg>{content}</seg>")]
        if there is not None:
            return [Edit(there.inner, there.outer, content)]
        last = list(variants.values())[-1]
        new = f'{indent_of(text, last)}<tuv xml:lang="{escape(tgt)}"><seg>{content}</seg></tuv>'
        return [Edit(last.end, last.end, new)]

    yield Unit((value,), edits)

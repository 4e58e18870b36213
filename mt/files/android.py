"""Android's strings.xml: strings, arrays and plurals, with their markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mt.files.document import Reading, Spliced, Unit, in_place
from mt.files.xml import Element, content_of, decode_xml, escape, parse
from mt.inline.segment import Code
from mt.text.characters import sound

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)|\s+|\"", re.DOTALL)
_SPACE = " \t\r\n"
_LISTS = ("string-array", "plurals")
_PLAIN = {"n": "\n", "t": "\t"}
_REFERENCE = re.compile(r"\s*[@?](?:[\w.]+:)?(?:\w+/)?[\w.]+\s*")


def read(file: Reading) -> Spliced:
    """The strings that may be translated. Raises Broken."""
    decoded = decode_xml(file.data)
    root = parse(decoded.text, "resources")
    return Spliced(decoded, (_unit(decoded.text, element) for element in _strings(root)))


def _strings(root: Element) -> Iterator[Element]:
    for element in root.elements:
        is_string = element.name == "string" or element.attributes.get("type") == "string"
        if element.attributes.get("translatable") == "false" or not (is_string or element.name in _LISTS):
            continue
        for string in [element] if is_string else element.elements:
            if string.text.strip() and not _REFERENCE.fullmatch(string.text):
                yield string


def _unit(text: str, element: Element) -> Unit:
    """A string without the white space around it, which is not shown.

    Line breaks within markup are codes, as a sentence is translated on one line.
    """
    parts = list(content_of(text, element, lambda child: child.name == "g"))  # xliff:g is a placeholder
    content = text[element.inner : element.outer]
    begin = element.outer - len(content.lstrip(_SPACE))
    end = element.inner + len(content.rstrip(_SPACE))
    if isinstance(parts[0], str):
        parts[0] = parts[0].lstrip(_SPACE)
    if isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip(_SPACE)
    if all(isinstance(part, str) for part in parts):
        whole = [one for one in element.children if (one.begin, one.end) == (begin, end)]
        written = _section if whole and text.startswith("<![CDATA[", begin) else _written
        return in_place(begin, end, _unescaped("".join(map(str, parts))), written)
    coded: list[str | Code] = []
    for part in parts:
        if isinstance(part, Code):
            coded.append(part)
            continue
        for index, line in enumerate(_unescaped(part).split("\n")):
            coded += [Code("\\n", separates=True)] * (index > 0) + [line] * bool(line)
    return in_place(begin, end, tuple(coded), _inside)


def _unescaped(text: str) -> str:
    """A string as it is shown: white space is one space, but within quotes."""
    quoted = False

    def value(found: re.Match[str]) -> str:
        nonlocal quoted
        code = found[1]
        if found[0] == '"':
            quoted = not quoted
            return ""
        if code is None:
            return found[0] if quoted else " "
        return chr(int(code[1:], 16)) if code[0] == "u" and len(code) == 5 else _PLAIN.get(code, code)

    return sound(_ESCAPE.sub(value, text))


def _written(value: str) -> str:
    """A whole string."""
    return escape(_whole(value))


def _section(value: str) -> str:
    """A whole string as a CDATA section."""
    return f"<![CDATA[{_whole(value).replace(']]>', ']]]]><![CDATA[>')}]]>"


def _whole(value: str) -> str:
    """Spaces at its ends would be cut, and @ and ? begin references."""
    text = _escaped(value)
    if text.startswith(("@", "?")):
        text = "\\" + text
    return re.sub(r"^ | $", r"\\u0020", text)


def _inside(value: str) -> str:
    return escape(_escaped(value))


def _escaped(value: str) -> str:
    """Text with Android's escapes, of white space that is seldom seen too."""
    text = re.sub(r"([\\'\"])", r"\\\1", value).replace("\n", "\\n").replace("\t", "\\t")
    return re.sub(r" (?= )|[^\S ]", lambda found: f"\\u{ord(found[0]):04x}", text)

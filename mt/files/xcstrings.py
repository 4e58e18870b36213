"""Apple's string catalogues (.xcstrings): the target language's strings that are missing or new."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Edit, Reading, Result, Spliced, Unit, splice
from mt.files.json_strings import Writer
from mt.files.json_tree import Value, parse
from mt.text.languages import find_code

_Written = str | Mapping[str, "_Written"]
"""JSON as it is written, or objects of that."""
_DONE = ("translated", "needs_review")


def read(file: Reading) -> Spliced:
    """A catalogue. What is filled in has the state `translated`, or `needs_review` where it is in doubt.

    A string that varies by number or device is translated in each of the source's variations. Raises Broken.
    """
    decoded = decode(file.data)
    root = parse(decoded.text)
    strings = root.get("strings")
    if strings is None or strings.members is None:
        raise Broken("has no object `strings`: it is no string catalogue")
    if not file.tgt:
        raise Broken("name the language of the translations by --tgt")
    source = root.get("sourceLanguage")
    catalogue = _Catalogue(decoded, file, (source.string if source else None) or "en")
    return Spliced(decoded, (unit for key, entry in strings.members for unit in catalogue.units(key, entry)))


class _Catalogue:
    """The style of a catalogue and its languages."""

    def __init__(self, decoded: Decoded, how: Reading, source: str) -> None:
        self.text, self.how, self.source = decoded.text, how, source
        self.write = Writer(decoded.text)
        self.colon = '" : ' if re.search(r'" : ', decoded.text) else '": '
        found = re.search(r"\n([ \t]+)", decoded.text)
        self.indent = found[1] if found else "  "

    def units(self, key: str, entry: Value) -> Iterator[Unit]:
        """The unit of a string, if it is to be translated."""
        flag = entry.get("shouldTranslate")
        if entry.members is None or (flag is not None and self.text[flag.begin : flag.end] == "false"):
            return
        languages = entry.get("localizations")
        names = [name for name, _ in (languages.members or [])] if languages else []
        there, of_source = find_code(self.how.tgt or "", names), find_code(self.source, names)
        own = languages.get(there) if languages and there else None
        text = languages.get(of_source) if languages and of_source else None
        if own is not None and not self._is_open(own):
            return
        found = list(_string_units(text)) if text is not None else []
        sources = tuple(_value(unit) for unit in found) if text is not None else (key,)
        if not any(sources) or (languages is not None and languages.members is None):
            return

        def edits(results: Sequence[Result]) -> list[Edit]:
            if own is not None and [_value(unit) for unit in _string_units(own)] == [r.text for r in results]:
                return []
            if text is not None and [name for name, _ in text.members or ()] != ["stringUnit"]:
                return [self._put(entry, languages, own, self._copied(text, found, results))]
            (result,) = results
            unit = {"state": self.write(self._state(result)), "value": self.write(result.text)}
            return [self._put(entry, languages, own, {"stringUnit": unit})]

        yield Unit(sources, edits)

    def _is_open(self, own: Value) -> bool:
        """Whether a translation is missing or new; a person goes on with variations that are begun."""
        unit = own.get("stringUnit")
        state = unit.get("state") if unit is not None else None
        return unit is not None and (self.how.everything or state is None or state.string not in _DONE)

    def _state(self, result: Result) -> str:
        return "needs_review" if self.how.fuzzy or result.doubtful else "translated"

    def _copied(self, text: Value, found: Sequence[Value], results: Sequence[Result]) -> str:
        """The localization of the source with other values: by number, by device, and what it counts."""
        edits = list[Edit]()
        for unit, result in zip(found, results, strict=True):
            for name, value in (("state", self._state(result)), ("value", result.text)):
                if old := unit.get(name):
                    edits.append(Edit(old.begin - text.begin, old.end - text.begin, self.write(value)))
        return splice(self.text[text.begin : text.end], edits)

    def _put(self, entry: Value, languages: Value | None, own: Value | None, new: _Written) -> Edit:
        """The edit that makes something the localization of the target language."""
        if own is not None:
            return Edit(own.begin, own.end, self._object(new, 4))
        language = (self.how.tgt or "").replace("_", "-")
        if languages is not None:
            return self._insert(languages, language, self._object(new, 4), 4)
        return self._insert(entry, "localizations", self._object({language: new}, 3), 3)

    def _insert(self, into: Value, name: str, value: str, depth: int) -> Edit:
        """A member at its place in the order of names, as Xcode sorts them."""
        row = f"{self.write(name)[:-1]}{self.colon}{value}"
        members = into.members or []
        before = [member for key, member in members if key < name]
        newline = "\n" + self.indent * depth
        if before:
            return Edit(before[-1].end, before[-1].end, f",{newline}{row}")
        begin = into.begin + 1
        if members:
            return Edit(begin, begin, f"{newline}{row},")
        return Edit(into.begin, into.end, f"{{{newline}{row}\n{self.indent * (depth - 1)}}}")

    def _object(self, value: _Written, depth: int) -> str:
        """A nested object as the catalogue is indented."""
        if isinstance(value, str):
            return value
        inside = self.indent * (depth + 1)
        rows = (
            f"{inside}{self.write(key)[:-1]}{self.colon}{self._object(one, depth + 1)}"
            for key, one in value.items()
        )
        return "{\n" + ",\n".join(rows) + f"\n{self.indent * depth}}}"


def _string_units(localization: Value) -> Iterator[Value]:
    """Those with a value, of a text or of its variations."""
    for name, value in localization.members or ():
        if name == "stringUnit" and value.get("value") is not None:
            yield value
        else:
            yield from _string_units(value)


def _value(unit: Value) -> str:
    value = unit.get("value")
    return (value.string if value else None) or ""

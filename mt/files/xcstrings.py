"""Apple's string catalogues (.xcstrings): the target language's strings that are missing or new."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Edit, Reading, Result, Spliced, Unit
from mt.files.json_strings import Writer
from mt.files.json_tree import Value, parse
from mt.text.languages import find_code

_DONE = ("translated", "needs_review")


def read(file: Reading) -> Spliced:
    """A catalogue. What is filled in has the state `translated`, or `needs_review` where it is in doubt.

    Strings with variations (by number, by device) are left to a person. Raises Broken.
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
        source = _value(text) if text is not None else key
        if not source or (own is not None and own.get("stringUnit") is None):
            return
        state = own.get("stringUnit").get("state") if own is not None else None  # type: ignore[union-attr]
        if own is not None and not self.how.everything and state is not None and state.string in _DONE:
            return

        def edits(results: Sequence[Result]) -> list[Edit]:
            (result,) = results
            if own is not None and _value(own) == result.text:
                return []
            return [self._edit(entry, languages, own, result)]

        yield Unit((source,), edits)

    def _edit(self, entry: Value, languages: Value | None, own: Value | None, result: Result) -> Edit:
        doubtful = self.how.fuzzy or result.doubtful
        unit = {"state": "needs_review" if doubtful else "translated", "value": result.text}
        if own is not None:
            return Edit(own.begin, own.end, self._object({"stringUnit": unit}, 4))
        language = (self.how.tgt or "").replace("_", "-")
        if languages is not None:
            return self._insert(languages, language, self._object({"stringUnit": unit}, 4), 4)
        return self._insert(entry, "localizations", self._object({language: {"stringUnit": unit}}, 3), 3)

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

    def _object(self, value: object, depth: int) -> str:
        """A nested object as the catalogue is indented."""
        if not isinstance(value, dict):
            return self.write(str(value))
        inside = self.indent * (depth + 1)
        rows = (
            f"{inside}{self.write(key)[:-1]}{self.colon}{self._object(one, depth + 1)}"
            for key, one in value.items()
        )
        return "{\n" + ",\n".join(rows) + f"\n{self.indent * depth}}}"


def _value(localization: Value) -> str | None:
    unit = localization.get("stringUnit")
    value = unit.get("value") if unit else None
    return value.string if value else None

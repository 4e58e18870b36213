"""Gettext catalogues (.po, .pot): empty msgstr are filled; every other line stays.

polib parses catalogues well, but writes them in a wrapping and an order of its own; so lines are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mt.data.formats.plurals import PluralRule, parse_plural_forms
from mt.files.decoding import Broken, Decoded, decode
from mt.files.document import Edit, Reading, Result, Spliced, Unit, remark
from mt.files.plural_headers import plural_forms
from mt.text.characters import columns_of

_CHARSET = re.compile(rb'"(?:[^"\n]*\\n)?Content-Type:[^\n]*?charset=([^\s";\\]+)')
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d{1,3})\])?\s*(?=\")")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPED = str.maketrans(
    {mark: f"\\{letter}" for letter, mark in _PLAIN.items()} | {"\\": "\\\\", '"': '\\"'}
)
# What stays on one row: a Han character and the marks around it, else all up to a space.
_WIDE = "\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(
    rf"[（《“「『【]*[{_WIDE}][，。、；：！？）》”」』】 ]*|(?:[^ \\{_WIDE}]|\\.)+ *| +", re.DOTALL
)
_COLUMNS = 79
_LARGE = 500  # a number that takes the form of many
_HEADER = {"Language": r"", "Plural-Forms": r"nplurals=INTEGER;[^\\]*"}
"""Fields of the header that are filled in, and what they are before that, as patterns."""


@dataclass
class _Text:
    """A string of an entry: its value and the lines that hold it, [begin, end)."""

    value: str
    begin: int
    end: int


@dataclass
class _Entry:
    """An entry. Lines are counted from 0; first: its first comment or keyword."""

    first: int
    flags: int | None = None  # the line of `#,`
    marks: int | None = None  # the first comment that is no translator's
    previous: int | None = None  # the first line of `#|`
    texts: dict[str, _Text] = field(default_factory=dict)  # by "msgid", "msgstr", "msgstr[1]" …

    @property
    def translations(self) -> list[_Text]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]


def read(file: Reading) -> Spliced:
    """A catalogue; each entry that has no translation, or with `everything` each one, is a unit.

    A plural entry has the singular and the plural as its sources; what the rule of the header gives for 1
    takes the first, each other form the second. Raises Broken.
    """
    found = _CHARSET.search(file.data)
    charset = found[1].decode("ascii", "replace") if found else "utf-8"
    decoded = decode(file.data, declared=None if charset == "CHARSET" else charset)
    return _Catalogue(decoded, file).document()


class _Catalogue:
    """The lines of a catalogue and what is known of its style."""

    def __init__(self, decoded: Decoded, how: Reading) -> None:
        self.decoded, self.how = decoded, how
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", decoded.text)
        self.begins = [0]
        for line in self.lines:
            self.begins.append(self.begins[-1] + len(line))
        self.entries = list(_entries(self.lines))
        self.header = next((one for one in self.entries if one.texts["msgid"].value == ""), None)
        self.wraps = not any(self._is_long(entry) for entry in self.entries)

    def document(self) -> Spliced:
        rule = self._rule()
        units = [unit for entry in self.entries for unit in self._units(entry, rule)]
        return Spliced(self.decoded, units, self._header_edits)

    def _is_long(self, entry: _Entry) -> bool:
        """Whether a string with spaces is longer than a line and stands on one."""
        return any(
            text.end == text.begin + 1
            and len(self.lines[text.begin]) > _COLUMNS + 3
            and " " in text.value.strip()
            for text in entry.texts.values()
        )

    def _rule(self) -> PluralRule | None:
        """The plural rule of the header, else the usual one of the target language. Raises Broken."""
        entry = next((entry for entry in self.entries if "msgid_plural" in entry.texts), None)
        if entry is None:
            return None
        value = self._field("Plural-Forms")
        if not value or "EXPRESSION" in value:
            value = plural_forms(self._field("Language") or self.how.tgt) or ""
        if not value:
            line = entry.texts["msgid_plural"].begin + 1
            raise Broken("has plurals and no Plural-Forms: name the language by --tgt", line)
        try:
            rule = parse_plural_forms(value)
            for number in (1, _LARGE):
                rule.index(number)
            return rule
        except ValueError as error:
            where = self.header.texts["msgstr"].begin + 1 if self.header else None
            raise Broken(f"the rule of Plural-Forms is broken: {error}; mend it there", where) from None

    def _field(self, name: str) -> str:
        """A field of the header; "" if it is not there."""
        text = self.header.texts["msgstr"].value if self.header else ""
        found = re.search(rf"^{name}:[ \t]*(.*)$", text, re.MULTILINE)
        return found[1].strip() if found else ""

    def _header_edits(self) -> Iterator[Edit]:
        """Language, plural forms and charset, where the header still has what xgettext left."""
        if self.header is None:
            return
        text = self.header.texts["msgstr"]
        values = {"Language": self.how.tgt, "Plural-Forms": plural_forms(self.how.tgt)}
        for number in range(text.begin, text.end):
            line, begin = self.lines[number], self.begins[number]
            charset = re.search(r"charset=(CHARSET)\b", line)
            if charset:
                yield Edit(begin + charset.start(1), begin + charset.end(1), "UTF-8")
            for name, template in _HEADER.items():
                found = re.match(rf'"{name}: ?({template})\\n"', line)
                if found and values[name]:
                    yield Edit(begin, begin + found.end(), f'"{name}: {values[name]}\\n"')

    def _units(self, entry: _Entry, rule: PluralRule | None) -> Iterator[Unit]:
        texts = entry.texts
        if entry is self.header or texts["msgid"].value == "":
            return
        forms = rule.count if rule and "msgid_plural" in texts else 1
        done = sum(bool(text.value) for text in entry.translations) >= max(forms, len(entry.translations))
        if done and not self.how.everything:
            return
        if "msgid_plural" not in texts:
            yield Unit((texts["msgid"].value,), lambda results: self._edits(entry, results, ["msgstr"], [0]))
        elif rule is not None:
            names = [f"msgstr[{index}]" for index in range(forms)]
            one, many = rule.index(1), rule.index(_LARGE)
            sources = (texts["msgid"].value, texts["msgid_plural"].value)
            which = [0 if index == one != many else 1 for index in range(forms)]
            yield Unit(sources, lambda results: self._edits(entry, results, names, which))

    def _edits(
        self, entry: _Entry, results: Sequence[Result], names: list[str], which: list[int]
    ) -> Iterator[Edit]:
        """New lines for the translations; which: for each name the index of its result."""
        begin = min(text.begin for text in entry.translations)
        end = max(text.end for text in entry.translations)
        newline = "\r\n" if self.lines[entry.texts["msgid"].begin].endswith("\r\n") else "\n"
        lines = [
            self._kept(entry, name) or newline.join(self._rows(name, results[index].text))
            for name, index in zip(names, which, strict=True)
        ]
        # What the rule of the header has no form for is wrong, but somebody wrote it.
        lines += [self._lines_of(text) for name, text in entry.texts.items() if _is_extra(name, text, names)]
        last = newline if self.lines[end - 1].endswith("\n") else ""
        written = newline.join(lines) + last
        if all(one.value == results[i].text for one, i in zip(entry.translations, which, strict=False)) and (
            len(entry.translations) == len(which)
        ):
            return  # as it was, however it was wrapped
        yield Edit(self.begins[begin], self.begins[end], written)
        doubtful = any(result.doubtful for result in results)
        if doubtful or self.how.fuzzy:
            yield from self._marks(entry, remark(results), newline)

    def _kept(self, entry: _Entry, name: str) -> str:
        """The lines of a plural form that is there already, unless everything is translated."""
        text = entry.texts.get(name)
        if text is None or not text.value or self.how.everything:
            return ""
        return self._lines_of(text)

    def _lines_of(self, text: _Text) -> str:
        return "".join(self.lines[text.begin : text.end]).rstrip("\r\n")

    def _marks(self, entry: _Entry, said: str, newline: str) -> Iterator[Edit]:
        """The flag `fuzzy`, as somebody should look, and why as a translator's comment."""
        keyword = self.begins[min(text.begin for text in entry.texts.values())]
        if said:
            begin = keyword if entry.marks is None else self.begins[entry.marks]
            yield Edit(begin, begin, f"# mt: {said}{newline}")
        if entry.flags is None:
            begin = keyword if entry.previous is None else self.begins[entry.previous]
            yield Edit(begin, begin, f"#, fuzzy{newline}")
        elif "fuzzy" not in self.lines[entry.flags]:
            begin = self.begins[entry.flags] + 2
            yield Edit(begin, begin, " fuzzy,")

    def _rows(self, name: str, value: str) -> list[str]:
        """`msgstr "…"`, on several lines where gettext's tools would."""
        parts = [part.translate(_ESCAPED) for part in re.findall(r"[^\n]*\n|[^\n]+", value)] or [""]
        fits = not self.wraps or columns_of(f'{name} "{parts[0]}"') <= _COLUMNS
        if len(parts) == 1 and fits:
            return [f'{name} "{parts[0]}"']
        rows = [row for part in parts for row in (_wrapped(part) if self.wraps else [part])]
        return [f'{name} ""', *(f'"{row}"' for row in rows)]


def _is_extra(name: str, text: _Text, names: Sequence[str]) -> bool:
    return name.startswith("msgstr") and bool(text.value) and name not in names


def _entries(lines: Sequence[str]) -> Iterator[_Entry]:
    """The entries of a catalogue but for the obsolete ones. Raises Broken with the line."""
    entry, last = _Entry(0), ""
    for number, line in enumerate(lines):
        text = line.strip()
        keyword = _KEYWORD.match(text)
        begins = text.startswith("#") or (keyword and keyword[1] in ("msgctxt", "msgid"))
        if begins and entry.translations:
            yield _complete(entry)
            entry, last = _Entry(number), ""
        if text.startswith("#"):
            _read_comment(entry, text, number)
        elif keyword:
            last = keyword[1] + (f"[{int(keyword[2])}]" if keyword[2] else "")
            if last in entry.texts:
                raise Broken(f"a second {last} in one entry", number + 1)
            entry.texts[last] = _Text(_value(text[keyword.end() :], number), number, number + 1)
        elif text.startswith('"') and last:
            entry.texts[last].value += _value(text, number)
            entry.texts[last].end = number + 1
        elif text:
            raise Broken(f"{text[:30]!r} is not expected in a catalogue; check it with msgfmt -c", number + 1)
    if entry.texts:
        yield _complete(entry)


def _complete(entry: _Entry) -> _Entry:
    first = min(text.begin for text in entry.texts.values()) + 1
    if "msgid" not in entry.texts or not entry.translations:
        missing = "msgstr" if "msgid" in entry.texts else "msgid"
        raise Broken(f"an entry without {missing}; check it with msgfmt -c", first)
    if ("msgid_plural" in entry.texts) == ("msgstr" in entry.texts):
        raise Broken("msgid_plural and msgstr[0], msgstr[1] … go together; check it with msgfmt -c", first)
    return entry


def _read_comment(entry: _Entry, text: str, number: int) -> None:
    if entry.texts and not text.startswith("#~"):
        raise Broken("a comment inside an entry; check it with msgfmt -c", number + 1)
    if text.startswith("#,"):
        entry.flags = number
    if text.startswith("#|") and entry.previous is None:
        entry.previous = number
    if text[:2] in ("#.", "#:", "#,", "#|", "#=") and entry.marks is None:
        entry.marks = number


def _value(literal: str, number: int) -> str:
    """The text of a string, or of several behind each other."""
    if _STRING.sub("", literal).strip():
        raise Broken("a string without its closing quote; check it with msgfmt -c", number + 1)
    return "".join(_ESCAPE.sub(_unescaped, part) for part in _STRING.findall(literal))


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8)) if code[0] in "01234567" else _PLAIN.get(code, code)


def _wrapped(text: str) -> Iterator[str]:
    """Rows of an escaped text, broken behind spaces and between Han characters where it is too wide."""
    row = ""
    for word in _WORD.findall(text):
        if row and columns_of(row + word) + 2 > _COLUMNS:
            yield row
            row = ""
        row += word
    yield row

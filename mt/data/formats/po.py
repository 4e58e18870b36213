"""Pairs from gettext catalogues: one .po file, or a folder of them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib

from mt.data.formats.lines import read_lines, uncompressed
from mt.data.formats.pairs import BadLine, Pair, Record, Remark, Skipped, code_matches, find_name
from mt.data.formats.plurals import parse_plural_forms
from mt.errors import CorpusError

_FAULT = re.compile(r"\(line (\d+)\)(?:: (.*))?$")
_STRING = re.compile(r'(msg(id|id_plural|ctxt|str(\[\d+\])?)\s*)?"')
_SUFFIX = re.compile(r"\.po(\.\w+)?$", re.IGNORECASE)
_CODE_AT_END = re.compile(r"(?:^|[-_.])([a-z]{2,3}(?:[-_][A-Z][A-Za-z]+)?)$")
_CHARSET = re.compile(rb"charset=([^\s\";\\]+)")
_SYNTAX = 'msgid "+-" #,0'  # what a charset must leave as it is in ASCII
_LARGE = (
    500  # a number that takes the form of many; multiples of 1,000 have forms of their own here and there
)
_FUZZY, _OBSOLETE, _UNTRANSLATED = Skipped("fuzzy"), Skipped("obsolete"), Skipped("untranslated")
_NO_RULE = Skipped("plural without a rule")


def read_po_folder(folder: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of every .po file below `folder`, in the order of their paths."""
    paths = sorted(path for path in folder.rglob("*.po") if path.is_file())
    if not paths:
        raise CorpusError(
            f"{folder}: a folder without .po files; name a file in it, or hub:{folder} for a data set of the "
            "Hugging Face hub: a folder with train.csv, data/train.parquet or the like"
        )
    return (record for path in paths for record in read_po(path, src, tgt))


def read_po(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield msgid → msgstr of the entries that are translated; the others are Skipped with a reason.

    Of a plural entry the singular goes with the form for n = 1 and the plural with the form of a large n, as
    the header's Plural-Forms gives them; where both are one form only the plural is taken.
    The sides are exchanged if the catalogue's language is `src`: msgid is usually English.
    Raises CorpusError, naming the line, for a file that is not PO.
    """
    catalogue = _parse(path)
    language = catalogue.metadata.get("Language") or _language_of_name(path, src, tgt)
    if not language and src is not None and tgt is not None:
        yield Remark(
            str(path), f"its header names no Language: msgid is taken for {src}, msgstr for {tgt}; see --swap"
        )
    swap = _is_swapped(path, language, src, tgt)
    for record in _records(path, catalogue):
        yield Pair(record.tgt, record.src) if swap and isinstance(record, Pair) else record


def _records(path: Path, catalogue: polib.POFile) -> Iterator[Record]:
    forms: _Forms | None = None
    fault: BadLine | None = None
    try:
        forms = _read_forms(catalogue.metadata.get("Plural-Forms", ""))
    except ValueError as error:
        fault = BadLine(_where(path, b"Plural-Forms:"), f"the rule of Plural-Forms is broken: {error}")
        if any(entry.msgid_plural and not entry.obsolete for entry in catalogue):
            yield fault
    for entry in catalogue:
        if entry.obsolete:
            yield _OBSOLETE
        elif entry.fuzzy:
            yield _FUZZY
        elif not entry.msgid_plural:
            yield Pair(entry.msgid, entry.msgstr) if entry.msgstr else _UNTRANSLATED
        elif fault is not None:
            yield _NO_RULE
        else:
            yield from _plural_records(f"{path}, line {entry.linenum}", entry, forms)


class _Forms(NamedTuple):
    """The indices of the forms that go with the singular and with the plural."""

    one: int
    many: int


def _read_forms(rule: str) -> _Forms | None:
    """The forms by the header's rule; None if it has none. Raises ValueError for a broken one."""
    if not rule.strip() or "EXPRESSION" in rule:  # xgettext leaves the latter to be filled in
        return None
    parsed = parse_plural_forms(rule)
    return _Forms(parsed.index(1), parsed.index(_LARGE))


def _plural_records(where: str, entry: polib.POEntry, forms: _Forms | None) -> Iterator[Record]:
    texts = entry.msgstr_plural
    if forms is None and len(texts) <= 2:
        forms = _Forms(0, len(texts) - 1)  # one form for all, or gettext's own default
    if forms is None:
        yield _NO_RULE
        return
    sides = {forms.one: entry.msgid, forms.many: entry.msgid_plural}  # of one form for both the plural stays
    for index, msgid in sides.items():
        if index not in texts:
            yield BadLine(where, f"has no msgstr[{index}], which Plural-Forms asks for")
        else:
            yield Pair(msgid, texts[index]) if texts[index] else _UNTRANSLATED


def _where(path: Path, field: bytes) -> str:
    """The file and the first line that holds a field of the header."""
    numbers = (number for number, line in enumerate(read_lines(path), start=1) if field in line)
    return f"{path}, line {next(numbers, 1)}"


def _language_of_name(path: Path, src: str | None, tgt: str | None) -> str:
    """The one of two languages that a path names, as de/LC_MESSAGES/app.po or app-de.po; empty if none."""
    folders = [folder.name for folder in path.parents if folder.name != "LC_MESSAGES"][:1]
    found = _CODE_AT_END.search(_SUFFIX.sub("", path.name))
    names = [*folders, *([found[1]] if found else [])]
    named = [code for code in (src, tgt) if code is not None and find_name(code, names)]
    return named[0] if len(named) == 1 else ""


def _is_swapped(path: Path, language: str, src: str | None, tgt: str | None) -> bool:
    """Whether msgstr, in `language`, is the source side."""
    if not language or (tgt is not None and code_matches(tgt, language)):
        return False
    if src is not None and code_matches(src, language):
        return True
    if src is not None and tgt is not None:
        raise CorpusError(
            f"{path}: translates into {language}, neither {src} nor {tgt}; check --src and --tgt"
        )
    return tgt is not None  # msgstr is not the target side


def _parse(path: Path) -> polib.POFile:
    encoding = _encoding(path)
    _check_strings(path, encoding)
    try:
        with uncompressed(path) as plain:  # polib opens files itself
            return polib.pofile(str(plain), encoding="utf-8-sig" if encoding == "utf-8" else encoding)
    except OSError as error:
        fault = _FAULT.search(str(error))
        if fault is None:
            raise CorpusError(f"{path}: cannot be read as PO ({error}); check it with msgfmt -c") from error
        line, cause = fault.groups()
        raise CorpusError(
            f"{path}, line {line}: broken PO ({cause or 'not expected here'}); check it with msgfmt -c"
        ) from error


def _encoding(path: Path) -> str:
    """The charset that the header names, UTF-8 if it names none.

    Raises CorpusError for one that is not known, or in which PO cannot be written.
    """
    entries = 0
    for number, line in enumerate(read_lines(path), start=1):
        entries += line.lstrip().startswith(b"msgid ")
        if entries > 1:  # the header is over
            break
        found = None if line.startswith(b"#") else _CHARSET.search(line)
        if found:
            return _codec(found[1].decode(errors="replace"), f"{path}, line {number}")
    return "utf-8"


def _codec(charset: str, where: str) -> str:
    """Python's name of a charset."""
    try:
        if _SYNTAX.encode().decode(charset) == _SYNTAX:
            return codecs.lookup(charset).name
    except (LookupError, ValueError):
        pass
    raise CorpusError(
        f"{where}: {charset} is not a known charset; save the file as UTF-8 and write charset=UTF-8 there"
    )


def _check_strings(path: Path, encoding: str) -> None:
    """Find what polib does not report: bytes that are not in the charset, and the line of a string left open.

    polib cuts the last character off a string that lacks its closing quote.
    """
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        try:
            text = line.decode(encoding).strip()
        except UnicodeDecodeError as error:
            raise CorpusError(f"{where}: not {error.encoding}; save the file as UTF-8") from error
        opened = _STRING.match(text)
        if opened and (not text.endswith('"') or opened.end() == len(text)):
            raise CorpusError(
                f"{where}: broken PO (a string without its closing quote); check it with msgfmt -c"
            )

"""Pairs from gettext catalogues: one .po file, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polib

from mt.data.formats.lines import read_lines, uncompressed
from mt.data.formats.pairs import Pair, Record, Skipped, code_matches
from mt.errors import CorpusError

_FAULT = re.compile(r"\(line (\d+)\)(?:: (.*))?$")
_STRING = re.compile(r'(msg(id|id_plural|ctxt|str(\[\d+\])?)\s*)?"')
_FUZZY, _OBSOLETE, _UNTRANSLATED = Skipped("fuzzy"), Skipped("obsolete"), Skipped("untranslated")


def read_po_folder(folder: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield the pairs of every .po file below `folder`, in the order of their paths."""
    paths = sorted(path for path in folder.rglob("*.po") if path.is_file())
    if not paths:
        raise CorpusError(
            f"{folder}: a folder without .po files; name a file, or hub:{folder} if it has the hub's layout"
        )
    return (record for path in paths for record in read_po(path, src, tgt))


def read_po(path: Path, src: str | None, tgt: str | None) -> Iterator[Record]:
    """Yield msgid → msgstr of the entries that are translated; the others are Skipped with a reason.

    The sides are exchanged if the file's Language is `src`: a catalogue's msgid is usually English. Of a
    plural entry the singular is taken, or the plural where the language has one form for both.
    Raises CorpusError, naming the line, for a file that is not PO.
    """
    catalogue = _parse(path)
    swap = _is_swapped(path, catalogue.metadata.get("Language", ""), src, tgt)
    for entry in catalogue:
        if entry.obsolete:
            yield _OBSOLETE
        elif entry.fuzzy:
            yield _FUZZY
        else:
            msgid, msgstr = _sides(entry)
            if not msgstr:
                yield _UNTRANSLATED
            else:
                yield Pair(msgstr, msgid) if swap else Pair(msgid, msgstr)


def _sides(entry: polib.POEntry) -> tuple[str, str]:
    if not entry.msgid_plural:
        return entry.msgid, entry.msgstr
    forms = entry.msgstr_plural
    return (entry.msgid_plural if len(forms) == 1 else entry.msgid), forms.get(0, "")


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
    try:
        with uncompressed(path) as plain:  # polib opens files itself
            _check_strings(path, polib.detect_encoding(str(plain)))
            return polib.pofile(str(plain))
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: not {error.encoding}, though its header says so; mend the header"
        ) from error
    except OSError as error:
        fault = _FAULT.search(str(error))
        if fault is None:
            raise CorpusError(f"{path}: cannot be read as PO ({error}); check it with msgfmt -c") from error
        line, cause = fault.groups()
        raise CorpusError(
            f"{path}, line {line}: broken PO ({cause or 'not expected here'}); check it with msgfmt -c"
        ) from error


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

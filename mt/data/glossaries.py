"""Reading glossaries: TSV, CSV or TBX -> entries.

A table has a term and its translation in each row, then a comment, which is not read. A header may name
columns: the two languages, or source and target; `match` says how terms are found (see `mt.text.glossary`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args

from mt.data.formats.csv_rows import read_csv_rows
from mt.data.formats.lines import read_lines, uncompressed_suffix
from mt.data.formats.pairs import Row, code_matches, find_columns, find_name, normal_code
from mt.data.formats.xml_elements import LANG, read_elements
from mt.errors import CorpusError
from mt.text.characters import readable
from mt.text.glossary import Entry, Glossary, Match
from mt.text.languages import base_language
from mt.text.scripts import is_language

_NOT_USED = ("deprecatedTerm", "supersededTerm")
_SUFFIXES = ".tsv, .csv or .tbx"


def read_glossary(paths: Iterable[Path], src: str | None, tgt: str | None) -> Glossary:
    """The entries of all files, for translating from `src` into `tgt`.

    Raises CorpusError that names file and line for what cannot be read.
    """
    return Glossary(entry for path in paths for entry in _read(path, src, tgt))


def _read(path: Path, src: str | None, tgt: str | None) -> list[Entry]:
    suffix = uncompressed_suffix(path)
    if suffix == ".tbx":
        entries = list(_tbx(path, src, tgt))
    elif suffix in (".tsv", ".txt"):
        entries = list(_table(path, _tsv_rows(path), src, tgt))
    elif suffix == ".csv":
        entries = list(_table(path, read_csv_rows(path, src, tgt), src, tgt))
    else:
        raise CorpusError(f"{path}: unknown glossary format: name it {_SUFFIXES}")
    if not entries:
        raise CorpusError(f"{path}: holds no terms; a row is a term, a TAB and its translation")
    return entries


def _tsv_rows(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path), start=1):
        try:
            yield number, line.decode().split("\t")
        except UnicodeDecodeError:
            yield number, "not UTF-8"


def _table(path: Path, rows: Iterable[Row], src: str | None, tgt: str | None) -> Iterator[Entry]:
    of_src, of_tgt, of_match = 0, 1, None
    for index, (number, cells) in enumerate(rows):
        where = f"{path}, line {number}"
        if isinstance(cells, str):
            raise CorpusError(f"{where}: {cells}; mend the line")
        names = [cell.strip().lower() for cell in cells]
        if index == 0 and (header := find_columns(cells, src, tgt)):
            of_src, of_tgt = map(cells.index, header)
            of_match = names.index("match") if "match" in names else None
        elif index == 0 and src and tgt and _names_languages(names):
            raise CorpusError(
                f"{where}: {names[0]} and {names[1]} are languages, not {src} and {tgt}; name these"
            )
        elif any(names) and not names[0].startswith("#"):
            if len(cells) <= max(of_src, of_tgt):
                raise CorpusError(
                    f"{where}: has one column; a row is a term, a TAB (in CSV a comma) and its translation"
                )
            match = cells[of_match].strip().lower() if of_match is not None and of_match < len(cells) else ""
            yield _entry(where, cells[of_src], cells[of_tgt], match or "any-case")


def _names_languages(cells: list[str]) -> bool:
    """Whether the first two cells of a table are codes of languages."""
    return len(set(cells[:2])) == 2 and all(
        is_language(cell) and len(base_language(cell)) < 4 for cell in cells[:2]
    )


def _entry(where: str, source: str, target: str, match: Any) -> Entry:
    source, target = readable(source).strip(), readable(target).strip()
    if not source or not target:
        raise CorpusError(f"{where}: a side is empty; to keep a term as it is, write it on both sides")
    if match not in get_args(Match):
        raise CorpusError(f"{where}: match is {match!r}; it is one of {', '.join(get_args(Match))}")
    return Entry(source, (target,), match)


def _tbx(path: Path, src: str | None, tgt: str | None) -> Iterator[Entry]:
    """ISO 30042, as TBX-Basic of 2008 (termEntry, langSet) or of 2019 (conceptEntry, langSec) writes it.

    A deprecated or superseded term is found in a source, but no translation.
    """
    codes: set[str] = set()
    for concept in read_elements(path, ("{*}termEntry", "{*}conceptEntry")):
        where = f"{path}, line {concept.sourceline}"
        terms: dict[str, list[tuple[str, bool]]] = {}
        for language in concept.iterfind("{*}*"):
            if (code := language.get(LANG)) is not None:
                terms.setdefault(normal_code(code), []).extend(_tbx_terms(language))
        codes.update(terms)
        sources = [term for code in terms if code_matches(src or "", code) for term, _ in terms[code]]
        targets = [term for term, good in terms.get(find_name(tgt or "", terms) or "", ()) if good]
        for source, target in product(sources, targets):
            yield _entry(where, source, target, "any-case")
    if not (find_name(src or "", codes) and find_name(tgt or "", codes)):
        raise CorpusError(f"{path}: has {', '.join(sorted(codes)) or 'no language'}, not {src} with {tgt}")


def _tbx_terms(language: Any) -> Iterator[tuple[str, bool]]:
    """The terms of a language's section, and whether each may be used."""
    for group in language:
        good = not any(text.strip().startswith(_NOT_USED) for text in group.itertext())
        yield from (("".join(term.itertext()), good) for term in group.iter("{*}term"))

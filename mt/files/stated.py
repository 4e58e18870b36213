"""The languages that a document says it is in, beside those that a model translates between.

Only what a format has a field for counts; nothing is guessed from the text. The fields of word processors are
not read: they name the language of the spelling checker.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from mt.files.document import Reading
from mt.text.languages import base_language, is_code

_HEAD = 65536  # bytes in which the fields are looked for
_CODE = rb"[\"'\s]*([A-Za-z]{2,3}(?:[-_@][A-Za-z0-9-]+)*)\s*(?=[\"'\\<>])"
_SOURCE = {
    "po": rb'^"X-Source-Language:' + _CODE,
    "xliff": rb"<(?:\w+:)?(?:file|xliff)\b[^>]*?\s(?:source-language|srcLang)\s*=" + _CODE,
    "tmx": rb"<(?:\w+:)?header\b[^>]*?\ssrclang\s*=" + _CODE,
    "xcstrings": rb'"sourceLanguage"\s*:' + _CODE,
    "arb": rb'"@@locale"\s*:' + _CODE,
    "html": rb"<html\b[^>]*?\s(?:xml:)?lang\s*=" + _CODE,
    "epub": rb"<(?:\w+:)?language\b[^>]*>" + _CODE,
    "android": rb"<resources\b[^>]*?\s(?:\w+:locale|xml:lang)\s*=" + _CODE,
}
_TARGET = {
    "po": rb'^"Language:' + _CODE,
    "xliff": rb"<(?:\w+:)?(?:file|xliff)\b[^>]*?\s(?:target-language|trgLang)\s*=" + _CODE,
}
"""By format, what holds the code of the text's language, and of its translations'."""


def contradictions(file: Reading, sources: Sequence[str]) -> list[str]:
    """Why the document does not suit a model from one of `sources` into `file.tgt`, a clause each."""
    said = []
    own = _stated(file, _SOURCE)
    if own and sources and not any(_same(own, source) for source in sources):
        said.append(f"its text is in {own}, as it says, and the model translates from {' or '.join(sources)}")
    into = _stated(file, _TARGET)
    if into and file.tgt and not _same(into, file.tgt):
        said.append(
            f"its translations are to be in {into}, as it says, and the model translates into {file.tgt}"
        )
    return said


def _stated(file: Reading, fields: dict[str, bytes]) -> str:
    """The first code in the field of the format; "" if there is none."""
    pattern = fields.get(file.format)
    if pattern is None:
        return ""
    found = re.search(pattern, _head(file), re.MULTILINE | re.IGNORECASE)
    return found[1].decode("ascii") if found else ""


def _head(file: Reading) -> bytes:
    """The bytes that hold the fields: of an EPUB its package document."""
    if file.format != "epub":
        return file.data[:_HEAD].replace(b"\0", b"")  # of UTF-16 the ASCII
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        package = next((name for name in archive.namelist() if name.endswith(".opf")), None)
        return archive.read(package)[:_HEAD] if package else b""


def _same(code: str, other: str) -> bool:
    """Whether both may mean one language. A code of three letters may be another name of any of two."""
    first, second = base_language(code), base_language(other)
    return first == second or len(first) != len(second) or not (is_code(first) and is_code(second))

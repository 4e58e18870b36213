"""Which formats there are, and which one a file is, by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath

from mt.errors import DocumentError
from mt.files.decoding import Broken
from mt.files.document import Document, Reading
from mt.text.languages import base_language, is_code
from mt.text.names import name_of


@dataclass(frozen=True)
class Format:
    """A kind of document.

    module: of `mt.files`, imported when it is used; has `read(file)`.
    bilingual: sources stay in it beside their translations, so that it may be its own output.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    bilingual: bool = False


LINES = "lines"
"""Text in lines: a line in, a line out."""
FORMATS = (
    Format(LINES, (), "plain"),
    Format("text", (), "plain"),
    Format("po", (".po", ".pot"), "catalogue", bilingual=True),
    Format("xliff", (".xlf", ".xliff"), "xliff", bilingual=True),
    Format("tmx", (".tmx",), "tmx_document", bilingual=True),
    Format("android", (), "android"),
    Format("srt", (".srt",), "subtitles"),
    Format("vtt", (".vtt",), "subtitles"),
    Format("properties", (".properties",), "properties"),
    Format("strings", (".strings",), "apple"),
    Format("xcstrings", (".xcstrings",), "xcstrings", bilingual=True),
    Format("json", (".json",), "json_strings"),
    Format("jsonl", (".jsonl", ".ndjson"), "json_rows"),
    Format("arb", (".arb",), "json_strings"),
    Format("markdown", (".md", ".markdown"), "markdown"),
    Format("rst", (".rst", ".rest"), "rest"),
    Format("html", (".html", ".htm", ".xhtml"), "web"),
    Format("docx", (".docx",), "archive"),
    Format("pptx", (".pptx",), "archive"),
    Format("odt", (".odt",), "archive"),
    Format("epub", (".epub",), "archive"),
    Format("csv", (".csv",), "columns"),
    Format("tsv", (".tsv", ".tab"), "columns"),
)
_BY_SUFFIX = {suffix: one.name for one in FORMATS for suffix in one.suffixes}
BY_NAME = {one.name: one for one in FORMATS}
_OF_LINES = frozenset(["", ".txt", ".src", ".tgt", ".ref", ".in", ".out", ".raw", ".tok"])
_OF_XML = ((re.compile(rb"<xliff[\s>]"), "xliff"), (re.compile(rb"<resources[\s>/]"), "android"))
_COMPRESSED = "decompress it; text in lines may stay so with --shard 1/1 and then --join"
_OTHERWISE = {
    **dict.fromkeys([".gz", ".xz", ".zst"], _COMPRESSED),
    **dict.fromkeys([".sdlxliff", ".mqxliff", ".mxliff", ".txlf"], "--format xliff reads it as XLIFF"),
    **dict.fromkeys([".doc", ".rtf", ".pages", ".odg"], "save it as .docx or .odt"),
    **dict.fromkeys([".ppt", ".odp", ".key"], "save it as .pptx"),
    **dict.fromkeys([".xls", ".xlsx", ".ods"], "save its sheet as .csv"),
    **dict.fromkeys([".ass", ".ssa", ".sbv", ".sub", ".ttml"], "convert it to .srt or .vtt"),
    ".mdx": "--format markdown reads it as Markdown",
    ".mo": "translate the .po that it was made from",
    ".parquet": "--ray local translates it",
    ".pdf": "translate the document that it was made from",
    ".stringsdict": "convert it to .xcstrings with Xcode",
}
"""What to do with files that are no documents here."""
_HEAD = 4096  # bytes of an XML file in which its root is looked for


def format_of(path: PurePath, head: bytes = b"") -> str:
    """The name of the format of a file, `lines` for text; head: its first bytes, for what .xml may be.

    Raises DocumentError for what is not known: it is never read as prose.
    """
    suffix = path.suffix.lower()
    if suffix == ".xml":
        found = next((name for root, name in _OF_XML if name in BY_NAME and root.search(head[:_HEAD])), None)
        if found is None:
            raise DocumentError(f"{path}: unknown kind of XML; name it by --format")
        return found
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in _OTHERWISE:
        raise DocumentError(f"{path}: unknown document format ({suffix}); {_OTHERWISE[suffix]}")
    if suffix in _OF_LINES or suffix[1:].isdecimal() or _is_language(suffix[1:]):
        return LINES
    raise DocumentError(
        f"{path}: unknown document format ({suffix}); --format lines reads it as lines of text, "
        f"--format text as paragraphs"
    )


def _is_language(suffix: str) -> bool:
    """As of article.zh and article.pt-BR."""
    return is_code(suffix) and name_of(base_language(suffix)) != base_language(suffix)


def read_document(file: Reading) -> Document:
    """The document in a file, by its format. Raises DocumentError that names file and line."""
    read: Callable[[Reading], Document] = import_module(f"mt.files.{BY_NAME[file.format].module}").read
    try:
        return read(file)
    except RecursionError:
        raise DocumentError(f"{file.name}: is nested too deeply to be read") from None
    except Broken as problem:
        where = "" if problem.line is None else f", line {problem.line}"
        raise DocumentError(f"{file.name}{where}: {problem.cause}") from None

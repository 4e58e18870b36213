"""Documents that are archives of XML (DOCX, PPTX, ODT, EPUB): some members are translated, all others stay.

python-docx, python-pptx and odfpy read into objects and write all of it anew; EbookLib is AGPL. Here members
that hold text are edited where they stand, so what none of these knows is kept too.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mt.files import office, open_document, web
from mt.files.decoding import Broken
from mt.files.document import Document, Reading, Result, Source
from mt.text.counted import counted

_LARGEST = 1 << 28  # bytes of all members; more is taken for a bomb
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)

_DOCX = r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"
_PPTX = r"ppt/(?:slides|notesSlides)/\w+\.xml|ppt/(?:charts|diagrams)/\w+\.xml"


@dataclass(frozen=True)
class _Kind:
    """members: the names of those with text; must: one that there always is."""

    members: str
    must: str
    read: Callable[[Reading], Document]


_KINDS = {
    "docx": _Kind(_DOCX, "word/document.xml", office.read),
    "pptx": _Kind(_PPTX, "ppt/presentation.xml", office.read),
    "odt": _Kind(r"content\.xml|styles\.xml", "content.xml", open_document.read),
    "epub": _Kind(r".*\.(?:xhtml|html|htm|ncx)", "META-INF/container.xml", web.read),
}


ARCHIVES = frozenset(_KINDS)
"""The names of these formats."""


def read(file: Reading) -> Archive:
    """An archive, its members in their order. Raises Broken, naming the member at fault."""
    kind = _KINDS[file.format]
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > _LARGEST:
                raise Broken("holds more than 256 MB: it is not read")
            members = [(info, archive.read(info)) for info in infos]
    except _DAMAGED as error:
        raise Broken(f"is no .{file.format} file, or a damaged one ({error}); save it again") from None
    names = {info.filename for info, _ in members}
    if kind.must not in names:
        raise Broken(f"is no .{file.format} file: it lacks {kind.must}")
    documents = {}
    for info, content in members:
        if re.fullmatch(kind.members, info.filename):
            documents[info.filename] = _read_member(kind, replace(file, name=info.filename, data=content))
    return Archive(file.data, members, documents)


def _read_member(kind: _Kind, member: Reading) -> Document:
    try:
        return (office.read_ncx if member.name.endswith(".ncx") else kind.read)(member)
    except Broken as problem:
        where = "" if problem.line is None else f", line {problem.line}"
        raise Broken(f"its {member.name}{where}: {problem.cause}") from None


class Archive:
    """An archive as a document."""

    def __init__(
        self,
        data: bytes,
        members: Sequence[tuple[zipfile.ZipInfo, bytes]],
        documents: dict[str, Document],
    ) -> None:
        self._data, self._members, self._documents = data, members, documents

    @property
    def segments(self) -> list[Source]:
        """Those of all members, in their order in the archive."""
        return [segment for document in self._documents.values() for segment in document.segments]

    def write(self, results: Sequence[Result | None]) -> bytes:
        """The archive; members without changes keep their bytes, all their order, time and compression."""
        contents = dict(self._contents(results))
        if all(contents.get(info.filename, content) == content for info, content in self._members):
            return self._data
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for info, content in self._members:
                archive.writestr(info, contents.get(info.filename, content), info.compress_type)
        return out.getvalue()

    def _contents(self, results: Sequence[Result | None]) -> Iterator[tuple[str, bytes]]:
        begin = 0
        for name, document in self._documents.items():
            end = begin + len(document.segments)
            yield name, document.write(results[begin:end])
            begin = end
        if begin != len(results):
            raise ValueError(f"{counted(len(results), 'result')} for {counted(begin, 'segment')}")

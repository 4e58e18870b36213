"""Documents that clients send: read and written in threads, their sentences in the queue of the model."""

from __future__ import annotations

import asyncio
import io
import secrets
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from threading import Event
from typing import Any, TypeVar, cast

from mt.decoding.translation import Candidate, Translation, joined
from mt.errors import MTError
from mt.files.archive import ARCHIVES
from mt.files.document import Document, Reading, plain
from mt.files.engine import model_engine
from mt.files.journal import Journal
from mt.files.memory import Memory
from mt.files.registry import FORMATS, format_of, read_document
from mt.files.work import Work
from mt.serve.batcher import Batcher
from mt.serve.client_turns import ClientTurns
from mt.serve.models import Served
from mt.serve.refusal import Gone, Refusal
from mt.serve.service import Service
from mt.text.passthrough import nothing_to_translate
from mt.translator import Translator

T = TypeVar("T")

AT_ONCE = 2  # documents that are worked on, of two clients
AT_A_TIME = 32  # sentences of a document in the queue
KEPT_SECONDS, KEPT_BYTES = 1800.0, 2**27  # for their clients to fetch
CHARACTERS = 100  # as many times as those of a text
BYTES, BYTES_UNPACKED = 8, 20  # for a character of a document: in a file, in the members of an archive
_MARKUP = (".xml", ".xhtml", ".html", ".htm", ".ncx", ".rels")
_NOT_ALONE = ("csv", "tsv", "xcstrings")  # --column says what is translated; both languages are one file


@dataclass(frozen=True)
class Upload:
    """A file, and what is to be done with it."""

    name: str
    data: bytes
    source: str
    target: str


@dataclass(frozen=True)
class Finished:
    """A translated file, and when it was."""

    name: str
    data: bytes
    at: float


def suffixes() -> list[str]:
    """The names of documents that are translated here."""
    known = [suffix for one in FORMATS if one.name not in _NOT_ALONE for suffix in one.suffixes]
    return sorted([".txt", *known])


class Documents:
    """Translates documents, a few at a time, and keeps each for half an hour."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turns = ClientTurns(AT_ONCE, "files are under way", retry_after=5)
        self._threads = ThreadPoolExecutor(AT_ONCE, "documents")
        self._finished: OrderedDict[str, Finished] = OrderedDict()

    async def translate(self, upload: Upload, client: str) -> str:
        """Where the translated file is found: `ID/NAME`. Raises Refusal."""
        self._turns.check(client)
        async with self._turns.turn(client):
            data = await self._translated(upload, client)
        key = secrets.token_urlsafe(16)
        self._finished[key] = Finished(upload.name, data, time.monotonic())
        self._forget()
        return f"{key}/{upload.name}"

    def find(self, key: str) -> Finished | None:
        """A translated file, if it is still here."""
        self._forget()
        return self._finished.get(key)

    def _forget(self) -> None:
        oldest = time.monotonic() - KEPT_SECONDS
        while self._finished and (
            next(iter(self._finished.values())).at < oldest
            or sum(len(one.data) for one in self._finished.values()) > KEPT_BYTES
        ):
            self._finished.popitem(last=False)

    async def _translated(self, upload: Upload, client: str) -> bytes:
        models = self._service.models
        target = models.known(upload.target)
        limit = self._service.options.char_limit * CHARACTERS
        document = await self._in_thread(partial(_read, upload, target, limit), Event())
        text = "\n".join(map(plain, document.segments))
        if limit and len(text) > limit:
            raise Refusal(f"Invalid request: request ({len(text)}) exceeds text limit ({limit})")
        (source,) = self._service.planner.sources(upload.source, target, [text[:10_000]])
        if source.language == target:
            return upload.data
        served = models.choose(source.language, target)
        gone = Event()
        queue = _Queue(
            served, self._service.batchers[id(served.translator)], client, asyncio.get_running_loop(), gone
        )
        engine = model_engine(cast(Translator, queue), served.tgt)
        work = Work(engine, Journal(None, None), Memory([]), target)

        def translate() -> bytes:
            try:
                return document.write(work.translate(document.segments))
            except ValueError as problem:
                raise Refusal(f"{upload.name}: {problem}") from None

        return await self._in_thread(translate, gone)

    async def _in_thread(self, call: Callable[[], T], gone: Event) -> T:
        """The result of a call in a thread. If this is cancelled, `gone` tells the call, which ends first."""
        working = asyncio.get_running_loop().run_in_executor(self._threads, call)
        working.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            gone.set()
            await asyncio.wait({working})
            raise


def _read(upload: Upload, target: str, limit: int) -> Document:
    """The document of an upload. Raises Refusal. limit: characters, 0 is none."""
    try:
        name = format_of(PurePath(upload.name), upload.data[:4096])
    except MTError:  # it tells of options of the command line
        told = "unknown document format; /frontend/settings names the known ones"
        raise Refusal(f"{upload.name}: {told}") from None
    if name in _NOT_ALONE:
        raise Refusal(f"{upload.name}: files of this kind are not translated here")
    size, most = _size(upload, name)
    if limit and size > most * limit:  # before it is read: that takes seconds for each megabyte
        told = f"{size} bytes, and {most * limit} are allowed"
        raise Refusal(f"{upload.name}: the document is too long: {told}", status=413)
    try:
        return read_document(Reading(upload.name, upload.data, name, tgt=target))
    except MTError as problem:
        raise Refusal(str(problem)) from None


def _size(upload: Upload, format_name: str) -> tuple[int, int]:
    """Bytes of a document, and how many a character may have; of an archive those of its unpacked text."""
    if format_name not in ARCHIVES:
        return len(upload.data), BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(upload.data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):  # which reading it tells better
        return 0, BYTES_UNPACKED
    large = (one for one in members if one.file_size > 2 * one.compress_size)  # pictures do not grow
    texts = (one for one in members if one.filename.endswith(_MARKUP))
    return sum(one.file_size for one in {*large, *texts}), BYTES_UNPACKED


class _Queue:
    """What `model_engine` asks of a translator; its searches wait in the queue, a few sentences at a time."""

    def __init__(
        self,
        served: Served,
        batcher: Batcher,
        client: str,
        loop: asyncio.AbstractEventLoop,
        gone: Event,
    ) -> None:
        """gone: set where the client has left: then `search` raises Gone."""
        self.run, self.model = served.translator.run, served.translator.model
        self._served, self._batcher, self._client, self._loop = served, batcher, client, loop
        self._gone = gone

    def search(
        self, texts: Sequence[str], *, nbest: int, aligned: bool = False, tgt: str | None = None
    ) -> list[Translation]:
        """The best translation of each text. To be called in a thread."""
        splits = [self._served.translator.split(text) for text in texts]
        parts = dict.fromkeys(
            part for split in splits for part in split.texts if not nothing_to_translate(part)
        )
        found: dict[str, list[Candidate]] = {}
        wanted = list(parts)
        for begin in range(0, len(wanted), AT_A_TIME):
            if self._gone.is_set():
                raise Gone
            chunk = wanted[begin : begin + AT_A_TIME]
            waiting: Any = self._batcher.translate(
                chunk, client=self._client, tgt=tgt, nbest=nbest, aligned=aligned
            )
            rows = asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
            found |= zip(chunk, rows, strict=True)
        into = tgt or self.run.languages.target
        return [
            joined(
                text,
                split,
                [found.get(part, [Candidate(part)]) for part in split.texts],
                sum(part in found for part in split.texts),
                into,
            )
            for text, split in zip(texts, splits, strict=True)
        ]

"""Translate documents: a file, a folder or a pattern of names; what is no text stays as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from mt.checkpoint import MODEL
from mt.config import DatastoreConfig, SearchConfig
from mt.console import Console, Pace
from mt.decoding.judging import Judge, read_calibration
from mt.errors import ConfigError, DocumentError, MTError, reason
from mt.files.batch import Job, format_at, is_batch, jobs_of
from mt.files.counts import Counts
from mt.files.document import Document, Reading
from mt.files.engine import model_engine
from mt.files.journal import Journal
from mt.files.memory import read_memory
from mt.files.registry import BY_NAME, LINES, read_document
from mt.files.stated import contradictions
from mt.files.work import Work
from mt.options import TranslateOptions
from mt.release import __version__
from mt.storage.output import check_apart, check_output, open_output, stdout
from mt.text.counted import counted
from mt.translator import Translator
from mt.translator.opening import open_text_translator

GROUP = 2000  # segments of the files that are translated together
NAMED = 20  # files whose counts are shown one by one


def translate_documents(options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    """Translate the input: a document, a folder or a pattern of names.

    A document of several that cannot be read is named and left out, and the command fails at the end.
    Raises MTError for what the user can mend.
    """
    jobs = _jobs(options)
    translator = open_text_translator("mt translate of documents", options, search, console)
    translator.use_glossary(*options.glossary)
    translator.check(tgt=options.tgt)
    work = _work(options, search, translator)
    if work.journal.resumed:
        console.note(f"going on: {counted(work.journal.resumed, 'text')} translated already")
    batch = _Batch(options, translator, work, console)
    batch.run(jobs)
    if options.as_json:
        stdout().text(batch.as_json())
    if batch.failed:
        count = f"{len(batch.failed):,} of {counted(len(jobs), 'file')}"
        raise DocumentError(f"{count} could not be translated; the lines above name them")


def _jobs(options: TranslateOptions) -> list[Job]:
    """What is to be done, once it is known that outputs can be written."""
    path, output = options.input, options.output
    if path is not None and is_batch(path):
        if output is None:
            raise ConfigError(f"{path}: name the folder for the translations by --output")
        return jobs_of(path, output, options.format)
    format_name = options.format or (LINES if path is None else format_at(path))
    if path is not None and output is not None and output.is_dir():
        output = output / path.name
    if options.as_json and output is None:
        raise ConfigError("--json writes the summary of a document to standard output: name its --output too")
    if not BY_NAME[format_name].bilingual:
        check_apart(output, path)
    check_output(output)
    return [Job(path, output, format_name)]


def _work(options: TranslateOptions, search: SearchConfig, translator: Translator) -> Work:
    own = translator.run.languages
    tgt = options.tgt or own.target
    memory = read_memory(options.memory, own.source, tgt)
    models = [path / MODEL for path in options.model or (translator.run.path,)]
    files = [(str(path.resolve()), path.stat().st_mtime_ns) for path in (*models, *options.glossary)]
    recalled = options.model_dump(include=set(DatastoreConfig.model_fields), mode="json")
    settings = [__version__, options.min_confidence, files, search.model_dump(mode="json"), recalled, tgt]
    calibration = read_calibration(translator.run.path, needed=options.min_confidence is not None)
    judge = Judge(calibration, tgt, translator.glossary, options.min_confidence)
    engine = model_engine(translator, options.tgt, judge)
    return Work(engine, Journal(_journal(options), settings), memory, tgt, options.on_doubt)


def _journal(options: TranslateOptions) -> Path | None:
    """Beside the output, if that is a folder or a regular file."""
    output = options.output
    if output is None or (output.exists() and not output.is_dir() and not output.is_file()):
        return None
    inside = output.is_dir() or (options.input is not None and is_batch(options.input))
    return output / ".mt-journal" if inside else output.with_name(f".{output.name}.mt-journal")


class _Batch:
    """Documents on their way: those that are read are translated together and written one by one."""

    def __init__(
        self, options: TranslateOptions, translator: Translator, work: Work, console: Console
    ) -> None:
        self._options, self._work, self._console = options, work, console
        self._languages = translator.run.languages.source, options.tgt or translator.run.languages.target
        self._pace = Pace(console, "text")
        self._translated = 0  # texts
        self.done, self.failed = list[tuple[Job, Counts]](), list[tuple[Job, str]]()

    def run(self, jobs: Sequence[Job]) -> None:
        """Translate all. Raises DocumentError if there is only one and it cannot be read."""
        waiting = list[tuple[Job, Document]]()
        for job in jobs:
            try:
                waiting.append((job, self._read(job)))
            except MTError as problem:
                if len(jobs) == 1:
                    raise
                self.failed.append((job, str(problem)))
                self._console.warn(str(problem))
            if sum(len(document.segments) for _, document in waiting) >= GROUP:
                self._translate(waiting)
                waiting = []
        self._translate(waiting)
        self._pace.close(self._translated)
        for job, counts in self.done if len(self.done) <= NAMED else ():
            self._console.note(f"{job.input or 'standard input'}: {counts}")
        if len(jobs) > 1:
            self._console.note(f"{counted(len(self.done), 'file')}, {self._total()}")
        self._work.journal.close()

    def _read(self, job: Job) -> Document:
        src, tgt = self._languages
        file = Reading(
            name=str(job.input or "standard input"),
            data=_bytes(job.input),
            format=job.format,
            src=src,
            tgt=tgt,
            everything=self._options.all,
            fuzzy=self._options.fuzzy,
            columns=self._options.column,
        )
        document = read_document(file)
        for said in contradictions(file, [src] if src else []):
            self._console.warn(f"{file.name}: {said}")
        return document

    def _translate(self, waiting: Sequence[tuple[Job, Document]]) -> None:
        segments = [segment for _, document in waiting for segment in document.segments]
        before = self._translated

        def progress(done: int, total: int) -> None:
            self._translated = before + done
            self._pace.show(before + done, before + total)

        rest = iter(self._work.translate(segments, progress))
        for job, document in waiting:
            results = list(islice(rest, len(document.segments)))
            try:
                data = document.write(results)
            except ValueError as problem:
                raise DocumentError(f"{job.input}: {problem}") from None
            if job.output is not None:
                job.output.parent.mkdir(parents=True, exist_ok=True)
            with open_output(job.output) as output:
                output.write(data)
                output.flush()
            self.done.append((job, Counts.of(document.segments, results)))

    def _total(self) -> Counts:
        total = Counts()
        for _, counts in self.done:
            total += counts
        return total

    def as_json(self) -> str:
        """The counts of each file and of all, and what could not be translated."""
        files = [
            {"input": str(job.input), "output": str(job.output), "format": job.format, **asdict(counts)}
            for job, counts in self.done
        ]
        failed = [{"input": str(job.input), "error": problem} for job, problem in self.failed]
        return (
            json.dumps({"files": files, "total": asdict(self._total()), "failed": failed}, ensure_ascii=False)
            + "\n"
        )


def _bytes(path: Path | None) -> bytes:
    """A file's bytes, or those of standard input. Raises ConfigError if it cannot be read."""
    try:
        if path is not None:
            return path.read_bytes()
        if sys.stdin is None:
            raise ConfigError("standard input is closed, and no file is given")
        return sys.stdin.buffer.read()
    except OSError as problem:
        raise ConfigError(f"cannot open {path or 'standard input'}: {reason(problem)}") from None

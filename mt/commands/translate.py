"""Translate: lines in, lines out, as many and in order, in flat memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from mt.commands.beginnings import Beginnings, open_beginnings
from mt.commands.text_input import Lines, open_lines
from mt.config import SearchConfig
from mt.config.fields import changed
from mt.console import Console, Pace
from mt.decoding.judging import Judge, read_calibration, withheld
from mt.decoding.translation import Translation
from mt.errors import SoundError, UsageError
from mt.files.batch import format_at, is_batch
from mt.files.registry import LINES
from mt.options import DocumentOptions, TranslateOptions
from mt.storage.output import Output, check_apart, check_output, open_output
from mt.text.counted import counted
from mt.translator import Translator
from mt.translator.opening import open_translator


def translate(options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    """Translate the texts given, or else the input, onto the output.

    Lines come out as soon as they can: from a terminal or a slow pipe one by one, from a file in chunks. A
    file that is named as output is there when all is translated.
    Raises MTError for what the user can mend: files that cannot be read or written before all else.
    """
    if _are_documents(options):
        from mt.commands.documents import translate_documents

        translate_documents(options, search, console)
        return
    check_output(options.output)
    with ExitStack() as stack:
        chunks: Iterable[list[str]] = [list(options.texts)]
        if not options.texts:
            check_apart(options.output, options.input)
            chunks = stack.enter_context(open_lines(options.input, console))
        for path in filter(None, (options.prefix, *options.glossary)):
            check_apart(options.output, path)
        prefixes = stack.enter_context(open_beginnings(options.prefix, console))
        translator = open_translator(options, search, console)
        translator.use_glossary(*options.glossary)
        judge = open_judge(translator, options)
        translator.check(nbest=options.nbest, aligned=options.alignments, tgt=options.tgt)
        if isinstance(chunks, Lines) and translator.features is None:  # recordings take long as they are
            chunks.device = translator.device
        output = stack.enter_context(open_output(options.output))
        unread, total = _translate_all(translator, chunks, prefixes, judge, output, options, console)
    if unread:
        raise SoundError(
            f"{unread:,} of {counted(total, 'recording')} could not be read; their lines are blank"
        )


def _are_documents(options: TranslateOptions) -> bool:
    """Whether the input is something else than text in lines. Lines with a memory are a document too.

    Raises MTError for a file that is no document and no text, and for options that do not go with the input.
    """
    path = options.input
    documents = bool(options.memory) or options.format not in (None, LINES)
    if not documents and options.format is None and path is not None:
        documents = is_batch(path) or format_at(path) != LINES
    of_lines = ("nbest", "scores", "alignments", "prefix")
    given = changed(options, of_lines if documents else DocumentOptions.model_fields)
    given = [one for one in given if not one.startswith(("--format", "--memory"))]
    if given:
        kind = "text in lines" if documents else "documents"
        raise UsageError(f"mt translate: {given[0]} is for {kind} only; leave it out")
    if documents and options.texts:
        flag = changed(options, ("format", "memory"))[0]
        raise UsageError(f"mt translate: {flag} is for files, not for texts; leave it out")
    return documents


def _translate_all(
    translator: Translator,
    chunks: Iterable[list[str]],
    prefixes: Beginnings,
    judge: Judge | None,
    output: Output,
    options: TranslateOptions,
    console: Console,
) -> tuple[int, int]:
    """Returns how many recordings could not be read, and how many lines there were."""
    pace, done, unread = Pace(console, "line"), 0, 0
    watched = chunks if isinstance(chunks, Lines) and not _on_screen(chunks, options) else None
    for chunk in chunks:
        found = translator.search(
            chunk,
            nbest=options.nbest,
            aligned=options.alignments,
            tgt=options.tgt,
            progress=None if watched is None else _progress(pace, watched, done, len(chunk)),
            prefixes=prefixes.take(len(chunk)),
        )
        rows = (formatted(row, number, judge, options) for number, row in enumerate(found, start=done))
        output.text("".join(rows))
        done += len(chunk)
        unread += sum(bool(row.problem) for row in found)
    prefixes.check_end(done)
    if watched is not None:
        pace.close(done)
    if judge is not None and judge.doubted:
        console.note(str(judge))
    return unread, done


def open_judge(translator: Translator, options: TranslateOptions) -> Judge | None:
    """Who judges the translations, if anybody asks for it."""
    if translator.features is not None:
        return None  # what text can be compared with is not there in sound
    if not options.as_json and options.min_confidence is None and options.on_doubt == "flag":
        return None
    calibration = read_calibration(translator.run.path, needed=options.min_confidence is not None)
    tgt = options.tgt or translator.run.languages.target
    return Judge(calibration, tgt, translator.glossary, options.min_confidence)


def _on_screen(lines: Lines, options: TranslateOptions) -> bool:
    """Whether the terminal shows what is typed, or what comes out: progress would come between."""
    return lines.prompts or (options.output is None and sys.stdout.isatty())


def _progress(pace: Pace, lines: Lines, before: int, size: int) -> Callable[[float], None]:
    """Shows how many lines are done when so much of a chunk of that size is."""

    def show(part: float) -> None:
        pace.show(before + int(part * size), part=lines.part_done(part))

    return show


def formatted(translation: Translation, number: int, judge: Judge | None, options: TranslateOptions) -> str:
    """One line, or with `nbest` one for each hypothesis in Moses' form; a JSON object if asked."""
    judgement = None
    if judge is not None:
        judgement = judge.judge(translation)
        translation = withheld(translation, judgement, options.on_doubt)
    if options.as_json:
        row = {"id": number, **translation.as_dict(), **(vars(judgement) if judgement else {})}
        return json.dumps(row, ensure_ascii=False) + "\n"
    alignments = [f" ||| {aligned}" for aligned in translation.aligned] or [""] * len(translation.hypotheses)
    if options.nbest > 1:
        rows = zip(translation.hypotheses, translation.scores, alignments, strict=True)
        return "".join(f"{number} ||| {text} ||| {score:.4f}{aligned}\n" for text, score, aligned in rows)
    scores = f"{translation.score:.4f}\t" if options.scores else ""
    return f"{scores}{translation.text}{alignments[0]}\n"

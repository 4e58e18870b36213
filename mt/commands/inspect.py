"""Inspect: a sentence seen from inside a run: for people, as numbers, as a picture; or a whole test set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.rule import Rule
from rich.text import Text

from mt.commands.screen import BLANK, drawn
from mt.commands.text_input import each_text
from mt.config import SearchConfig
from mt.config.fields import changed
from mt.console import Console
from mt.errors import UsageError
from mt.inspection import Inspection, Inspector
from mt.inspection.by_hand import work_out
from mt.inspection.npz import Archive, open_archive
from mt.inspection.source import cut_source
from mt.inspection.terminal import show, shown
from mt.options import InspectOptions
from mt.storage.output import check_apart, check_output, stdout
from mt.text.characters import is_blank
from mt.text.passthrough import nothing_to_translate
from mt.translator import Translator
from mt.translator.opening import open_translator

if TYPE_CHECKING:
    from mt.inspection.hearing import Hearing

BLANK_LISTS = (
    "pieces",
    "unknown",
    "readings",
    "vector",
    "vector_dependence",
    "steps",
    "decoder_states",
    "decoder_trajectory",
    "beam",
    "hypotheses",
)


def inspect(options: InspectOptions, search: SearchConfig, console: Console) -> None:
    """Write what the options ask for to stdout, and into the files that they name.

    Raises UsageError for flags at odds, MTError for what else the user can mend.
    """
    _check(options, search)
    translator = open_translator(options, search, console)
    translator.tag(options.tgt)  # a language that it does not know is said before anything is read
    if translator.features is not None:
        _inspect_recordings(translator, options, console)
    elif options.by_hand:
        for text in each_text(options.texts, console):
            stdout().text(f"{BLANK}\n" if is_blank(text) else _by_hand(translator, text, options.tgt))
    else:
        _inspect_texts(translator, options, console)


def _check(options: InspectOptions, search: SearchConfig) -> None:
    if len(options.model) > 1:
        raise UsageError("mt inspect works with one model: give -m once")
    if options.by_hand:
        idle = changed(options, ("as_json", "npz", "picture", "datastore"))
        idle += changed(search, SearchConfig.model_fields)
        if idle:
            raise UsageError(f"mt inspect: leave out {', '.join(idle)}: no effect with --by-hand")
    if options.picture is not None and len(options.texts) > 1:
        raise UsageError(f"mt inspect: --picture draws one text, not {len(options.texts)}")
    if options.npz and options.picture and options.npz.resolve() == options.picture.resolve():
        raise UsageError("mt inspect: --npz and --picture name one file: give each its own")
    if options.picture is not None:
        from mt.inspection.picture import check_suffix

        check_suffix(options.picture)
    check_output(None)
    for path in (options.npz, options.picture):
        if path is not None:
            if not options.texts:
                check_apart(path, None)
            check_output(path)


def _inspect_texts(translator: Translator, options: InspectOptions, console: Console) -> None:
    inspector = Inspector(translator)
    with _files(options, console) as files:
        for number, text in enumerate(each_text(options.texts, console)):
            files.check(number)
            found = None if is_blank(text) else inspector.inspect(text, options.tgt)
            stdout().text(_as_json(text, found) if options.as_json else _as_text(found, number))
            if found is None:
                continue
            if nothing_to_translate(text):
                console.warn("mt translate leaves this text as it is: there is nothing to translate in it")
            if found.parts > 1:
                console.warn(f"mt translate reads this text in {found.parts} parts; here it is read whole")
            files.add(number, found)


@dataclass(frozen=True)
class _Files:
    """The files that the options name."""

    options: InspectOptions
    console: Console
    archive: Archive | None

    def check(self, number: int) -> None:
        """Raises UsageError where the text of that number is one too many."""
        if self.options.picture is not None and number:
            raise UsageError("mt inspect: --picture draws one text, and there are more lines")

    def add(self, number: int, found: Inspection | Hearing) -> None:
        """Write what was found in the text of that number."""
        if self.archive is not None:
            self.archive.add(found.arrays(), "" if len(self.options.texts) == 1 else f"{number}/")
        if self.options.picture is not None:
            from mt.inspection.picture import draw

            draw(found, self.options.picture)
            self.console.note(f"picture: {self.options.picture}")


@contextmanager
def _files(options: InspectOptions, console: Console) -> Iterator[_Files]:
    with nullcontext() if options.npz is None else open_archive(options.npz) as archive:
        yield _Files(options, console, archive)


def _inspect_recordings(translator: Translator, options: InspectOptions, console: Console) -> None:
    """How recordings are heard. Raises UsageError, SoundError."""
    from mt.inspection.hearing import hear

    if options.by_hand:
        raise UsageError("mt inspect: leave out --by-hand: not for runs that read sound")
    with _files(options, console) as files:
        for number, name in enumerate(each_text(options.texts, console)):
            files.check(number)
            found = hear(translator, translator.read(name))
            stdout().text(_heard_as_json(found) if options.as_json else _heard_as_text(found, number))
            files.add(number, found)


def _heard_as_json(found: Hearing) -> str:
    row = {"source": found.name, "translation": found.text, **found.as_dict()}
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _heard_as_text(found: Hearing, number: int) -> str:
    from mt.inspection.hearing_panels import hearing_panels

    def draw(screen: RichConsole) -> None:
        _separate(screen, number)
        screen.print(*hearing_panels(found, screen.width), sep="\n")

    return drawn(draw)


def _as_json(text: str, found: Inspection | None) -> str:
    """A line; of a blank text all lists are empty."""
    blank = {"source": text, "translation": "", **{name: [] for name in BLANK_LISTS}}
    return json.dumps(blank if found is None else found.as_dict(), ensure_ascii=False, allow_nan=False) + "\n"


def _as_text(found: Inspection | None, number: int) -> str:
    """As a person reads it."""

    def draw(screen: RichConsole) -> None:
        _separate(screen, number)
        if found is None:
            screen.print(BLANK)
        else:
            show(found, screen)

    return drawn(draw)


def _separate(screen: RichConsole, number: int) -> None:
    """From the second text on an empty line and a rule."""
    if number:
        screen.print(Text(), Rule(style="bright_black"))


def _by_hand(translator: Translator, text: str, tgt: str | None) -> str:
    source = cut_source(translator, text, tgt)
    pieces = [f"x{n} {shown(piece, first=n == 1)}" for n, piece in enumerate(source.pieces, start=1)]
    return f"{work_out(translator.run.model.encoder, source.ids, pieces)}\n"

"""Inspect: a sentence seen from inside a run: for people, as numbers, as a picture; or a whole test set."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from rich.console import Console as RichConsole
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mt.commands.lines import open_lines
from mt.config import DataConfig, SearchConfig, changed
from mt.console import Console
from mt.data.corpus import read_whole
from mt.errors import UsageError
from mt.inspection import Inspection, Inspector
from mt.inspection.by_hand import work_out
from mt.inspection.neighbours import Neighbour, find_neighbours
from mt.inspection.npz import open_archive
from mt.inspection.source import cut_source
from mt.inspection.terminal import printable, show, shown
from mt.options import InspectOptions
from mt.output import check_output, stdout
from mt.text.characters import is_blank
from mt.text.passthrough import nothing_to_translate
from mt.translator import Translator

WIDEST = 120  # columns; longer lines are hard to follow
BLANK = "(blank: there is nothing to read)"
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


def check(options: InspectOptions, search: SearchConfig) -> None:
    """Raises UsageError for flags that contradict each other or would have no effect.

    And what `draw` would for the picture's name: before a model is loaded.
    """
    modes = {"--neighbours": options.neighbours, "--by-hand": options.by_hand, "--report": options.report}
    chosen = [name for name, value in modes.items() if value]
    if len(options.model) > 1:
        raise UsageError("mt inspect looks inside one model, and several have a vector each: give -m once")
    if len(chosen) > 1:
        raise UsageError(f"mt inspect: choose one of {', '.join(chosen)}")
    if idle := _idle(options, search):
        where = f" with {chosen[0]}" if chosen else ""
        raise UsageError(f"mt inspect: leave out {', '.join(idle)}: without effect{where}")
    if options.picture is not None and len(options.texts) > 1:
        raise UsageError(f"mt inspect: --picture draws one text, not {len(options.texts)}")
    if options.picture is not None:
        from mt.inspection.picture import check_suffix

        check_suffix(options.picture)
    if options.report is None:
        check_output(None)
    for path in (options.npz, options.picture, options.save):
        if path is not None:
            check_output(path)
    if options.npz and options.picture and options.npz.resolve() == options.picture.resolve():
        raise UsageError("mt inspect: --npz and --picture name one file: give each its own")


def _idle(options: InspectOptions, search: SearchConfig) -> list[str]:
    """What was given and would have no effect."""
    of_search = list(SearchConfig.model_fields)
    if options.report is not None:
        texts = ["the texts"] if options.texts else []
        return texts + changed(options, ("as_json", "npz", "picture", "count"))
    if options.by_hand:
        idle = ("as_json", "npz", "picture", "count", "save", "datastore")
        return changed(options, idle) + changed(search, of_search)
    if options.neighbours is not None:
        reading = ("precision", "batch_tokens")
        others = [name for name in of_search if name not in reading]
        return changed(options, ("npz", "picture", "save", "datastore")) + changed(search, others)
    return changed(options, ("count", "save"))


def inspect(translator: Translator, options: InspectOptions, console: Console) -> None:
    """Write what the options ask for to stdout, and into the files that they name."""
    if options.report is not None:
        from mt.inspection.report import write_report

        write_report(translator, options.report, options.tgt, options.save, console)
        return
    translator.tag(options.tgt)  # a language that it does not know is said before anything is read
    if options.neighbours is not None:
        _show_neighbours(translator, options, console)
    elif options.by_hand:
        for text in _texts(options, console):
            stdout().text(f"{BLANK}\n" if is_blank(text) else _by_hand(translator, text, options.tgt))
    else:
        _inspect_texts(translator, options, console)


def _inspect_texts(translator: Translator, options: InspectOptions, console: Console) -> None:
    inspector = Inspector(translator)
    with ExitStack() as stack:
        archive = None if options.npz is None else stack.enter_context(open_archive(options.npz))
        for number, text in enumerate(_texts(options, console)):
            if options.picture is not None and number:
                raise UsageError("mt inspect: --picture draws one text, and there are more lines")
            found = None if is_blank(text) else inspector.inspect(text, options.tgt)
            stdout().text(_as_json(text, found) if options.as_json else _as_text(found, number))
            if found is None:
                continue
            if nothing_to_translate(text):
                console.warn("mt translate leaves this text as it is: there is nothing to translate in it")
            if found.parts > 1:
                console.warn(
                    f"mt translate reads this text in {found.parts} parts, as the model knows shorter ones; "
                    "here it is read whole"
                )
            if archive is not None:
                archive.add(found.arrays(), "" if len(options.texts) == 1 else f"{number}/")
            if options.picture is not None:
                from mt.inspection.picture import draw

                draw(found, options.picture)
                console.note(f"picture: {options.picture}")


def _texts(options: InspectOptions, console: Console) -> Iterator[str]:
    """The texts given, or else the lines of standard input as they come."""
    if options.texts:
        yield from options.texts
        return
    with open_lines(None, console) as lines:
        for chunk in lines:
            yield from chunk


def _as_json(text: str, found: Inspection | None) -> str:
    """A line; of a blank text all lists are empty."""
    blank = {"source": text, "translation": "", **{name: [] for name in BLANK_LISTS}}
    return json.dumps(blank if found is None else found.as_dict(), ensure_ascii=False, allow_nan=False) + "\n"


def _as_text(found: Inspection | None, number: int) -> str:
    """As a person reads it; from the second on after an empty line and a rule."""

    def draw(screen: RichConsole) -> None:
        if number:
            screen.print(Text(), Rule(style="bright_black"))
        if found is None:
            screen.print(BLANK)
        else:
            show(found, screen)

    return _rendered(draw)


def _by_hand(translator: Translator, text: str, tgt: str | None) -> str:
    source = cut_source(translator, text, tgt)
    pieces = [f"x{n} {shown(piece, first=n == 1)}" for n, piece in enumerate(source.pieces, start=1)]
    return f"{work_out(translator.run.model.encoder, source.ids, pieces)}\n"


def _show_neighbours(translator: Translator, options: InspectOptions, console: Console) -> None:
    data = translator.run.config.data
    assert options.neighbours is not None
    languages = DataConfig(src=data.source, tgt=options.tgt or data.target, swap=data.swap)
    corpus = read_whole([options.neighbours], languages)
    texts = list(_texts(options, console))
    found = find_neighbours(translator, texts, corpus, count=options.count, tgt=options.tgt, console=console)
    console.settle()
    for text, nearest in zip(texts, found, strict=True):
        if options.as_json:
            row = {"source": text, "neighbours": [neighbour.as_dict() for neighbour in nearest]}
            stdout().text(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            stdout().text(_rendered(partial(_list, text, nearest)))


def _list(text: str, nearest: list[Neighbour], screen: RichConsole) -> None:
    """A text and its neighbours: the cosine, the source, the reference."""
    screen.print(Text(printable(text) if text.strip() else BLANK, style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_column()
    for neighbour in nearest:
        cells = (f"{neighbour.similarity:.3f}", printable(neighbour.source), printable(neighbour.reference))
        table.add_row(*map(Text, cells))
    if nearest:
        screen.print(table)


def _rendered(draw: Callable[[RichConsole], None]) -> str:
    """What is drawn, with colours only where it goes to a terminal."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    terminal = True if sys.stdout.isatty() else None
    screen = RichConsole(
        file=io.StringIO(), width=width, force_terminal=terminal, highlight=False, emoji=False, markup=False
    )
    with screen.capture() as drawn:
        draw(screen)
    return "".join(line.rstrip() + "\n" for line in drawn.get().rstrip("\n").split("\n"))

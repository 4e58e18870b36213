"""Neighbours: the pairs of a corpus whose sentence vectors are nearest to those of texts."""

from __future__ import annotations

import json
from functools import partial

from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from mt.commands.screen import BLANK, drawn
from mt.commands.text_input import each_text
from mt.config import DataConfig, SearchConfig
from mt.console import Console
from mt.data.corpus import read_whole
from mt.data.spec import check_files
from mt.errors import UsageError
from mt.inspection.blocks import printable
from mt.inspection.floats import short
from mt.inspection.nearest import Neighbour, find_neighbours
from mt.options import NeighboursOptions
from mt.storage.output import check_output, stdout
from mt.translator.opening import open_text_translator


def neighbours(options: NeighboursOptions, search: SearchConfig, console: Console) -> None:
    """Write the neighbours of each text to stdout.

    Raises UsageError without a corpus or for several models, MTError for what else the user can mend.
    """
    if options.corpus is None:
        raise UsageError("mt neighbours: name the pairs to search by --corpus SPEC")
    if len(options.model) > 1:
        raise UsageError("mt neighbours works with one model: give -m once")
    check_files([options.corpus])
    check_output(None)
    translator = open_text_translator("mt neighbours", options, search, console)
    translator.tag(options.tgt)  # a language that it does not know is said before anything is read
    own, swap = translator.run.languages, translator.run.config.data.swap
    languages = DataConfig(src=own.source, tgt=options.tgt or own.target, swap=swap)
    corpus = read_whole([options.corpus], languages)
    texts = list(each_text(options.texts, console))
    found = find_neighbours(translator, texts, corpus, count=options.count, tgt=options.tgt, console=console)
    console.settle()
    for text, nearest in zip(texts, found, strict=True):
        if options.as_json:
            row = {"source": text, "neighbours": short(nearest)}
            stdout().text(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            stdout().text(drawn(partial(_list, text, nearest)))


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

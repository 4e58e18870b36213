"""The file of beginnings: a line for each line of the input, what its translation begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from mt.commands.text_input import open_lines
from mt.console import Console
from mt.errors import ConfigError


class Beginnings:
    """Beginnings, handed out as the input comes; without a file all translations are free."""

    def __init__(self, path: Path | None, chunks: Iterator[list[str]]) -> None:
        self._path, self._rest = path, chain.from_iterable(chunks)

    def take(self, count: int) -> list[str] | None:
        """The next beginnings. Raises ConfigError if the file has fewer lines than the input."""
        if self._path is None:
            return None
        taken = list(islice(self._rest, count))
        if len(taken) < count:
            raise ConfigError(f"{self._path} has fewer lines than the input: write a blank line for none")
        return taken

    def check_end(self, lines: int) -> None:
        """Raises ConfigError if the file has more lines than the input, which had so many."""
        if next(self._rest, None) is not None:
            raise ConfigError(f"{self._path} has more lines than the input, which has {lines:,}")


@contextmanager
def open_beginnings(path: Path | None, console: Console) -> Iterator[Beginnings]:
    """The beginnings of that file. Raises ConfigError if it cannot be opened."""
    if path is None:
        yield Beginnings(None, iter(()))
        return
    with open_lines(path, console) as lines:
        yield Beginnings(path, iter(lines))

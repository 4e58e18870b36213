"""What a command has translated so far, in a file beside its output: stopped and begun again it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mt.errors import FileError, reason
from mt.files.document import Result, Source
from mt.inline.segment import Code


class Journal:
    """Results by their sources, of one model with one set of settings.

    settings: what the results depend on; a file of other settings is begun anew. Without a path nothing is
    written. A line that was cut off when the command was killed is left out.
    """

    def __init__(self, path: Path | None, settings: object) -> None:
        self.path, self._found = path, dict[Source, Result]()
        self._head = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
        self._begun = False
        if path is not None and path.is_file():
            self._read(path)
        self.resumed = len(self._found)

    def __contains__(self, source: Source) -> bool:
        return source in self._found

    def __getitem__(self, source: Source) -> Result:
        return self._found[source]

    def add(self, results: Iterable[tuple[Source, Result]]) -> None:
        """Keep results, on the disk too. Raises FileError."""
        new = dict(results)
        self._found |= new
        if self.path is None:
            return
        lines = [json.dumps([source, vars(result)], ensure_ascii=False) for source, result in new.items()]
        if not self._begun:
            lines.insert(0, json.dumps(self._head))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open(
                "a" if self._begun else "w", encoding="utf-8", errors="surrogatepass"
            ) as file:
                file.write("".join(f"{line}\n" for line in lines))
        except OSError as problem:
            raise FileError(f"cannot write {self.path}: {reason(problem)}") from None
        self._begun = True

    def close(self) -> None:
        """Everything is done: the file is not needed any more."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8", errors="surrogatepass").split("\n")
            if json.loads(lines[0]) != self._head:
                return
        except (OSError, ValueError):
            return
        for line in lines[1:-1]:
            with suppress(ValueError, TypeError):
                source, facts = json.loads(line)
                facts |= {"flags": tuple(facts["flags"]), "translation": _source(facts["translation"])}
                self._found[_source(source)] = Result(**facts)
        self._begun = lines[-1] == ""  # else the last line was cut off: write the file anew
        if not self._begun:
            found, self._found = self._found, {}
            self.add(found.items())


def _source(value: str | list[str | list[Any]]) -> Source:
    """A source as JSON has it: codes are lists."""
    if isinstance(value, str):
        return value
    return tuple(part if isinstance(part, str) else Code(*part) for part in value)

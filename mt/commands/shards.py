"""Translate a large file, or a folder of files, in shards that any number of processes work on."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import torch

from mt.commands.text_input import Lines
from mt.commands.translate import formatted, open_judge
from mt.config import SearchConfig
from mt.console import Console, Pace
from mt.data.formats.lines import COMPRESSED, open_bytes
from mt.errors import ConfigError, RunError
from mt.files.registry import FORMATS, LINES
from mt.model import fingerprint
from mt.options import Device, TranslateOptions
from mt.storage.atomic import write_bytes
from mt.storage.output import check_output, open_output
from mt.storage.part import Part
from mt.text.counted import counted
from mt.text.encoding import BOM
from mt.translator import Translator
from mt.translator.opening import open_text_translator

SETTINGS = "settings.json"
_OWN = {"texts", "input", "output", "model", "shard", "join", "prefix", *Device.model_fields}
"""Options in which the shards of a translation may differ, or that are compared otherwise."""
_BLOCK = 1 << 20  # bytes


class Measure(NamedTuple):
    """How many lines a file has, and a digest of its bytes."""

    lines: int
    digest: str


class Input(NamedTuple):
    """Into how many shards an input is cut; of a file its measure, of a folder nothing."""

    shards: int
    of_file: Measure | None


@dataclass(frozen=True)
class Piece:
    """The `number`-th of `count` parts of a file, and the name of its translation in the shards' folder."""

    source: Path
    name: str
    number: int = 1
    count: int = 1

    def lines(self, total: int) -> range:
        """Which of so many lines."""
        return range(total * (self.number - 1) // self.count, total * self.number // self.count)


def translate_shard(options: TranslateOptions, search: SearchConfig, console: Console) -> None:
    """Translate the shard that the options name, or what is left of it.

    Raises MTError: RunError where the other shards were translated with other settings or inputs.
    """
    source, _, (number, count) = named(options)
    check_lines(source, options)
    pieces = pieces_of(source, count)[number - 1]
    of_file = measure_file(source)
    translator = begin(options, search, Input(count, of_file), console)
    for piece in pieces:
        translate_piece(translator, piece, of_file or measure(piece.source), options, console)


def begin(options: TranslateOptions, search: SearchConfig, given: Input, console: Console) -> Translator:
    """What translates the shards of an input. Raises RunError where they were begun with other settings."""
    source, output, _ = named(options)
    translator = open_text_translator("mt translate --shard", options, search, console)
    translator.use_glossary(*options.glossary)
    translator.check(nbest=options.nbest, aligned=options.alignments, tgt=options.tgt)
    content = given.of_file.digest if given.of_file else [path.name for path in _files(source)]
    of_input = {"shards": given.shards, "input": content}
    _check_settings(folder_of(output), of_input | _settings(options, translator))
    return translator


def translate_piece(
    translator: Translator, piece: Piece, of: Measure, options: TranslateOptions, console: Console
) -> int:
    """Translate what is left of a piece; returns how many lines it has. of: the measure of its file."""
    part = Part(folder_of(options.output or Path()) / piece.name, of.digest)
    if part.finished:
        console.note(f"{part.path} is finished")
        return part.lines
    with part.writing():
        _translate(translator, piece, piece.lines(of.lines), part, (options, console))
    console.note(f"{part.path}: {counted(part.lines, 'line')}")
    return part.lines


def join_shards(options: TranslateOptions, console: Console) -> None:
    """Check that all shards are finished and have as many lines as the input; join them to the output.

    Raises MTError that names what is missing. The shards' folder is deleted when the output is complete.
    """
    source, output, _ = named(options)
    folder = folder_of(output)
    shards = pieces_of(source, read_settings(folder)["shards"])
    measures = {path: measure(path) for path in {piece.source for pieces in shards for piece in pieces}}
    missing = [
        number
        for number, pieces in enumerate(shards, start=1)
        if not all(_finished(folder, piece, measures[piece.source]) for piece in pieces)
    ]
    if missing:
        shown = ", ".join(f"{number}/{len(shards)}" for number in missing[:10])
        raise RunError(
            f"not finished: --shard {shown}{' …' if len(missing) > 10 else ''}; translate what is missing"
        )
    if source.is_dir():
        output.mkdir(parents=True, exist_ok=True)
        for pieces in shards:
            for piece in pieces:
                _write_joined(output / piece.name, [folder / piece.name])
    else:
        _write_joined(output, [folder / piece.name for pieces in shards for piece in pieces])
    shutil.rmtree(folder)
    total = sum(found.lines for found in measures.values())
    console.note(f"{output}: {counted(total, 'line')} from {counted(len(shards), 'shard')}")


def _finished(folder: Path, piece: Piece, of: Measure) -> bool:
    """Whether a piece is translated whole. of: the measure of its file."""
    part = Part(folder / piece.name, of.digest)
    return part.finished and part.lines == len(piece.lines(of.lines))


def _write_joined(target: Path, parts: Sequence[Path]) -> None:
    """The bytes of all parts, one after the other."""
    with open_output(target) as joined:
        for path in parts:
            with path.open("rb") as file:
                shutil.copyfileobj(file, joined, _BLOCK)


def named(options: TranslateOptions) -> tuple[Path, Path, tuple[int, int]]:
    """Input, output, and which of how many shards."""
    source, output = options.input, options.output
    if source is None or output is None:
        raise ConfigError("--shard, --join and --ray need --input and --output")
    if not source.exists():
        raise ConfigError(f"cannot open {source}: there is no such file or folder")
    if output.suffix.lower() in COMPRESSED:
        raise ConfigError(f"{output}: shards are written as plain text; name it {output.with_suffix('')}")
    if source.is_dir() and output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file and {source} a folder; name a folder for its translations")
    if output.exists() and source.samefile(output):
        raise ConfigError(f"{output} is the input too; write somewhere else")
    if source.is_file():
        check_output(output)
    number, _, count = (options.shard or "1/1").partition("/")
    return source, output, (int(number), int(count))


def check_lines(source: Path, options: TranslateOptions) -> None:
    """Raises ConfigError for a document, alone or in a folder, which cannot be cut at line ends."""
    if options.format == LINES:
        return
    of_documents = {suffix for one in FORMATS for suffix in one.suffixes}
    for path in _files(source) if source.is_dir() else [source]:
        plain = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
        if plain.suffix.lower() in of_documents:
            raise ConfigError(
                f"{path}: shards are of text in lines; translate a document as a whole, by mt translate -i, "
                f"or read it as text by --format lines"
            )


def folder_of(output: Path) -> Path:
    return output.with_name(f"{output.name}.shards")


def pieces_of(source: Path, count: int) -> list[list[Piece]]:
    """What each shard translates: of a file as many lines each, of a folder as many files."""
    if not source.is_dir():
        return [[Piece(source, f"{number}-of-{count}", number, count)] for number in range(1, count + 1)]
    files = _files(source)
    names = [path.stem if path.suffix.lower() in COMPRESSED else path.name for path in files]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{source} holds {min(twice)} twice, compressed and plain; take one of them away")
    pieces = [Piece(path, name) for path, name in zip(files, names, strict=True)]
    return [pieces[number::count] for number in range(count)]


def _files(folder: Path) -> list[Path]:
    """Those that are translated of a folder, in order. Raises ConfigError where it has another one inside."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if inner := [path for path in files if path.is_dir()]:
        raise ConfigError(f"{inner[0]} is a folder; name folders of text files one by one")
    return files


def _settings(options: TranslateOptions, translator: Translator) -> dict[str, Any]:
    """All that the shards of a translation must have in common."""
    shown = options.model_dump(mode="json", exclude=_OWN)
    weights = fingerprint([translator.model])
    glossaries = [measure(path).digest for path in options.glossary]
    search = translator.config.model_dump(mode="json")
    return {"weights": weights, "search": search, **shown, "glossary": glossaries}


def _check_settings(folder: Path, settings: dict[str, Any]) -> None:
    """The first shard writes them down. Raises RunError where they are others."""
    if not (folder / SETTINGS).exists():
        write_bytes(folder / SETTINGS, json.dumps(settings).encode())
    before = read_settings(folder)
    other = [name for name, value in settings.items() if before.get(name, value) != value]
    if other:
        raise RunError(
            f"{folder} was begun with other {', '.join(other)}; give the same, or delete it to translate anew"
        )


def read_settings(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"there are no shards in {folder}; translate them with --shard first") from None
    except (OSError, ValueError) as problem:
        raise RunError(f"{folder / SETTINGS} cannot be read ({problem}); delete {folder}") from None
    return found


def measure_file(source: Path) -> Measure | None:
    """The measure of a file; of a folder None: each of its files is measured when it is translated."""
    return None if source.is_dir() else measure(source)


def measure(path: Path) -> Measure:
    """As `Lines` counts them: the last line may lack its end, and a byte order mark is none."""
    digest, lines, size, last = blake2b(digest_size=16), 0, 0, b"\n"
    with open_bytes(path) as stream:
        while data := stream.read(_BLOCK):
            digest.update(data)
            lines, size, last = lines + data.count(b"\n"), size + len(data), data
    unended = not last.endswith(b"\n") and not (size == len(BOM) and last == BOM)
    return Measure(lines + unended, digest.hexdigest())


def _translate(
    translator: Translator, piece: Piece, lines: range, part: Part, how: tuple[TranslateOptions, Console]
) -> None:
    """Translate those lines that the part has not yet."""
    options, console = how
    pace, before, judge = Pace(console, "line"), part.lines, open_judge(translator, options)
    for chunk in _read(piece.source, lines[part.lines :], translator.device, console):
        found = translator.search(chunk, nbest=options.nbest, aligned=options.alignments, tgt=options.tgt)
        first = lines.start + part.lines
        rows = (formatted(row, number, judge, options) for number, row in enumerate(found, start=first))
        part.append("".join(rows).encode("utf-8", errors="replace"), len(chunk))
        pace.show(part.lines - before, len(lines) - before)
    console.settle()
    if judge is not None and judge.doubted:
        console.note(str(judge))


def _read(path: Path, lines: range, device: torch.device, console: Console) -> Iterator[list[str]]:
    """These lines of a file, in chunks for a device."""
    left = len(lines)
    with open_bytes(path) as stream:
        _skip(stream, lines.start)
        chunks = Lines(stream, str(path), console, before=lines.start)
        chunks.device = device
        for chunk in chunks if left else ():
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return


def _skip(stream: io.BufferedReader, lines: int) -> None:
    """Read past so many line feeds, without making lines of what is skipped."""
    while lines and (data := stream.peek()):
        found = data.count(b"\n")
        if found < lines:
            lines -= found
            stream.read(len(data))
        else:
            stream.read(len(data) - len(data.split(b"\n", lines)[-1]))
            return

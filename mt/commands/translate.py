"""Translate: lines in, lines out, as many and in order, in flat memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from mt.console import Console
from mt.errors import ConfigError
from mt.options import TranslateOptions
from mt.translator import Translation, Translator

CHUNK = 4096  # lines translated at once; sorting by length within them wastes less padding
READ = 1 << 20  # bytes


def translate(translator: Translator, options: TranslateOptions, console: Console) -> None:
    """Translate the texts given, or else the input, onto the output.

    Lines come out as soon as they can: from a terminal or a slow pipe one by one, from a file in chunks.
    Raises ConfigError for files that cannot be read or written.
    """
    with ExitStack() as stack:
        output = sys.stdout.buffer
        if options.texts:
            chunks: Iterable[list[str]] = [list(options.texts)]
        else:
            chunks = read_texts(options.input, stack, console)
        if options.output is not None:
            output = stack.enter_context(_open(options.output, "wb", options.input))
        translator.tag(options.tgt)  # a language that it does not know is said before anything is read
        number = 0
        for chunk in chunks:
            for translation in translator.search(
                chunk, nbest=options.nbest, aligned=options.alignments, tgt=options.tgt
            ):
                output.write(_format(translation, number, options).encode())
                number += 1
            output.flush()


def _open(path: Path, mode: str, other: Path | None) -> BinaryIO:
    if other is not None and path.exists() and path.samefile(other):
        raise ConfigError(f"--output {path} is the input file; write somewhere else")
    try:
        return path.open(mode)  # type: ignore[return-value]
    except OSError as problem:
        raise ConfigError(f"cannot open {path}: {problem.strerror}") from None


def read_texts(path: Path | None, stack: ExitStack, console: Console) -> Iterator[list[str]]:
    """Chunks of lines from a file, a pipe, or a person at a terminal."""
    if path is not None:
        return _decoded(_pieces(stack.enter_context(_open(path, "rb", None))), str(path), console)
    if sys.stdin.isatty():
        return _decoded(_prompted(), "the terminal", console)
    return _decoded(_pieces(sys.stdin.buffer), "standard input", console)


def _prompted() -> Iterator[bytes]:
    """Lines as a person types them."""
    while True:
        print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.buffer.readline()
        if not line:
            print(file=sys.stderr)
            return
        yield line


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Whatever has arrived, without waiting for more."""
    read = getattr(stream, "read1", stream.read)
    while data := read(READ):
        yield data


def _decoded(pieces: Iterable[bytes], name: str, console: Console) -> Iterator[list[str]]:
    """Bytes -> chunks of lines. Only a line feed ends a line; warns of what is not UTF-8."""
    number, warned, rest = 0, False, b""
    for data in _closed(pieces):
        *lines, rest = (rest + data).split(b"\n")
        if data == b"" and rest:
            lines, rest = [*lines, rest], b""
        for start in range(0, len(lines), CHUNK):
            chunk = []
            for line in lines[start : start + CHUNK]:
                number += 1
                text = line.removesuffix(b"\r").decode("utf-8", errors="replace")
                if not warned and "\ufffd" in text and b"\xef\xbf\xbd" not in line:
                    console.warn(f"{name}, line {number}: bytes that are not UTF-8 are read as U+FFFD")
                    warned = True
                chunk.append(text)
            yield chunk


def _closed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, and an empty one to say that there are no more."""
    yield from pieces
    yield b""


def _format(translation: Translation, number: int, options: TranslateOptions) -> str:
    """One line, or with `nbest` one for each hypothesis in Moses' form; a JSON object if asked."""
    if options.as_json:
        return json.dumps({"id": number, **translation.as_dict()}, ensure_ascii=False) + "\n"
    looks = [f" ||| {aligned}" for aligned in translation.aligned] or [""] * len(translation.hypotheses)
    if options.nbest > 1:
        rows = zip(translation.hypotheses, translation.scores, looks, strict=True)
        return "".join(f"{number} ||| {text} ||| {score:.4f}{look}\n" for text, score, look in rows)
    scores = f"{translation.score:.4f}\t" if options.scores else ""
    return f"{scores}{translation.text}{looks[0]}\n"

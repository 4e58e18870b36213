"""Settings tree -> command-line flags: every field of a Section becomes a flag, its docstring the help."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args, get_origin

from pydantic import ValidationError

from mt.config import RunDir, Section, describe, flag
from mt.errors import ConfigError, UsageError, legible
from mt.output import stdout
from mt.removed import SETTINGS, VERSION

S = TypeVar("S", bound=Section)


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are UsageErrors of one line, with the nearest flag named.

    Flags are written out: what a flag is laid over is found by reading the command line twice, and a short
    form must not mean something at one of these times only.
    """

    def __init__(
        self, prog: str | None = None, description: str | None = None, *, add_help: bool = True
    ) -> None:
        super().__init__(prog=prog, description=description, add_help=add_help, allow_abbrev=False)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002 (the signature is argparse's)
        """Onto standard output, like a command's result. Raises FileError."""
        stdout().text(self.format_help())

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments:"):
            unknown = next((word for word in message.split() if word.startswith("-")), "").split("=")[0]
            name = unknown.removeprefix("--").removeprefix("no-").replace("-", "_")
            near = difflib.get_close_matches(unknown, self._option_string_actions, n=1)
            if gone := next((gone for gone in SETTINGS if gone.endswith(f".{name}")), None):
                message = f"{unknown} was removed in {VERSION}: {SETTINGS[gone][1]}"
            elif near:
                message += f" (did you mean {near[0]}?)"
        raise UsageError(f"{self.prog}: {message}; see {self.prog} --help")

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """A ConfigError inside is the command line's: it becomes a UsageError."""
        try:
            yield
        except ConfigError as problem:
            self.error(str(problem))


SHORT = {"model": "-m", "test_set": "-t", "language_pair": "-l", "input": "-i", "output": "-o"}
POSITIONAL = "texts"


def parse(parser: Parser, arguments: Sequence[str], *sections: Section) -> list[Any]:
    """The sections with what the arguments say laid over them. Raises UsageError."""
    for section in sections:
        add_flags(parser, section)
    parsed = parser.parse_args(arguments)
    with parser.complaining():
        return [lay_over(section, given(parsed, type(section))) for section in sections]


def add_flags(parser: argparse.ArgumentParser, section: Section) -> None:
    """A group of flags for a section's fields; help shows the section's values as defaults."""
    group = parser.add_argument_group((type(section).__doc__ or "").splitlines()[0].rstrip("."))
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        kind, many = _kind(field.annotation)
        groups = get_origin(kind) is tuple  # of values: each use of the flag gives one
        shown = " ".join(map(str, value)) if many else value
        text = (field.description or "").replace("%", "%%")
        if shown not in (None, "", False) and kind is not bool:
            text += f" (default: {str(shown).replace('%', '%%')})"
        if name == POSITIONAL:
            group.add_argument(
                name, nargs="*", metavar="TEXT", type=_text, default=argparse.SUPPRESS, help=text
            )
            continue
        names = [flag(name), *([SHORT[name]] if name in SHORT else [])]
        details: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": text}
        if kind is bool:
            details["action"] = argparse.BooleanOptionalAction
            details["help"] = text + ("" if value is None else f" (default: {'yes' if value else 'no'})")
        else:
            details["choices"] = get_args(kind) if get_origin(kind) is Literal else None
            details["type"] = Path if kind is Path else None
            details["metavar"] = None if details["choices"] else _metavar(name, kind)
        if many:
            # Texts may follow these two, so they take one value at a time.
            single = name in ("model", "datastore", "against")
            details |= {
                "action": "append" if single or groups else "extend",
                "nargs": None if single else "+",
            }
        group.add_argument(*names, **details)


def _text(argument: str) -> str:
    """Text from the command line; bytes that are not UTF-8 are U+FFFD, as in files."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def given(arguments: argparse.Namespace, section: type[Section]) -> dict[str, Any]:
    """What the user wrote for this section's fields, as yet unchecked."""
    values = {name: getattr(arguments, name) for name in section.model_fields if hasattr(arguments, name)}
    for name, value in values.items():
        _check_encoding(name, value)
    return values


def _check_encoding(name: str, value: object) -> None:
    """What becomes text must be UTF-8; only the names of files may be any bytes. Raises ConfigError."""
    if isinstance(value, list):
        for one in value:
            _check_encoding(name, one)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConfigError(f"{flag(name)}: {legible(value)} is not UTF-8; rename it") from None


def lay_over(base: S, values: dict[str, Any]) -> S:
    """`base` with some fields replaced and everything checked. Raises ConfigError naming the flags."""
    try:
        return type(base).model_validate(base.model_dump() | values)
    except ValidationError as problem:
        raise ConfigError(describe(problem, as_flags=True)) from None


def _kind(annotation: Any) -> tuple[Any, bool]:
    """A field's type without `| None` and `tuple[..., ...]`, and whether it takes several values."""
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0], True
    options = [option for option in get_args(annotation) if option is not type(None)]
    if type(None) in get_args(annotation):
        return _kind(options[0])
    return annotation, False


def _metavar(name: str, kind: Any) -> str:
    if name in ("train", "validation", "test", "neighbours", "report", "datastore"):
        return "SPEC"
    if name in ("pieces_of", "teachers"):
        return "RUN"
    if kind is RunDir:
        return "RUN"
    kind = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    return {int: "N", float: "X"}.get(kind, name.split("_")[-1].upper())

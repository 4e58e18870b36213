"""Settings tree -> command-line flags: every field of a Section becomes a flag, its docstring the help."""

from __future__ import annotations

import argparse
import re
import textwrap
import types
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from mt.config import Config, DatastoreConfig, SearchConfig, removed
from mt.config.fields import Metavar, Section, describe, flag
from mt.config.values import TIME
from mt.errors import ConfigError, UsageError, did_you_mean, legible
from mt.options import Device

S = TypeVar("S", bound=Section)

SHORT = {"model": "-m", "test_set": "-t", "language_pair": "-l", "input": "-i", "output": "-o"}
POSITIONAL = "texts"
ONE_AT_A_TIME = ("model", "datastore", "against", "glossary", "memory", "column")
"""Flags of several values that take one each time, as texts may follow them."""
LAST = (SearchConfig, DatastoreConfig, Device)
"""Groups that help shows after the command's own."""
SETTINGS = tuple(type(section) for section in vars(Config()).values())
"""Sections whose switches a preset or a file may turn on, so that a flag must turn them off."""
HELP_COLUMN = 28


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Flags in a narrow column, description and examples as they are written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=HELP_COLUMN)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """As argparse does, but no line ends within --decoder-hidden."""
        return textwrap.wrap(text, width, break_on_hyphens=False)


_INVALID = re.compile(r"argument (--\S+): invalid choice: '([^']*)'")


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are UsageErrors of one line, with the nearest flag named.

    Flags are written out: what a flag is laid over is found by reading the command line twice, and a short
    form must not mean something at one of these times only.

    everyday: the fields that --help shows; the others are shown by --help-all. Without them --help shows all.
    """

    def __init__(
        self,
        prog: str | None = None,
        description: str | None = None,
        *,
        examples: str = "",
        everyday: Collection[str] = (),
        positional: bool = False,
    ) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} [options]" + " [TEXT ...]" * positional,
            description=description,
            formatter_class=Formatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.examples = examples and f"examples:\n{examples}"
        self.everyday, self.flags = everyday, dict[str, argparse.Action]()

    def help_text(self, *, full: bool) -> str:
        """The help: of all flags, or the first sentence of the everyday ones and how to see more."""
        more = ""
        if self.everyday and not full:
            for name, action in self.flags.items():
                action.help = (
                    _first_sentence(action.help or "") if name in self.everyday else argparse.SUPPRESS
                )
            hidden = len(self.flags) - len(self.everyday)
            more = f"{self.prog} --help-all shows {hidden} more options, and more about these."
        self.epilog = "\n\n".join(filter(None, (self.examples, more)))
        return self.format_help()

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments:"):
            unknown = next((word for word in message.split() if word.startswith("-")), "").split("=")[0]
            known = {one.lstrip("-"): one for action in self.flags.values() for one in action.option_strings}
            message = removed.of_flag(unknown) or message + did_you_mean(unknown.lstrip("-"), known)
        elif choice := _INVALID.match(message):
            flag_given, value = choice.groups()
            action = next(action for action in self._actions if flag_given in action.option_strings)
            message = removed.of_flag(flag_given, value) or message + did_you_mean(
                value, action.choices or ()
            )
        raise UsageError(f"{self.prog}: {message}; see {self.prog} --help")

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """A ConfigError inside is the command line's: it becomes a UsageError."""
        try:
            yield
        except ConfigError as problem:
            self.error(str(problem))


def _first_sentence(text: str) -> str:
    """And the default, which stands at the end."""
    first, *rest = re.split(r"(?<!et al)\. ", text, maxsplit=1)
    default = re.search(r" \(default: [^()]*\)$", rest[0] if rest else "")
    return first + (default[0] if default else "")


def parse(parser: Parser, arguments: Sequence[str], *sections: Section) -> list[Any]:
    """The sections with what the arguments say laid over them. Raises UsageError."""
    add_flags(parser, sections)
    return read(parser, arguments, sections)


def read(parser: Parser, arguments: Sequence[str], sections: Sequence[Section]) -> list[Any]:
    """The same, of a parser that has the flags."""
    parsed = parser.parse_args(arguments)
    with parser.complaining():
        return [lay_over(section, given(parsed, type(section))) for section in sections]


def add_flags(parser: Parser, sections: Sequence[Section], without: Collection[str] = ()) -> None:
    """Flags for the sections' fields, in groups named after the defining classes; values are defaults."""
    groups: dict[str, dict[str, Section]] = {}
    for section in sections:
        owners = [owner for owner in type(section).__mro__ if issubclass(owner, Section)]
        for owner in owners:
            groups.setdefault(_title(owner), {})
        for name in type(section).model_fields:
            if name not in without:
                # The class that defines a field first: the flags of one thing stay together in every command.
                owner = next(owner for owner in reversed(owners) if name in owner.model_fields)
                groups[_title(owner)][name] = section
    last = [_title(owner) for owner in LAST]
    for title in sorted(groups, key=lambda title: last.index(title) + 1 if title in last else 0):
        group = parser.add_argument_group(title)
        for name, section in groups[title].items():
            parser.flags[name] = _add_flag(group.add_argument, name, section)


def _title(section: type[Section]) -> str:
    return (section.__doc__ or "").splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Kind:
    """What a flag takes: `type`, shown as `metavar`; several of it, or several groups of several."""

    type: Any
    metavar: str
    several: bool = False
    grouped: bool = False


def _add_flag(add: Callable[..., argparse.Action], name: str, section: Section) -> argparse.Action:
    field = type(section).model_fields[name]
    kind = kind_of(field)
    text = (field.description or "").replace("\n", " ").replace("%", "%%") + _default(section, name, kind)
    details: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text}
    if name == POSITIONAL:
        return add(name, nargs="*", metavar="TEXT", type=_text, **details)
    details["dest"] = name
    if kind.type is bool:
        may_be_on = isinstance(section, SETTINGS) or getattr(section, name) is None
        details["action"] = argparse.BooleanOptionalAction if may_be_on else "store_true"
    elif get_origin(kind.type) is Literal:
        details["choices"] = get_args(kind.type)
    else:
        details |= {"metavar": kind.metavar, "type": Path if kind.metavar == "FILE" else None}
    if kind.several:
        one = name in ONE_AT_A_TIME
        details |= {"action": "append" if one or kind.grouped else "extend", "nargs": None if one else "+"}
    return add(flag(name), *([SHORT[name]] if name in SHORT else []), **details)


def _default(section: Section, name: str, kind: Kind) -> str:
    value = getattr(section, name)
    if value is None or value == () or (kind.type is bool and not isinstance(section, SETTINGS)):
        return ""
    shown = {True: "yes", False: "no"}[value] if kind.type is bool else value
    shown = f"{value / 60:g}m" if kind.metavar == TIME.text else shown
    shown = " ".join(map(str, value)) if kind.several else shown
    return f" (default: {str(shown).replace('%', '%%')})"


def kind_of(field: FieldInfo) -> Kind:
    """What the flag of a field takes."""
    return _kind(field.annotation, tuple(field.metadata))


def _kind(annotation: Any, metadata: tuple[Any, ...]) -> Kind:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], (*metadata, *arguments[1:]))
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _kind(inner, metadata)
    if origin is tuple:
        inner = _kind(arguments[0], metadata)
        return Kind(inner.type, inner.metavar, several=True, grouped=inner.several)
    named = [one.text for one in metadata if isinstance(one, Metavar)]
    return Kind(annotation, named[0] if named else {int: "N", float: "X"}.get(annotation, "TEXT"))


def _text(argument: str) -> str:
    """Text from the command line; bytes that are not UTF-8 are U+FFFD, as in files."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def given(arguments: argparse.Namespace, section: type[Section]) -> dict[str, Any]:
    """What the user wrote for this section's fields, as yet unchecked. Raises ConfigError."""
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

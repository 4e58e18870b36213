"""What a command is to the command line: its help, its flags, and whom they are handed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mt.flags import Parser, add_flags, read

if TYPE_CHECKING:
    from mt.config.fields import Section
    from mt.console import Console

Work = Callable[["Console"], object]
"""What a command does, with a console to speak to."""


def flags_of(arguments: Sequence[str]) -> set[str]:
    """The flags that are given, without their values; after -- come texts."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return {word.split("=")[0] for word in before if word.startswith("-")}


def asks_help(arguments: Sequence[str]) -> bool:
    """Whether the help is wanted."""
    return not flags_of(arguments).isdisjoint(("-h", "--help", "--help-all"))


@dataclass(frozen=True)
class Command:
    """A command and its command line.

    sections: by the arguments, the settings that flags are laid over, the command's own options first.
    prepare: from the sections as the command line has them to the work; imports what that needs, and raises
    UsageError for what is wrong before anything is read.
    everyday: the fields that --help shows, if there are too many; without: those that have no flag.
    """

    name: str
    description: str
    sections: Callable[[Sequence[str]], Sequence[Section]]
    prepare: Callable[..., Work]
    examples: str
    everyday: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    note: Callable[[Sequence[str]], str] = lambda _: ""

    def parser(self, arguments: Sequence[str], sections: Sequence[Section]) -> Parser:
        """What reads the arguments; help shows the sections' values as defaults."""
        parser = Parser(
            prog=f"mt {self.name}",
            description="\n\n".join(filter(None, (self.description, self.note(arguments)))),
            examples=self.examples,
            everyday=self.everyday,
            positional="texts" in type(sections[0]).model_fields,
        )
        add_flags(parser, sections, self.without)
        return parser

    def parse(self, arguments: Sequence[str]) -> list[Any] | str:
        """The sections with what the arguments say laid over them; or the help, if they ask for it.

        Raises UsageError.
        """
        sections = self.sections(arguments)
        parser = self.parser(arguments, sections)
        if asks_help(arguments):
            return parser.help_text(full="--help-all" in flags_of(arguments))
        return read(parser, arguments, sections)

"""What a command is to the command line: its help, its flags, and whom they are handed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mt.flags import Parser, add_flags, read

if TYPE_CHECKING:
    from mt.config.fields import Section


def flags_of(arguments: Sequence[str]) -> set[str]:
    """The flags that are given, without their values; after -- come texts."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return {word.split("=")[0] for word in before if word.startswith("-")}


@dataclass(frozen=True)
class Command:
    """A command and its command line.

    sections: by the arguments, the settings that flags are laid over, the command's own options first.
    run: called with a console and the sections as the command line has them.
    everyday: the fields that --help shows, if there are too many; without: those that have no flag.
    """

    name: str
    description: str
    sections: Callable[[Sequence[str]], Sequence[Section]]
    run: Callable[..., None]
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
        flags = flags_of(arguments)
        if flags & {"-h", "--help", "--help-all"}:
            return parser.help_text(full="--help-all" in flags)
        return read(parser, arguments, sections)

"""Completion: a script for a shell, from the flags that the commands have.

The script has all that TAB needs: mt itself is not started. A new version of mt wants a new script.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mt.commands.arguments import COMMANDS
from mt.config.files import preset_names
from mt.errors import UsageError

HELP = """\
usage: mt completion bash|zsh|fish

Print a script that completes commands, options and their values with TAB.

  bash   mt completion bash > ~/.local/share/bash-completion/completions/mt
  zsh    mt completion zsh > ~/.mt-completion.zsh; then, in ~/.zshrc after compinit:
         source ~/.mt-completion.zsh
  fish   mt completion fish > ~/.config/fish/completions/mt.fish
"""
SHELLS = ("bash", "zsh", "fish")
FILES = ("FILE", "RUN", "SPEC")
"""Metavars of values that are names of files or folders."""


@dataclass(frozen=True)
class Flag:
    """A flag, what it does, and what may follow it: nothing, a word, one of some words, or a file."""

    name: str
    help: str
    takes_value: bool
    words: tuple[str, ...]
    takes_file: bool


def completion(arguments: Sequence[str]) -> str:
    """The script for the shell that the arguments name. Raises UsageError for another one."""
    if not arguments or {"-h", "--help"} & set(arguments):
        return HELP
    if arguments[0] not in SHELLS or len(arguments) > 1:
        raise UsageError(f"mt completion: name one of {', '.join(SHELLS)}")
    flags = {name: _flags(name) for name in COMMANDS}
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments[0]]
    return "\n".join(write(flags)) + "\n"


def _flags(name: str) -> list[Flag]:
    command = COMMANDS[name]
    parser = command.parser([], command.sections([]))
    found = [_flag(action, flag) for action in parser.flags.values() for flag in action.option_strings]
    if name == "evaluate":
        found.append(Flag("--tune", "Tune on validation pairs", False, (), False))
        found.append(Flag("--calibrate", "Fit the confidence of translations", False, (), False))
    return [*found, *(Flag(flag, "Show help", False, (), False) for flag in ("--help", "--help-all"))]


def _flag(action: argparse.Action, name: str) -> Flag:
    help_text = (action.help or "").split(" (default")[0].split(". ")[0].replace("%%", "%")
    words = preset_names() if name == "--preset" else [str(choice) for choice in action.choices or ()]
    return Flag(name, help_text, action.nargs != 0, tuple(words), action.metavar in FILES)


def _bash(commands: Mapping[str, Sequence[Flag]]) -> Iterator[str]:
    yield from ("# Words of `mt`, of `mt COMMAND`, of `mt COMMAND FLAG`.", "_mt_words() {", '  case "$1" in')
    yield _case("", [*commands, "completion", "help", "--version"])
    yield _case("completion", SHELLS)
    for name, flags in commands.items():
        yield _case(name, [flag.name for flag in flags])
        yield from (_case(f"{name} {flag.name}", flag.words) for flag in flags if flag.words)
    yield from ("  esac", "}")
    yield """\
_mt() {
  local IFS=$'\\n' current="${COMP_WORDS[COMP_CWORD]}" command="" words=""
  if [ "$COMP_CWORD" -gt 1 ]; then
    command="${COMP_WORDS[1]}"
    words="$(_mt_words "$command ${COMP_WORDS[COMP_CWORD-1]}")"
  fi
  case "$current:$command:$words" in
    -*:*: | *::* | *:completion:) words="$(_mt_words "$command")" ;;
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _mt mt"""


def _case(name: str, words: Sequence[str]) -> str:
    return f"    {shlex.quote(name)}) printf '%s\\n' {shlex.join(words)} ;;"


def _zsh(commands: Mapping[str, Sequence[Flag]]) -> Iterator[str]:
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from _bash(commands)


def _fish(commands: Mapping[str, Sequence[Flag]]) -> Iterator[str]:
    for name in (*commands, "completion"):
        summary = COMMANDS[name].description.split(". ")[0].split(".\n")[0] if name in COMMANDS else ""
        described = f" -d {shlex.quote(' '.join(summary.split()))}" if summary else ""
        yield f"complete -c mt -n __fish_use_subcommand -f -a {name}{described}"
    yield f"complete -c mt -n '__fish_seen_subcommand_from completion' -f -a {shlex.quote(' '.join(SHELLS))}"
    for name, flags in commands.items():
        for flag in flags:
            long = flag.name.startswith("--")
            option = f"-l {flag.name[2:]}" if long else f"-s {flag.name[1:]}"
            value = " -r" * (flag.takes_value and flag.takes_file) or " -x" * flag.takes_value
            words = f" -a {shlex.quote(' '.join(flag.words))}" if flag.words else ""
            described = f" -d {shlex.quote(flag.help)}"
            yield f"complete -c mt -n '__fish_seen_subcommand_from {name}' {option}{value}{words}{described}"

"""What sections of settings are made of: their base class, the types of their fields, names of flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mt.errors import did_you_mean

WORD = 2**63  # torch and Arrow count below it
Positive = Annotated[int, Field(gt=0, lt=WORD)]
Count = Annotated[int, Field(ge=0, lt=WORD)]
Probability = Annotated[float, Field(ge=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class Metavar:
    """What help shows as the value of a flag."""

    text: str


File = Annotated[Path, Metavar("FILE")]
RunDir = Annotated[Path, Metavar("RUN")]
"""A run directory. Its name must be UTF-8, as safetensors opens no other; that of another file need not."""
RunName = Annotated[str, Metavar("RUN")]
Spec = Annotated[str, Metavar("SPEC")]
Language = Annotated[str, Metavar("CODE")]


class Section(BaseModel):
    """A part of the tree: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


def flag(name: str, value: object = None) -> str:
    """The command-line flag of a field, with a value if there is one: `batch_tokens` -> `--batch-tokens`,
    `as_json` -> `--json`, `shared` and False -> `--no-shared`, `vocab_size` and 800 -> `--vocab-size 800`."""
    word = name.removeprefix("as_").replace("_", "-")
    if value is None or value is True:
        return f"--{word}"
    return f"--no-{word}" if value is False else f"--{word} {value}"


def differing(section: Section, names: Iterable[str]) -> list[str]:
    """Those of the fields that differ from their defaults."""
    fields = type(section).model_fields
    return [name for name in names if getattr(section, name) != fields[name].default]


def changed(section: Section, names: Iterable[str]) -> list[str]:
    """The flags of those fields that differ from their defaults."""
    return [flag(name) for name in differing(section, names)]


_SAID = {
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "int_type": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "finite_number": "should be a finite number",
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "string_type": "should be text in quotes",
    "tuple_type": "should be a list",
    "model_type": "should be a table",
}
"""Types as a user of TOML files and flags calls them, by pydantic's name of the fault."""

_QUOTED = re.compile(r'`(\w+)(?: = "?([^`"]+)"?)?`')


def quoted(names: Iterable[str]) -> str:
    """Names of settings for the message of a ValueError, where `describe` finds them."""
    return ", ".join(f"`{name}`" for name in names)


def _as_flag(setting: re.Match[str]) -> str:
    name, value = setting.groups()
    return flag(name, {"true": True, "false": False}.get(value, value))


def describe(problem: ValidationError, as_flags: bool = False, known: Mapping[str, str] | None = None) -> str:
    """Every fault of a ValidationError in one line: what is wrong with which setting.

    Settings are named as the user writes them. In the message of a ValueError they stand in backticks, as
    `shared = false`: a file has them so, as flags they are --no-shared.
    known: the full name of each setting by its last part; the nearest is suggested for an unknown one.
    """
    parts = []
    for error in problem.errors():
        name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
        if as_flags and name:
            name = flag(name.split(".")[-1])
        message = _SAID.get(error["type"], error["msg"].removeprefix("Value error, "))
        message = message.replace("Input should be", "should be")
        message = _QUOTED.sub(_as_flag, message) if as_flags else message.replace("`", "")
        if error["type"] == "extra_forbidden":
            message = "there is no such setting" + did_you_mean(name.split(".")[-1], known or ())
        elif isinstance(error["input"], (str, int, float)):
            message += f", not {error['input']!r}"
        parts.append(f"{name}: {message}" if name else message)
    return "; ".join(dict.fromkeys(parts))

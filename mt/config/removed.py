"""Settings that mt no longer has, or has under another name.

A run of an older version loads if it did not use what was removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

ANY = object()
"""Stands for every value: the setting did nothing by itself."""

CHOICES: dict[str, dict[str, str]] = {
    "model.cell": {"lnlstm": "choose lstm", "mingru": "choose gru"},
    "model.attention": {"multihead": "choose general"},
    "options.preset": {"rnmt": "choose attention"},
}
"""Values that a setting no longer has, and what to do instead."""

SETTINGS: dict[str, tuple[object, str]] = {
    "model.attention_heads": (ANY, "leave it out"),
    "model.input_feeding": (
        False,
        "attention_position = between lets the layers above see what attention found",
    ),
    "model.layer_norm": (False, "leave it out"),
    "training.keep": (ANY, "average_decay = 0.999 saves a moving average of the weights"),
    "training.nonfinite_limit": (
        ANY,
        "leave it out; ten steps without a finite loss stop a training",
    ),
    "training.r_drop": (0, "leave it out"),
}
"""Settings that are gone, the value under which they did nothing, and what to do instead."""

RENAMED = {
    "model.attention_place": "attention_position",
    "model.dropout_src_pieces": "dropout_src_tokens",
    "model.dropout_tgt_pieces": "dropout_tgt_tokens",
    "tokenizer.pieces_of": "tokenizer_from",
    "training.teaching": "distillation_weight",
    "datastore.datastore_share": "datastore_weight",
}
"""Former names of settings, which are still understood, and those of today."""

COMMANDS = {"average": "mt train --average-decay 0.999 saves a moving average of the weights"}
"""Commands that are gone, and what to do instead."""


class Removed(NamedTuple):
    """A removed setting in a file."""

    name: str  # such as model.input_feeding or model.cell = mingru
    used: bool  # whether the value made a difference
    instead: str

    @property
    def of_model(self) -> bool:
        """Whether it is a part of the model, so that without it the run cannot translate."""
        return self.name.startswith("model.")

    def __str__(self) -> str:
        return f"{self.name} was removed: {self.instead}"


def of_flag(flag: str, value: str = "") -> str:
    """What to say of a flag such as --no-layer-norm, or of a value of it; empty where nothing was removed."""
    name = flag.removeprefix("--").removeprefix("no-").replace("-", "_")
    for setting in (*SETTINGS, *CHOICES):
        if setting.endswith(f".{name}") and (gone := _removed(setting, value)):
            what = flag if setting in SETTINGS else f"{flag} {value}"
            return f"{what} was removed: {gone.instead}"
    return ""


def current_flags(arguments: Iterable[str]) -> Iterator[str]:
    """Arguments with the flags that were renamed as they are called today; what follows -- is text."""
    new = {_flag(old): _flag(name) for old, name in RENAMED.items()}
    flags = True
    for argument in arguments:
        flags = flags and argument != "--"
        word, equals, value = argument.partition("=")
        yield new.get(word, word) + equals + value if flags else argument


def _flag(setting: str) -> str:
    return "--" + setting.split(".")[-1].replace("_", "-")


def take_out(tables: Mapping[str, Any]) -> tuple[dict[str, Any], list[Removed]]:
    """Settings by section -> the same without removed settings, and those that were there.

    Renamed settings have their names of today. A removed value of a setting that still exists stays in the
    tables.
    """
    kept, found = {}, []
    for section, values in tables.items():
        if not isinstance(values, Mapping):
            kept[section] = values
            continue
        kept[section] = {
            RENAMED.get(f"{section}.{name}", name): value
            for name, value in values.items()
            if f"{section}.{name}" not in SETTINGS
        }
        found += [gone for name, value in values.items() if (gone := _removed(f"{section}.{name}", value))]
    return kept, found


def _removed(name: str, value: object) -> Removed | None:
    if isinstance(value, str) and value in CHOICES.get(name, {}):
        return Removed(f"{name} = {value}", used=True, instead=CHOICES[name][value])
    if name in SETTINGS:
        off, instead = SETTINGS[name]
        return Removed(name, used=off is not ANY and value != off, instead=instead)
    return None

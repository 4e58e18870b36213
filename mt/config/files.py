"""Settings from files and presets: TOML laid over other settings."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mt.config import Config
from mt.config.fields import describe
from mt.config.removed import take_out
from mt.errors import ConfigError, reason
from mt.text.encoding import decode

PRESET_BASES = {"manual": "attention"}
"""Presets that are laid over another one."""


FORMER_PRESETS = {"seed": "elman"}
"""Presets that had another name, which is still understood."""


def preset_names() -> list[str]:
    """The presets that ship with the package."""
    folder = resources.files("mt") / "presets"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str) -> Config:
    """A named preset. Raises ConfigError if there is none of that name."""
    name = FORMER_PRESETS.get(name, name)
    if name not in preset_names():
        raise ConfigError(f"there is no preset {name!r}; choose one of: {', '.join(preset_names())}")
    text = (resources.files("mt") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    base = load_preset(PRESET_BASES[name]) if name in PRESET_BASES else Config()
    return parse(text, where=f"preset {name}", base=base)


def load_file(path: Path, base: Config) -> Config:
    """Settings from a TOML file, laid over `base`. Raises ConfigError."""
    try:
        text = decode(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}; check the path") from None
    except OSError as problem:
        raise ConfigError(f"cannot read {path}: {reason(problem)}") from None
    except ValueError as problem:
        raise ConfigError(f"{path} {problem}; save it as UTF-8") from None
    return parse(text, where=str(path), base=base)


def parse(text: str, *, where: str, base: Config) -> Config:
    """TOML text laid over `base`. Raises ConfigError that names `where` and every wrong key."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{where}: not valid TOML: {problem}") from None
    # A run's config.toml, known by its [run] table, has all settings but for those that are None.
    of_run = tables.pop("run", None) is not None
    if of_run:
        base = Config()
    tables, gone = take_out(tables)
    if refused := [str(setting) for setting in gone if setting.used or not of_run]:
        raise ConfigError(f"{where}: {'; '.join(refused)}")
    merged = base.model_dump()
    for section, values in tables.items():
        if isinstance(merged.get(section), dict) and isinstance(values, dict):
            merged[section] |= values
        else:
            merged[section] = values
    return validate(merged, where=where)


def validate(values: dict[str, Any], *, where: str) -> Config:
    """Plain nested values -> Config. Raises ConfigError with all problems in one line."""
    try:
        return Config.model_validate(values)
    except ValidationError as problem:
        known = {name: f"{section}.{name}" for section, fields in Config() for name, _ in fields}
        raise ConfigError(f"{where}: {describe(problem, known=known)}") from None

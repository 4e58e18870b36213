"""What is missing is named as the user installs it, everywhere in the same words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import mt
from mt.errors import DISTRIBUTION, MissingExtraError

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
CODE = {path: path.read_text(encoding="utf-8") for path in Path(mt.__file__).parent.rglob("*.py")}


def test_the_distribution_has_the_name_that_messages_say() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert str(MissingExtraError("x needs y", "serve")) == f"x needs y: pip install '{DISTRIBUTION}[serve]'"


def test_every_extra_that_a_message_names_exists() -> None:
    named = {
        extra
        for text in CODE.values()
        for extra in re.findall(r'MissingExtraError\(\s*f?"[^"]*",\s*"(\w+)"', text)
    }
    assert {"serve", "datastore", "pictures", "moses", "tensorboard"} <= named
    assert named <= PROJECT["optional-dependencies"].keys()


def test_nothing_else_says_how_to_install() -> None:
    """But for sacreBLEU's own extras, which bring MeCab."""
    said = [
        line.strip()
        for path, text in CODE.items()
        if path.name != "errors.py"
        for line in text.splitlines()
        if "pip install" in line and "sacrebleu[" not in line
    ]
    assert said == []

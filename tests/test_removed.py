"""Settings that mt no longer has: runs of 0.1 load where they did not use them, else one line says why."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

import mt
from mt import cli
from mt.checkpoint import CONFIG, MODEL, read_config
from mt.commands.arguments import find
from mt.config import Config, DatastoreConfig
from mt.config.files import load_file
from mt.config.removed import RENAMED
from mt.errors import ConfigError
from mt.storage.tensors import read_tensors, write_tensors

UNUSED: dict[str, dict[str, Any]] = {
    "model": {"attention_heads": 4, "input_feeding": False, "layer_norm": False},
    "training": {"keep": 5, "nonfinite_limit": 10, "r_drop": 0.0},
}
"""What a run of 0.1 holds of settings that are gone, all of them at their default."""

USED: list[tuple[str, object]] = [
    ("model.cell", "mingru"),
    ("model.cell", "lnlstm"),
    ("model.attention", "multihead"),
    ("model.input_feeding", True),
    ("model.layer_norm", True),
    ("training.r_drop", 2.5),
]
"""Settings that made a difference."""


@pytest.fixture
def run(toy_run: Path, tmp_path: Path) -> Path:
    """A trained run as version 0.1 wrote it: with every setting that it had."""
    copy = tmp_path / "run"
    shutil.copytree(toy_run, copy)
    tables = tomllib.loads((copy / CONFIG).read_text())
    tables["run"]["mt_version"] = "0.1.0"
    for section, values in UNUSED.items():
        tables[section] |= values
    (copy / CONFIG).write_text(tomli_w.dumps(tables))
    tensors, notes = read_tensors(copy / MODEL)
    notes["model"] |= UNUSED["model"]
    write_tensors(copy / MODEL, tensors, notes)
    return copy


def use(run: Path, setting: str, value: object) -> Path:
    tables = tomllib.loads((run / CONFIG).read_text())
    section, name = setting.split(".")
    tables[section][name] = value
    (run / CONFIG).write_text(tomli_w.dumps(tables))
    return run / CONFIG


def test_a_run_of_0_1_translates_and_its_settings_train_again(run: Path, toy_run: Path) -> None:
    assert mt.load(run).translate(["ba fi go"]) == mt.load(toy_run).translate(["ba fi go"])
    assert read_config(run, resume=True)[0] == read_config(toy_run)[0]
    assert load_file(run / CONFIG, Config()) == read_config(toy_run)[0]


@pytest.mark.parametrize(("setting", "value"), USED)
def test_a_run_that_used_a_removed_setting_names_it(
    setting: str, value: object, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use(run, setting, value)
    if setting.startswith("model."):
        assert cli.main(["translate", "-m", str(run), "ba"]) == 1
    else:  # it only decides how weights are learned
        assert cli.main(["translate", "-m", str(run), "ba"]) == 0
        capsys.readouterr()
        assert cli.main(["train", "--config", str(run / CONFIG), "--out", str(run)]) == 1
    error = capsys.readouterr().err
    assert setting in error
    assert "0.1.0" in error or "config.toml" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(("setting", "value"), USED)
def test_a_settings_file_with_a_removed_setting_names_it(setting: str, value: object, tmp_path: Path) -> None:
    section, name = setting.split(".")
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps({section: {name: value}}))
    with pytest.raises(ConfigError, match=rf"{re.escape(str(path))}: .*{setting}.* was removed"):
        load_file(path, Config())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--r-drop", "2"], "--r-drop was removed: leave it out"),
        (
            ["train", "--no-input-feeding"],
            "--no-input-feeding was removed: attention_",
        ),
        (["train", "--keep=5"], "--keep was removed: average_decay = 0.999"),
        (["train", "--nonfinite-limit", "3"], "--nonfinite-limit was removed: leave it out; ten steps"),
        (["train", "--cell", "mingru"], "--cell mingru was removed: choose gru"),
        (["train", "--attention", "multihead"], "--attention multihead was removed: choose general"),
        (["train", "--preset", "rnmt"], "--preset rnmt was removed: choose attention"),
        (["train", "--cell", "gruu"], "invalid choice: 'gruu'"),
        (["average", "-m", "run"], "mt average was removed: mt train --average-decay 0.999"),
    ],
)
def test_a_command_line_of_0_1_is_told_what_is_gone(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1


def test_former_names_of_settings_in_files_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "former.toml"
    file.write_text(
        'tokenizer.pieces_of = "a"\n'
        'training = {teaching = 0.3, teachers = ["a"]}\n'
        'model = {attention_place = "between", attention = "mlp", decoder_layers = 2}\n'
    )
    config = load_file(file, Config())
    assert config.tokenizer.tokenizer_from == "a"
    assert config.training.distillation_weight == 0.3
    assert config.model.attention_position == "between"
    arguments = ["--teaching", "0.3", "--pieces-of=a", "--datastore-share=0.2", "--", "--teaching"]
    assert find("train", arguments)[1] == [
        *("--distillation-weight", "0.3", "--tokenizer-from=a", "--datastore-weight=0.2", "--", "--teaching")
    ]


def test_every_former_name_leads_to_a_setting() -> None:
    tables = Config().model_dump() | {"datastore": DatastoreConfig().model_dump()}
    for former, name in RENAMED.items():
        section, old = former.split(".")
        assert name in tables[section]
        assert old not in tables[section]

"""Settings: one tree for files, flags and code; every field is read; mistakes are one line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from mt.cli import main
from mt.commands.arguments import find
from mt.config import Config, DataConfig, ModelConfig, SearchConfig, TokenizerConfig, TrainingConfig
from mt.config.changes import Change, changes
from mt.config.fields import Section
from mt.config.files import load_file, load_preset, preset_names
from mt.config.files import parse as parse_toml
from mt.errors import ConfigError, UsageError
from mt.flags import Parser, parse
from mt.options import (
    EvaluateOptions,
    InspectOptions,
    NeighboursOptions,
    ReportOptions,
    ServeOptions,
    TrainOptions,
    TranslateOptions,
    ValidationOptions,
)

SECTIONS = [
    DataConfig,
    TokenizerConfig,
    ModelConfig,
    TrainingConfig,
    SearchConfig,
    TrainOptions,
    TranslateOptions,
    EvaluateOptions,
    ValidationOptions,
    InspectOptions,
    NeighboursOptions,
    ReportOptions,
    ServeOptions,
]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_is_explained(section: type[Section]) -> None:
    """That each does something, see test_settings."""
    for name, field in section.model_fields.items():
        assert field.description, f"{section.__name__}.{name} has no docstring"


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_comes_back_from_toml(name: str) -> None:
    preset = load_preset(name)
    text = tomli_w.dumps(preset.model_dump(mode="json", exclude_none=True))
    assert parse_toml(text, where="test", base=Config()) == preset


def test_a_file_is_laid_over_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[model]\nembedding = 77\n")
    mixed = load_file(path, load_preset("tiny"))
    assert (mixed.model.embedding, mixed.model.encoder_hidden) == (77, 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nhiden = 3\n", "model.hiden: there is no such setting"),
        (
            "[model]\nmax_epoch = 3\n",
            "model.max_epoch: there is no such setting (did you mean training.max_epochs?)",
        ),
        ("seed = 3\n", "seed: there is no such setting (did you mean training.seed?)"),
        ("[training]\nmax_epochs = 'three'\n", "training.max_epochs: should be a whole number, not 'three'"),
        ("[training]\nmax_epochs = 1.5\n", "training.max_epochs: should be a whole number, not 1.5"),
        ("[model]\ntied = 'often'\n", "model.tied: should be true or false, not 'often'"),
        ("[data]\nsrc = 3\n", "data.src: should be text in quotes, not 3"),
        ("[model]\npooling = 'last'\n", "model.pooling: should be a list, not 'last'"),
        ("[model]\nembedding = -1\n", "model.embedding: should be greater than 0, not -1"),
        ("[model\n", "not valid TOML"),
        ("[training]\ndecay = 'fast'\nseed = 'x'\n", "training.seed"),
        (
            "[model]\nfeed_start = false\nfeed_steps = false\nfeed_readout = false\n",
            "needs the sentence vector",
        ),
        ("[model]\nreadout = false\n", "needs"),
        ("[model]\npooling = ['last', 'last']\n", "each once"),
        ("[model]\nfeed_readout = false\n[training]\nbag_of_words = 1.0\n", "needs feed_readout"),
        ("[tokenizer]\nsampling = 0.0\n", "tokenizer.sampling: should be greater than 0"),
        ("model = 3\n", "model: should be a table, not 3"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        load_file(path, Config())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "flags", "in_file", "as_flags"),
    [
        (
            "[training]\ninit_parts = 'encoder'",
            ["--init-parts", "encoder"],
            "init_parts says what is taken of a run: name the run by init",
            "--init-parts says what is taken of a run: name the run by --init",
        ),
        (
            "[training]\ninit = 'run'\ninit_parts = 'encoder'\n[tokenizer]\nshared = true",
            ["--init", "RUN", "--init-parts", "encoder", "--shared"],
            'with init_parts = "encoder" the target has a tokenizer of its own: set shared = false',
            "with --init-parts encoder the target has a tokenizer of its own: set --no-shared",
        ),
        (
            "[speech]\nmask_bands = 2",
            ["--mask-bands", "2"],
            "mask_bands: no effect on text",
            "--mask-bands: no effect on text",
        ),
        (
            "[model]\nattention = 'dot'",
            ["--attention", "dot", "--decoder-hidden", "7", "--no-tied"],
            "dot attention needs decoder_hidden = ",
            "dot attention needs --decoder-hidden ",
        ),
    ],
)
def test_a_message_names_settings_as_they_were_written(
    text: str, flags: list[str], in_file: str, as_flags: str, toy_run: Path
) -> None:
    with pytest.raises(ConfigError, match=re.escape(in_file)):
        parse_toml(text, where="mine.toml", base=Config())
    command, given = find("train", [word.replace("RUN", str(toy_run)) for word in flags])
    with pytest.raises(UsageError, match=re.escape(as_flags)):
        command.prepare(*command.parse(given))


def test_all_problems_come_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nseed = -1\ndecay = 'fast'\n")
    with pytest.raises(ConfigError, match=r"seed.*decay|decay.*seed"):
        load_file(path, Config())


def test_missing_file_and_preset() -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        load_file(Path("none.toml"), Config())
    with pytest.raises(ConfigError, match=r"no preset 'giant'.*vector"):
        load_preset("giant")


def test_flags_are_checked_typed_and_repeatable() -> None:
    arguments = "--train a.tsv --train b.tsv c.tsv --pooling mean max --no-tied --embedding 9"
    data, model = parse(Parser(prog="mt"), shlex.split(arguments), DataConfig(), ModelConfig())
    assert data.train == ("a.tsv", "b.tsv", "c.tsv")
    assert (model.pooling, model.tied, model.embedding) == (("mean", "max"), False, 9)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--embeding-size", "9"], "did you mean --embedding"),
        (["--embed", "9"], "did you mean --embedding"),
        (["--foo", "9"], "unrecognized arguments: --foo 9; see"),
        (["--cell", "gruu"], "invalid choice: 'gruu' (choose from 'rnn', 'gru', 'lstm') (did you mean gru?)"),
        (["--embedding", "many"], "--embedding: should be a whole number, not 'many'"),
        (["--dropout-output", "1.5"], "--dropout-output: should be less than 1"),
        (["--learning-rate", "inf"], "--learning-rate: should be a finite number"),
        (["--seed", "9223372036854775808"], "--seed: should be less than 9223372036854775808"),
    ],
)
def test_wrong_flags_are_one_line(flags: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        parse(Parser(prog="mt train"), flags, ModelConfig(), TrainingConfig())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_times(text: str, seconds: float) -> None:
    assert parse(Parser(), ["--time-budget", text], TrainOptions())[0].time_budget == seconds


@pytest.mark.parametrize("text", ["soon", "", "3 weeks", "m30"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"--time-budget.*90s, 30m"):
        parse(Parser(), ["--time-budget", text], TrainOptions())


def test_limits_may_change_and_what_decides_what_is_learned_may_not() -> None:
    """With linear decay the last step decides each learning rate before it."""
    longer = Config(training=TrainingConfig(max_epochs=99, patience=1))
    decisive, others = changes(Config(), longer)
    assert (decisive, [change.name for change in others]) == (
        [],
        ["training.max_epochs", "training.patience"],
    )
    linear = Config(training=TrainingConfig(decay="linear"))
    decisive, others = changes(
        linear, Config(training=TrainingConfig(decay="linear", max_epochs=99, patience=1))
    )
    assert [change.name for change in decisive] == ["training.max_epochs"]
    assert [change.name for change in others] == ["training.patience"]
    assert changes(linear, linear) == ([], [])


@pytest.mark.parametrize(
    ("name", "before", "after", "written"),
    [
        ("training.learning_rate", 0.001, 0.002, "--learning-rate 0.002 (was 0.001)"),
        ("data.train", ("a,b",), ("a,c", "d.tsv"), "--train a,c d.tsv (was a,b)"),
        ("tokenizer.shared", True, False, "--no-shared (was --shared)"),
        ("training.validate_every", None, 50, "--validate-every 50 (was not given)"),
        ("training.validate_every", 50, None, "no --validate-every (was 50)"),
        ("data.validation", ("v.tsv",), (), "no --validation (was v.tsv)"),
    ],
)
def test_a_change_is_said_as_one_would_write_it(name: str, before: Any, after: Any, written: str) -> None:
    assert str(Change(name, before, after)) == written


def test_the_command_line_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translte"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no command 'translte' (did you mean translate?); choose one of: train, " in captured.err
    assert len(captured.err.splitlines()) == 1


def test_the_preset_follows_the_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The built-in corpus has a preset of its own, whether it is named by a flag, by a file or not at all."""
    path = tmp_path / "mine.toml"
    path.write_text('[data]\ntrain = ["pairs.tsv"]\n')
    for arguments, preset in [
        ([], "vector"),  # what training on your own pairs takes, though mt train alone takes phrasebook
        (["--train", "phrasebook"], "phrasebook"),
        (["--train", "pairs.tsv"], "vector"),
        (["--config", str(path)], "vector"),
        (["--config", str(path), "--preset", "elman"], "elman"),
        (["--preset", "seed"], "elman"),  # as it was called
    ]:
        assert main(["train", *arguments, "--help"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert f"below are of preset {preset};" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset"], "expected one argument"),
        (["--config", "none.toml"], "there is no file none.toml; check the path"),
    ],
)
def test_a_wrong_preset_or_file_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "tiny", "--max-steps", "1", "--out", str(tmp_path / ("x" * 999))]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "File name too long" in error
    assert error.startswith("mt: ")

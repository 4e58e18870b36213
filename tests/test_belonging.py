"""The parts of a run know that they belong together: damage, other runs' files and edits are noticed."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from mt import cli
from mt.storage.tensors import read_tensors, write_tensors
from mt.training.state import STATE
from tests.runs import assert_equal, logged, progress, same_weights
from tests.toy import toy_pairs, train_arguments, write_tsv

MODEL = "model.safetensors"


def command(folder: Path, out: Path, *settings: str) -> list[str]:
    limits = ["--max-steps", "6", "--validate-every", "2", "--max-epochs", "99"]
    limits += ["--validation-metric", "perplexity"]  # which falls from the start
    return [*train_arguments(folder, pairs=100), *limits, *settings, "--out", str(out)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the same shape and pieces, `one` and `two`. Do not change them."""
    made = tmp_path_factory.mktemp("runs")
    assert cli.main(command(made, made / "one")) == 0
    assert cli.main(command(made, made / "two", "--seed", "2")) == 0
    return made


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    """A copy of `one` to be changed."""
    return Path(shutil.copytree(folder / "one", tmp_path / "run"))


Say = Callable[[], str]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """The last line on stderr."""
    return lambda: capsys.readouterr().err.splitlines()[-1]


def test_equal_runs_have_the_same_identity_and_others_have_not(folder: Path, tmp_path: Path) -> None:
    """Limits aside, which may change from command to command."""

    def identity(path: Path) -> str:
        return str(tomllib.loads((path / "config.toml").read_text())["run"]["identity"])

    assert cli.main(command(folder, tmp_path / "again", "--patience", "5")) == 0
    assert identity(tmp_path / "again") == identity(folder / "one") != identity(folder / "two")
    assert read_tensors(folder / "one" / MODEL)[1]["run"] == identity(folder / "one")
    assert progress(folder / "one")["run"] == identity(folder / "one")


@pytest.mark.parametrize("name", [MODEL, STATE, "config.toml"])
def test_parts_of_another_run_are_refused(name: str, folder: Path, run: Path, say: Say) -> None:
    shutil.copy(folder / "two" / name, run / name)
    seed = "2" if name == "config.toml" else "1"
    assert cli.main(command(folder, run, "--seed", seed)) == 1
    expected = {
        MODEL: f"{run / MODEL} is not the one that this run has written; restore it, or delete it",
        STATE: f"{run / STATE} and {run / 'config.toml'} are of different runs",
    }
    assert expected.get(name, expected[STATE]) in say()
    if name != STATE:
        assert cli.main(["translate", "-m", str(run), "ba"]) == 1
        assert "config.toml and model.safetensors are of different runs" in say()


def test_weights_of_the_same_settings_but_another_execution_are_refused(
    folder: Path, run: Path, say: Say
) -> None:
    """Same identity, and still not the file whose checksum the state has noted."""
    tensors, notes = read_tensors(run / MODEL)
    write_tensors(run / MODEL, {name: tensor + 1e-6 for name, tensor in tensors.items()}, notes)
    assert cli.main(command(folder, run)) == 1
    assert "is not the one that this run has written" in say()


def test_weights_of_a_validation_after_the_last_save_are_let_pass(
    folder: Path, run: Path, tmp_path: Path
) -> None:
    """A crash came after they were written and before the state was. They are written again."""
    early = tmp_path / "early"
    assert cli.main(command(folder, early, "--max-steps", "1")) == 0
    shutil.copy(folder / "two" / MODEL, early / MODEL)
    assert cli.main(command(folder, early)) == 1, "another run's are not"
    shutil.copy(run / MODEL, early / MODEL)
    assert read_tensors(run / MODEL)[1]["step"] > 1
    assert cli.main(command(folder, early)) == 0
    assert same_weights(early, folder / "one")
    assert read_tensors(early / MODEL)[1]["step"] == progress(early)["best_step"]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "a bit": lambda file: file.write_bytes(file.read_bytes()[:-9] + b"\x55" + file.read_bytes()[-8:]),
    "text": lambda file: file.write_text("no weights"),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "a folder": lambda file: file.unlink() or file.mkdir(),  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("name", [MODEL, STATE])
@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_is_passed_over(damage: str, name: str, folder: Path, run: Path, say: Say) -> None:
    """The run is finished, so nothing but a look tells."""
    DAMAGES[damage](run / name)
    assert cli.main(command(folder, run)) == 1
    said = say()
    assert f"{run / name} is damaged" in said or f"cannot read {run / name}: Is a directory" in said
    assert ("delete it: training goes on without the best weights up to step 6" in said) == (name == MODEL)


def test_without_the_best_weights_the_last_ones_are_the_best(
    folder: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / MODEL).unlink()
    before = (run / "metrics.jsonl").read_text()
    assert cli.main(command(folder, run)) == 0
    assert "model.safetensors is gone, and with it the best weights; those of step 6" in (
        " ".join(capsys.readouterr().err.split())
    )
    assert read_tensors(run / MODEL)[1]["step"] == progress(run)["best_step"] == 6
    assert same_weights(run, folder / "one")
    assert logged(run) == logged(folder / "one"), "no validation twice"
    assert before.count("\n") == (run / "metrics.jsonl").read_text().count("\n") - 1
    assert cli.main(["translate", "-m", str(run), "ba"]) == 0


def edit(run: Path, section: str, name: str, value: object) -> None:
    tables = tomllib.loads((run / "config.toml").read_text())
    tables[section][name] = value
    (run / "config.toml").write_text(tomli_w.dumps(tables))


def test_edited_settings_are_noticed(folder: Path, run: Path, say: Say) -> None:
    """Also if the command is edited alike."""
    edit(run, "training", "learning_rate", 0.5)
    assert cli.main(command(folder, run)) == 1
    assert "trained with other settings: --learning-rate 0.01 (was 0.5)" in say()
    assert cli.main(command(folder, run, "--learning-rate", "0.5")) == 1
    assert f"{run / 'config.toml'} was edited: --learning-rate 0.5 (was 0.01); undo that to go on" in say()


def test_an_edited_limit_is_a_change_at_a_step(folder: Path, run: Path) -> None:
    edit(run, "training", "patience", 3)
    assert cli.main(command(folder, run, "--max-steps", "7")) == 0
    changed = {"training.max_steps": [6, 7], "training.patience": [3, 6]}
    assert [start.get("changed") for start in logged(run, "start")] == [None, changed]


def test_changed_settings_are_refused_by_name(folder: Path, run: Path, say: Say) -> None:
    before = (run / STATE).read_bytes()
    assert cli.main(command(folder, run, "--embedding", "25", "--seed", "9")) == 1
    said = say()
    assert "trained with other settings: --embedding 25 (was 24), --seed 9 (was 1); to go on give" in said
    assert f"mt train --config {run / 'config.toml'} --out {run}" in said
    assert (run / STATE).read_bytes() == before


def test_of_many_changed_settings_a_few_are_named(folder: Path, run: Path, say: Say) -> None:
    other = ["--embedding", "25", "--seed", "9", "--cell", "rnn", "--shared", "--clip-norm", "2"]
    assert cli.main(command(folder, run, *other)) == 1
    said = say()
    assert "--shared (was --no-shared), --cell rnn (was gru), --embedding 25 (was 24) and 2 more; to" in said
    assert "clip" not in said


def test_what_a_refusal_proposes_goes_on(folder: Path, run: Path) -> None:
    config = ["train", "--threads", "1", "--config", str(run / "config.toml"), "--out", str(run)]
    assert cli.main(config) == 0
    assert_equal(run, folder / "one")


def test_changed_pairs_are_refused(folder: Path, run: Path, say: Say) -> None:
    arguments = command(folder, run)
    write_tsv(folder / "train.tsv", toy_pairs(100, seed=99))
    try:
        assert cli.main(arguments) == 1
    finally:
        write_tsv(folder / "train.tsv", toy_pairs(100, seed=1))
    assert "the train pairs are not those" in say()


def make_old(run: Path) -> None:
    """The run as mt 0.1 left it: without identity, checksum and settings; seconds beside the counters."""
    for name in (MODEL, STATE):
        tensors, notes = read_tensors(run / name)
        new = ("run", "settings", "best_checksum", "reported", "window_nll", "window_tokens")
        old = {key: value for key, value in notes.items() if key not in new}
        write_tensors(run / name, tensors, old | ({"seconds": 12.5} if name == STATE else {}))
    (run / "state" / "clock.json").unlink()
    tables = tomllib.loads((run / "config.toml").read_text())
    for name in ("identity", "arithmetic"):
        del tables["run"][name]
    (run / "config.toml").write_text(tomli_w.dumps(tables))


def test_a_run_of_an_older_version_goes_on(folder: Path, run: Path, say: Say) -> None:
    """Several times: it stays without an identity, so that its parts go on belonging together."""
    make_old(run)
    assert cli.main(["translate", "-m", str(run), "ba"]) == 0
    for steps in ("6", "8", "9"):
        assert cli.main(command(folder, run, "--max-steps", steps)) == 0
    assert cli.main(["translate", "-m", str(run), "ba"]) == 0
    assert json.loads((run / "state" / "clock.json").read_text())["spent"]["training"] > 12.5
    assert cli.main(command(folder, run.parent / "new", "--max-steps", "9")) == 0
    assert same_weights(run, run.parent / "new")
    shutil.copy(folder / "one" / STATE, run / STATE)
    assert cli.main(command(folder, run, "--max-steps", "9")) == 1
    assert "are of different runs" in say()


def test_a_damaged_clock_is_named(folder: Path, run: Path, say: Say) -> None:
    (run / "state" / "clock.json").write_text("{")
    assert cli.main(command(folder, run)) == 1
    assert "clock.json is damaged; delete it, and time is counted from 0 again" in say()
    (run / "state" / "clock.json").unlink()
    assert cli.main(command(folder, run)) == 0

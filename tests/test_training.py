"""Training: resumed = uninterrupted, limits and signals stop cleanly, and trouble is named."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from mt import cli
from mt.config import Config, ModelConfig
from mt.data.batches import Batch
from mt.model import build_model
from mt.storage.tensors import read_tensors
from mt.training.averaging import MovingAverage
from mt.training.lock import locked
from mt.training.state import STATE
from mt.training.updater import Updater
from tests.runs import progress, same_weights
from tests.toy import toy_pairs, train_arguments


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A short training whose epochs have several steps; plateau decay, dropout on."""
    return [
        *train_arguments(tmp_path, pairs=300),
        "--max-steps",
        "26",
        "--validate-every",
        "8",
        "--max-epochs",
        "99",
    ]


def last_tensors(run: Path) -> dict[str, torch.Tensor]:
    """The last weights and the optimiser's state."""
    return read_tensors(run / STATE)[0]


def test_two_trainings_cannot_write_one_run(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(tmp_path / "run"):
        assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    assert "another mt train is writing" in capsys.readouterr().err.splitlines()[-1]
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0


def test_a_folder_that_cannot_be_written_is_found_out_before_anything_is_read(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    captured = capsys.readouterr().err
    assert f"cannot write in {tmp_path / 'run'}: Read-only file system" in captured.splitlines()[-1]
    assert "read 300" not in captured


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_run_is_no_file(
    name: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert cli.main([*command, "--out", str(tmp_path / name)]) == 1
    captured = capsys.readouterr().err
    assert "is a file, or in one; give --out the name of a directory" in captured.splitlines()[-1]
    assert "read 300" not in captured, "before anything is read"
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_that_was_trained_is_overwritten(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights whose state is gone, as of a run that was copied to translate; and files of others."""
    run, mine = tmp_path / "run", tmp_path / "mine"
    assert cli.main([*command, "--out", str(run)]) == 0
    shutil.rmtree(run / "state")
    before = (run / "model.safetensors").read_bytes()
    assert cli.main([*command, "--out", str(run)]) == 1
    assert f"{run} holds a trained model but no state" in capsys.readouterr().err.splitlines()[-1]
    assert (run / "model.safetensors").read_bytes() == before
    mine.mkdir()
    (mine / "README.md").write_text("mine")
    assert cli.main([*command, "--out", str(mine)]) == 1
    assert (
        f"{mine} is not a run, and its README.md would be replaced"
        in capsys.readouterr().err.splitlines()[-1]
    )
    assert (mine / "README.md").read_text() == "mine"
    (mine / "README.md").rename(mine / "notes.md")
    assert cli.main([*command, "--out", str(mine)]) == 0


def test_a_run_that_learned_nothing_yet_may_begin_with_other_settings(
    command: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--out", str(run)]) == 0
    shutil.rmtree(run / "state")
    (run / "model.safetensors").unlink()
    assert cli.main([*command, "--seed", "2", "--out", str(run)]) == 0
    assert cli.main([*command, "--seed", "2", "--out", str(tmp_path / "other")]) == 0
    assert same_weights(run, tmp_path / "other")


def test_the_settings_of_a_run_are_a_file_of_settings(command: list[str], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.main([*command, "--out", str(one)]) == 0
    assert cli.main(["train", "--threads", "1", "--config", str(one / "config.toml"), "--out", str(two)]) == 0
    assert same_weights(one, two)


def test_what_cannot_be_trained_leaves_no_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, mine = tmp_path / "run", tmp_path / "mine"
    mine.mkdir()
    for out in (run, mine):
        assert cli.main(["train", "--train", str(tmp_path / "none.tsv"), "--out", str(out)]) == 1
        assert "none.tsv: no such file" in capsys.readouterr().err
    assert not run.exists()
    assert mine.exists()


def test_wrong_flags_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also a value that is out of range, alone or beside another setting, and a preset that is not there."""
    for wrong in (
        ["--preset", "huge"],
        ["--embedding", "0"],
        ["--vocab-size", "3"],
        ["--character-coverage", "0.9"],
        ["--tied", "--readout", "--readout-size", "7", "--embedding", "8"],
    ):
        assert cli.main(["train", *wrong, "--out", str(tmp_path / "run")]) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert captured.err.endswith("; see mt train --help\n")
    assert cli.main(["translate", "--beam", "0", "ba"]) == 2


def test_patience_stops_a_run_that_gets_no_better(command: list[str], tmp_path: Path) -> None:
    """With a learning rate of almost zero nothing improves after the first validation."""
    run = tmp_path / "run"
    command += ["--max-steps", "500", "--validate-every", "2", "--patience", "3", "--learning-rate", "1e-12"]
    assert cli.main([*command, "--out", str(run)]) == 0
    found = progress(run)
    assert found["step"] == 2 * (1 + 3)
    assert found["finished"] == "no better validation in 3"
    assert found["scale"] == 0.5  # plateau_patience 2: halved once within three validations
    assert found["best_step"] == 2


def test_steps_that_are_not_finite_are_skipped_and_counted(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(monkeypatch, {4, 5})
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 0
    tensors, found = read_tensors(tmp_path / "run" / STATE)
    assert (found["nonfinite"], found["nonfinite_row"]) == (2, 0)
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    assert "step 4: the loss or its gradient is not finite" in capsys.readouterr().err


def test_a_loss_that_stays_nonfinite_stops_the_run_with_the_last_good_state(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(monkeypatch, set(range(6, 99)))
    monkeypatch.setattr("mt.training.trainer.NONFINITE_LIMIT", 3)
    assert cli.main([*command, "--out", str(tmp_path / "run")]) == 1
    tensors, found = read_tensors(tmp_path / "run" / STATE)
    assert found["step"] == 8
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    error = capsys.readouterr().err.splitlines()[-1]
    assert "stopped at step 8, after 3 steps without a finite loss and gradient" in error


def spoil(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """Make the loss of these steps infinite."""
    add_gradients = Updater._add_gradients

    def spoilt(
        self: Updater, batches: Sequence[Batch], positions: Sequence[int], step: int, tokens: int
    ) -> torch.Tensor:
        return add_gradients(self, batches, positions, step, tokens) * (math.inf if step in steps else 1)

    monkeypatch.setattr(Updater, "_add_gradients", spoilt)


def test_validation_pairs_are_set_aside_where_none_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = train_arguments(tmp_path, pairs=2000)
    arguments = arguments[: arguments.index("--validation")]
    arguments += [
        "--max-steps",
        "2",
        "--validation-pairs",
        "30",
        "--drop-duplicates",
        "--out",
        str(tmp_path / "run"),
    ]
    assert cli.main(arguments) == 0
    error = capsys.readouterr().err
    assert "set aside for validation: 30" in error
    assert "validation: 30 pairs" in error
    assert "overlap: of 30 validation pairs 0 sources" in error


@pytest.mark.parametrize(("side", "says"), [("--src", "de: it is kept as a name"), ("--tgt", "de: BLEU's")])
def test_what_is_no_language_code_is_warned_of(
    side: str, says: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command += ["--max-steps", "1", "--out", str(tmp_path / "run"), side]
    assert cli.main([*command, "german"]) == 0
    assert f"german is not a language code such as {says}" in " ".join(capsys.readouterr().err.split())


def test_bad_lines_stop_or_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*train_arguments(tmp_path, pairs=300), "--max-steps", "2", "--out", str(tmp_path / "run")]
    with (tmp_path / "train.tsv").open("ab") as file:
        file.write(b"no tab here\nbad \xff bytes\tx\n")
    assert cli.main(arguments) == 1
    assert "train.tsv, line 301" in capsys.readouterr().err
    assert cli.main([*arguments, "--on-bad-line", "skip"]) == 0
    assert "bad lines 2" in capsys.readouterr().err


def test_the_moving_average_by_hand() -> None:
    """Of three steps: the first two weigh more than a decay of 0.9 would have it."""
    model = build_model(
        ModelConfig(embedding=2, encoder_hidden=2, decoder_hidden=2),
        src_vocab=5,
        tgt_vocab=5,
        shared=False,
        pad_id=0,
    )
    bias = model.decoder.output.bias
    average = MovingAverage(model, 0.25)
    found = []
    for step, value in enumerate([1.0, 3.0, -1.0], start=1):
        with torch.no_grad():
            bias.fill_(value)
        average.update(step)
        found.append(average.model.decoder.output.bias[0].item())
    first = 9 / 11
    assert found == pytest.approx([first, 0.25 * first + 0.75 * 3, 0.25 * (0.25 * first + 0.75 * 3) - 0.75])
    assert average.model.decoder.output.weight is average.model.decoder.embedding.weight


def test_the_average_is_what_is_kept(command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert cli.main([*command, "--average-decay", "0.9", "--validate-every", "26", "--out", str(run)]) == 0
    last, _ = read_tensors(run / STATE)
    best, _ = read_tensors(run / "model.safetensors")
    assert all(last[f"average/{name}"].equal(tensor) for name, tensor in best.items())
    assert not all(last[f"model/{name}"].equal(tensor) for name, tensor in best.items())


def test_weight_decay_shrinks_matrices_and_leaves_biases(tmp_path: Path) -> None:
    """After one step. An LSTM's bias of what to remember begins with 1, so decay would show."""
    once = [*train_arguments(tmp_path, pairs=100), "--warmup-steps", "0", "--max-steps", "1"]
    for decay in ("0", "0.5"):
        changed = ["--cell", "lstm", "--weight-decay", decay]
        assert cli.main([*once, *changed, "--out", str(tmp_path / decay)]) == 0
    plain, decayed = last_tensors(tmp_path / "0"), last_tensors(tmp_path / "0.5")
    parameters = [name for name in plain if name.startswith("model/")]
    assert {plain[name].dim() for name in parameters} == {1, 2}
    for name in parameters:
        assert plain[name].equal(decayed[name]) == (plain[name].dim() == 1), name


SHAPES = [
    "--cell rnn --no-bidirectional --reverse-source --no-feed-readout",
    "--cell lstm --encoder-layers 2 --decoder-layers 2 --residual --no-tied --dropout-recurrent 0.2",
    "--no-readout --no-feed-readout --no-tied --no-feed-start --shared",
    "--attention general --no-feed-steps --algorithm bpe --byte-fallback --vocab-size 280",
    "--attention mlp --attention-position between --decoder-layers 2 --attend-embedding",
    "--pooling mean max attentive --vector-size 9 --vocab-size 20 --embedding 20",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_trains_and_translates(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    base = [*train_arguments(tmp_path, pairs=120), "--max-steps", "3"]
    assert cli.main([*base, *shape.split(), "--out", str(run)]) == 0
    capsys.readouterr()
    assert cli.main(["translate", "-m", str(run), "ba", "de fi"]) == 0
    assert capsys.readouterr().out.count("\n") == 2


def test_a_toy_language_is_learned_through_the_real_commands(
    toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sentences that were never trained on, for the most part, come out right."""
    pairs = toy_pairs(60, seed=77)
    assert cli.main(["translate", "-m", str(toy_run), *(src for src, _ in pairs)]) == 0
    found = capsys.readouterr().out.split("\n")[:-1]
    right = np.mean([output == tgt for output, (_, tgt) in zip(found, pairs, strict=True)])
    assert right > 0.9


def test_the_settings_of_a_run_are_in_it(toy_run: Path) -> None:
    """config.toml is a --config: its [run] table aside, it is the tree of settings."""
    from mt.checkpoint import read_config

    config, metadata = read_config(toy_run)
    assert isinstance(config, Config)
    assert config.model.encoder_hidden == 32
    assert set(metadata["corpora"]) == {"train", "validation"}

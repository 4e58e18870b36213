"""A run directory: the same translations after saving and loading, and one clear line for any damage."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import mt
from mt import checkpoint, cli
from mt.checkpoint import assign, load_run
from mt.errors import RunError
from mt.model import build
from mt.storage.tensors import read_tensors
from mt.training.clock import Clock
from mt.training.state import RunFiles
from mt.training.updater import Updater

CPU = torch.device("cpu")


@pytest.fixture
def run(toy_run: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(toy_run, tmp_path / "run"))


def test_three_kinds_of_files_are_all_that_translating_needs(run: Path, toy_run: Path) -> None:
    for name in ("state", "metrics.jsonl", "samples.txt", "README.md"):
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    texts = ["ba de", "mo", "ku la ne"]
    assert mt.load(run).translate(texts) == mt.load(toy_run).translate(texts)


def test_saving_and_loading_gives_the_same_weights(run: Path, tmp_path: Path) -> None:
    loaded = load_run(run, CPU)
    checkpoint.save_model(tmp_path, dict(loaded.model.named_parameters()), loaded.config, {})
    tensors, _ = read_tensors(tmp_path / "model.safetensors")
    for name, parameter in loaded.model.named_parameters():
        assert tensors[name].equal(parameter)


def test_a_run_holds_no_pickle(toy_run: Path) -> None:
    kinds = {path.suffix for path in toy_run.rglob("*") if path.is_file()}
    assert kinds == {".toml", ".spm", ".safetensors", ".json", ".jsonl", ".txt", ".md"}
    for path in toy_run.rglob("*.safetensors"):
        length = struct.unpack("<Q", path.read_bytes()[:8])[0]
        json.loads(path.read_bytes()[8 : 8 + length])


def test_the_card_and_the_logs_are_readable(toy_run: Path) -> None:
    card = (toy_run / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: mt\n")
    assert "best validation BLEU" in card
    lines = [json.loads(line) for line in (toy_run / "metrics.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"start", "training", "validation"}
    assert all(line["signature"].startswith("nrefs:1") for line in lines if line["kind"] == "validation")
    assert "reference" in (toy_run / "samples.txt").read_text(encoding="utf-8")


def test_the_card_says_what_the_decoder_sees(toy_run: Path, attentive_run: Path) -> None:
    vector, attentive = ((run / "README.md").read_text(encoding="utf-8") for run in (toy_run, attentive_run))
    assert "reads it back out." in vector
    assert "reads it back out and looks back at the encoder's states (general attention)." in attentive


def remove(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).unlink()


def truncate(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:-100])


def rewrite(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        text = (run / name).read_text(encoding="utf-8")
        assert old in text
        (run / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def empty(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(b"")


def as_folder(name: str) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        (run / name).unlink()
        (run / name).mkdir()

    return change


def not_validated(run: Path) -> None:
    (run / "model.safetensors").unlink()
    (run / "state").mkdir(exist_ok=True)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no directory": (lambda run: shutil.rmtree(run), "does not exist; name the directory of a run"),
    "no config": (remove("config.toml"), "has no config.toml: it is not a run of mt train"),
    "no weights": (remove("model.safetensors"), "model.safetensors is missing"),
    "not validated yet": (
        not_validated,
        "model.safetensors is missing; the first validation writes it: go on training",
    ),
    "no pieces": (remove("src.spm"), "src.spm is missing"),
    "half the weights": (truncate("model.safetensors"), "model.safetensors is damaged"),
    "half the pieces": (truncate("tgt.spm"), "tgt.spm"),
    "no bytes of weights": (empty("model.safetensors"), "model.safetensors is damaged"),
    "no bytes of pieces": (empty("tgt.spm"), "tgt.spm"),
    "broken TOML": (rewrite("config.toml", "[model]", "[model"), "config.toml is damaged"),
    "newer format": (rewrite("config.toml", "format = 1", "format = 99"), "was written in format 99 by mt"),
    "no format": (rewrite("config.toml", "format = 1", "farmat = 1"), "has no [run] table with a format"),
    "another size": (rewrite("config.toml", "decoder_hidden = 32", "decoder_hidden = 9"), "disagree"),
    "another cell": (rewrite("config.toml", 'cell = "gru"', 'cell = "lstm"'), "disagree on cell"),
    "an unknown setting": (rewrite("config.toml", "tied =", "tyed ="), "there is no such setting"),
    "a wrong value": (rewrite("config.toml", 'cell = "gru"', 'cell = "gur"'), "should be 'rnn', 'gru'"),
    "a folder as weights": (as_folder("model.safetensors"), "cannot read RUN/model.safetensors: Is a"),
    "a folder as pieces": (as_folder("src.spm"), "cannot read RUN/src.spm: Is a directory"),
    "a folder as settings": (as_folder("config.toml"), "cannot read RUN/config.toml: Is a directory"),
    "pieces of the other side": (
        lambda run: shutil.copy(run / "src.spm", run / "tgt.spm"),
        "tgt.spm is not the one this run was trained with",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_one_clear_line(name: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage, message = DAMAGES[name]
    damage(run)
    assert cli.main(["translate", "-m", str(run), "ba"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message.replace("RUN", str(run)) in captured.err
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["config.toml", "src.spm"])
def test_files_that_may_not_be_read_are_not_called_damaged(
    name: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, who may read everything: so the system's answer is put in its mouth."""
    original = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RunError, match=rf"cannot read .*{name}: Permission denied; change its permissions"):
        load_run(run, CPU)


@pytest.mark.parametrize("place", [0.001, 0.02, 0.1, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("name", ["model.safetensors", "tgt.spm"])
def test_one_flipped_bit_is_noticed(run: Path, name: str, place: float) -> None:
    data = bytearray((run / name).read_bytes())
    data[int(place * len(data))] ^= 4
    (run / name).write_bytes(bytes(data))
    with pytest.raises(RunError, match=re.escape(name)):
        load_run(run, CPU)


def test_weights_of_another_model_do_not_fit(toy_run: Path) -> None:
    loaded = load_run(toy_run, CPU)
    weights = dict(loaded.model.named_parameters())
    name = next(iter(weights))
    other = build(loaded.config, loaded.src_tokenizer, loaded.tgt_tokenizer)
    with pytest.raises(RunError, match="lacks"):
        assign(other, {key: value for key, value in weights.items() if key != name}, Path("w"))
    with pytest.raises(RunError, match="which this model does not have"):
        assign(other, weights | {"extra": torch.zeros(1)}, Path("w"))
    with pytest.raises(RunError, match=r"where the settings say"):
        assign(other, weights | {name: torch.zeros(1, 1)}, Path("w"))


def test_the_optimiser_is_put_back_where_the_weights_are(run: Path) -> None:
    """Its count of steps too, as a fused optimiser wants it; "meta" stands for a GPU here."""
    loaded = load_run(run, CPU)
    with torch.device("meta"):
        model = build(loaded.config, loaded.src_tokenizer, loaded.tgt_tokenizer)
    updater = Updater(model, loaded.config.training, torch.device("meta"), "fp32")
    RunFiles(run, loaded.config, loaded.metadata["identity"]).load_state(updater, Clock())
    states = [updater.optimizer.state[parameter] for parameter in model.parameters()]
    assert {name for state in states for name in state} == {"step", "exp_avg", "exp_avg_sq"}
    assert {tensor.device.type for state in states for tensor in state.values()} == {"meta"}


def test_the_newest_run_is_the_default(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["translate", "ba"]) == 1
    assert "there is no trained run under checkpoints/" in capsys.readouterr().err
    shutil.copytree(run, tmp_path / "checkpoints" / "mine")
    assert cli.main(["translate", "ba de"]) == 0
    assert "checkpoints/mine" in capsys.readouterr().err

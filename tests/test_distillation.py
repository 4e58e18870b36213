"""Word-level distillation: what teachers expect is what they predict, and it counts by its weight."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mt import cli
from mt.checkpoint import load_run
from mt.config import DataConfig
from mt.console import Console
from mt.data.batches import Batch, TopK
from mt.data.corpus import read_validation
from mt.data.encoded import PiecePairs, cut
from mt.decoding.ensemble import Ensemble
from mt.layers.loss import Targets, cross_entropy
from mt.storage.tensors import read_tensors
from mt.training.distillation import LIKELIEST, load_teachers
from tests.conftest import learn_once
from tests.toy import toy_pairs, train_arguments, write_tsv

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def teachers(toy_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of the same pieces, one of which knows little."""
    options = ("--tokenizer-from", str(toy_run), "--max-epochs", "2", "--seed", "7")
    return toy_run, learn_once(tmp_path_factory, "novice", *options)


def read(folder: Path, teacher: Path, seed: int = 5) -> PiecePairs:
    """Pairs in the teacher's pieces."""
    path = write_tsv(folder / "pairs.tsv", toy_pairs(60, seed))
    corpus = read_validation(DataConfig(validation=(str(path),)))
    run = load_run(teacher, CPU)
    return cut(corpus, run.src_tokenizer, run.tgt_tokenizer)


def ask(pairs: PiecePairs, *teachers: Path) -> tuple[Batch, TopK]:
    """Some rows of different lengths, and what is expected in them."""
    first = load_run(teachers[0], CPU)
    tokenizers = first.src_tokenizer, first.tgt_tokenizer
    found = load_teachers([str(path) for path in teachers], first.languages, tokenizers)
    assert found is not None
    batch = found.annotate(pairs, CPU, "fp32", Console()).batch(np.array([3, 41, 17, 8]))
    assert batch.expected is not None
    return batch, batch.expected


def test_what_is_expected_is_what_the_teachers_predict_together(
    teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    """At each place the likeliest pieces, eos too; behind it nothing."""
    batch, expected = ask(read(tmp_path, teachers[0]), *teachers)
    with torch.inference_mode():
        models = [load_run(path, CPU).model for path in teachers]
        probs = torch.stack([Ensemble([model]).predict(batch).exp() for model in models]).mean(dim=0)
    real = batch.tgt_out != 0
    assert 0 < (~real).sum() < real.sum()
    assert not expected.probs[~real].any()
    best = probs.topk(LIKELIEST)
    torch.testing.assert_close(expected.probs[real], best.values[real], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(
        probs.gather(2, expected.ids)[real], expected.probs[real], atol=1e-3, rtol=1e-3
    )


def test_teachers_are_asked_once(
    teachers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their folder is called; others, and other pairs, are another matter."""
    pairs = read(tmp_path, teachers[0])
    moved = Path(shutil.copytree(teachers[1], tmp_path / "moved"))
    one, other = (ask(pairs, path)[1].probs for path in teachers[::-1])
    monkeypatch.setattr(Ensemble, "predict", None)
    assert torch.equal(one, ask(pairs, moved)[1].probs)
    assert not torch.equal(one, other)
    with pytest.raises(TypeError):
        ask(read(tmp_path, teachers[0], seed=6), moved)


def test_a_vocabulary_may_be_smaller_than_what_is_kept(
    teachers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mt.training.distillation.LIKELIEST", 50)
    batch, expected = ask(read(tmp_path, teachers[0]), *teachers)
    vocabulary = load_run(teachers[0], CPU).tgt_tokenizer.vocab_size
    assert not expected.probs[..., vocabulary:].any()
    whole = expected.probs[batch.tgt_out != 0].sum(dim=1)
    torch.testing.assert_close(whole, torch.ones(len(whole)), atol=1e-2, rtol=0)


@pytest.mark.parametrize("rows", [3, 70])
def test_the_loss_and_its_gradients_written_out(rows: int) -> None:
    """Also where its rows are taken in several goes."""
    layer, ids = torch.nn.Linear(5, 9), torch.randint(0, 9, (rows, 4))
    readouts = torch.randn(rows, 4, 5, requires_grad=True)
    expected = TopK(torch.rand(rows, 4, 9).topk(3).indices, torch.rand(rows, 4, 3) / 3)
    weight, smoothing = 0.3, 0.1
    leaves = [readouts, layer.weight, layer.bias]
    loss, nll = cross_entropy(layer, readouts, Targets(ids, 0, smoothing, expected, weight))
    found = torch.autograd.grad(loss, leaves)
    log_probs = torch.log_softmax(layer(readouts), dim=-1)
    came = torch.nn.functional.one_hot(ids, 9) * (1 - smoothing) + smoothing / 9
    said = torch.zeros(rows, 4, 9).scatter(2, *expected) + (1 - expected.probs.sum(2, keepdim=True)) / 9
    target = (1 - weight) * came + weight * said
    wanted = -(target * log_probs).sum(dim=-1)[ids != 0].sum()
    torch.testing.assert_close(loss, wanted)
    torch.testing.assert_close(nll, -log_probs.gather(2, ids.unsqueeze(2))[ids != 0].sum())
    for ours, theirs in zip(found, torch.autograd.grad(wanted, leaves), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_teachers_and_their_share_decide_what_is_learned(teachers: tuple[Path, Path], tmp_path: Path) -> None:
    """And a student that goes on is the one that was not stopped."""
    arguments = [
        *train_arguments(tmp_path, pairs=120),
        "--tokenizer-from",
        str(teachers[0]),
        "--batch-tokens",
        "64",
    ]

    def trained(name: str, *options: str) -> dict[str, torch.Tensor]:
        run = tmp_path / name
        assert cli.main([*arguments, *options, "--max-steps", "6", "--out", str(run)]) == 0
        return read_tensors(run / "state" / "last.safetensors")[0]

    both = ("--teachers", *map(str, teachers))
    alone, taught_by_one = trained("alone"), trained("one", "--teachers", str(teachers[1]))
    whole, less = trained("both", *both), trained("less", *both, "--distillation-weight", "0.1")
    found = [tensors["model/decoder.output.bias"] for tensors in (alone, taught_by_one, whole, less)]
    assert all(not one.equal(other) for place, one in enumerate(found) for other in found[:place])
    assert cli.main([*arguments, *both, "--max-steps", "3", "--out", str(tmp_path / "again")]) == 0
    again = trained("again", *both)
    assert all(again[name].equal(tensor) for name, tensor in whole.items())


def test_a_student_goes_on_with_the_teachers_it_had(
    teachers: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path(shutil.copytree(teachers[1], tmp_path / "mine"))
    arguments = [*train_arguments(tmp_path, pairs=60), "--tokenizer-from", str(mine), "--teachers", str(mine)]
    arguments += ["--out", str(tmp_path / "run")]
    assert cli.main([*arguments, "--max-epochs", "1"]) == 0
    assert cli.main([*arguments, "--max-epochs", "2"]) == 0
    shutil.copytree(teachers[0], mine, dirs_exist_ok=True)
    assert cli.main([*arguments, "--max-epochs", "3"]) == 1
    assert "the teachers are not those that" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--teachers", "RUN"], "a student cuts text as its teachers do; give --tokenizer-from RUN too"),
        (
            ["--distillation-weight", "0.3"],
            "--distillation-weight needs --teachers",
        ),
        (["--teachers", "nowhere"], "nowhere does not exist; name the directory of a run"),
        (
            ["--teachers", "RUN", "--tokenizer-from", "RUN", "--sampling", "0.5"],
            "need a fixed segmentation: leave out --teachers or --sampling",
        ),
    ],
)
def test_teachers_must_suit(
    options: list[str], problem: str, toy_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    named = [option.replace("RUN", str(toy_run)) for option in options]
    arguments = [*train_arguments(tmp_path, pairs=60), *named, "--out", str(out)]
    assert cli.main(arguments) in (1, 2)
    assert problem.replace("RUN", str(toy_run)) in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()

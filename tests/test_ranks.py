"""Training shared out among processes: the same learning, one voice; alone nothing is different."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mt import cli
from mt.config import TrainingConfig
from mt.console import Console
from mt.errors import ConfigError
from mt.training import gradients
from mt.training.gradients import GradientSum
from mt.training.loader import check_step, deal
from mt.training.progress import Progress
from mt.training.ranks import AlreadyTold, Ranks
from mt.training.torchrun import check_gpus
from mt.training.trainer import Trainer
from tests import tones
from tests.runs import furthest, kept, logged
from tests.toy import train_arguments

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
STEPS = 10


def test_batches_are_dealt_by_hand() -> None:
    """7 to the first, 6 to the second, 4 to the second (10), 3 to the first (10), 2 to the first."""
    assert deal([4, 7, 3, 6, 2], 2) == [[1, 2, 4], [0, 3]]
    assert deal([5], 3) == [[0], [], []]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 5))
def test_every_batch_is_dealt_once_and_nobody_has_much_more(costs: list[int], ranks: int) -> None:
    hands = deal(costs, ranks)
    assert sorted(position for hand in hands for position in hand) == list(range(len(costs)))
    loads = [sum(costs[position] for position in hand) for hand in hands]
    assert max(loads) - min(loads) <= max(costs)


def test_a_step_with_too_few_batches_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    training = TrainingConfig(accumulate=3, batch_tokens=2048)
    with pytest.raises(ConfigError, match="--accumulate 4 --batch-tokens 1536 shares out a step of the same"):
        check_step(training, 4, begun=False, console=Console())
    check_step(training, 3, begun=False, console=Console())
    assert capsys.readouterr().err == ""
    for ranks, begun in ((4, True), (2, False)):
        check_step(training, ranks, begun, Console())
        assert "warning: a step has 3 batches" in capsys.readouterr().err


def test_each_rank_needs_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_gpus(torch.device("cpu"))
    with pytest.raises(
        ConfigError, match="4 ranks for 2 GPUs on this machine; give torchrun --nproc-per-node 2"
    ):
        check_gpus(torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    check_gpus(torch.device("cuda"))


class Twice(Ranks):
    """Two ranks that have the same: sums are twice what one has. `begun` notes what is on its way."""

    count = 2

    def __init__(self) -> None:
        self.begun: list[int] = []

    def add(self, tensor: Tensor) -> Callable[[], None]:
        self.begun.append(tensor.numel())

        def wait() -> None:
            tensor.mul_(2)

        return wait


def test_gradients_are_summed_while_the_rest_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three layers and one that nothing uses, a bucket each: the last layer is sent first."""
    monkeypatch.setattr(gradients, "BUCKET", 12)
    torch.manual_seed(1)
    sizes = [(4, 1), (3, 3), (3, 4), (4, 2)]
    net = nn.ModuleList(nn.Linear(*size, bias=size == (4, 2)) for size in sizes)
    inputs = torch.randn(5, 3)

    def loss() -> Tensor:
        output: Tensor = net[3](net[2](net[1](inputs)))
        return output.square().sum()

    loss().backward()  # type: ignore[no-untyped-call]
    plain = {name: parameter.grad for name, parameter in net.named_parameters()}
    ranks = Twice()
    total = GradientSum(net, ranks)
    for _ in range(2):
        ranks.begun.clear()
        total.begin()
        loss().backward()  # type: ignore[no-untyped-call]
        assert ranks.begun == [], "it is not the last backward pass"
        total.send(torch.tensor(3.0))
        loss().backward()  # type: ignore[no-untyped-call]
        assert ranks.begun == [10, 12, 9]
        assert float(total.finish()) == 6.0
        assert ranks.begun == [10, 12, 9, 4, 1], "what nothing used, and the loss"
        for name, parameter in net.named_parameters():
            before = plain[name]
            expected = torch.zeros_like(parameter) if before is None else 4 * before
            torch.testing.assert_close(parameter.grad, expected)


def test_gradients_are_rounded_only_where_that_is_asked_for() -> None:
    """1 + 2^-10 is 1 in bf16; the loss is never rounded."""
    for exchanged, expected in ((torch.float32, 2 + 2**-9), (torch.bfloat16, 2.0)):
        net = nn.Linear(1, 1, bias=False)
        total = GradientSum(net, Twice(), exchanged)
        total.begin()
        (net.weight * (1 + 2**-10)).sum().backward()  # type: ignore[no-untyped-call]
        total.send(torch.tensor(1 + 2**-10))
        assert float(total.finish()) == 2 + 2**-9
        assert net.weight.grad is not None
        assert float(net.weight.grad) == expected


def test_a_rank_without_a_batch_sends_nothing_but_zeros() -> None:
    net, ranks = nn.Linear(2, 2), Twice()
    total = GradientSum(net, ranks)
    total.begin()
    assert float(total.finish()) == 0.0
    assert ranks.begun == [6, 1]
    assert not any(parameter.grad.any() for parameter in net.parameters() if parameter.grad is not None)


def test_a_checksum_that_is_noted_while_counters_are_shared_stays() -> None:
    """Rank 0 writes in the background: a state once had the checksum of weights that were replaced."""
    progress = Progress(best_checksum="old")

    class Late(Ranks):
        def from_first(self, value: Any) -> Any:
            progress.best_checksum = "new"
            return value

    Trainer._broadcast_progress(cast(Trainer, SimpleNamespace(ranks=Late(), progress=progress)))
    assert progress.best_checksum == "new"


def test_what_another_rank_has_told_is_not_told_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AlreadyTold(143)

    monkeypatch.setattr("mt.commands.train.train", fail)
    assert cli.main(["train"]) == 143
    assert capsys.readouterr().err == ""


def test_two_processes_learn_what_one_does(
    tmp_path: Path, toy_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same weights but for rounding, the same scores to the last digit, one voice; alone it goes on."""
    toy = [
        *train_arguments(tmp_path, pairs=300),
        *["--accumulate", "2", "--batch-tokens", "128", "--max-epochs", "99", "--validate-every", "4"],
        *["--max-steps", str(STEPS)],
    ]
    taught = ["--teachers", str(toy_run), "--tokenizer-from", str(toy_run)]
    spoken = [*tones.train_arguments(tmp_path / "tones", recordings=30), "--accumulate", "2"]
    commands = {
        "plain": [
            *toy,
            *["--sampling", "0.5", "--average-decay", "0.9", "--bag-of-words", "0.2", "--dropout-locked"],
        ],
        "taught": [*toy, *taught, "--max-steps", "4"],
        "begun": [*toy, "--init", str(toy_run), "--freeze", "encoder", "--max-steps", "4", "--seeds", "2"],
        "spoken": [*spoken, "--max-steps", "4"],
    }
    one, two = ({name: tmp_path / ranks / name for name in commands} for ranks in ("one", "two"))
    told = [[*command, "--out", str(two[name])] for name, command in commands.items()]
    done = subprocess.run(
        [*TORCHRUN, "--nproc-per-node", "2", "-m", "tests.in_ranks", json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    voices = Counter(line for line in done.stderr.splitlines() if "run directory" in line)
    assert set(voices.values()) == {1}, "rank 0 alone speaks"
    for name, command in commands.items():
        assert cli.main([*command, "--out", str(one[name])]) == 0
    assert "mt.training.collectives" not in sys.modules
    for run in sorted((tmp_path / "one").iterdir()):
        other = tmp_path / "two" / run.name
        assert kept(run).keys() == kept(other).keys()
        assert logged(run) == logged(other), run.name
        assert "ranks = 2" in (other / "config.toml").read_text()
        assert furthest(run, other) < 1e-5, run.name
    capsys.readouterr()
    for runs in (one, two):
        assert cli.main([*commands["plain"], "--max-steps", str(STEPS + 4), "--out", str(runs["plain"])]) == 0
    assert "trained with other arithmetic: ranks 1 (was 2)" in capsys.readouterr().err
    assert furthest(one["plain"], two["plain"]) < 1e-5

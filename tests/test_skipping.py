"""A step that is not finite changes nothing, whether or not torch's fused update can be told."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mt.training import skipping
from mt.training.skipping import reads_found_inf, step_unless

CPU = torch.device("cpu")


def train(steps: list[tuple[float, bool]]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weights and Adam's state after steps of these gradients, some of them left out."""
    torch.manual_seed(1)
    weight = nn.Parameter(torch.randn(5))
    optimizer = torch.optim.AdamW([weight], lr=0.1, fused=True)
    for gradient, skip in steps:
        weight.grad = torch.full((5,), gradient)
        step_unless(optimizer, torch.tensor(skip))
    return weight.detach(), optimizer.state[weight]


def test_this_torch_reads_it() -> None:
    """Otherwise a GPU waits for the host at every step: this release is to be looked at."""
    reads_found_inf.cache_clear()
    assert reads_found_inf(CPU)


@pytest.mark.parametrize("reads", [True, False])
def test_a_step_left_out_is_as_if_it_had_not_been(reads: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, expected_state = train([(1.0, False), (2.0, False)])
    monkeypatch.setattr(skipping, "reads_found_inf", lambda _: reads)
    weight, state = train([(1.0, False), (float("nan"), True), (2.0, False)])
    assert weight.equal(expected)
    assert all(state[name].equal(value) for name, value in expected_state.items())


def test_an_update_that_does_not_read_it_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(torch.optim.AdamW):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            self.found_inf = torch.zeros(())
            super().step(closure)

    monkeypatch.setattr(skipping, "AdamW", Deaf)
    reads_found_inf.cache_clear()
    assert not reads_found_inf(CPU)
    reads_found_inf.cache_clear()

"""The training loss, by hand and beside torch's."""

from __future__ import annotations

import math

import pytest
import torch

from mt.errors import MTError
from mt.layers.loss import Targets, bag_of_words, cross_entropy, perplexity


def output(pieces: int, width: int) -> torch.nn.Linear:
    return torch.nn.Linear(width, pieces)


def test_the_loss_by_hand() -> None:
    """Two pieces, one of them padding; label smoothing 0.2 over four pieces. The weights are the logits."""
    layer = output(4, 2)
    logits = torch.tensor([[0.0, math.log(2), 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
    with torch.no_grad():
        layer.weight.copy_(logits.t())
        layer.bias.zero_()
    readouts, ids = torch.eye(2).unsqueeze(0), torch.tensor([[1, 0]])
    loss, nll = cross_entropy(layer, readouts, Targets(ids, 0))
    assert loss.item() == nll.item() == pytest.approx(-math.log(2 / 5))
    loss, nll = cross_entropy(layer, readouts, Targets(ids, 0, 0.2))
    uniform = -(math.log(2 / 5) + 3 * math.log(1 / 5)) / 4
    assert loss.item() == pytest.approx(0.8 * -math.log(2 / 5) + 0.2 * uniform)
    assert float(nll) == pytest.approx(-math.log(2 / 5))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [3, 70])
def test_the_loss_and_its_gradients_are_torchs(rows: int, smoothing: float) -> None:
    """Also where its rows are taken in several goes; times three, to see that a factor reaches them."""
    layer, ids = output(9, 5), torch.randint(0, 9, (rows, 4))
    readouts = torch.randn(rows, 4, 5, requires_grad=True)
    leaves = [readouts, layer.weight, layer.bias]
    loss, _ = cross_entropy(layer, readouts, Targets(ids, 0, smoothing))
    found = torch.autograd.grad(3 * loss, leaves)
    logits = layer(readouts)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), ids.flatten(), ignore_index=0, label_smoothing=smoothing, reduction="sum"
    )
    torch.testing.assert_close(loss, expected)
    for ours, theirs in zip(found, torch.autograd.grad(3 * expected, leaves), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_the_bag_of_words_by_hand() -> None:
    """Pieces 2 and 3 of four are to come; eos (1) and padding (0) count for nothing."""
    layer = output(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0], [0.0], [1.0], [0.0]]))
        layer.bias.zero_()
    ids = torch.tensor([[2, 3, 1], [3, 1, 0]])
    bag = bag_of_words(layer, torch.tensor([[math.log(5)], [0.0]]), ids, ids > 1)
    assert bag.item() == pytest.approx(-math.log(5 / 8) - math.log(1 / 8) - math.log(1 / 4))


def test_perplexity_is_exp_of_the_mean_loss_of_a_token() -> None:
    assert perplexity(total_loss=6 * math.log(8), tokens=6) == pytest.approx(8)
    assert perplexity(total_loss=0.0, tokens=3) == 1
    assert perplexity(total_loss=1e6, tokens=10) == math.inf
    with pytest.raises(MTError, match="at least one target token"):
        perplexity(total_loss=0.0, tokens=0)

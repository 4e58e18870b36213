"""What is dropped in training: shares, means, whole steps, whole pieces, numbers of U."""

from __future__ import annotations

import pytest
import torch

from mt.layers.dropout import Dropout, PieceDropout, mask
from mt.layers.recurrence import Cell, Recurrence


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    torch.manual_seed(1)
    dropout, ones = Dropout(0.25, locked=False), torch.ones(400, 500)
    dropped = dropout(ones)
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1, abs=0.005)
    assert not dropout(ones).equal(dropped)
    torch.manual_seed(1)
    assert dropout(ones).equal(dropped)
    dropout.eval()
    assert dropout(ones).equal(ones)


def test_a_dropout_rate_is_never_rounded_to_none_or_all() -> None:
    torch.manual_seed(1)
    assert (Dropout(0.0001, locked=False)(torch.ones(10_000)) == 0).any()
    assert (Dropout(0.9999, locked=False)(torch.ones(10_000)) != 0).any()


def test_locked_dropout_drops_the_same_values_at_every_step_and_others_in_each_sentence() -> None:
    torch.manual_seed(1)
    ones = torch.ones(8, 5, 40)
    locked = Dropout(0.5, locked=True)(ones)
    assert locked.equal(locked[:, :1].expand_as(locked))
    assert len(locked[:, 0].unique(dim=0)) == 8
    free = Dropout(0.5, locked=False)(ones)
    assert not free.equal(free[:, :1].expand_as(free))


def test_whole_pieces_are_dropped() -> None:
    torch.manual_seed(1)
    dropout = PieceDropout(0.25)
    dropped = dropout(torch.ones(50, 80, 6))
    assert dropped.equal(dropped[:, :, :1].expand_as(dropped))
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    dropout.eval()
    assert dropout(torch.ones(1, 2, 3)).equal(torch.ones(1, 2, 3))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_dropped_numbers_of_u_are_gone_at_every_step(cell: Cell) -> None:
    """In training the layer is that of a U with the same numbers missing; else it is the whole one."""
    torch.manual_seed(2)
    layer, inputs = Recurrence(cell, 4, 3, dropout=0.5), torch.randn(2, 6, 4)
    recurrent = layer.get_parameter("layer.weight_hh_l0")
    torch.manual_seed(5)
    kept = mask(recurrent, 0.5)
    torch.manual_seed(5)
    outputs = layer(inputs)
    assert 0 < int((kept == 0).sum()) < kept.numel()
    layer.eval()
    whole = layer(inputs)
    with torch.no_grad():
        recurrent.mul_(kept)
    torch.testing.assert_close(layer(inputs), outputs)
    assert not torch.allclose(whole, outputs, atol=1e-3)


def test_the_gradient_reaches_u_through_its_mask() -> None:
    torch.manual_seed(2)
    layer, inputs = Recurrence("lstm", 4, 3, dropout=0.5), torch.randn(2, 6, 4)
    torch.manual_seed(5)
    kept = mask(layer.get_parameter("layer.weight_hh_l0"), 0.5)
    torch.manual_seed(5)
    layer(inputs).sum().backward()
    grad = layer.get_parameter("layer.weight_hh_l0").grad
    assert grad is not None
    assert bool((grad[kept == 0] == 0).all())
    assert bool((grad[kept != 0] != 0).any())

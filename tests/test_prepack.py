"""What makes it fast computes the same: packed products, cheap dropout masks, the best of many."""

from __future__ import annotations

import pytest
import torch

from mt.layers.prepack import Linear, SearchPrecision, pack, packed, unpack
from mt.search.top import FEW_ROWS, SEGMENT, top, top_of_beams
from tests.test_int8 import rounding


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_packed_product_is_the_product(precision: SearchPrecision, bias: bool) -> None:
    torch.manual_seed(0)
    layer, rows = Linear(64, 40, bias=bias), torch.randn(7, 64)
    with torch.inference_mode():
        plain = layer(rows)
        with packed(layer, precision):
            ready = layer(rows)
            # It is ready: a later change of the weights is not seen.
            layer.weight.mul_(2)
            assert layer(rows).equal(ready)
        permitted = rounding(rows, layer.weight / 2) if precision == "int8" else 1e-5 * plain.abs().max()
    assert ((ready - plain).abs() <= permitted).all()
    assert (layer(rows) - plain).abs().max() > 0.1


def test_int8_rounds_and_fp32_does_not() -> None:
    """int8 keeps 127 steps of each output's largest weight: a weight between two steps is moved."""
    layer = Linear(2, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[127.0, 0.4]]))
    rows = torch.tensor([[0.0, 255.0]])
    with torch.inference_mode():
        pack(layer, "int8")
        assert layer(rows).item() == 0.0
        pack(layer, "fp32")
        assert layer(rows).item() == pytest.approx(102.0)
        unpack(layer)
        assert layer(rows).item() == pytest.approx(102.0)


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("size", [5, SEGMENT, 20 * SEGMENT, 20 * SEGMENT + 17])
def test_the_best_of_many_are_topks(size: int, count: int) -> None:
    """Also where the best stand in one segment, and in the rest behind the last whole one."""
    torch.manual_seed(size)
    scores = torch.randn(FEW_ROWS, size)
    scores[1, -3:] += 9
    scores[2, :4] += 9
    values, places = top(scores, count)
    expected = scores.topk(min(count, size), dim=1)
    assert values.equal(expected.values)
    assert scores.gather(1, places).equal(values)
    assert all(len(set(row)) == len(row) for row in places.tolist())


def test_the_best_of_beams_by_hand() -> None:
    """Two sentences of two hypotheses each, three pieces: totals added, hypothesis and piece named."""
    log_probs = torch.tensor([[-1.0, -2.0, -3.0], [-0.5, -9.0, -9.0], [-4.0, -1.0, -2.0], [-1.0, -7.5, -7.5]])
    totals, parents, pieces = top_of_beams(log_probs, torch.tensor([[-1.0, -2.0], [-5.0, 0.0]]), 3)
    assert totals.tolist() == [[-2.0, -2.5, -3.0], [-1.0, -6.0, -7.0]]
    assert parents.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert pieces.tolist() == [[0, 0, 1], [0, 1, 2]]

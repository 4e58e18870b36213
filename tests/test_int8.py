"""8-bit products are as right as rounding lets them be, on every processor and with every engine of torch."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from mt.config import ModelConfig, SearchConfig
from mt.config.files import load_preset, preset_names
from mt.layers import operators, prepack
from mt.layers.operators import FULL, SAFE, agrees
from mt.layers.prepack import Linear, Prepackable, packed, prepack_linear
from mt.layers.recurrence import Cell
from mt.model import Seq2Seq, build_model
from mt.search import search
from tests.test_search import log_prob

ENGINES = [name for name in torch.backends.quantized.supported_engines if name != "none"]
LOWER = {"ONEDNN_MAX_CPU_ISA": "AVX2", "FBGEMM_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
"""What tells oneDNN, FBGEMM and torch to do without AVX-512 and VNNI."""


@pytest.fixture(params=ENGINES)
def _each_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """torch multiplies 8-bit matrices by each of its engines in turn."""
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = request.param
    yield
    torch.backends.quantized.engine = before


each_engine = pytest.mark.usefixtures("_each_engine")


@pytest.fixture(autouse=True)
def _nothing_warned_yet() -> None:
    prepack._warn_of_fallback.cache_clear()


def rounding(rows: Tensor, weight: Tensor) -> Tensor:
    """The most that 8 bits can change rows (N, I) · W (O, I): each weight by half of one of its output's 64
    steps, each input by one of 255 steps.
    """
    by_weight = weight.abs().amax(dim=1, keepdim=True).expand_as(weight) / SAFE / 2
    by_input = (rows.amax().clamp_min(0) - rows.amin().clamp_max(0)).expand_as(rows) / 255
    return linear(rows.abs(), by_weight) + linear(by_input, weight.abs() + by_weight)


def check(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> None:
    product = prepack_linear(weight, bias, "int8")
    with torch.inference_mode():
        error = (product(rows) - linear(rows, weight, bias)).abs()
    assert (error <= rounding(rows, weight) * 1.001 + 1e-30).all()


def shapes(preset: str) -> set[tuple[int, int]]:
    """Outputs and inputs of all matrices that a preset's model packs."""
    found: set[tuple[int, int]] = set()

    def note(weight: Tensor, _bias: Tensor | None, _precision: str) -> object:
        found.add((weight.shape[0], weight.shape[1]))
        return object()

    with pytest.MonkeyPatch.context() as patch, torch.device("meta"):
        for module in ("prepack", "recurrence"):
            patch.setattr(f"mt.layers.{module}.prepack_linear", note)
        patch.setattr("mt.decoder.prepack_linear", note)
        config = load_preset(preset)
        model = build_model(
            config.model, src_vocab=8000, tgt_vocab=8000, shared=config.tokenizer.shared, pad_id=0
        )
        for part in model.modules():
            if isinstance(part, Prepackable):
                part.pack("int8")
    return found


@cache
def widths() -> list[int]:
    """Inputs of the matrices of all presets."""
    return sorted({inputs for preset in preset_names() for _, inputs in shapes(preset)})


def test_the_widths_are_those_of_the_presets() -> None:
    """512 is `vector`'s decoder, 768 its joined matrix W U."""
    assert {512, 768} <= set(widths())


@each_engine
def test_ones_by_ones() -> None:
    """Exact in 8 bits; 16 bits that are cut off gave 259 for 512."""
    for width in widths():
        product = prepack_linear(torch.ones(40, width), torch.ones(40), "int8")
        for rows in (torch.ones(1, width), torch.ones(5, width), -torch.ones(3, 2, width)):
            expected = torch.full((*rows.shape[:-1], 40), float(rows.sum(dim=-1).flatten()[0]) + 1)
            torch.testing.assert_close(product(rows), expected)


@each_engine
@pytest.mark.parametrize("of_rows", [1, -1])
@pytest.mark.parametrize("of_weights", [1, -1])
def test_correlated_rows(of_rows: int, of_weights: int) -> None:
    """All of one sign: no sum stays near zero."""
    torch.manual_seed(1)
    check(of_rows * torch.rand(5, 512), of_weights * torch.rand(64, 512), torch.randn(64))


@each_engine
@pytest.mark.parametrize("scale", [1e-20, 1e-6, 1e6, 1e20])
def test_smallest_and_largest_weights(scale: float) -> None:
    torch.manual_seed(1)
    weight = torch.randn(64, 256) * scale
    weight[0] = 0
    weight[1] = weight[1].sign() * scale
    weight[2, 7] = 1000 * scale
    weight[3] *= torch.logspace(-10, 0, 256)
    check(torch.randn(5, 256), weight)
    check(torch.randn(5, 256) / min(scale, 1), weight, torch.randn(64))


@each_engine
def test_weights_that_are_no_numbers_come_out_as_such() -> None:
    weight = torch.ones(4, 8)
    weight[1, 2], weight[2, 2] = float("nan"), float("inf")
    sums = prepack_linear(weight, None, "int8")(torch.ones(1, 8))[0]
    torch.testing.assert_close(sums, torch.tensor([8, float("nan"), float("inf"), 8]), equal_nan=True)


@each_engine
def test_rounding_of_ordinary_weights_is_around_a_hundredth() -> None:
    torch.manual_seed(1)
    weight, rows = torch.randn(256, 512), torch.randn(40, 512)
    with torch.inference_mode():
        error = prepack_linear(weight, None, "int8")(rows) - linear(rows, weight)
    assert error.square().mean().sqrt() < 0.02 * 512**0.5


def positive(cell: Cell, attention: str) -> Seq2Seq:
    """A model whose weights are of one sign, so that sums grow large wherever it multiplies."""
    torch.manual_seed(3)
    config = ModelConfig.model_validate(
        {"cell": cell, "attention": attention, "embedding": 64, "encoder_hidden": 64, "decoder_hidden": 128,
         "tied": False}
    )  # fmt: skip
    model = build_model(config, src_vocab=40, tgt_vocab=40, shared=False, pad_id=0).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.abs_()
    return model


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("attention", ["none", "general"])
@pytest.mark.parametrize("cell", get_args(Cell))
def test_search_with_every_cell(cell: Cell, attention: str, beam: int) -> None:
    """What it finds in int8 is in fp32 as probable as it says."""
    model = positive(cell, attention)
    sources = [[5 + (3 * row + place) % 30 for place in range(row + 1)] for row in range(6)]
    with packed(model, "int8"):
        found = search(model, sources, SearchConfig(beam=beam), torch.device("cpu"))
    for source, hypotheses in zip(sources, found, strict=True):
        for hypothesis in hypotheses:
            closed = hypothesis.steps > len(hypothesis.ids)
            plain = log_prob(model, source, hypothesis.ids, closed)
            # Rounding came to 0.007 a piece at most, sums that are cut off to 0.2 in the median.
            assert abs(hypothesis.log_prob - plain) <= 0.02 * hypothesis.steps


def cut_off(rows: Tensor, steps: Tensor) -> Tensor:
    """Rows of 0 and 1 times W in whole steps where there is no VNNI: pairs are added in 16 bits."""
    products = (255 * rows).unsqueeze(1) * steps
    pairs = products[..., ::2] + products[..., 1::2]
    return pairs.clamp(-(2**15), 2**15 - 1).sum(dim=2) / 255


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_that_are_cut_off_are_noticed(sign: int) -> None:
    """Also where the weights are of both signs."""
    torch.manual_seed(1)
    large = torch.rand(8, 64)
    small = large / 2.1
    small[:, :2] = torch.tensor([1.0, 0.0])
    mixed = torch.where(torch.arange(64) % 4 < 2, large, -large / 9)
    for weight, right in ((small, True), (large, False), (torch.ones(8, 64), False), (mixed, False)):
        steps = sign * weight / weight.abs().amax(dim=1, keepdim=True) * FULL
        assert agrees(partial(cut_off, steps=steps.round()), steps.round(), None) == right


def test_a_bias_is_compared_too() -> None:
    weight, bias = torch.ones(8, 64), torch.ones(8)
    assert agrees(lambda rows: linear(rows, weight, bias), weight, bias)
    assert not agrees(lambda rows: linear(rows, weight), weight, bias)


def test_weights_have_half_the_steps_where_all_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.9 is one step of 127 and none of 64."""
    weight, rows = torch.tensor([[127.0, 0.9]]), torch.tensor([[0.0, 255.0]])
    assert prepack_linear(weight, None, "int8")(rows).item() == pytest.approx(255)
    outcomes = iter([False, True, True])
    monkeypatch.setattr(operators, "agrees", lambda *_: next(outcomes))
    assert prepack_linear(weight, None, "int8")(rows).item() == 0


def missing(*_: object) -> None:
    raise RuntimeError("Didn't find engine for operation quantized::linear_prepack")


@pytest.fixture(params=["wrong", "missing"])
def no_int8(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor on which no 8-bit product comes out right, or a torch without them."""
    if request.param == "missing":
        monkeypatch.setattr(torch.ops.quantized, "linear_prepack", missing)
        return
    right = operators._quantized_linear

    def wrong(matrix: Tensor, bias: Tensor | None) -> operators.LinearFunction:
        return lambda rows: right(matrix, bias)(rows) * 0.99

    monkeypatch.setattr(operators, "_quantized_linear", wrong)


@pytest.mark.usefixtures("no_int8")
def test_the_plain_product_takes_over_with_one_warning(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    layer, rows = Linear(64, 40), torch.randn(5, 64)
    with torch.inference_mode():
        plain = layer(rows)
        for _ in range(2):
            with packed(layer, "int8"):
                torch.testing.assert_close(layer(rows), plain)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("gone", ["_reorder_linear_weight", "_linear_pointwise"])
def test_fp32_does_without_onednn(gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word: the numbers are the same."""
    monkeypatch.setattr(torch.ops.mkldnn, gone, missing)
    weight, bias, rows = torch.randn(40, 64), torch.randn(40), torch.randn(5, 64)
    assert operators.onednn_linear(weight, bias) is None
    torch.testing.assert_close(prepack_linear(weight, bias, "fp32")(rows), linear(rows, weight, bias))


def test_the_lower_instruction_set_is_in_force() -> None:
    """Where it is asked for by `LOWER`: there ones by ones are wrong with all steps, by some engine."""
    if os.environ.get("ONEDNN_MAX_CPU_ISA") != "AVX2":
        pytest.skip("asked for in the process of the next test")
    before, right = torch.backends.quantized.engine, {}
    for torch.backends.quantized.engine in ENGINES:
        matrix = operators._rounded(torch.ones(8, 64), FULL)
        product = operators._quantized_linear(matrix, None)
        right[torch.backends.quantized.engine] = agrees(product, torch.ones(8, 64), None)
    torch.backends.quantized.engine = before
    assert not all(right.values()), right


@pytest.mark.skipif("fbgemm" not in ENGINES, reason="the libraries can be told so on x86 only")
def test_the_same_under_a_lower_instruction_set() -> None:
    """All of the above, and packed layers, on AVX2 without VNNI, in a process of its own."""
    if os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2":
        pytest.skip("this is that process")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--noconftest"]
    command += [__file__, str(Path(__file__).with_name("test_prepack.py"))]
    done = subprocess.run(command, env=os.environ | LOWER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

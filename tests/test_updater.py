"""One update of the weights: gradients over the whole step, Adam by hand, dropout drawn anew at each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mt.config import ModelConfig, TrainingConfig
from mt.data.batches import Batch, frame
from mt.model import Seq2Seq, build_model
from mt.training.outcome import Outcome
from mt.training.updater import BETAS, Updater

CPU = torch.device("cpu")
SHORT = frame([np.array([4, 5])], [np.array([6])])
LONG = frame([np.array([5]), np.array([6, 4])], [np.array([4, 5, 6, 4, 5]), np.array([6, 6, 5, 4])])


def model(**settings: Any) -> Seq2Seq:
    torch.manual_seed(3)
    nothing = {"dropout_embedding": 0.0, "dropout_layers": 0.0, "dropout_output": 0.0}
    config = ModelConfig(**({"embedding": 4, "encoder_hidden": 5, "decoder_hidden": 5} | nothing | settings))
    return build_model(config, src_vocab=8, tgt_vocab=8, shared=False, pad_id=0).train()


def updater(training: dict[str, Any] | None = None, **settings: Any) -> Updater:
    """Without dropout and without clipping, unless asked for."""
    plain: dict[str, Any] = {"clip_norm": 1e9, "label_smoothing": 0.0}
    return Updater(model(**settings), TrainingConfig(**(plain | (training or {}))), CPU, "fp32")


def gradients(of: Updater, batches: Sequence[Batch], step: int = 1) -> tuple[list[Tensor], Outcome]:
    """Of an update that leaves the weights as they are."""
    outcome = of.update(batches, step=step, learning_rate=0.0)
    return [
        parameter.grad.clone() for parameter in of.model.parameters() if parameter.grad is not None
    ], outcome


def test_a_step_is_normalised_by_the_tokens_of_all_its_batches() -> None:
    """Two batches of 2 and 11 target tokens: their mean gradient is over 13 tokens, not over two batches."""
    both, of_both = gradients(updater(), [SHORT, LONG])
    short, of_short = gradients(updater(), [SHORT])
    long, of_long = gradients(updater(), [LONG])
    assert (of_short.tokens, of_long.tokens, of_both.tokens) == (2, 11, 13)
    torch.testing.assert_close(of_both.nll, of_short.nll + of_long.nll)
    for together, one, other in zip(both, short, long, strict=True):
        torch.testing.assert_close(together, (2 * one + 11 * other) / 13)


def test_the_loss_of_a_step_is_that_of_the_model() -> None:
    _, outcome = gradients(updater(), [LONG])
    torch.testing.assert_close(outcome.nll, updater().model.nll(LONG))


def test_adam_by_hand() -> None:
    """Three updates of every weight: decay rates 0.9 and 0.98, both moments corrected (Kingma & Ba 2015)."""
    ours = updater()
    weights = [parameter.detach().clone().double() for parameter in ours.model.parameters()]
    first = [torch.zeros_like(weight) for weight in weights]
    second = [torch.zeros_like(weight) for weight in weights]
    assert BETAS == (0.9, 0.98)
    for step, rate in ((1, 0.1), (2, 0.05), (3, 0.2)):
        ours.update([LONG, SHORT], step=step, learning_rate=rate)
        for index, parameter in enumerate(ours.model.parameters()):
            assert parameter.grad is not None
            gradient = parameter.grad.double()
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.98 * second[index] + 0.02 * gradient**2
            mean, square = first[index] / (1 - 0.9**step), second[index] / (1 - 0.98**step)
            weights[index] -= rate * mean / (square.sqrt() + 1e-8)
            torch.testing.assert_close(parameter.detach().double(), weights[index], atol=1e-5, rtol=1e-4)


def test_weight_decay_by_hand() -> None:
    """Of a matrix whose gradient is nothing: an unused row of the source embedding."""
    ours = updater({"weight_decay": 0.5})
    weights = dict(ours.model.named_parameters())["encoder.embedding.weight"]
    row = weights[7].detach().clone()
    ours.update([SHORT], step=1, learning_rate=0.1)
    torch.testing.assert_close(weights[7].detach(), row * (1 - 0.1 * 0.5))


def test_long_gradients_are_cut_to_the_norm() -> None:
    plain, _ = gradients(updater(), [LONG])
    cut, _ = gradients(updater({"clip_norm": 0.01}), [LONG])
    norms = [math.sqrt(sum(float((part**2).sum()) for part in parts)) for parts in (plain, cut)]
    assert norms[0] > 0.1
    assert norms[1] == pytest.approx(0.01, rel=1e-3)
    for before, after in zip(plain, cut, strict=True):
        torch.testing.assert_close(after, before * 0.01 / norms[0], atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize(
    "dropout",
    [
        {"dropout_embedding": 0.5},
        {"dropout_layers": 0.5},
        {"dropout_output": 0.5},
        {"dropout_recurrent": 0.5},
        {"dropout_src_tokens": 0.5},
        {"dropout_tgt_tokens": 0.5},
        {"dropout_embedding": 0.5, "dropout_layers": 0.5, "dropout_output": 0.5, "dropout_locked": True},
    ],
    ids=str,
)
def test_dropout_is_drawn_from_seed_and_step(dropout: dict[str, Any]) -> None:
    """The same step again loses the same values; the next one, and the same one of another seed, others."""

    def nlls(seed: int) -> list[float]:
        drops = updater({"seed": seed}, **dropout)
        return [float(gradients(drops, [LONG], step)[1].nll) for step in (1, 2, 3, 2)]

    first, second, third, again = nlls(seed=1)
    assert again == second
    assert len({first, second, third, *nlls(seed=2)}) == 6


def test_an_update_that_is_not_finite_leaves_everything_as_it_is() -> None:
    ours = updater({"average_decay": 0.5})
    ours.update([LONG], step=1, learning_rate=0.1)
    with torch.no_grad():
        ours.model.decoder.output.bias[1] = math.inf
    before = [parameter.detach().clone() for parameter in ours.model.parameters()]
    moments = [value.clone() for state in ours.optimizer.state.values() for value in state.values()]
    outcome = ours.update([LONG], step=2, learning_rate=0.1)
    assert bool(outcome.skipped)
    for parameter, weight in zip(ours.model.parameters(), before, strict=True):
        assert parameter.equal(weight)
    after = [value for state in ours.optimizer.state.values() for value in state.values()]
    assert all(one.equal(other) for one, other in zip(moments, after, strict=True))


def test_what_is_validated_and_what_is_saved() -> None:
    plain, averaged = updater(), updater({"average_decay": 0.5})
    assert plain.best_model is plain.model
    assert plain.models == {"model": plain.model}
    assert averaged.average is not None
    assert averaged.best_model is averaged.average.model
    assert averaged.models == {"model": averaged.model, "average": averaged.average.model}

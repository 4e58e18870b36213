"""Guided alignment: what the aligner finds, and that attention learns it in the first steps alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mt.config import Config, ModelConfig, TrainingConfig
from mt.config.files import validate
from mt.data import lexicon
from mt.data.batches import frame
from mt.data.encoded import PiecePairs
from mt.data.lexicon import TENSION, Lexicon
from mt.errors import ConfigError
from mt.model import build_model
from mt.training.guide import Guide, make_guide
from mt.training.losses import Losses
from mt.training.updater import Updater

WORDS, APART = 12, 20


def pairs(count: int = 200) -> PiecePairs:
    """Sentences whose words are translated one by one, in the opposite order: n becomes n + APART."""
    generator = np.random.default_rng(1)
    src = [4 + generator.permutation(WORDS)[: generator.integers(1, 6)] for _ in range(count)]
    return PiecePairs.of(src, [row[::-1] + APART for row in src])


def test_words_that_occur_together_belong_together_whatever_their_order() -> None:
    found = Lexicon(pairs()).alignment(frame([[4, 5, 6, 7], [8]], [[27, 26, 25, 24], [28]]))
    assert found[0].argmax(axis=1).tolist() == [3, 2, 1, 0, 4]  # eos is made from eos
    assert found[1, :2].argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(found.sum(axis=2), [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], rtol=1e-5)
    assert found[0, :4].max(axis=1).min() > 0.6
    assert not found[1, :, 2:].any()  # padding


def test_words_that_were_never_seen_together_have_no_alignment() -> None:
    found = Lexicon(pairs()).alignment(frame([[4]], [[99]]))
    assert found[0].tolist() == [[0, 0], pytest.approx([0, 1], abs=1e-3)]


def test_where_the_words_say_nothing_the_diagonal_decides() -> None:
    """Of one pair all t are equal at first; EM can only sharpen what the distances say."""
    found = Lexicon(PiecePairs.of([[4, 4]], [[5]])).alignment(frame([[4, 4]], [[5]]))
    near, far = math.exp(-TENSION * abs(1 / 6 - 1 / 4)), math.exp(-TENSION * abs(1 / 2 - 1 / 4))
    assert found[0, 0, 0] / found[0, 0, 1] == pytest.approx(near / far, rel=1e-5)  # the same piece twice


def test_the_loss_is_the_cross_entropy_of_attention_and_its_weight_falls_to_zero() -> None:
    batch = frame([[4, 5]], [[25, 24]])
    lexicon = Lexicon(pairs())
    weights = torch.tensor([[[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8]]])
    wanted = lexicon.alignment(batch)[0]
    logs = np.log(np.maximum(weights[0].numpy(), 1e-6))
    assert float(Guide(lexicon, 4).loss(batch, weights)) == pytest.approx(
        float(-(wanted * logs).sum()), rel=1e-5
    )
    assert [Guide(lexicon, 4).weight(step) for step in (1, 2, 4, 5, 9)] == [1, 0.75, 0.25, 0, 0]


def test_attention_learns_to_look_at_the_right_words_while_it_is_guided() -> None:
    batch = frame([[4, 5, 6, 7]], [[27, 26, 25, 24]])

    def looked(steps: int, first: int) -> list[int]:
        torch.manual_seed(3)
        config = ModelConfig(
            embedding=16,
            encoder_hidden=16,
            decoder_hidden=16,
            attention="general",
            dropout_embedding=0,
            dropout_layers=0,
            dropout_output=0,
        )
        model = build_model(config, src_vocab=40, tgt_vocab=40, shared=False, pad_id=0).train()
        training = TrainingConfig(guided_steps=steps)
        losses = Losses(training, guide=make_guide(training, Lexicon(pairs())))
        updater = Updater(model, training, torch.device("cpu"), "fp32", losses=losses)
        for step in range(first, first + 60):
            updater.update([batch], step=step, learning_rate=5e-3)
        weights = model.align(batch.tgt_in, model.encode(batch.src, batch.src_lengths))
        assert weights is not None
        return weights[0].argmax(dim=1).tolist()

    guided = looked(1000, first=1)
    assert guided == [3, 2, 1, 0, 4]
    assert looked(1000, first=1001) == looked(0, first=1) != guided


def test_a_run_that_starts_from_another_has_no_guide() -> None:
    assert make_guide(TrainingConfig(guided_steps=10, init="run"), Lexicon(pairs())) is None
    assert make_guide(TrainingConfig(), Lexicon(pairs())) is None


def test_guidance_needs_attention_to_a_text() -> None:
    settings = Config().model_dump()
    settings["training"]["guided_steps"] = 5
    with pytest.raises(ConfigError, match="guided_steps"):
        validate(settings, where="x")


def test_of_many_pairs_a_sample_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is the same each time, and stops at the pair that makes it enough."""
    monkeypatch.setattr(lexicon, "MOST", 100)
    batches = Lexicon(pairs())._batches()
    rows = np.concatenate(batches)
    size = sum((len(pairs().src[row]) + 1) ** 2 for row in rows.tolist())
    assert 100 <= size < 100 + 36
    assert len(set(rows.tolist())) == len(rows) < 25
    assert [rows.tolist() for rows in Lexicon(pairs())._batches()] == [rows.tolist() for rows in batches]

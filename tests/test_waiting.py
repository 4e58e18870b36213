"""No step of search or training makes a GPU wait for the host.

Tensors on the device `meta` have shapes and no numbers: whatever asks for a number, or for how many there
are (item, tolist, nonzero, a mask as an index), fails there, and would wait on a GPU.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mt.config import ModelConfig, SearchConfig, TrainingConfig
from mt.data.batches import frame
from mt.data.encoded import PiecePairs
from mt.decoding.constraints import MarkerConstraint
from mt.model import Seq2Seq, build_model
from mt.search import Beam, Greedy
from mt.training import updater
from mt.training.updater import Updater

META = torch.device("meta")


def small(**settings: Any) -> Seq2Seq:
    config = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8, **settings)
    return build_model(config, src_vocab=200, tgt_vocab=200, shared=False, pad_id=0).to(META)


@pytest.mark.parametrize("attention", ["none", "mlp"])
@pytest.mark.parametrize("method", [Greedy, Beam])
def test_a_step_of_search(method: type[Greedy | Beam], attention: str) -> None:
    model = small(attention=attention).eval()
    config = SearchConfig(beam=1 if method is Greedy else 3, no_repeat_ngram=2)
    constraint = MarkerConstraint(range(10, 12), torch.zeros(9, 2, dtype=torch.long, device=META))
    sources = torch.ones(9, 6, dtype=torch.long, device=META)
    with torch.inference_mode():
        encoded = model.encode(sources, torch.full((9,), 6, device=META))
        searched = method(model, encoded, torch.full((9,), 20, device=META), config, constraint)
        for step in range(1, 4):
            searched.advance(step)
    assert searched.history.shape == (9 * config.beam, 3)


def test_what_waits_would_be_found() -> None:
    mask = torch.ones(3, device=META) > 0
    for ask in (lambda: mask.any().item(), lambda: mask.tolist(), mask.nonzero, lambda: mask[mask]):
        with pytest.raises((RuntimeError, NotImplementedError)):
            ask()


def test_a_step_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no autocast for these tensors and no fused Adam: `step_unless` is noted and not done."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    skipped: list[torch.Tensor] = []
    monkeypatch.setattr(updater, "step_unless", lambda _, found: skipped.append(found))
    model = small(attention="general", dropout_embedding=0.3)
    training = TrainingConfig(label_smoothing=0.1, bag_of_words=0.2, average_decay=0.9)
    pairs = PiecePairs.of([[4, 5, 6], [7]], [[8, 9], [10, 11, 12]])
    batch = frame(pairs.src.take([0, 1]), pairs.tgt.take([0, 1]))  # type: ignore[arg-type]
    outcome = Updater(model, training, META, "fp32").update([batch], step=1, learning_rate=1e-3)
    assert outcome.tokens == 7
    assert [part.device.type for part in (outcome.nll, outcome.skipped, *skipped)] == ["meta"] * 3

"""Attention: its formulas by hand, its masks, its places, and the alignments read off it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from mt.attention import Attention, Kind, additive_scores
from mt.config import ModelConfig
from mt.decoding.alignment import align
from mt.model import Seq2Seq, build_model

KINDS: tuple[Kind, ...] = ("dot", "general", "mlp")
CPU = torch.device("cpu")


def attention(kind: Kind) -> Attention:
    torch.manual_seed(2)
    return Attention(kind, query_size=4, memory_size=4)


def test_dot_attention_by_hand() -> None:
    """Fits of ln 3 and 0 give weights of 3/4 and 1/4; the third position is padding."""
    states = torch.tensor([[[math.log(3), 0.0, 4.0, 0.0], [0.0, 1.0, 0.0, 8.0], [50.0, 0.0, 0.0, 0.0]]])
    look = attention("dot")
    memory = look.prepare(states, torch.tensor([[True, True, False]]))
    context, weights = look(torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]), memory)
    torch.testing.assert_close(weights, torch.tensor([[[0.75, 0.25, 0.0]]]))
    torch.testing.assert_close(context, torch.tensor([[[0.75 * math.log(3), 0.25, 3.0, 2.0]]]))


@torch.no_grad()
def test_mlp_attention_by_hand() -> None:
    """v·tanh(W·q + b + U·k), one number after the other."""
    look = attention("mlp")
    query, states = torch.randn(1, 1, 4), torch.randn(1, 2, 4)
    _, weights = look(query, look.prepare(states, torch.ones(1, 2, dtype=torch.bool)))
    assert look.query is not None
    assert look.keys is not None
    assert look.energy is not None
    fits = []
    for state in states[0]:
        inner = look.query.weight @ query[0, 0] + look.query.bias + look.keys.weight @ state
        fits.append(sum(float(v) * math.tanh(float(x)) for v, x in zip(look.energy, inner, strict=True)))
    expected = 1 / (1 + math.exp(fits[1] - fits[0]))
    assert weights[0, 0, 0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_sum_to_one_over_the_tokens_alone(kind: Kind) -> None:
    look = attention(kind)
    mask = torch.tensor([[True] * 3 + [False] * 2, [True] * 5])
    _, weights = look(torch.randn(2, 6, 4), look.prepare(torch.randn(2, 5, 4), mask))
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(2, 6))
    assert weights[0, :, 3:].abs().max() == 0


def model(**changes: Any) -> Seq2Seq:
    torch.manual_seed(5)
    sizes = {"embedding": 8, "encoder_hidden": 4, "decoder_hidden": 8, "attention": "general"}
    config = ModelConfig.model_validate(sizes | changes)
    return build_model(config, src_vocab=12, tgt_vocab=12, shared=False, pad_id=0).eval()


@pytest.mark.parametrize("place", ["after", "between"])
def test_what_attention_finds_reaches_the_output(place: str) -> None:
    """With the sentence vector cut off, another word in the source still changes every step."""
    net = model(
        attention_position=place, decoder_layers=2, feed_start=False, feed_steps=False, feed_readout=False
    )
    tgt_in, lengths = torch.tensor([[2, 5, 6]]), torch.tensor([3])
    one, other = (net(torch.tensor([[7, word, 3]]), lengths, tgt_in) for word in (8, 9))
    assert (one - other).abs().amax(dim=2).min() > 1e-4


@pytest.mark.parametrize("reverse_source", [False, True])
def test_what_attention_sees_of_a_piece_ends_with_its_embedding(reverse_source: bool) -> None:
    """In the order of the text, whichever way it was read; the sentence vector has nothing of it."""
    changes = {"reverse_source": reverse_source}
    net, plain = model(attend_embedding=True, **changes), model(**changes)
    plain.load_state_dict(net.encoder.state_dict(prefix="encoder."), strict=False)
    src, lengths = torch.tensor([[7, 8, 9, 3], [6, 3, 0, 0]]), torch.tensor([4, 2])
    seen, states = net.encode(src, lengths), plain.encode(src, lengths)
    torch.testing.assert_close(seen.sentence_vector, states.sentence_vector)
    assert seen.memory is not None
    assert states.memory is not None
    torch.testing.assert_close(seen.memory, torch.cat([states.memory, net.encoder.embedding(src)], dim=2))


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"attention": "mlp"}),
    ({"decoder_layers": 2}, {"attention_position": "between"}),
    ({}, {"attend_embedding": True}),
    ({"tied": False}, {"readout_size": 5}),
    ({"decoder_layers": 2}, {"residual": True}),
]


@pytest.mark.parametrize(("base", "change"), CHANGES, ids=str)
def test_each_setting_changes_what_comes_out(base: dict[str, Any], change: dict[str, Any]) -> None:
    src, lengths, tgt_in = torch.tensor([[7, 8, 3]]), torch.tensor([3]), torch.tensor([[2, 5, 6]])
    one, other = (model(**settings)(src, lengths, tgt_in) for settings in (base, base | change))
    assert not torch.allclose(one, other, atol=1e-4)


def test_an_alignment_is_where_attention_looked_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs of different lengths; what was made while looking at the source's end is left out."""
    net = model()
    looks = {
        (7, 8): [[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.1, 0.7]],  # eos of the source for the third
        (9,): [[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.0, 1.0, 0.0]],
    }

    def weights(tgt_in: torch.Tensor, _: Any) -> torch.Tensor:
        rows = [looks[(7, 8)] if row[1] == 4 else looks[(9,)] for row in tgt_in.tolist()]
        return torch.tensor(rows)

    monkeypatch.setattr(net, "align", weights)
    found = align(net, [[9], [7, 8]], [[5, 6], [4, 5, 6]], batch_tokens=100, device=CPU)
    assert found == [((0, 0), (0, 1)), ((1, 0), (0, 1))]
    assert align(net, [], [], batch_tokens=100, device=CPU) == []


@pytest.mark.parametrize("batch_tokens", [4, 1000])
def test_alignments_do_not_depend_on_the_batch(batch_tokens: int) -> None:
    net = model()
    sources, targets = [[5, 6, 7, 8], [9], [4, 4]], [[6, 5], [4, 5, 6, 7], []]
    together = align(net, sources, targets, batch_tokens=batch_tokens, device=CPU)
    alone = [
        align(net, [src], [tgt], batch_tokens=100, device=CPU)[0]
        for src, tgt in zip(sources, targets, strict=True)
    ]
    assert together == alone
    assert together[2] == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attention": "dot", "encoder_hidden": 5}, "dot attention needs `decoder_hidden = 10`"),
        ({"attention_position": "between"}, "between layers needs `decoder_layers = 2`"),
        ({"readout": False, "feed_readout": False}, "attention after the decoder needs `readout`"),
        ({"attention": "none", "attend_embedding": True}, "`attend_embedding` needs attention"),
        ({"attention": "none", "attention_position": "between"}, '"between"` needs attention'),
        ({"attention": "dot", "attend_embedding": True}, "dot attention needs `decoder_hidden = 16`"),
        ({"readout_size": 5}, "`embedding` the value of `readout_size`"),
    ],
)
def test_settings_that_do_not_go_together_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(**changes)


@pytest.mark.parametrize("numbers", [1, 200, 1 << 17])
def test_additive_scores_in_parts_are_the_plain_formula_and_so_are_their_gradients(
    numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hidden layer is made for a few sentences at a time; where the cuts fall must not be seen."""
    monkeypatch.setattr("mt.attention.CPU_NUMBERS", numbers)
    monkeypatch.setattr("mt.attention.FEW_NUMBERS", 0)
    torch.manual_seed(1)
    inputs = [torch.randn(shape, requires_grad=True) for shape in ((5, 3, 8), (5, 4, 8), (8,))]
    query, keys, energy = inputs
    weight = torch.randn(5, 3, 4)
    plain = torch.tanh(query.unsqueeze(2) + keys.unsqueeze(1)) @ energy
    found = additive_scores(query, keys, energy)
    torch.testing.assert_close(found, plain)
    expected = torch.autograd.grad((plain * weight).sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad((found * weight).sum(), inputs), expected)

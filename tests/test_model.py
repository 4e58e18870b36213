"""The network: its formula, its independence of padding, and that one step at a time is the same thing."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from mt.config import ModelConfig
from mt.config.files import load_preset, preset_names
from mt.data.batches import collate
from mt.encoder import Encoder, Heads
from mt.layers.prepack import packed
from mt.layers.recurrence import Cell, Recurrence, reverse_by_length
from mt.model import Seq2Seq, build_model

VOCAB = 23
CELLS: tuple[Cell, ...] = ("rnn", "gru", "lstm")


def small(config: ModelConfig | None = None, changes: dict[str, Any] | None = None) -> Seq2Seq:
    """A model of the config's shape in small sizes, out of training."""
    base = (config or ModelConfig()).model_dump() | {"embedding": 6, "encoder_hidden": 5, "decoder_hidden": 6}
    if base["attention"] == "dot":
        base["encoder_hidden"] = 3 if base["bidirectional"] else 6
    base |= {"readout_size": None} | (changes or {})
    if base["vector_size"] is not None:
        base["vector_size"] = 7
    torch.manual_seed(3)
    config = ModelConfig.model_validate(base)
    return build_model(config, src_vocab=VOCAB, tgt_vocab=VOCAB, shared=False, pad_id=0).eval()


def sentences(lengths: list[int], seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(4, VOCAB, (length,), generator=generator).tolist() for length in lengths]


def padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    batch = collate(
        [torch.tensor(row).numpy() for row in rows],
        [torch.tensor(row).numpy() for row in rows],
        pad_id=0,
        bos_id=2,
        eos_id=3,
    )
    return batch.src, batch.src_lengths


POOLINGS: tuple[tuple[Literal["last", "mean", "max"], ...], ...] = (("last",), ("mean", "max"))
SHAPES = [load_preset(name).model for name in preset_names()] + [
    ModelConfig(cell=cell, bidirectional=both, encoder_layers=2, decoder_layers=2, pooling=pooling)
    for cell, both, pooling in itertools.product(CELLS, (True, False), POOLINGS)
]
SHAPES.append(ModelConfig(pooling=("attentive", "last"), pooling_heads=3))
SHAPES.append(ModelConfig(reverse_source=True, bidirectional=False, vector_size=7))
ATTENTIONS = [
    ModelConfig(attention="dot", encoder_hidden=256),
    ModelConfig(attention="general", feed_steps=False, feed_readout=False, reverse_source=True),
    ModelConfig(attention="mlp", cell="lstm", feed_start=False),
    ModelConfig(attention="mlp", encoder_layers=2, residual=True),
    ModelConfig(attention="general", attention_position="between", decoder_layers=3, residual=True),
    ModelConfig(
        attention="mlp",
        attention_position="between",
        decoder_layers=2,
        readout=False,
        feed_readout=False,
        tied=False,
    ),
    ModelConfig(attention="general", cell="lstm", decoder_layers=2),
]
SHAPES += ATTENTIONS


def test_the_plain_cell_is_the_formula_of_the_mission() -> None:
    """h' = tanh(W·x + b + U·h + B), worked out by hand with one input and one unit."""
    cell = Recurrence("rnn", 1, 1, dropout=0.0)
    weights = {"weight_ih_l0": 0.5, "weight_hh_l0": -2.0, "bias_ih_l0": 0.1, "bias_hh_l0": 0.3}
    with torch.no_grad():
        for name, value in weights.items():
            cell.get_parameter(f"layer.{name}").fill_(value)
    outputs = cell(torch.tensor([[[1.0], [-1.0]]]))
    first = torch.tanh(torch.tensor(0.5 + 0.1 + 0.3))
    second = torch.tanh(torch.tensor(-0.5 + 0.1 - 2.0 * float(first) + 0.3))
    torch.testing.assert_close(outputs.flatten(), torch.stack([first, second]))


@pytest.mark.parametrize("cell", CELLS)
def test_how_a_recurrence_starts(cell: Cell) -> None:
    """U keeps the length of a state, gate by gate; an LSTM remembers at first; all other biases are zero."""
    torch.manual_seed(1)
    layer = Recurrence(cell, 7, 5, constant_size=2, dropout=0.0)
    weight, recurrent, bias, recurrent_bias = layer.weights()
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    for gate in recurrent.detach().chunk(gates):
        torch.testing.assert_close(gate @ gate.t(), torch.eye(5))
    for gate in weight.detach().chunk(gates):
        limit = (6 / (9 + 5)) ** 0.5  # Glorot & Bengio 2010
        assert 0.5 * limit < gate.abs().max() <= limit
    forget = 5 * [0.0] + 5 * [1.0] + 10 * [0.0]  # torch's order: input, forget, cell, output
    assert bias.tolist() == (forget if cell == "lstm" else gates * 5 * [0.0])
    assert recurrent_bias.tolist() == gates * 5 * [0.0]


@pytest.mark.parametrize("constant_size", [0, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_stepped_is_the_layer_run_over_the_sequence(cell: Cell, constant_size: int) -> None:
    layer = Recurrence(cell, 4, 3, constant_size=constant_size, dropout=0.0)
    inputs = torch.randn(2, 6, 4)
    constant = torch.randn(2, constant_size) if constant_size else None
    state = tuple(torch.randn(2, 3) for _ in range(layer.states))
    outputs = layer(inputs, state, constant)
    from_constant = None if constant is None else layer.constant_gates(constant)
    for time in range(6):
        state = layer.step(inputs[:, time], state, from_constant)
        torch.testing.assert_close(state[0], outputs[:, time])


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_packed_layer_is_the_layer(cell: Cell, precision: Literal["fp32", "int8"]) -> None:
    """As it is in fp32, within its rounding in int8, and no trace is left of it afterwards."""
    torch.manual_seed(1)
    layer = Recurrence(cell, 16, 32, constant_size=8, dropout=0.0)
    inputs, constant = torch.randn(2, 6, 16), torch.randn(2, 8)
    with torch.inference_mode():
        plain = layer(inputs, None, constant)
        with packed(layer, precision):
            ready = layer(inputs, None, constant)
            stepped = layer.step(
                inputs[:, 0], (torch.zeros(2, 32),) * layer.states, layer.constant_gates(constant)
            )
        torch.testing.assert_close(
            stepped[0], ready[:, 0], atol=0.05 if precision == "int8" else 1e-5, rtol=0
        )
        assert (ready - plain).abs().max() < (0.1 if precision == "int8" else 1e-5)
        assert layer(inputs, None, constant).equal(plain)


def test_reversing_keeps_padding_at_the_right() -> None:
    ids = torch.tensor([[5, 6, 7], [8, 9, 0], [4, 0, 0]])
    reversed_ids = reverse_by_length(ids, torch.tensor([3, 2, 1]))
    assert reversed_ids.tolist() == [[7, 6, 5], [9, 8, 0], [4, 0, 0]]
    assert reverse_by_length(reversed_ids.unsqueeze(2), torch.tensor([3, 2, 1])).squeeze(2).equal(ids)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_the_vector_is_independent_of_padding_and_neighbours(config: ModelConfig) -> None:
    """The bug of fixed-vector models: a translation that depends on who else is in the batch."""
    model = small(config)
    rows = sentences([7, 1, 4, 2])
    together = model.encode(*padded(rows)).sentence_vector
    for row, vector in zip(rows, together, strict=True):
        alone = model.encode(*padded([row])).sentence_vector[0]
        torch.testing.assert_close(alone, vector, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_what_stands_in_the_padding_does_not_matter(config: ModelConfig) -> None:
    model = small(config)
    src, lengths = padded(sentences([6, 2]))
    clean = model.encode(src, lengths).sentence_vector
    src[1, 3:] = 17
    torch.testing.assert_close(model.encode(src, lengths).sentence_vector, clean)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_stepwise_is_teacher_forced(config: ModelConfig) -> None:
    model = small(config)
    src, lengths = padded(sentences([5, 3, 1]))
    tgt_in = torch.tensor([[2, *row] for row in sentences([6, 6, 6], seed=1)])
    encoded = model.encode(src, lengths)
    forced = torch.log_softmax(model.decode(tgt_in, encoded), dim=-1)
    state, prepared = model.start(encoded), model.prepare(encoded)
    for time in range(tgt_in.shape[1]):
        log_probs, state = model.step(tgt_in[:, time], state, prepared)
        torch.testing.assert_close(log_probs, forced[:, time], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_a_packed_model_is_the_model(config: ModelConfig) -> None:
    """Encoder, first state and two steps, with all matrices made ready for search."""
    model = small(config)
    src, lengths = padded(sentences([5, 3]))
    found = []
    with torch.inference_mode():
        for ready in (contextlib.nullcontext(), packed(model, "fp32")):
            with ready:
                encoded = model.encode(src, lengths)
                prepared = model.prepare(encoded)
                first, state = model.step(torch.tensor([2, 2]), model.start(encoded), prepared)
                found.append(
                    (encoded.sentence_vector, first, *model.step(torch.tensor([5, 9]), state, prepared))
                )
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_beams_of_a_sentence_share_its_row(config: ModelConfig) -> None:
    """Three hypotheses of each sentence at once are three of them one by one."""
    model = small(config)
    encoded = model.encode(*padded(sentences([4, 2])))
    prepared = model.prepare(encoded)
    state = tuple(part.repeat_interleave(3, dim=0) for part in model.start(encoded))
    previous = torch.tensor([5, 6, 7, 8, 9, 10])
    together, _ = model.step(previous, state, prepared)
    for row in range(6):
        first = tuple(part[row : row + 1] for part in state)
        alone, _ = model.step(previous[row : row + 1], first, prepared.select(torch.tensor([row // 3])))
        torch.testing.assert_close(together[row], alone[0])


@pytest.mark.parametrize("lengths", [[1], [30]])
@pytest.mark.parametrize("config", SHAPES, ids=str)
def test_the_vector_has_one_size_whatever_the_length(config: ModelConfig, lengths: list[int]) -> None:
    encoded = small(config).encode(*padded(sentences(lengths)))
    widths = {"last": 1, "mean": 1, "max": 1, "attentive": config.pooling_heads}
    directions = 2 if config.bidirectional else 1
    hidden = {"dot": 6 // directions}.get(config.attention, 5)
    expected = 7 if config.vector_size else hidden * directions * sum(widths[how] for how in config.pooling)
    assert encoded.sentence_vector.shape == (1, expected)
    if config.attention == "none":
        assert encoded.memory is None
    else:
        assert encoded.memory is not None
        seen = hidden * directions + 6 * config.attend_embedding
        assert encoded.memory.shape == (1, lengths[0] + 1, seen)


@pytest.mark.parametrize("channel", ["feed_start", "feed_steps", "feed_readout"])
def test_each_way_of_feeding_the_vector_reaches_the_output(channel: str) -> None:
    feeds = {"feed_start": False, "feed_steps": False, "feed_readout": False, channel: True}
    model = small(changes=feeds)
    encoded = model.encode(*padded(sentences([4])))
    other = dataclasses.replace(encoded, sentence_vector=encoded.sentence_vector + 1)
    tgt_in = torch.tensor([[2, 5]])
    assert not torch.allclose(model.decode(tgt_in, encoded), model.decode(tgt_in, other), atol=1e-4)


def test_attentive_pooling_by_hand() -> None:
    """A head without preferences is the mean; one that fits only high first values takes their state."""
    heads = Heads(2, 2)
    with torch.no_grad():
        heads.inner.weight.copy_(torch.tensor([[1.0, 0.0]]))
        heads.inner.bias.zero_()
        heads.outer.weight.copy_(torch.tensor([[0.0], [1000.0]]))
        heads.outer.bias.zero_()
    states = torch.tensor([[[0.1, 5.0], [0.9, 7.0], [3.0, 9.0]]])
    pooled = heads(states, torch.tensor([[True, True, False]]))
    torch.testing.assert_close(pooled, torch.tensor([[0.5, 6.0, 0.9, 7.0]]))


def test_pooling_by_hand() -> None:
    """Last, mean and max of known states; the second sentence is one token long."""
    embedding = torch.nn.Embedding(VOCAB, 2)
    config = ModelConfig(cell="rnn", encoder_hidden=2, bidirectional=False, pooling=("last", "mean", "max"))
    encoder = Encoder(embedding, config).eval()
    src, lengths = torch.tensor([[5, 6, 7], [8, 0, 0]]), torch.tensor([3, 1])
    states = encoder.read(encoder.embed(src), lengths)
    vector = encoder(src, lengths).sentence_vector
    first = torch.cat([states[0, 2], states[0].mean(0), states[0].max(0).values])
    torch.testing.assert_close(vector[0], first)
    torch.testing.assert_close(vector[1], states[1, 0].repeat(3))


def test_a_reversed_source_is_read_from_its_end() -> None:
    model = small(changes={"reverse_source": True, "bidirectional": False})
    forward = small(changes={"bidirectional": False})
    src, lengths = padded([[5, 6, 7], [8, 9]])
    mirrored = reverse_by_length(src, lengths)
    torch.testing.assert_close(
        model.encode(src, lengths).sentence_vector, forward.encode(mirrored, lengths).sentence_vector
    )


def test_bidirectional_reading_sees_both_ends() -> None:
    """A change of the last word reaches the half that starts there, at the first position too."""
    model = small(changes={"pooling": ("last",)})
    one, other = (model.encode(*padded([[5, 6, last]])).sentence_vector[0] for last in (7, 8))
    assert (one - other).abs()[:5].max() > 1e-3
    assert (one - other).abs()[5:].max() > 1e-3


def test_tied_and_shared_matrices_are_one() -> None:
    tied = build_model(ModelConfig(), src_vocab=VOCAB, tgt_vocab=VOCAB, shared=True, pad_id=0)
    assert tied.decoder.output.weight is tied.decoder.embedding.weight is tied.encoder.embedding.weight
    untied = build_model(ModelConfig(tied=False), src_vocab=VOCAB, tgt_vocab=VOCAB, shared=False, pad_id=0)
    assert untied.decoder.output.weight is not untied.decoder.embedding.weight
    assert untied.decoder.embedding.weight is not untied.encoder.embedding.weight


@pytest.mark.parametrize("place", ["dropout_embedding", "dropout_layers", "dropout_output"])
def test_each_dropout_acts_in_training_and_only_there(place: str) -> None:
    rates = {"dropout_embedding": 0.0, "dropout_layers": 0.0, "dropout_output": 0.0}
    model = small(changes=rates | {place: 0.5})
    src, lengths = padded(sentences([5]))
    tgt_in = torch.tensor([[2, 5, 6]])
    torch.testing.assert_close(model(src, lengths, tgt_in), model(src, lengths, tgt_in))
    model.train()
    assert not torch.allclose(model(src, lengths, tgt_in), model(src, lengths, tgt_in))


@pytest.mark.parametrize("cell", CELLS)
def test_one_batch_can_be_overfitted(cell: Cell) -> None:
    torch.manual_seed(0)
    config = ModelConfig(
        cell=cell,
        embedding=32,
        encoder_hidden=32,
        decoder_hidden=48,
        dropout_embedding=0.0,
        dropout_layers=0.0,
        dropout_output=0.0,
    )
    model = build_model(config, src_vocab=VOCAB, tgt_vocab=VOCAB, shared=False, pad_id=0)
    rows = [torch.tensor(row).numpy() for row in sentences([3, 5, 4, 6, 2, 5])]
    batch = collate(rows, rows[::-1], pad_id=0, bos_id=2, eos_id=3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        logits = model(batch.src, batch.src_lengths, batch.tgt_in)
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), batch.tgt_out.flatten(), ignore_index=0
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert loss.item() < 0.05
    right = (logits.argmax(-1) == batch.tgt_out) | (batch.tgt_out == 0)
    assert right.all()

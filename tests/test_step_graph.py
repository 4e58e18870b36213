"""Steps of search that are recorded: the same results in tensors of fixed size; a failure is no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch

from mt.config import ModelConfig, SearchConfig
from mt.decoding import step_graph
from mt.decoding.ensemble import Ensemble
from mt.decoding.step_graph import GraphedModel, Recording, Step
from mt.model import Seq2Seq, build_model
from mt.search import Hypothesis, Model, search

CPU = torch.device("cpu")
SOURCES = [[4 + (n * k) % 9 for k in range(1 + n % 5)] for n in range(11)]


def record(step: Step) -> Any:
    """As `record_cuda`, by computing the step anew."""
    found = step()

    def replay() -> None:
        log_probs, state = step()
        for target, source in zip((found[0], *found[1]), (log_probs, *state), strict=True):
            target.copy_(source)

    return found, replay


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_graph, "ROWS", (1, 4, 16))
    monkeypatch.setattr(step_graph, "LENGTHS", (3, 5))  # sources of six run as they are
    monkeypatch.setattr(step_graph, "WORTHWHILE", 2)


def model(seed: int = 0, **settings: Any) -> Seq2Seq:
    torch.manual_seed(seed)
    config = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8, **settings)
    built = build_model(config, src_vocab=13, tgt_vocab=13, shared=False, pad_id=0).eval()
    with torch.no_grad():
        built.decoder.output.weight.mul_(3)
    return built


def same(found: list[list[Hypothesis]], expected: list[list[Hypothesis]]) -> bool:
    assert [[row.ids for row in rows] for rows in found] == [[row.ids for row in rows] for rows in expected]
    scores = [[row.log_prob for rows in side for row in rows] for side in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    return True


MODELS: dict[str, Callable[[], Seq2Seq | Ensemble]] = {
    "vector": lambda: model(attention="none", feed_steps=False, feed_readout=False),
    "vector at each step": lambda: model(attention="none", cell="gru"),
    "attention": lambda: model(attention="mlp"),
    "two": lambda: Ensemble([model(1, attention="general"), model(2, attention="none", cell="rnn")]).eval(),
}


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_recorded_steps_are_the_steps(name: str, beam: int) -> None:
    """The second search replays from its first step on, in tensors that hold what other sentences left."""
    net, config = MODELS[name](), SearchConfig(beam=beam, max_length_ratio=1.0, batch_tokens=30)
    graphed = GraphedModel(net, record)
    expected, other = search(net, SOURCES, config, CPU), search(net, SOURCES[::-1][3:], config, CPU)
    for _ in range(2):
        assert same(search(graphed, SOURCES, config, CPU), expected)
        assert same(search(graphed, SOURCES[::-1][3:], config, CPU), other)
    assert graphed.recordings
    assert all(size[2] == beam or name == "vector" for size in graphed.recordings)


def test_a_size_is_recorded_when_it_comes_up_often() -> None:
    net = model(attention="general")
    made: list[int] = []

    def counted(step: Step) -> Any:
        made.append(len(step()[0]))
        return record(step)

    graphed = GraphedModel(net, counted)
    with torch.inference_mode():
        encoded = net.encode(torch.full((3, 4), 5), torch.full((3,), 4))
        state, prepared = net.start(encoded), net.prepare(encoded)
        for asked in range(1, 5):
            graphed.step(torch.full((3,), 2), state, prepared)
            assert made == ([] if asked <= 2 else [4])


def test_two_searches_in_turns_do_not_disturb_each_other() -> None:
    """What a step returns is not changed by later ones."""
    net = model(attention="mlp")
    graphed = GraphedModel(net, record)
    with torch.inference_mode():
        read = [net.encode(torch.full((3, 4), piece), torch.full((3,), 4)) for piece in (5, 6)]
        prepared, states = [net.prepare(one) for one in read], [net.start(one) for one in read]
        expected, previous = list(states), torch.full((3,), 2)
        for _ in range(6):
            for side in range(2):
                plain, expected[side] = net.step(previous, expected[side], prepared[side])
                found, states[side] = graphed.step(previous, states[side], prepared[side])
                torch.testing.assert_close(found, plain)
        torch.testing.assert_close(states, expected)


def test_a_recording_that_fails_is_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    net, config, tried = model(attention="general"), SearchConfig(beam=2, batch_tokens=30), []

    def fails(_: Step) -> Any:
        tried.append(1)
        raise RuntimeError("operation not permitted when stream is capturing")

    graphed: Model = GraphedModel(net, fails)
    with caplog.at_level(logging.WARNING, logger="mt"):
        for _ in range(3):
            assert same(search(graphed, SOURCES, config, CPU), search(net, SOURCES, config, CPU))
    assert len(tried) == len(caplog.records) == 1
    assert "not permitted" in caplog.text


def test_what_a_recording_reads_is_let_go() -> None:
    """A graph does not hold the last batch's memory on the GPU."""
    net = model(attention="general")
    graphed = GraphedModel(net, record)
    search(graphed, SOURCES * 2, SearchConfig(beam=1, batch_tokens=30), CPU)
    assert graphed.recordings
    found: list[Recording] = list(graphed.recordings.values())
    assert [one.loaded() for one in found] == [None] * len(found)

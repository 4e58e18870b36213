"""Steps of search that are recorded: the same results in tensors of fixed size; a failure is no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from mt.config import ModelConfig, SearchConfig
from mt.decoding import step_graph
from mt.decoding.ensemble import Ensemble
from mt.decoding.step_graph import CudaRecorder, GraphedModel, Recording, Step
from mt.model import Seq2Seq, build_model
from mt.search import Hypothesis, Model, search

CPU = torch.device("cpu")
SOURCES = [[4 + (n * k) % 9 for k in range(1 + n % 5)] for n in range(11)]


def record(step: Step) -> Any:
    """As `CudaRecorder`, by computing the step anew."""
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


def test_no_memory_for_one_size_leaves_the_others() -> None:
    net, config, tried = model(attention="general"), SearchConfig(beam=2, batch_tokens=30), []

    def fails_once(step: Step) -> Any:
        tried.append(len(step()[0]))
        if tried[-1] == tried[0]:
            raise RuntimeError("CUDA out of memory. Tried to allocate 3.20 GiB")
        return record(step)

    graphed: Model = GraphedModel(net, fails_once)
    for _ in range(3):
        for sources in (SOURCES, SOURCES[:1]):
            assert same(search(graphed, sources, config, CPU), search(net, sources, config, CPU))
    assert len(tried) == len(set(tried)) > 1, "none is tried twice"


def test_in_another_stream_steps_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_graph, "_in_usual_stream", lambda _: False)
    graphed = GraphedModel(model(attention="general"), record)
    search(graphed, SOURCES, SearchConfig(beam=1, batch_tokens=30), CPU)
    assert not graphed.recordings


class Cuda:
    """What `CudaRecorder` asks of torch.cuda. As there, a capture that fails does not leave its stream."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.current: Any = self
        self.captures: list[tuple[object, object]] = []  # pool and stream
        self.waits: list[tuple[object, object]] = []
        for name in ("Stream", "CUDAGraph", "graph_pool_handle", "current_stream", "stream", "graph"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def wait_stream(self, other: object) -> None:
        """Of the stream of the caller."""
        self.waits.append((self, other))

    def Stream(self) -> Any:  # noqa: N802
        class Aside:
            wait_stream = lambda aside, other: self.waits.append((aside, other))  # noqa: E731

        return Aside()

    def CUDAGraph(self) -> Any:  # noqa: N802
        class Graph:
            replay = "replay"

        return Graph()

    def graph_pool_handle(self) -> object:
        return object()

    def current_stream(self) -> Any:
        return self.current

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def graph(self, _: Any, pool: object, stream: object, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        assert CudaRecorder.one_at_a_time.locked()
        self.captures.append((pool, stream))
        before, self.current = self.current, stream
        yield
        self.current = before


def test_captures_are_aside_and_share_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda, recorder = Cuda(monkeypatch), CudaRecorder()
    seen: list[object] = []

    def step() -> Any:
        seen.append(cuda.current)
        return "found"

    for _ in range(2):
        found: Any = recorder(step)
        assert found == ("found", "replay")
    (_, aside), again = cuda.captures
    assert again == cuda.captures[0]
    assert seen == [aside] * 2 * (step_graph.WARM_UP + 1)
    assert cuda.waits == [(aside, cuda), (cuda, aside)] * 2, "for what the step reads, and for its warm-up"


def test_a_capture_that_fails_leaves_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda(monkeypatch)

    def step() -> Any:
        if cuda.captures:
            raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError, match="not permitted"):
        CudaRecorder()(step)
    assert cuda.current is cuda
    assert not CudaRecorder.one_at_a_time.locked()


def test_what_a_recording_reads_is_let_go() -> None:
    """A graph does not hold the last batch's memory on the GPU."""
    net = model(attention="general")
    graphed = GraphedModel(net, record)
    search(graphed, SOURCES * 2, SearchConfig(beam=1, batch_tokens=30), CPU)
    assert graphed.recordings
    found: list[Recording] = list(graphed.recordings.values())
    assert [one.loaded() for one in found] == [None] * len(found)

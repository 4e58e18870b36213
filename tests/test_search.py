"""Search: greedy, beam, and that nobody's translation depends on who is searched beside."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch

from mt.config import ModelConfig, SearchConfig
from mt.encoder import Encoded
from mt.model import Seq2Seq, build_model
from mt.search import BOS, EOS, Hypothesis, length_norm, search
from mt.search.batching import tokens_that_fit
from mt.search.unfinished import leaving

VOCAB = 8
CPU = torch.device("cpu")


def model(seed: int = 0, sharp: float = 3.0, vocab: int = VOCAB) -> Seq2Seq:
    """A random model, sharpened so that its choices are clear."""
    torch.manual_seed(seed)
    config = ModelConfig(embedding=8, encoder_hidden=8, decoder_hidden=8)
    built = build_model(config, src_vocab=vocab, tgt_vocab=vocab, shared=False, pad_id=0).eval()
    with torch.no_grad():
        built.decoder.output.weight.mul_(sharp)
    return built


SOURCES = [[4, 5, 6], [7], [5, 5, 4, 7, 6], [6, 4]]


def best(found: list[list[Hypothesis]]) -> list[tuple[int, ...]]:
    return [hypotheses[0].ids for hypotheses in found]


@torch.no_grad()
def log_prob(of: Seq2Seq, source: list[int], ids: tuple[int, ...], closed: bool) -> float:
    """Of the ids under the model by teacher forcing, with eos if `closed`."""
    src = torch.tensor([[*source, EOS]])
    encoded = of.encode(src, torch.tensor([src.shape[1]]))
    out = [*ids, EOS] if closed else list(ids)
    logits = of.decode(torch.tensor([[BOS, *out[:-1]]]), encoded)
    return float(torch.log_softmax(logits, -1)[0, range(len(out)), out].sum())


class OnGpu:
    """Stands for a tensor on a GPU; each look at what is in it is counted."""

    looks = 0

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor, self.device = tensor, torch.device("cuda")

    def __len__(self) -> int:
        return len(self.tensor)

    def nonzero(self) -> torch.Tensor:
        OnGpu.looks += 1
        return self.tensor.nonzero()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("endless", [False, True])
def test_a_gpu_is_asked_now_and_then_what_has_ended(
    size: int, endless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every eighth step and at the last one; the translations are those of a CPU, asked each time."""
    net, steps = model(), []
    if endless:
        with torch.no_grad():
            net.decoder.output.bias[EOS] = -1e9
    sources = [SOURCES[n % 4] + [4 + n % 3] for n in range(9)]
    config = SearchConfig(beam=size, max_length_ratio=1.0)
    expected = search(net, sources, config, CPU)

    def watched(done: torch.Tensor, step: int, last: int) -> list[int]:
        before = OnGpu.looks
        found = leaving(OnGpu(done), step, last)  # type: ignore[arg-type]
        if OnGpu.looks > before:
            steps.append(step)
        return found

    monkeypatch.setattr("mt.search.unfinished.leaving", watched)
    found = search(net, sources, config, CPU)
    for ours, theirs in zip(found, expected, strict=True):
        assert [hypothesis.ids for hypothesis in ours] == [hypothesis.ids for hypothesis in theirs]
    longest = max(len(source) for source in sources) + 1 + 10
    assert steps == ([8, 16, longest] if endless else [8])


@pytest.mark.parametrize("seed", range(4))
def test_greedy_is_beam_search_of_width_one(seed: int) -> None:
    """Greedy search has a loop of its own; a beam that is wide in name only must agree with it."""
    from mt.search import beam_search, greedy_search

    net = model(seed)
    config = SearchConfig(beam=1)
    for source in SOURCES:
        with torch.inference_mode():
            encoded = net.encode(torch.tensor([[*source, EOS]]), torch.tensor([len(source) + 1]))
            limit = torch.tensor([12])
            one = greedy_search(net, encoded, limit, config)[0][0]
            other = beam_search(net, encoded, limit, config)[0][0]
        assert one.ids == other.ids
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-4)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_a_hypothesis_carries_its_log_probability(beam: int, seed: int) -> None:
    net = model(seed)
    config = SearchConfig(beam=beam, length_penalty=0.7)
    for source, hypotheses in zip(SOURCES, search(net, SOURCES, config, CPU), strict=True):
        for found in hypotheses:
            limit = int((len(source) + 1) * config.max_length_ratio) + 10
            closed = len(found.ids) < limit
            assert found.log_prob == pytest.approx(log_prob(net, source, found.ids, closed), abs=1e-3)
            length = len(found.ids) + closed
            assert found.score == pytest.approx(found.log_prob / length_norm(length, 0.7))


class Cramped(Seq2Seq):
    """Has no memory for more than two sentences; notes how many were tried together."""

    tried: list[int]

    def encode(self, src: torch.Tensor, src_lengths: torch.Tensor) -> Encoded:
        self.tried.append(len(src))
        if len(src) > 2:
            raise RuntimeError("CUDA out of memory")
        return super().encode(src, src_lengths)


def test_where_memory_runs_out_a_batch_is_searched_in_halves() -> None:
    net, config = model(), SearchConfig(beam=2)
    sources = [*SOURCES, [6, 6]]
    expected = search(net, sources, config, CPU)
    net.__class__ = Cramped
    assert isinstance(net, Cramped)
    net.tried = []
    found = search(net, sources, config, CPU)
    assert best(found) == best(expected)
    assert net.tried == [5, 2, 3, 1, 2]


def test_bf16_finds_the_same_but_for_rounding() -> None:
    net = model(sharp=8.0)
    (exact, rounded) = (
        search(net, SOURCES, SearchConfig(beam=1, precision=precision), CPU) for precision in ("fp32", "bf16")
    )
    assert best(exact) == best(rounded)
    for ours, theirs in zip(exact, rounded, strict=True):
        assert ours[0].log_prob != theirs[0].log_prob
        assert ours[0].log_prob == pytest.approx(theirs[0].log_prob, abs=0.1 * ours[0].steps)


def test_a_batch_is_as_large_as_memory_permits() -> None:
    """A token has half of two hypotheses' 1,000 logits in 4 copies, and 100 numbers, at 4 bytes."""
    config = SearchConfig(beam=2)
    assert tokens_that_fit(1.64e6, config, vocab_size=1000, states=100) == 100
    assert tokens_that_fit(1e12, config, vocab_size=1000, states=100) == 2**17


@pytest.mark.parametrize("beam", [1, 4])
def test_the_batch_does_not_matter(beam: int) -> None:
    """All at once, one by one, and in small batches: the same translations in the caller's order."""
    net = model(5)
    whole = search(net, SOURCES, SearchConfig(beam=beam), CPU)
    single = [search(net, [source], SearchConfig(beam=beam), CPU)[0] for source in SOURCES]
    small = search(net, SOURCES, SearchConfig(beam=beam, batch_tokens=8), CPU)
    assert best(whole) == best(single) == best(small)
    assert [len(rows) for rows in whole] == [len(rows) for rows in single]


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_everything_finds_the_best_there_is(seed: int) -> None:
    """Against all sequences of up to three pieces, scored by teacher forcing."""
    net = model(seed, sharp=1.5, vocab=6)
    source, pieces = [4, 5], (4, 5)
    with torch.no_grad():
        net.decoder.output.bias[EOS] += 2.0
    config = SearchConfig(beam=16, length_penalty=0.0, max_length_ratio=0.01)
    found = search(net, [source], config, CPU)[0]
    everything = {
        ids: log_prob(net, source, ids, closed=True)
        for length in range(4)
        for ids in itertools.product(pieces, repeat=length)
    }
    top = max(everything, key=lambda ids: everything[ids])
    assert found[0].ids == top
    assert found[0].log_prob == pytest.approx(everything[top], abs=1e-4)


def test_hypotheses_are_distinct_and_sorted() -> None:
    for hypotheses in search(model(2), SOURCES, SearchConfig(beam=4), CPU):
        assert 1 <= len(hypotheses) <= 4
        assert len({found.ids for found in hypotheses}) == len(hypotheses)
        assert [found.score for found in hypotheses] == sorted((f.score for f in hypotheses), reverse=True)


def test_the_length_limit_follows_the_source() -> None:
    """A model that never ends is stopped at ratio × source pieces (with eos) + 10."""
    net = model(1)
    with torch.no_grad():
        net.decoder.output.bias[EOS] = -1e9
    for beam in (1, 2):
        config = SearchConfig(beam=beam, max_length_ratio=2.0)
        for source, hypotheses in zip(SOURCES, search(net, SOURCES, config, CPU), strict=True):
            assert len(hypotheses[0].ids) == 2 * (len(source) + 1) + 10


def test_length_normalisation_by_hand() -> None:
    """(5 + length) / 6 to the power of the penalty (Wu et al. 2016)."""
    assert length_norm(1, 1.0) == 1
    assert length_norm(7, 1.0) == 2
    assert length_norm(7, 0.5) == pytest.approx(math.sqrt(2))
    assert length_norm(7, 0.0) == 1


class TwoWays:
    """A model that says "4", or "4 5 5 4" with the probability 0.4. Its state is the number of steps."""

    training = False
    likely = ({4: 1.0}, {EOS: 0.6, 5: 0.4}, {5: 1.0}, {4: 1.0}, {EOS: 1.0})

    def train(self, mode: bool = True) -> TwoWays:
        assert not mode
        return self

    def encode(self, src: torch.Tensor, src_lengths: torch.Tensor) -> int:
        return len(src_lengths.tolist()) * (src.dim() > 0)

    def start(self, rows: int) -> tuple[torch.Tensor]:
        return (torch.zeros(rows, 1),)

    def prepare(self, rows: int) -> TwoWays:
        assert rows == 1
        return self

    def step(self, previous_ids: torch.Tensor, state: Any, _: Any) -> Any:
        probabilities = torch.full((len(previous_ids), VOCAB), 1e-12)
        for row, steps in enumerate(state[0][:, 0].int().tolist()):
            for piece, probability in self.likely[min(steps, 4)].items():
                probabilities[row, piece] = probability
        return probabilities.log(), (state[0] + 1,)


class LongIsLikely(TwoWays):
    """A model that says "5" with the probability 0.4, else almost always "4 4 4 4 4"."""

    def step(self, previous_ids: torch.Tensor, state: Any, _: Any) -> Any:
        steps = int(state[0][0, 0])
        after = {BOS: {4: 0.6, 5: 0.4}, 5: {EOS: 1.0}, 4: {4: 0.99, EOS: 0.01} if steps < 5 else {EOS: 1.0}}
        probabilities = torch.full((len(previous_ids), VOCAB), 1e-12)
        for row, previous in enumerate(previous_ids.tolist()):
            for piece, probability in after.get(previous, {EOS: 1.0}).items():
                probabilities[row, piece] = probability
        return probabilities.log(), (state[0] + 1,)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_short_texts_that_end_first_do_not_end_the_search(penalty: float) -> None:
    found = search(LongIsLikely(), [[4]], SearchConfig(beam=2, length_penalty=penalty), CPU)[0]
    assert found[0].ids == (4, 4, 4, 4, 4)
    assert found[0].log_prob == pytest.approx(math.log(0.6 * 0.99**4), abs=1e-3)


@pytest.mark.parametrize(("penalty", "first"), [(0.0, (4,)), (2.0, (4, 5, 5, 4))])
def test_the_length_penalty_decides_between_short_and_long(penalty: float, first: tuple[int, ...]) -> None:
    """Of a model that says two things: "4" with the probability 0.6, "4 5 5 4" with 0.4."""
    found = search(TwoWays(), [[4]], SearchConfig(beam=2, length_penalty=penalty), CPU)[0]
    scores = {
        (4,): math.log(0.6) / length_norm(2, penalty),
        (4, 5, 5, 4): math.log(0.4) / length_norm(5, penalty),
    }
    assert found[0].ids == first
    assert {hypothesis.ids for hypothesis in found} == scores.keys()
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(scores[hypothesis.ids], abs=1e-3)


@pytest.mark.parametrize("beam", [1, 3])
def test_no_ngram_is_repeated_where_that_is_asked(beam: int) -> None:
    net = model(4)
    with torch.no_grad():
        net.decoder.output.bias[EOS] = -20.0
    free = best(search(net, SOURCES, SearchConfig(beam=beam), CPU))
    bound = best(search(net, SOURCES, SearchConfig(beam=beam, no_repeat_ngram=2), CPU))

    def repeats(ids: tuple[int, ...]) -> bool:
        pairs = list(itertools.pairwise(ids))
        return len(set(pairs)) < len(pairs)

    assert any(repeats(ids) for ids in free)
    assert not any(repeats(ids) for ids in bound)


def test_special_pieces_are_never_output() -> None:
    net = model(6)
    with torch.no_grad():
        net.decoder.output.bias[:3] = 50.0
    for ids in best(search(net, SOURCES, SearchConfig(beam=2, no_repeat_ngram=3), CPU)):
        assert not set(ids) & {0, 1, 2, 3}


def test_nothing_to_translate_is_no_error_and_training_mode_is_kept() -> None:
    net = model().train()
    assert search(net, [], SearchConfig(), CPU) == []
    search(net, SOURCES, SearchConfig(beam=1), CPU)
    assert net.training

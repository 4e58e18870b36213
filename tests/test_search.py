"""Search: greedy, beam, and that nobody's translation depends on who is searched beside."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from mt.config import ModelConfig, SearchConfig
from mt.model import Seq2Seq, build_model
from mt.search import BOS, EOS, Hypothesis, length_norm, search

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


def test_a_wider_beam_never_ranks_a_worse_hypothesis_first() -> None:
    for seed in range(6):
        scores = [search(model(seed), SOURCES, SearchConfig(beam=beam), CPU) for beam in (1, 8)]
        greedy, wide = ([hypotheses[0].score for hypotheses in found] for found in scores)
        assert sum(wide) >= sum(greedy) - 1e-4


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


def test_the_length_penalty_prefers_longer_translations() -> None:
    """-4 over 3 pieces against -5 over 6: the shorter one wins without a penalty, the longer with."""
    assert -4 > -5
    assert -4 / length_norm(3, 1.0) < -5 / length_norm(6, 1.0)
    assert length_norm(7, 0.5) == pytest.approx(math.sqrt(2))
    lengths = []
    for alpha in (0.0, 3.0):
        found = search(model(3, sharp=1.0), SOURCES, SearchConfig(beam=6, length_penalty=alpha), CPU)
        lengths.append(sum(len(ids) for ids in best(found)))
    assert lengths[1] > lengths[0]


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

"""Subword regularisation: which segmentations come out, how often, and the same ones in each process."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.config import TokenizerConfig
from mt.data.encoded import PiecePairs
from mt.data.ragged import Ragged
from mt.data.sampling import BpeDropout, Sampler, SideSampler, UnigramSampler
from mt.text.placeholders import MARKERS
from mt.tokenizer import Tokenizer
from tests.test_tokenizer import ENGLISH

Algorithm = Literal["unigram", "bpe"]
ALGORITHMS: list[Algorithm] = ["unigram", "bpe"]
TEXT = "the yellow stranger waits near house seven"


@cache
def learn(algorithm: Algorithm, byte_fallback: bool = True, markers: bool = False) -> Tokenizer:
    size = 40 + 256 * byte_fallback + (MARKERS + 1) * markers
    settings = TokenizerConfig(
        algorithm=algorithm, byte_fallback=byte_fallback, character_coverage=1.0, markup=markers
    )
    return Tokenizer.learn(iter(ENGLISH), settings, size, ["<2de>"] if markers else ())


def sample(tokenizer: Tokenizer, algorithm: Algorithm, strength: float, text: str) -> list[int]:
    sampler = SideSampler(tokenizer, algorithm, strength)
    return sampler.sample(np.array(tokenizer.encode([text])[0]), random.Random(1).random)


SCORES = {piece: (row, math.log(p)) for row, (piece, p) in enumerate({"a": 0.5, "b": 0.2, "ab": 0.3}.items())}


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_a_segmentation_comes_in_proportion_to_its_probability(alpha: float) -> None:
    """Of "ab" there are two, of 0.3 and of 0.5 · 0.2; the first piece decides between them."""
    whole, parts = 0.3**alpha, (0.5 * 0.2) ** alpha
    edges = UnigramSampler(SCORES, alpha).lattice("ab")[0]
    assert edges.ids == [0, 2]
    assert edges.cumulative == pytest.approx([parts / (whole + parts), 1.0])
    sampler = UnigramSampler(SCORES, alpha)
    assert sampler("ab", lambda: 0.999 * parts / (whole + parts)) == [0, 1]
    assert sampler("ab", lambda: 1.001 * parts / (whole + parts)) == [2]


def segmentations(word: str, scores: dict[str, tuple[int, float]]) -> Iterator[list[str]]:
    """All of them, by trying each set of positions to cut at."""
    inner = range(1, len(word))
    for count in range(len(word)):
        for cuts in itertools.combinations(inner, count):
            parts = [word[a:b] for a, b in itertools.pairwise([0, *cuts, len(word)])]
            if all(part in scores for part in parts):
                yield parts


def test_the_lattice_gives_each_segmentation_its_probability() -> None:
    """The product of the choices along a segmentation is P(x)^α over the sum of all."""
    scores = {text: (row, score) for row, (text, score) in learn("unigram").divisible_pieces().items()}
    word, alpha = "▁stranger", 0.3
    lattice = UnigramSampler(scores, alpha).lattice(word)
    found, weights = {}, {}
    for parts in segmentations(word, scores):
        weights[tuple(parts)] = math.exp(alpha * sum(scores[part][1] for part in parts))
        probability, position = 1.0, 0
        for part in parts:
            edges = lattice[position]
            chosen = edges.ids.index(scores[part][0])
            probability *= edges.cumulative[chosen] - (edges.cumulative[chosen - 1] if chosen else 0.0)
            position = edges.ends[chosen]
        found[tuple(parts)] = probability
    assert len(found) > 5
    total = sum(weights.values())
    assert found == pytest.approx({parts: weight / total for parts, weight in weights.items()})
    assert sum(found.values()) == pytest.approx(1.0)


def test_segmentations_come_as_often_as_they_should() -> None:
    sampler, draw = UnigramSampler(SCORES, 1.0), random.Random(5).random
    counts = Counter(tuple(sampler("aab", draw)) for _ in range(4000))
    assert counts.keys() == {(0, 0, 1), (0, 2)}
    assert counts[0, 2] / 4000 == pytest.approx(0.75, abs=0.02)


def test_a_position_that_no_piece_leads_away_from_is_never_reached() -> None:
    """Of "xay" only "xa" and "y" fit together: "x" leaves "ay", which nothing begins."""
    scores = {"x": (0, -1.0), "xa": (1, -9.0), "y": (2, -1.0)}
    assert UnigramSampler(scores, 0.1)("xay", lambda: 0.0) == [1, 2]


MERGES = {"a": (0, -9.0), "b": (1, -8.0), "c": (2, -7.0), "ab": (3, 0.0), "bc": (4, -1.0), "abc": (5, -2.0)}


@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        ([0.9, 0.9], [5]),  # ab, then abc
        ([0.1, 0.9, 0.9], [5]),  # ab is left out, so bc, then abc
        ([0.1, 0.1], [0, 1, 2]),  # both are left out
        ([0.9, 0.1], [3, 2]),  # ab; abc is left out
        ([0.1, 0.9, 0.1], [0, 4]),
    ],
)
def test_merges_left_out_by_hand(draws: list[float], expected: list[int]) -> None:
    numbers = iter(draws)
    assert BpeDropout(MERGES, 0.5)("abc", lambda: next(numbers)) == expected
    assert next(numbers, None) is None


def test_a_merge_left_out_comes_back_in_the_next_round() -> None:
    """Of "abab" the first ab is left out, the second one merged; then the first has another chance."""
    numbers = iter([0.1, 0.9, 0.9])
    assert BpeDropout(MERGES, 0.5)("abab", lambda: next(numbers)) == [3, 3]


@given(st.lists(st.sampled_from(["the", "book", "books", "red", "windows", "wait", "é", "日本"]), max_size=9))
def test_without_dropout_it_is_byte_pair_encoding(words: list[str]) -> None:
    """SentencePiece's own, word by word."""
    tokenizer, text = learn("bpe"), " ".join(words)
    assert sample(tokenizer, "bpe", 0.0, text) == tokenizer.encode([text])[0]


def test_with_all_merges_left_out_characters_remain() -> None:
    tokenizer = learn("bpe")
    ids = sample(tokenizer, "bpe", 1.0, "red books")
    assert tokenizer.spell(ids) == list("▁red▁books")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(
    text=st.text(st.characters(exclude_characters="▁", exclude_categories=["Cs"]) | st.sampled_from("the rd"))
)
def test_every_segmentation_gives_the_text_back(algorithm: Algorithm, text: str) -> None:
    tokenizer = learn(algorithm)
    assert tokenizer.decode([sample(tokenizer, algorithm, 0.3, text)]) == [text]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_text_is_segmented_in_many_ways(algorithm: Algorithm) -> None:
    tokenizer = learn(algorithm)
    sampler, draw = SideSampler(tokenizer, algorithm, 0.3), random.Random(1).random
    ids = np.array(tokenizer.encode([TEXT])[0])
    assert len({tuple(sampler.sample(ids, draw)) for _ in range(50)}) > 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_stands_for_itself_stays(algorithm: Algorithm) -> None:
    """A tag, a marker, the bytes of a character without a piece; and an unknown character."""
    tokenizer = learn(algorithm, markers=True)
    text, source = "<2de> the ``code_x`` é", "``code_x``"
    ids = tokenizer.encode([text], [source])[0]
    fixed = set(ids) - tokenizer.divisible_pieces().keys()
    assert [tokenizer.spell([row]) for row in sorted(fixed)] == [
        ["⟦0⟧"],
        ["<2de>"],
        ["<0xA9>"],
        ["<0xC3>"],
    ]
    sampled = SideSampler(tokenizer, algorithm, 0.9).sample(np.array(ids), random.Random(3).random)
    assert [row for row in sampled if row in fixed] == [row for row in ids if row in fixed]
    assert tokenizer.decode([sampled], [source]) == [text]
    plain = learn(algorithm, byte_fallback=False)
    assert sample(plain, algorithm, 0.9, "red 日 red").count(Tokenizer.unk_id) == 1


def test_only_special_pieces_stand_for_themselves() -> None:
    """The merge that was found first has the score 0, as tags and markers have."""
    for algorithm in ALGORITHMS:
        tokenizer = learn(algorithm, byte_fallback=False)
        assert tokenizer.divisible_pieces().keys() == set(range(4, tokenizer.vocab_size))


DRAWN = """
import random, numpy as np
from tests.test_sampling import TEXT, learn
from mt.data.sampling import SideSampler
for algorithm in ("unigram", "bpe"):
    tokenizer = learn(algorithm)
    ids = np.array(tokenizer.encode([TEXT])[0])
    print(SideSampler(tokenizer, algorithm, 0.3).sample(ids, random.Random(7).random))
"""


def test_other_processes_draw_the_same() -> None:
    """SentencePiece 0.2.3 drew otherwise in each, whatever its seed."""
    drawn = subprocess.check_output([sys.executable, "-c", DRAWN], text=True)
    here = [
        SideSampler(learn(name), name, 0.3).sample(
            np.array(learn(name).encode([TEXT])[0]), random.Random(7).random
        )
        for name in ALGORITHMS
    ]
    assert drawn == "".join(f"{ids}\n" for ids in here)


def test_batches_hold_the_same_sentences_segmented_otherwise() -> None:
    tokenizer = learn("unigram")
    texts = ENGLISH[:20]
    column = Ragged.of(tokenizer.encode(texts))
    side = SideSampler(tokenizer, "unigram", 0.1)
    sampler = Sampler(PiecePairs(column, column), side, side)
    rows = np.array([4, 9, 17])
    one, again, other = (sampler.batch(rows, seed) for seed in (1, 1, 2))
    assert one.src.equal(again.src)
    assert one.tgt_out.equal(again.tgt_out)
    assert one.tgt_in.shape != other.tgt_in.shape or not one.tgt_in.equal(other.tgt_in)
    for batch in (one, other):
        found = [tokenizer.decode([[p for p in row if p > 3]])[0] for row in batch.tgt_in.tolist()]
        assert found == [texts[row] for row in rows]

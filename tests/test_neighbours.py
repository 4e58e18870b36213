"""Neighbours: the pairs of a corpus whose sentence vectors are nearest, however many there are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import mt
from mt.config import DataConfig
from mt.console import Console
from mt.data.corpus import Corpus, read_whole
from mt.inspection import nearest
from mt.inspection.nearest import Neighbour, find_neighbours, sentence_vectors
from mt.translator import Translator
from tests.toy import toy_pairs, write_tsv

PAIRS = [*dict(toy_pairs(60, seed=5)).items()]


@pytest.fixture(scope="module")
def translator(toy_run: Path) -> Translator:
    return mt.load(toy_run, device="cpu")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return read(tmp_path, PAIRS)


def read(folder: Path, pairs: list[tuple[str, str]]) -> Corpus:
    path = write_tsv(folder / "pairs.tsv", pairs)
    return read_whole([str(path)], DataConfig())


def find(translator: Translator, corpus: Corpus, texts: list[str], count: int = 3) -> list[list[Neighbour]]:
    return find_neighbours(translator, texts, corpus, count=count, tgt=None, console=Console())


def test_a_sentence_is_its_own_nearest(translator: Translator, corpus: Corpus) -> None:
    texts = [src for src, _ in PAIRS]
    for (src, tgt), found in zip(PAIRS, find(translator, corpus, texts), strict=True):
        assert (found[0].source, found[0].reference) == (src, tgt)
        assert found[0].similarity == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("chunk", [7, 4096])
def test_the_nearest_are_those_of_all_cosines(
    translator: Translator, corpus: Corpus, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the corpus is cut; the vectors one by one, by their definition."""
    monkeypatch.setattr(nearest, "CHUNK", chunk)

    def cosine(one: str, other: str) -> float:
        a, b = (encode(translator, text) for text in (one, other))
        return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))

    for text, found in zip(["ba mo", "ku"], find(translator, corpus, ["ba mo", "ku"], 5), strict=True):
        expected = sorted((cosine(text, src) for src, _ in PAIRS), reverse=True)[:5]
        assert [near.similarity for near in found] == pytest.approx(expected, abs=1e-5)


def encode(translator: Translator, text: str) -> torch.Tensor:
    ids = [*translator.run.src_tokenizer.encode([text])[0], 3]
    with torch.inference_mode():
        return translator.run.model.encode(torch.tensor([ids]), torch.tensor([len(ids)])).sentence_vector[0]


def test_a_text_has_one_vector_whoever_stands_beside_it(translator: Translator) -> None:
    texts = [src for src, _ in PAIRS]
    together = sentence_vectors(translator, texts, None)
    for row, text in enumerate(texts[:10]):
        torch.testing.assert_close(sentence_vectors(translator, [text], None)[0], together[row])


def test_blank_sides_and_small_corpora(translator: Translator, tmp_path: Path) -> None:
    """A blank text has no neighbours, a blank source is none, and there may be fewer than are wanted."""
    corpus = read(tmp_path, [("ba", "BA"), ("", "DE"), ("fi", "FI")])
    blank, found = find(translator, corpus, ["", "ba"], 5)
    assert blank == []
    assert [near.source for near in found] == ["ba", "fi"]


def test_of_equals_the_earlier_comes_first(translator: Translator, tmp_path: Path) -> None:
    corpus = read(tmp_path, [("fi", "0"), *[("ba", f"{row}") for row in range(1, 300)]])
    found = find(translator, corpus, ["ba"], 300)[0]
    assert [near.reference for near in found] == [*map(str, range(1, 300)), "0"]

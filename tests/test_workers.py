"""Many processes give what one gives, in the same order; a corpus that is half encoded goes on by shards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
import pytest

from mt.config import DataConfig, TokenizerConfig
from mt.data import encoded
from mt.data.cleaning import Cleaned, Rules
from mt.data.corpus import Corpus, read_train
from mt.data.encoded import PiecePairs, cut
from mt.data.token_task import TokenTask
from mt.data.workers import cores, ordered_map
from mt.tokenizer import Tokenizer
from tests.toy import toy_pairs, write_tsv


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 20 pairs, of which the first one is this process's; shards of 60."""
    for name in ("encoded", "spec"):
        monkeypatch.setattr(f"mt.data.{name}.BATCH", 20)
    monkeypatch.setattr("mt.data.workers.ordered_map.__defaults__", (1,))
    monkeypatch.setattr("mt.data.kept_pairs.ALONE", 1)
    monkeypatch.setattr(encoded, "SHARD", 60)
    new_cache(tmp_path / "cache", monkeypatch)


def new_cache(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", path)


def read(folder: Path, workers: int) -> Corpus:
    """110 pairs, some of which come again, and one without a target."""
    path = write_tsv(folder / "pairs.tsv", [*toy_pairs(110, seed=1), ("ba", "")])
    return read_train(DataConfig(train=(str(path),)), workers=workers)


def same(one: PiecePairs, other: PiecePairs) -> bool:
    rows = np.arange(len(one))
    return all(
        np.array_equal(ours, theirs)
        for side in ("src", "tgt")
        for ours, theirs in zip(getattr(one, side).take(rows), getattr(other, side).take(rows), strict=True)
    )


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    texts = [text for pair in toy_pairs(300, seed=3) for text in pair]
    return Tokenizer.learn(iter(texts), TokenizerConfig(byte_fallback=False), 40)


def test_two_processes_read_and_encode_what_one_does(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = read(tmp_path, 1)
    of_alone = cut(alone, tokenizer, tokenizer)
    new_cache(tmp_path / "other", monkeypatch)
    both = read(tmp_path, 2)
    assert both.fingerprint == alone.fingerprint
    assert both.report == alone.report
    assert alone.report.sources[0].dropped["empty side"] == 1
    assert 60 < len(alone.dataset) < 110
    assert same(cut(both, tokenizer, tokenizer, workers=2), of_alone)


def test_reading_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the fifth chunk, those before it are not cleaned again, but for the first one."""
    whole = read(tmp_path, 1)
    new_cache(tmp_path / "other", monkeypatch)
    cleaned: list[str] = []
    original = Rules.clean

    def clean(self: Rules, sides: tuple[list[str], list[str]]) -> Cleaned:
        cleaned.append(sides[0][0])
        if len(cleaned) == 5:
            raise KeyboardInterrupt
        return original(self, sides)

    monkeypatch.setattr(Rules, "clean", clean)
    with pytest.raises(KeyboardInterrupt):
        read(tmp_path, 1)
    cache = tmp_path / "other" / "mt"
    assert len(list(cache.glob("clean-*"))) == 3
    again = read(tmp_path, 1)
    assert (again.fingerprint, again.report) == (whole.fingerprint, whole.report)
    assert cleaned[5:] == [cleaned[0], *cleaned[4:5], cleaned[-1]]
    assert list(cache.glob("clean-*")) == []


def test_encoding_goes_on_by_shards(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the second shard, the first one is kept; at the end only the whole is left."""
    corpus = read(tmp_path, 1)
    whole = cut(corpus, tokenizer, tokenizer)
    cache = tmp_path / "cache" / "mt"
    (folder,) = cache.glob("ids-*")
    shutil.rmtree(folder)
    asked: list[range] = []
    original = TokenTask.encode

    def encode(self: TokenTask, rows: range) -> object:
        asked.append(rows)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return original(self, rows)

    monkeypatch.setattr(TokenTask, "encode", encode)
    with pytest.raises(KeyboardInterrupt):
        cut(corpus, tokenizer, tokenizer)
    assert [path.suffix for path in cache.glob("ids-*")] == [".0"]
    assert same(cut(corpus, tokenizer, tokenizer), whole)
    assert asked[5].start == 60
    assert [path.suffix for path in cache.glob("ids-*")] == [""]


def test_results_come_in_order_and_few_items_need_no_process() -> None:
    def local(number: int) -> int:
        """No other process could be sent this."""
        return number * number

    assert list(ordered_map(local, range(20), 8, alone=20)) == [number * number for number in range(20)]
    assert list(ordered_map(local, range(30), 1, alone=3)) == [number * number for number in range(30)]
    assert cores() >= 1


def test_what_breaks_in_another_process_breaks_here() -> None:
    def items() -> Iterator[str]:
        yield from ("1", "2", "x")

    with pytest.raises(ValueError, match="x"):
        list(ordered_map(int, items(), 2, alone=1))

"""Tokens that are added to a run's: which, how they are spelled, and what their weights start as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import mt
from mt import cli
from mt.config import TokenizerConfig
from mt.tokenizer import Tokenizer
from mt.training.adding import with_more, with_rows
from tests.toy import toy_pairs, write_tsv

OLD, NEW = ["abab", "ab ba", "b a"], ["cacaca", "abcab abcab 中中 cacaca", "abcab"]


def learned(texts: list[str], size: int) -> Tokenizer:
    return Tokenizer.learn(iter(texts * 20), TokenizerConfig(byte_fallback=False), size)


@pytest.fixture(scope="module")
def old() -> Tokenizer:
    return learned(OLD, 9)


def test_more_pieces_follow_those_that_are_there(old: Tokenizer) -> None:
    new = old.extended([("▁ca", -1.0), ("中", -2.0)])
    assert new.vocab_size == old.vocab_size + 2
    assert new.encode(OLD) == old.encode(OLD)
    (ids,) = new.encode(["ca中"])
    assert ids == [old.vocab_size, old.vocab_size + 1]
    assert new.decode([ids]) == ["ca中"]
    assert Tokenizer(new.serialized).fingerprint == new.fingerprint != old.fingerprint
    assert new.extends(old)
    assert old.extends(old)
    assert not old.extends(new)


def test_tokens_are_added_by_what_they_save(old: Tokenizer) -> None:
    """bab takes b, a, b now and so saves 6 · 2; ▁abab 5 · 2; ▁caca takes ▁, a, a and two characters that cost
    three each as they cannot be spelled, and saves 8. aa never occurs.
    """
    candidates = old.extended([("▁abab", -9.0), ("bab", -9.0), ("▁caca", -9.0), ("aa", -1.0)])
    counts = [3] * old.vocab_size + [5, 6, 1, 0]

    def added(number: int) -> list[str]:
        new = with_more(old, candidates, counts, number)
        return [new.texts()[token] for token in range(old.vocab_size, new.vocab_size)]

    assert added(9) == ["bab", "▁abab", "▁caca"]
    assert added(1) == ["bab"]
    assert with_more(old, candidates, counts, 0).serialized == old.serialized
    new = with_more(old, candidates, counts, 9)  # an improbable token is used none the less
    assert new.encode(["abab caca"]) == [[old.vocab_size + 1, old.vocab_size + 2]]


def test_the_new_text_takes_fewer_tokens(old: Tokenizer) -> None:
    candidates = learned(NEW, 12)
    ids = [token for row in candidates.encode(NEW) for token in row]
    new = with_more(old, candidates, [ids.count(token) for token in range(candidates.vocab_size)], 4)
    assert 0 < new.vocab_size - old.vocab_size <= 4
    assert sum(map(len, new.encode(NEW))) < sum(map(len, old.encode(NEW)))
    assert old.unk_id in old.encode(["中"])[0]
    assert old.unk_id not in new.encode(["中"])[0]


def test_rows_are_the_mean_of_those_that_spelled_it_before(old: Tokenizer) -> None:
    new = old.extended([("▁ca", -1.0)])
    weights = torch.arange(2.0 * old.vocab_size).view(-1, 2)
    grown = with_rows(weights, old, new)
    assert torch.equal(grown[:-1], weights)
    spelled = old.encode(["ca"])[0]
    assert len(spelled) > 1
    assert torch.allclose(grown[-1], torch.stack([weights[token] for token in spelled]).mean(dim=0))
    assert with_rows(weights[:, 0], old, new).shape == (new.vocab_size,)


@pytest.mark.parametrize("shared", [False, True])
def test_a_training_adds_tokens_to_a_run(
    shared: bool, tmp_path: Path, toy_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Old weights stay, new rows are means; what is trained is resumed, loaded, and a start itself."""
    run, basis = toy_run, ["train", "--preset", "tiny", "--threads", "1", "--learning-rate", "1e-12"]
    pairs = [(f"{src} wug wugwug", f"{tgt} GUWGUW") for src, tgt in toy_pairs(60, seed=3)]
    train = write_tsv(tmp_path / "new.tsv", pairs)
    basis += ["--train", str(train), "--validation", str(train), "--src", "aa", "--tgt", "bb"]
    if shared:
        run = tmp_path / "shared"
        plain = write_tsv(tmp_path / "old.tsv", toy_pairs(60, seed=3))
        first = [*basis, "--shared", "--max-steps", "1", "--out", str(run), "--train", str(plain)]
        assert cli.main(first) == 0
    adding = [*basis, "--init", str(run), "--add-tokens", "4", "--decay", "none", "--max-epochs", "9"]
    adding += ["--out", str(tmp_path / "b")]
    capfd.readouterr()
    assert cli.main([*adding, "--max-steps", "1"]) == 0
    assert "tokens more: " in capfd.readouterr().err
    before, after = (mt.load(path).run for path in (run, tmp_path / "b"))
    added = after.src_tokenizer.vocab_size - before.src_tokenizer.vocab_size
    assert 0 < added <= 4
    assert after.src_tokenizer.extends(before.src_tokenizer)
    assert (after.src_tokenizer is after.tgt_tokenizer) is shared
    weights, grown = (dict(one.model.named_parameters()) for one in (before, after))
    for name, row in weights.items():
        assert torch.allclose(grown[name][: len(row)], row, atol=1e-6), name
    name = "encoder.embedding.weight"
    expected = with_rows(weights[name], before.src_tokenizer, after.src_tokenizer)
    assert torch.allclose(grown[name], expected, atol=1e-6)
    assert len(grown["decoder.output.bias"]) == after.tgt_tokenizer.vocab_size
    assert cli.main([*adding, "--max-steps", "2"]) == 0
    assert mt.load(tmp_path / "b").run.src_tokenizer.fingerprint == after.src_tokenizer.fingerprint
    again = [*basis, "--init", str(tmp_path / "b"), "--max-steps", "1", "--out", str(tmp_path / "c")]
    assert cli.main(again) == 0
    assert mt.load(tmp_path / "c").run.src_tokenizer.fingerprint == after.src_tokenizer.fingerprint
    steps = [json.loads(line) for line in (tmp_path / "b" / "metrics.jsonl").read_text().splitlines()]
    assert max(entry.get("step", 0) for entry in steps) == 2


def test_what_it_needs(toy_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--preset", "tiny", "--train", "a.tsv", "--out", str(tmp_path), "--add-tokens", "5"]
    for more, said in (
        ([], "name the run by --init"),
        (["--init", str(toy_run), "--algorithm", "bpe"], "needs text and a run with --algorithm unigram"),
        (["--init", str(toy_run), "--teachers", str(toy_run)], "leave out --teachers or --add-tokens"),
        (["--init", str(toy_run), "--init-parts", "encoder"], "take all of it"),
    ):
        assert cli.main([*command, *more]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert said in line

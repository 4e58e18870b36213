"""Text to ids and back: lossless, deterministic, and clear about sizes that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt.config import TokenizerConfig
from mt.errors import ConfigError, RunError, VocabularySizeError
from mt.tokenizer import Tokenizer

ENGLISH = [
    f"the {colour} {thing} {verb} near house {number}"
    for colour in ("red", "green", "yellow", "white")
    for thing in ("book", "bottle", "garden", "window", "stranger")
    for verb in ("stands", "waits", "sleeps", "vanished")
    for number in ("one", "seven", "eleven")
]
CHINESE = [
    f"{who}{verb}{city}的{thing}。"
    for who in ("我们", "他们", "老师", "朋友")
    for verb in ("喜欢", "看见", "想念")
    for city in ("上海", "广州", "西安", "南京")
    for thing in ("茶", "天气", "饭馆", "公园")
]


def learn(sentences: list[str], vocab_size: int = 295, **changes: object) -> Tokenizer:
    settings = {"character_coverage": 1.0, "sample_sentences": 10_000, **changes}
    return Tokenizer.learn(iter(sentences), TokenizerConfig.model_validate(settings), vocab_size)


ENGLISH_PIECES = learn(ENGLISH)


@given(st.text(st.characters(exclude_characters="▁", exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    """Bytes stand in for characters never seen: emoji, control characters, spaces at the ends."""
    assert ENGLISH_PIECES.decode(ENGLISH_PIECES.encode([text])) == [text]


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_chinese_punctuation_is_not_rewritten(algorithm: str) -> None:
    tokenizer = learn(CHINESE, 300, algorithm=algorithm)
    text = "我爱北京，３５％！"
    assert tokenizer.decode(tokenizer.encode([text])) == [text]


def test_nfkc_rewrites_what_identity_keeps() -> None:
    folded = learn([*CHINESE, "35%!"], 310, normalization="nfkc")
    assert folded.decode(folded.encode(["３５"])) == ["35"]


def test_the_same_text_gives_the_same_pieces() -> None:
    assert learn(ENGLISH).serialized == ENGLISH_PIECES.serialized
    assert learn(ENGLISH[::-1]).vocab_size == ENGLISH_PIECES.vocab_size
    assert learn(ENGLISH, 290).fingerprint != ENGLISH_PIECES.fingerprint


def test_the_algorithms_differ() -> None:
    assert learn(ENGLISH, algorithm="bpe").encode(ENGLISH) != ENGLISH_PIECES.encode(ENGLISH)


def test_without_byte_fallback_the_unseen_is_unknown() -> None:
    tokenizer = learn(ENGLISH, 40, byte_fallback=False)
    assert Tokenizer.unk_id in tokenizer.encode(["日"])[0]
    assert Tokenizer.unk_id not in ENGLISH_PIECES.encode(["日"])[0]


def test_lower_coverage_leaves_rare_characters_without_a_piece() -> None:
    text = [*ENGLISH, "ß"]
    rare = learn(text, 38, byte_fallback=False, character_coverage=0.999)
    full = learn(text, 38, byte_fallback=False, character_coverage=1.0)
    assert Tokenizer.unk_id in rare.encode(["ß"])[0]
    assert Tokenizer.unk_id not in full.encode(["ß"])[0]


def test_a_sample_learns_from_fewer_sentences() -> None:
    assert learn(ENGLISH, 290, sample_sentences=101).serialized != learn(ENGLISH, 290).serialized


def test_framing_ids_never_come_out_of_text() -> None:
    ids = ENGLISH_PIECES.encode(["<s> </s> <pad> <unk> the red book"])[0]
    assert not set(ids) & {Tokenizer.pad_id, Tokenizer.bos_id, Tokenizer.eos_id}


def test_a_text_too_small_names_the_size_that_fits() -> None:
    with pytest.raises(
        VocabularySizeError, match=r"too small for 5,000 tokens: set --vocab-size to (\d+) or less"
    ) as caught:
        learn(ENGLISH, 5000)
    assert learn(ENGLISH, caught.value.nearest).vocab_size == caught.value.nearest
    with pytest.raises(VocabularySizeError):
        learn(ENGLISH, caught.value.nearest + 1)


def test_more_characters_than_pieces_names_a_size_that_fits() -> None:
    with pytest.raises(VocabularySizeError, match="fewer than the text has characters") as caught:
        learn(CHINESE, 260)
    assert learn(CHINESE, caught.value.nearest).vocab_size == caught.value.nearest > 260
    with pytest.raises(VocabularySizeError):
        learn(CHINESE, caught.value.nearest - 1)


def test_what_sentencepiece_refuses_is_a_setting_of_the_user() -> None:
    with pytest.raises(ConfigError, match="no text to learn a vocabulary from"):
        learn([], 300)


@pytest.mark.parametrize("damage", [b"", b"no model", ENGLISH_PIECES.serialized[:100]])
def test_damaged_bytes_are_refused(damage: bytes) -> None:
    with pytest.raises(RunError):
        Tokenizer(damage)

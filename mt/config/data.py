"""Settings of sentence pairs and of the tokenizer that is learned from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mt.config.fields import WORD, Count, Language, Positive, PositiveFloat, RunName, Section, Spec
from mt.text.languages import Direction, Languages, split_direction, split_weight

BUILT_IN = "phrasebook"
"""The corpus that ships with the package, and the preset that suits it."""


class DataConfig(Section):
    """Sentence pairs."""

    train: tuple[Spec, ...] = (BUILT_IN,)
    """Training pairs. Several SPECs are concatenated; en-fr=SPEC names the languages of one, and
    'SPEC*4' repeats its pairs 4 times"""
    validation: tuple[Spec, ...] = ()
    """Validation pairs. Without them some training pairs are set aside, chosen by the seed"""
    src: Language | None = None
    """Source language, such as zh. It chooses columns of the corpus"""
    tgt: Language | None = None
    """Target language, such as en. It chooses columns of the corpus and the tokeniser of BLEU"""
    swap: bool = False
    """Exchange source and target. It has no effect where the corpus names its languages: --src and --tgt
    decide"""
    on_bad_line: Literal["stop", "skip"] = "stop"
    """What to do with lines that cannot be read: stop and show the first five, or skip and count them"""
    validation_pairs: Positive = 1000
    """Pairs to set aside for validation if none are given; at most a tenth of the training pairs"""
    max_chars: Positive = 1000
    """Drop training pairs with a longer side than this, in characters"""
    max_length_ratio: PositiveFloat = 6.0
    """Drop training pairs with one side this many times as long as the other, in UTF-8 bytes"""
    drop_identical: bool = True
    """Drop training pairs with the same text on both sides"""
    drop_duplicates: bool = True
    """Drop repeated training pairs"""

    @property
    def languages(self) -> Languages:
        """The languages that the training SPECs name, or else `src` and `tgt`."""
        return Languages.of(self.train, self.src, self.tgt)

    def settled(self) -> Self:
        """With what the built-in corpus says by itself: its languages and its validation part."""
        if set(self.train) != {BUILT_IN}:
            return self
        values: dict[str, object] = {"validation": self.validation or (BUILT_IN,)}
        if self.src is None and self.tgt is None:
            values |= {"src": "en", "tgt": "zh"} if self.swap else {"src": "zh", "tgt": "en"}
        return self.model_copy(update=values)

    @property
    def run_name(self) -> str:
        """The name of a run by its corpus and languages: `phrasebook-zh-en`."""
        _, spec = split_direction(split_weight(self.train[0])[0])
        stem = Path(spec.split(",")[0].removeprefix("hub:")).name.split(".")[0].split("@")[0]
        languages = self.languages
        # The source is left out where there are several targets, as they may differ in it.
        several = languages.targets if languages.several else ()
        codes = several or (languages.named or (Direction(languages.src or "", languages.tgt or ""),))[0]
        return "-".join(part for part in (stem, *codes) if part)


class TokenizerConfig(Section):
    """Tokenizer: SentencePiece (Kudo & Richardson 2018)."""

    algorithm: Literal["unigram", "bpe", "char"] = "unigram"
    """Subword model: unigram (Kudo 2018), byte-pair encoding (Sennrich et al. 2016), or single characters"""
    vocab_size: Annotated[int, Field(ge=4, lt=WORD)] | None = None
    """Tokens in a vocabulary, or the nearest number that the text allows. If unset, an eighth of the number
    of pairs, between 1,000 and 8,000"""
    shared: bool = False
    """One vocabulary and one embedding matrix for both languages"""
    byte_fallback: bool = True
    """Spell unknown characters in UTF-8 bytes, so that they can be copied"""
    normalization: Literal["identity", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"] = "identity"
    """Unicode normalisation of the text; identity changes nothing"""
    character_coverage: Annotated[float, Field(ge=0.98, le=1)] = 0.9999
    """Proportion of characters in the training text that the vocabulary covers"""
    sampling: Annotated[float, Field(gt=0, le=1)] | None = None
    """Subword regularisation: segment training text anew each time. With unigram the exponent, such as 0.5
    (Kudo 2018); with bpe the probability of dropping a merge, such as 0.1 (Provilkov et al. 2020)"""
    sample_sentences: Annotated[int, Field(gt=100, lt=WORD)] = 200_000
    """Learn the vocabulary from at most this many sentences of each language, chosen by the seed"""
    markup: bool = False
    """Keep markup, code, addresses and numbers as one token each and copy them into the translation"""
    tokenizer_from: RunName | None = None
    """Use the tokenizer of this run instead of learning one. Runs with the same tokenizer can translate
    together"""
    add_tokens: Count = 0
    """With --init: add up to this many tokens to each vocabulary of the run, those that shorten the new text
    most. Their embeddings start as the mean of those of the tokens that spelled them before"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.algorithm == "char" and self.sampling is not None:
            raise ValueError('`sampling` needs several ways to cut a word: `algorithm = "char"` has one')
        return self

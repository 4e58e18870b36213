"""Moses' tokeniser for BLEU, as sacreBLEU's own ones are: the cut of most published Multi30k tables."""

from __future__ import annotations

from sacrebleu.tokenizers.tokenizer_base import BaseTokenizer

from mt.errors import ConfigError, MissingExtraError

PREFIX = "moses-"


class MosesTokenizer(BaseTokenizer):
    """Cuts text as Moses' tokenizer.perl does for a language: its abbreviations keep their full stops.

    Raises ConfigError without a language, MissingExtraError without sacremoses, which does the work.
    """

    def __init__(self, language: str) -> None:
        if not language:
            raise ConfigError("Moses' tokeniser needs to know the target language: give --tgt")
        try:
            import sacremoses
        except ImportError:
            raise MissingExtraError("Moses' tokeniser needs sacremoses", "moses") from None
        self.name = f"{PREFIX}{language}-sacremoses-{sacremoses.__version__}"
        self._moses = sacremoses.MosesTokenizer(language)

    def signature(self) -> str:
        """What a score's signature calls it."""
        return self.name

    def __call__(self, line: str) -> str:
        """The tokens of a line, with spaces between."""
        return str(self._moses.tokenize(line, return_str=True, escape=False))

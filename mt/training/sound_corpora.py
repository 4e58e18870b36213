"""Stage one of a training on sound: recordings and their texts, with the methods that `corpora` has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mt.config import DataConfig, TokenizerConfig
from mt.config.speech import SpeechConfig
from mt.console import Console
from mt.data.encoded import PiecePairs
from mt.data.spec import check_files
from mt.speech.error_rates import Unit, unit_of
from mt.speech.perturbing import make_perturber
from mt.speech.recordings import SoundCorpus, cut_texts, hold_out_sounds, read_sounds
from mt.text.languages import check_languages
from mt.tokenizer import Tokenizers
from mt.training.corpora import Corpora, held_out, report_parts
from mt.training.loader import BatchSampler


@dataclass(frozen=True)
class SoundCorpora(Corpora):
    """Recordings of both parts."""

    train: SoundCorpus
    validation: SoundCorpus
    speech: SpeechConfig

    @property
    def unit(self) -> Unit:
        """What the error rate counts."""
        return unit_of(self.languages.target, self.validation.dataset["tgt"][:100])

    def metadata(self) -> dict[str, Any]:
        """What transcribing has to know of the training recordings."""
        return {"longest_seconds": round(float(self.train.sounds.seconds.max()), 2)}

    def encode_train(self, tokenizers: Tokenizers, console: Console, workers: int = 1) -> PiecePairs:
        """Frames of the training recordings, and their texts as ids."""
        del workers
        pairs = cut_texts(self.train, tokenizers[1])
        _, unknown = pairs.unknown_rate()
        console.note(
            f"tokens: {pairs.tgt.lengths.mean():.1f} a text on average; unknown {100 * unknown:.2f} %"
        )
        return pairs

    def encode_validation(self, tokenizers: Tokenizers) -> PiecePairs:
        """The same of the validation recordings."""
        return cut_texts(self.validation, tokenizers[1])

    def sampler(
        self, settings: TokenizerConfig, pairs: PiecePairs, tokenizers: Tokenizers
    ) -> BatchSampler | None:
        """What makes each recording sound otherwise each time, if the settings of speech ask for it."""
        del settings, tokenizers
        return make_perturber(self.speech, pairs, self.train.sounds)


@dataclass(frozen=True)
class SoundReader:
    """Reads the recordings that the settings name; the seed chooses some to validate on where they do not."""

    data: DataConfig
    speech: SpeechConfig
    seed: int

    def read(self, console: Console, workers: int = 1) -> SoundCorpora:
        """Read and report both parts."""
        del workers
        data, speech = self.data, self.speech
        check_languages(data.train, data.validation, "validation")
        check_files((*data.train, *data.validation))
        train = read_sounds(data.train, data, speech, "train", console.progress)
        console.settle()
        if data.validation:
            validation = read_sounds(data.validation, data, speech, "validation", console.progress)
            console.settle()
        else:
            train, validation = hold_out_sounds(train, held_out(data, train), self.seed)
        corpora = SoundCorpora(train, validation, data.languages, speech)
        report_parts(corpora, console)
        return corpora

    def find(self, fingerprints: Mapping[str, str]) -> None:
        """Decoded recordings are found when they are read."""
        del fingerprints

"""The tree of settings: documented, typed, frozen. Defaults live here and nowhere else.

One tree serves as the schema of the TOML files (presets, `--config`, a run's config.toml), as the
command line's flags and their help, and as what the code reads.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from mt.config.architecture import ModelConfig
from mt.config.data import BUILT_IN, DataConfig, TokenizerConfig
from mt.config.fields import Section, differing
from mt.config.learning import TrainingConfig
from mt.config.searching import DatastoreConfig, SearchConfig
from mt.config.speech import SpeechConfig

__all__ = ["BUILT_IN", "Config", "DataConfig", "DatastoreConfig", "ModelConfig", "SearchConfig"]
__all__ += ["SpeechConfig", "TokenizerConfig", "TrainingConfig"]


class Config(Section):
    """All that decides how a run comes out."""

    data: DataConfig = DataConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    speech: SpeechConfig = SpeechConfig()

    @property
    def one_vocabulary(self) -> bool:
        """Whether there is one set of pieces: for both languages, or as the source is sound."""
        return self.tokenizer.shared or self.speech.sound

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.training.bag_of_words and not self.model.feed_readout:
            raise ValueError("`bag_of_words` predicts through the readout: it needs `feed_readout`")
        if self.training.freeze and self.training.init is None:
            raise ValueError("`freeze` keeps what a run has learned: name the run by `init`")
        self._check_parts()
        self._check_added()
        if self.training.teachers and self.tokenizer.sampling is not None:
            raise ValueError("`teachers` need a fixed segmentation: leave out `teachers` or `sampling`")
        if not self.training.teachers and differing(self.training, ["distillation_weight"]):
            raise ValueError("`distillation_weight` needs `teachers`, whose predictions it weighs")
        self._check_guide()
        self._check_speech()
        return self

    def _check_parts(self) -> None:
        if self.training.init_parts == "all":
            return
        if self.training.init is None:
            raise ValueError("`init_parts` says what is taken of a run: name the run by `init`")
        if set(self.training.freeze) - {"encoder"}:
            raise ValueError('with `init_parts = "encoder"` only the encoder can be frozen: the rest is new')
        if self.tokenizer.shared:
            raise ValueError(
                'with `init_parts = "encoder"` the target has a tokenizer of its own: set `shared = false`'
            )

    def _check_added(self) -> None:
        if not self.tokenizer.add_tokens:
            return
        if self.training.init is None or self.training.init_parts != "all":
            raise ValueError(
                "`add_tokens` adds to the tokens of a run: name the run by `init`, and take all of it"
            )
        if self.tokenizer.algorithm != "unigram" or self.speech.sound:
            raise ValueError('`add_tokens` needs text and a run with `algorithm = "unigram"`: leave it out')
        if self.training.teachers:
            raise ValueError("`teachers` have the tokens of the run: leave out `teachers` or `add_tokens`")

    def _check_guide(self) -> None:
        guided = self.training.guided_steps and self.training.init is None
        if guided and (self.model.attention == "none" or self.speech.sound):
            raise ValueError("`guided_steps` needs text and a model with attention: set `guided_steps = 0`")

    def _check_speech(self) -> None:
        speech = self.speech
        if speech.sound:
            if self.tokenizer.markup or self.data.swap or self.data.languages.several:
                raise ValueError("`sound` needs one target language, without `markup` and `swap`")
            return
        if self.training.validation_metric == "wer":
            raise ValueError('`validation_metric = "wer"` is for sound: choose bleu or perplexity')

"""The tree of settings: documented, typed, frozen. Defaults live here and nowhere else.

One tree serves as the schema of the TOML files (presets, `--config`, a run's config.toml), as the
command line's flags and their help, and as what the code reads.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mt.config.fields import (
    WORD,
    Count,
    Language,
    Positive,
    PositiveFloat,
    Probability,
    RunName,
    Section,
    Spec,
    changed,
)
from mt.config.speech import SpeechConfig
from mt.errors import ConfigError
from mt.text.languages import Languages

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
    """A line that cannot be read: stop and show the first five, or skip it and count"""
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
            raise ValueError("sampling cuts words in other ways: with algorithm char there is one way")
        return self


class ModelConfig(Section):
    """Model."""

    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Recurrent cell: rnn (h' = tanh(W·x + b + U·h + B)), gru or lstm"""
    embedding: Positive = 256
    """Size of the embeddings"""
    encoder_hidden: Positive = 512
    """Size of the encoder's hidden state, in each direction"""
    encoder_layers: Positive = 1
    """Recurrent layers in the encoder"""
    bidirectional: bool = True
    """Read the source in both directions"""
    reverse_source: bool = False
    """Read the source from its end (Sutskever et al. 2014)"""
    pooling: tuple[Literal["last", "mean", "max", "attentive"], ...] = ("last",)
    """How encoder states become the sentence vector: the last state, their mean, their maximum, or
    attentive (weighted means with learned weights). Several are concatenated"""
    pooling_heads: Positive = 4
    """Number of weighted means in attentive pooling (Lin et al. 2017)"""
    vector_size: Positive | None = None
    """Size of the sentence vector, projected by a tanh layer. If unset, the pooled states are not
    projected"""
    decoder_hidden: Positive = 512
    """Size of the decoder's hidden state"""
    decoder_layers: Positive = 1
    """Recurrent layers in the decoder"""
    attention: Literal["none", "dot", "general", "mlp"] = "none"
    """Attention over the encoder states; none leaves the decoder only the sentence vector"""
    attention_position: Literal["after", "between"] = "after"
    """Which decoder layer queries attention: the last, or the first, whose context then feeds the layers
    above"""
    attend_embedding: bool = False
    """Attend to each source token's embedding as well as to its encoder state"""
    feed_start: bool = True
    """Initialise the decoder from the sentence vector"""
    feed_steps: bool = True
    """Give the decoder the sentence vector as input at each step (Cho et al. 2014)"""
    feed_readout: bool = True
    """Give the readout layer the sentence vector; needs --readout"""
    readout: bool = True
    """A tanh layer between the decoder state and the output, which also sees the previous token"""
    readout_size: Positive | None = None
    """Size of the readout layer. If unset, that of the embeddings"""
    tied: bool = True
    """Share one matrix between target embedding and output. Without readout --embedding and
    --decoder-hidden must be equal"""
    residual: bool = False
    """Residual connections, from the second layer on"""
    dropout_embedding: Probability = 0.2
    """Dropout of embeddings"""
    dropout_layers: Probability = 0.2
    """Dropout of the outputs of recurrent layers"""
    dropout_output: Probability = 0.2
    """Dropout before the output matrix"""
    dropout_recurrent: Probability = 0.0
    """Dropout of the recurrent weights U, one mask for each batch (Merity et al. 2018)"""
    dropout_locked: bool = False
    """One dropout mask for all steps of a sentence (Gal & Ghahramani 2016)"""
    dropout_src_tokens: Probability = 0.0
    """Word dropout: proportion of source tokens that are dropped"""
    dropout_tgt_tokens: Probability = 0.0
    """Word dropout: proportion of previous target tokens that are dropped"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        width = (self.readout_size or self.embedding) if self.readout else self.decoder_hidden
        if self.tied and width != self.embedding:
            raise ValueError(
                "tied needs equal sizes of embedding and output layer: embedding = "
                f"{'readout_size' if self.readout else 'decoder_hidden'}"
            )
        if self.feed_readout and not self.readout:
            raise ValueError("feed_readout needs readout")
        if self.attention == "none" and not (self.feed_start or self.feed_steps or self.feed_readout):
            raise ValueError(
                "the decoder must be fed the sentence vector: by feed_start, feed_steps or feed_readout"
            )
        if not self.pooling or len(set(self.pooling)) != len(self.pooling):
            raise ValueError("pooling names one or more of last, mean, max, attentive, each once")
        if self.attention != "none":
            self._attention_fits()
        elif self.attend_embedding:
            raise ValueError("attend_embedding needs attention: choose a kind, or set it false")
        elif self.attention_position == "between":
            raise ValueError("attention_position between needs attention: choose a kind, or set it to after")
        return self

    @property
    def encoder_state_size(self) -> int:
        """Size of a state of the encoder, of both directions where there are two."""
        return self.encoder_hidden * (2 if self.bidirectional else 1)

    @property
    def memory_size(self) -> int:
        """Size of what attention sees of a source token."""
        return self.encoder_state_size + self.embedding * self.attend_embedding

    def _attention_fits(self) -> None:
        if self.attention == "dot" and self.memory_size != self.decoder_hidden:
            raise ValueError(
                f"dot attention needs decoder_hidden = {self.memory_size}, the size of what it attends to; "
                "general attention does not"
            )
        if self.attention_position == "between" and self.decoder_layers == 1:
            raise ValueError("attention between layers needs decoder_layers = 2 or more")
        if not self.readout and self.attention_position == "after":
            raise ValueError("attention after the decoder needs readout")


class TrainingConfig(Section):
    """Training."""

    seed: Count = 1
    """Seed of everything random"""
    batch_tokens: Positive = 2048
    """Batch size in tokens of the longer side, padding included"""
    accumulate: Positive = 1
    """Sum the gradients of this many batches for each step"""
    exchange_precision: Literal["fp32", "bf16"] = "fp32"
    """Arithmetic in which several processes send each other gradients; bf16 halves the traffic and rounds"""
    learning_rate: PositiveFloat = 1e-3
    """Peak learning rate of Adam (Kingma & Ba 2015)"""
    warmup_steps: Count = 200
    """Steps of linear warm-up"""
    decay: Literal["none", "inverse_sqrt", "linear", "plateau"] = "plateau"
    """Learning rate after warm-up: constant, proportional to 1/sqrt(step), linear to zero at the last
    step, or halved when validation stops improving"""
    plateau_patience: Positive = 2
    """With plateau: validations without improvement before the learning rate is halved"""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay of the matrices, not of biases (Loshchilov & Hutter 2019); 0 turns it off"""
    clip_norm: PositiveFloat = 1.0
    """Maximum norm of the gradient (Pascanu et al. 2013)"""
    bag_of_words: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a second loss: predict the target's tokens, in any order, from the sentence vector. 0
    turns it off; needs --feed-readout"""
    guided_steps: Count = 0
    """Guided alignment (Chen et al. 2016): in so many steps at the beginning attention also learns from word
    alignments, with a weight that falls to zero. Not with --init; needs attention"""
    average_decay: Probability = 0.0
    """Decay of the exponential moving average of the weights; 0 turns it off. The average is validated and
    saved"""
    label_smoothing: Probability = 0.1
    """Label smoothing (Szegedy et al. 2016); 0 turns it off"""
    init: RunName | None = None
    """Start from the weights of this run, with its tokenizer and its model settings"""
    init_parts: Literal["all", "encoder"] = "all"
    """What --init takes: all weights, or those of the encoder alone. The decoder and the target's tokenizer
    are then learned anew, for another target language (Bansal et al. 2019)"""
    freeze: tuple[Literal["encoder", "decoder", "embeddings"], ...] = ()
    """Parts of the model that stay as they are; needs --init"""
    teachers: tuple[RunName, ...] = ()
    """Teacher runs with the same tokenizer: train on their averaged predictions as well as on the
    references (Kim & Rush 2016)"""
    distillation_weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Weight of the teachers' predictions; the references have the rest"""
    max_epochs: Positive = 30
    """Maximum number of epochs"""
    max_steps: Positive | None = None
    """Maximum number of steps. If unset, the epochs decide"""
    validate_every: Positive | None = None
    """Steps between validations. If unset, once an epoch"""
    validation_metric: Literal["bleu", "perplexity", "wer"] = "bleu"
    """Metric that chooses the best weights: BLEU of greedy search, perplexity, or the word error rate of
    greedy search"""
    patience: Positive = 6
    """Stop after this many validations without improvement"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products: fp32, bf16, or auto: bf16 where the hardware supports it"""
    save_minutes: PositiveFloat = 5.0
    """Minutes between checkpoints of the training state"""
    nonfinite_limit: Positive = 10
    """Stop after this many consecutive steps with an infinite or NaN loss or gradient"""


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
            raise ValueError("bag_of_words predicts through the readout: it needs feed_readout")
        if self.training.freeze and self.training.init is None:
            raise ValueError("freeze keeps what a run has learned: name it by init")
        self._check_parts()
        self._check_added()
        if self.training.teachers and self.tokenizer.sampling is not None:
            raise ValueError("teachers need a fixed segmentation: set either teachers or sampling")
        if not self.training.teachers and changed(self.training, ["distillation_weight"]):
            raise ValueError("distillation_weight is that of the teachers' predictions: name teachers")
        self._check_guide()
        self._check_speech()
        return self

    def _check_parts(self) -> None:
        if self.training.init_parts == "all":
            return
        if self.training.init is None:
            raise ValueError("init_parts says what is taken of a run: name it by init")
        if set(self.training.freeze) - {"encoder"}:
            raise ValueError("with init_parts encoder only the encoder can be frozen: the rest is new")
        if self.tokenizer.shared:
            raise ValueError(
                "with init_parts encoder the target has a tokenizer of its own: set shared false"
            )

    def _check_added(self) -> None:
        if not self.tokenizer.add_tokens:
            return
        if self.training.init is None or self.training.init_parts != "all":
            raise ValueError("add_tokens adds to the tokens of a run: name it by init, with init_parts all")
        if self.tokenizer.algorithm != "unigram" or self.speech.sound:
            raise ValueError("add_tokens needs text, and a run with algorithm unigram: set add_tokens to 0")
        if self.training.teachers:
            raise ValueError("teachers have the tokens of the run: set either teachers or add_tokens")

    def _check_guide(self) -> None:
        guided = self.training.guided_steps and self.training.init is None
        if guided and (self.model.attention == "none" or self.speech.sound):
            raise ValueError("guided_steps teach attention where to look in a text: set guided_steps to 0")

    def _check_speech(self) -> None:
        speech = self.speech
        if speech.sound:
            if self.tokenizer.markup or self.data.swap or self.data.languages.several:
                raise ValueError("sound needs one target language, without markup and swap")
            return
        if self.training.validation_metric == "wer":
            raise ValueError("validation_metric wer is for sound: choose bleu or perplexity")


class SearchConfig(Section):
    """Search."""

    beam: Positive = 5
    """Beam size; 1 is greedy search"""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Length normalisation: exponent of (5 + length) / 6 (Wu et al. 2016); 0 turns it off"""
    max_length_ratio: PositiveFloat = 3.0
    """Maximum length of a translation: this many tokens for each source token, plus ten"""
    ctc_weight: Annotated[float, Field(ge=0, le=1)] | None = None
    """Weight of CTC beside the decoder, of a run of sound with attention that learned by both (default there:
    0.3); 0 is the decoder alone"""
    no_repeat_ngram: Count = 0
    """Never repeat an n-gram of this many tokens; 0 allows it"""
    mbr: Literal["none", "chrf", "bleu"] = "none"
    """Minimum Bayes risk decoding: choose the hypothesis that is most similar to the others, by chrF or
    BLEU"""
    precision: Literal["fp32", "bf16", "int8"] = "fp32"
    """Arithmetic of matrix products: fp32; int8, which is faster on most CPUs and rounds; bf16, for GPUs"""
    batch_tokens: Positive = 2048
    """Batch size in source tokens, padding included; at 2048 a GPU takes as many as its memory holds"""

    def check_nbest(self, nbest: int) -> None:
        """Raises ConfigError if the beam is too small for so many hypotheses."""
        if nbest > self.beam:
            raise ConfigError(f"--nbest {nbest} needs --beam {nbest} or more (it is {self.beam})")


class DatastoreConfig(Section):
    """Nearest-neighbour translation (Khandelwal et al. 2021)."""

    datastore: tuple[Spec, ...] = ()
    """Pairs to look up while translating, such as the training pairs; needs faiss"""
    datastore_neighbours: Positive = 16
    """Neighbours to look up at each step"""
    datastore_temperature: PositiveFloat = 0.07
    """Temperature of the weights of neighbours: a small one trusts the nearest alone"""
    datastore_weight: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """Weight of the neighbours' distribution; the model's has the rest"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.datastore and (
            idle := changed(self, ("datastore_neighbours", "datastore_temperature", "datastore_weight"))
        ):
            raise ValueError(f"{', '.join(idle)}: nothing is recalled without --datastore SPEC")
        return self

"""The tree of settings: documented, typed, frozen. Defaults live here and nowhere else.

One tree serves as the schema of the TOML files (presets, `--config`, a run's config.toml), as the
command line's flags and their help, and as what the code reads.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mt import removed
from mt.errors import ConfigError, reason
from mt.text.encoding import decode
from mt.text.languages import Direction, base_language, split_direction

WORD = 2**63  # torch and Arrow count below it
Positive = Annotated[int, Field(gt=0, lt=WORD)]
Count = Annotated[int, Field(ge=0, lt=WORD)]
Probability = Annotated[float, Field(ge=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]

RunDir = Annotated[Path, "a run"]
"""A run directory. Its name must be UTF-8, as safetensors opens no other; that of another file need not."""

BUILT_IN = "phrasebook"
"""The corpus that ships with the package, and the preset that suits it."""


class Section(BaseModel):
    """A part of the tree: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class DataConfig(Section):
    """Which sentence pairs are learned from."""

    train: tuple[str, ...] = (BUILT_IN,)
    """SPEC of the training pairs; may be given several times; en-fr=SPEC names its languages"""
    validation: tuple[str, ...] = ()
    """SPEC of the validation pairs; without it a seeded part of the training pairs is set aside"""
    src: str | None = None
    """Source language code, such as zh; names columns and chooses the scoring tokeniser"""
    tgt: str | None = None
    """Target language code, such as en"""
    swap: bool = False
    """Exchange the two sides; where columns, files or entries name their languages, src and tgt decide"""
    on_bad_line: Literal["stop", "skip"] = "stop"
    """What to do with a line that cannot be read: stop and name the first five, or skip and count"""
    validation_pairs: Positive = 1000
    """Pairs set aside for validation when none are given (at most a tenth of the training pairs)"""
    max_chars: Positive = 1000
    """Drop training pairs with a side longer than this, in characters"""
    max_length_ratio: PositiveFloat = 6.0
    """Drop training pairs with a side this many times as long as the other, in UTF-8 bytes"""
    drop_identical: bool = True
    """Drop training pairs whose sides are the same text"""
    drop_duplicates: bool = True
    """Drop training pairs that occurred before"""

    @property
    def named(self) -> tuple[Direction, ...]:
        """The directions that the training SPECs name, each once; none where they name none."""
        found = (split_direction(spec)[0] for spec in self.train)
        return tuple(dict.fromkeys(direction for direction in found if direction))

    @property
    def several(self) -> bool:
        """Whether there are several target languages, of which one is to be chosen."""
        return len({direction.tgt for direction in self.named}) > 1

    @property
    def source(self) -> str | None:
        """The one language that is translated from; None if it is not known or there are several."""
        return _only(direction.src for direction in self.named) if self.named else self.src

    @property
    def target(self) -> str | None:
        """The one language that is translated into; None if it is not known or there are several."""
        return _only(direction.tgt for direction in self.named) if self.named else self.tgt


def other_languages(student: DataConfig, helper: DataConfig) -> str:
    """Why a run on `helper` cannot translate what one on `student` does; empty if it can, or may."""
    if bool(student.named) != bool(helper.named):
        tagged = "the languages named before the = of each SPEC (en-de=…)"
        return f"the one was trained with {tagged}, the other without"
    if student.named:
        missing = sorted(set(student.named) - set(helper.named))
        return f"the second does not translate {' to '.join(missing[0])}" if missing else ""
    for ours, theirs in ((student.src, helper.src), (student.tgt, helper.tgt)):
        if ours and theirs and base_language(ours) != base_language(theirs):
            sides = [f"{data.src or '?'} to {data.tgt or '?'}" for data in (student, helper)]
            return f"the one translates {sides[0]}, the other {sides[1]}"
    return ""


def _only(codes: Iterable[str]) -> str | None:
    different = set(codes)
    return different.pop() if len(different) == 1 else None


class TokenizerConfig(Section):
    """How text is cut into pieces (SentencePiece, Kudo & Richardson 2018)."""

    algorithm: Literal["unigram", "bpe"] = "unigram"
    """How pieces are found: unigram (Kudo 2018) or byte-pair encoding (Sennrich et al. 2016)"""
    vocab_size: Annotated[int, Field(ge=4, lt=WORD)] | None = None
    """Pieces in a vocabulary, or the nearest to it that the text allows; without it an eighth of the pairs,
    between 1,000 and 8,000"""
    shared: bool = False
    """One vocabulary and one embedding matrix for both languages"""
    byte_fallback: bool = True
    """Spell unknown characters in UTF-8 bytes, so that they can be copied"""
    normalization: Literal["identity", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"] = "identity"
    """Rewriting of text before it is cut; identity changes nothing"""
    character_coverage: Annotated[float, Field(ge=0.98, le=1)] = 0.9999
    """Share of the characters' occurrences that get pieces of their own"""
    sampling: Annotated[float, Field(gt=0, le=1)] | None = None
    """Draw the pieces of training text anew at each use: unigram takes an exponent, such as 0.5 (Kudo 2018);
    bpe the proportion of merges left out, such as 0.1 (Provilkov et al. 2020)"""
    sample_sentences: Annotated[int, Field(gt=100, lt=WORD)] = 200_000
    """Learn the pieces from at most this many sentences a side, drawn by the seed"""
    markup: bool = False
    """Cut markup, code, addresses and numbers as one piece each, which translations keep as they are"""
    pieces_of: str | None = None
    """Take the pieces of this run instead of learning some: runs of the same pieces can translate together"""


class ModelConfig(Section):
    """The translator's shape."""

    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """The recurrence: rnn (h' = tanh(W·x + b + U·h + B)), gru or lstm"""
    embedding: Positive = 256
    """Size of a piece's embedding"""
    encoder_hidden: Positive = 512
    """Size of the encoder's state, in each direction"""
    encoder_layers: Positive = 1
    """Recurrent layers of the encoder"""
    bidirectional: bool = True
    """Let the encoder read the source from both ends"""
    reverse_source: bool = False
    """Read the source from its end (Sutskever et al. 2014)"""
    pooling: tuple[Literal["last", "mean", "max", "attentive"], ...] = ("last",)
    """How states become the sentence vector: last, mean, max, attentive (learned means), or several joined"""
    pooling_heads: Positive = 4
    """Learned means of attentive pooling (Lin et al. 2017)"""
    vector_size: Positive | None = None
    """Size of the sentence vector, through a tanh layer; without it the pooled states as they are"""
    decoder_hidden: Positive = 512
    """Size of the decoder's state"""
    decoder_layers: Positive = 1
    """Recurrent layers of the decoder"""
    attention: Literal["none", "dot", "general", "mlp"] = "none"
    """How the decoder looks back at the encoder's states; none leaves it the sentence vector alone"""
    attention_place: Literal["after", "between"] = "after"
    """Look with the outputs of the decoder's last layer, or of its first, for the layers above"""
    attend_embedding: bool = False
    """Let attention see each source piece's embedding beside its state"""
    feed_start: bool = True
    """The sentence vector sets the decoder's first state"""
    feed_steps: bool = True
    """The sentence vector is a part of the decoder's input at each step (Cho et al. 2014)"""
    feed_readout: bool = True
    """The sentence vector is a part of what each output is read from; needs readout"""
    readout: bool = True
    """A tanh layer between state and output which also sees the previous piece"""
    readout_size: Positive | None = None
    """Size of that layer; without it as large as an embedding"""
    tied: bool = True
    """Target embedding and output share one matrix; without readout both sizes must agree"""
    residual: bool = False
    """Add each layer's input to its output, from the second layer on"""
    dropout_embedding: Probability = 0.2
    """Share of embedding values dropped in training"""
    dropout_layers: Probability = 0.2
    """Share of a recurrent layer's outputs dropped in training"""
    dropout_output: Probability = 0.2
    """Share of the values before the output matrix dropped in training"""
    dropout_recurrent: Probability = 0.0
    """Share of U, which multiplies the last state, dropped in each batch (Merity et al. 2018)"""
    dropout_locked: bool = False
    """All steps of a sentence lose the same values (Gal & Ghahramani 2016)"""
    dropout_src_pieces: Probability = 0.0
    """Share of the source pieces that are dropped whole in training (word dropout)"""
    dropout_tgt_pieces: Probability = 0.0
    """The same share of the previous target pieces"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        width = (self.readout_size or self.embedding) if self.readout else self.decoder_hidden
        if self.tied and width != self.embedding:
            raise ValueError(
                "tied needs an output read from as many numbers as an embedding has: embedding = "
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
        elif self.attention_place == "between":
            raise ValueError("attention_place between needs attention: choose a kind, or set it after")
        return self

    @property
    def encoder_state_size(self) -> int:
        """Numbers in a state of the encoder, of both directions where there are two."""
        return self.encoder_hidden * (2 if self.bidirectional else 1)

    @property
    def memory_size(self) -> int:
        """Numbers in what attention sees of a source piece."""
        return self.encoder_state_size + self.embedding * self.attend_embedding

    def _attention_fits(self) -> None:
        if self.attention == "dot" and self.memory_size != self.decoder_hidden:
            raise ValueError(
                f"dot attention needs decoder_hidden = {self.memory_size}, as many numbers as it sees of a "
                "source piece; general does not"
            )
        if self.attention_place == "between" and self.decoder_layers == 1:
            raise ValueError("attention between layers needs decoder_layers = 2 or more")
        if not self.readout and self.attention_place == "after":
            raise ValueError("attention after the decoder needs readout")


class TrainingConfig(Section):
    """How the model learns."""

    seed: Count = 1
    """Everything random is drawn from this number"""
    batch_tokens: Positive = 2048
    """Tokens in a batch, padding included, counted on the longer side"""
    accumulate: Positive = 1
    """Batches whose gradients are summed for one step"""
    learning_rate: PositiveFloat = 1e-3
    """Adam's step size at its highest (Kingma & Ba 2015)"""
    warmup_steps: Count = 200
    """Steps over which the learning rate rises from zero"""
    decay: Literal["none", "inverse_sqrt", "linear", "plateau"] = "plateau"
    """After warm-up: constant, by 1/sqrt(step), in a line to zero at the last step, or halved on a plateau"""
    plateau_patience: Positive = 2
    """Validations without a better one before plateau halves the learning rate"""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay of the matrices, not of biases (Loshchilov & Hutter 2019)"""
    clip_norm: PositiveFloat = 1.0
    """Gradients longer than this are scaled down to it (Pascanu et al. 2013)"""
    bag_of_words: Annotated[float, Field(ge=0)] = 0.0
    """Weight of predicting the target's pieces, in any order, from the sentence vector; needs feed_readout"""
    average_decay: Probability = 0.0
    """Validate and keep a moving average of the weights that remembers so much of itself at each step"""
    label_smoothing: Probability = 0.1
    """Probability spread over all pieces in the training target (Szegedy et al. 2016)"""
    teachers: tuple[str, ...] = ()
    """Runs of the same pieces: learn what they expect together, beside what came (Kim & Rush 2016)"""
    teaching: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of what the teachers expect in the training target"""
    max_epochs: Positive = 30
    """Stop after so many passes over the training pairs"""
    max_steps: Positive | None = None
    """Stop after so many steps"""
    validate_every: Positive | None = None
    """Steps between validations; without it at the end of each epoch"""
    validation_metric: Literal["bleu", "perplexity"] = "bleu"
    """What is best: the highest greedy BLEU or the lowest perplexity on the validation pairs"""
    patience: Positive = 6
    """Stop after so many validations without a better one"""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the products: fp32, bf16 autocast, or auto: bf16 where the device is good at it"""
    save_minutes: PositiveFloat = 5.0
    """Minutes between saves of the state that resuming needs"""
    nonfinite_limit: Positive = 10
    """Stop after so many steps in a row whose loss or gradient is not finite"""


class Config(Section):
    """All that decides how a run comes out."""

    data: DataConfig = DataConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.training.bag_of_words and not self.model.feed_readout:
            raise ValueError("bag_of_words predicts through the readout: it needs feed_readout")
        if self.training.teachers and self.tokenizer.sampling is not None:
            raise ValueError("teachers expect pieces of one cut of the text: leave sampling")
        if not self.training.teachers and changed(self.training, ["teaching"]):
            raise ValueError("teaching is the share of what teachers expect: name them by teachers")
        return self


class SearchConfig(Section):
    """How a translation is looked for."""

    beam: Positive = 5
    """Hypotheses kept at each step; 1 is greedy search"""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Exponent of the length normalisation ((5 + length) / 6) (Wu et al. 2016); 0 is none"""
    max_length_ratio: PositiveFloat = 3.0
    """A translation has at most this many pieces for each source piece, and ten more"""
    no_repeat_ngram: Count = 0
    """No run of so many pieces occurs twice in a translation; 0 permits it"""
    mbr: Literal["none", "chrf", "bleu"] = "none"
    """Take the hypothesis that the others agree with most, by that measure (minimum Bayes risk)"""
    precision: Literal["fp32", "int8"] = "fp32"
    """Arithmetic of the products: fp32, or int8: several times faster on a CPU, not quite the same numbers"""
    batch_tokens: Positive = 2048
    """Source tokens that are translated at once, padding included"""

    def check_nbest(self, nbest: int) -> None:
        """Raises ConfigError if the beam is too small for so many hypotheses."""
        if nbest > self.beam:
            raise ConfigError(f"--nbest {nbest} needs --beam {nbest} or more (it is {self.beam})")


class DatastoreConfig(Section):
    """What is recalled while translating."""

    datastore: tuple[str, ...] = ()
    """SPEC of pairs to recall, such as the training pairs: what came next where their text was most alike is
    mixed into what the model expects (Khandelwal et al. 2021); needs faiss"""
    datastore_neighbours: Positive = 16
    """Places that are recalled at each step"""
    datastore_temperature: PositiveFloat = 0.07
    """How far away a place may be and still count: small trusts the nearest ones alone"""
    datastore_share: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """Share of what is recalled in each probability; the rest is the model's"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.datastore and (
            idle := changed(self, ("datastore_neighbours", "datastore_temperature", "datastore_share"))
        ):
            raise ValueError(f"{', '.join(idle)}: nothing is recalled without --datastore SPEC")
        return self


MAY_CHANGE = frozenset(
    {
        "training.max_epochs",
        "training.max_steps",
        "training.patience",
        "training.save_minutes",
        "training.nonfinite_limit",
    }
)
"""Settings that a resumed run may change: they decide when it stops, not what it learns."""


class Change(NamedTuple):
    """A setting, such as training.seed, that is another one than before."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """As one would write it: `--seed 2 (was 1)`."""
        name = self.name.split(".")[-1]
        if isinstance(self.after, bool):
            return f"{flag(name, self.after)} (was {flag(name, self.before)})"
        now = f"no {flag(name)}" if self.after in (None, ()) else flag(name, _written(self.after))
        return f"{now} (was {'not given' if self.before in (None, ()) else _written(self.before)})"


def _written(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def changes(before: Config, after: Config) -> tuple[list[Change], list[Change]]:
    """The settings that differ: those that decide what is learned, and the others.

    With linear decay the last step decides every learning rate before it, so the limits belong to the first.
    """
    free = MAY_CHANGE
    if before.training.decay == "linear":
        free = free - {"training.max_epochs", "training.max_steps"}
    old, new = before.model_dump(), after.model_dump()
    found = [
        Change(f"{section}.{name}", value, new[section][name])
        for section, values in old.items()
        for name, value in values.items()
        if value != new[section][name]
    ]
    return [change for change in found if change.name not in free], [
        change for change in found if change.name in free
    ]


PRESET_BASES = {"manual": "attention"}
"""Presets that are laid over another one."""


FORMER_PRESETS = {"seed": "elman"}
"""Presets that had another name, which is still understood."""


def preset_names() -> list[str]:
    """The presets that ship with the package."""
    folder = resources.files("mt") / "presets"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str) -> Config:
    """A named preset. Raises ConfigError if there is none of that name."""
    name = FORMER_PRESETS.get(name, name)
    if name not in preset_names():
        raise ConfigError(f"there is no preset {name!r}; choose one of: {', '.join(preset_names())}")
    text = (resources.files("mt") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    base = load_preset(PRESET_BASES[name]) if name in PRESET_BASES else Config()
    return parse(text, where=f"preset {name}", base=base)


def load_file(path: Path, base: Config) -> Config:
    """Settings from a TOML file, laid over `base`. Raises ConfigError."""
    try:
        text = decode(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}") from None
    except OSError as problem:
        raise ConfigError(f"cannot read {path}: {reason(problem)}") from None
    except ValueError as problem:
        raise ConfigError(f"{path} {problem}; save it as UTF-8") from None
    return parse(text, where=str(path), base=base)


def parse(text: str, *, where: str, base: Config) -> Config:
    """TOML text laid over `base`. Raises ConfigError that names `where` and every wrong key."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{where}: not valid TOML: {problem}") from None
    # A run's config.toml, known by its facts, has all settings but for those that are None.
    of_run = tables.pop("run", None) is not None
    if of_run:
        base = Config()
    tables, gone = removed.take_out(tables)
    if refused := [str(setting) for setting in gone if setting.used or not of_run]:
        raise ConfigError(f"{where}: {'; '.join(refused)}")
    merged = base.model_dump()
    for section, values in tables.items():
        if isinstance(merged.get(section), dict) and isinstance(values, dict):
            merged[section] |= values
        else:
            merged[section] = values
    return validate(merged, where=where)


def validate(values: dict[str, Any], *, where: str) -> Config:
    """Plain nested values -> Config. Raises ConfigError with all problems in one line."""
    try:
        return Config.model_validate(values)
    except ValidationError as problem:
        raise ConfigError(f"{where}: {describe(problem)}") from None


def flag(name: str, value: object = None) -> str:
    """The command-line flag of a field, with a value if there is one: `batch_tokens` -> `--batch-tokens`,
    `as_json` -> `--json`, `shared` and False -> `--no-shared`, `vocab_size` and 800 -> `--vocab-size 800`."""
    word = name.removeprefix("as_").replace("_", "-")
    if value is None or value is True:
        return f"--{word}"
    return f"--no-{word}" if value is False else f"--{word} {value}"


def changed(section: Section, names: Iterable[str]) -> list[str]:
    """The flags of those fields that differ from their defaults."""
    fields = type(section).model_fields
    return [flag(name) for name in names if getattr(section, name) != fields[name].default]


def describe(problem: ValidationError, as_flags: bool = False) -> str:
    """Every fault of a ValidationError in one line: what is wrong with which setting (or flag)."""
    parts = []
    for error in problem.errors():
        name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
        if as_flags and name:
            name = flag(name.split(".")[-1])
        message = error["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
        if error["type"] == "extra_forbidden":
            message = "there is no such setting"
        elif isinstance(error["input"], (str, int, float)):
            message += f", not {error['input']!r}"
        parts.append(f"{name}: {message}" if name else message)
    return "; ".join(dict.fromkeys(parts))


def to_toml(config: Config) -> str:
    """The whole tree as TOML; settings that are None are left out, as TOML has no null."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))

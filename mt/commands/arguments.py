"""The command line of each command: what its help says, which flags it has, whom they are handed to.

A command itself is imported when it runs: help needs no torch.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mt.commands.command import Command, Work, asks_help, flags_of
from mt.config import BUILT_IN, Config, DatastoreConfig, SearchConfig, removed
from mt.config.fields import changed
from mt.config.files import FORMER_PRESETS, load_file, load_preset, preset_names
from mt.errors import ConfigError, UsageError
from mt.flags import Parser, lay_over
from mt.options import (
    CalibrateOptions,
    DocumentOptions,
    EvaluateOptions,
    InspectOptions,
    NeighboursOptions,
    ReportOptions,
    ServeOptions,
    TrainOptions,
    TranslateOptions,
    TuneOptions,
)

if TYPE_CHECKING:
    from mt.config.fields import Section

SPEC = """\
SPEC is a corpus: a file (.tsv .csv .jsonl .parquet .tmx .po), two aligned files
(train.zh,train.en), a folder of .po files, hub:org/name[:config][@split], or
phrasebook, which is built in. Files may be compressed (.gz .xz .zst)."""


def _base(arguments: Sequence[str]) -> tuple[str, Config]:
    """The preset, and the settings that the flags of mt train are laid over: its own and those of a file."""
    first = Parser(prog="mt train")
    first.add_argument("--preset", choices=preset_names(), type=lambda name: FORMER_PRESETS.get(name, name))
    first.add_argument("--config", type=Path)
    first.add_argument("--train", nargs="+", action="extend")
    first.add_argument("--init", type=Path)
    first.add_argument("--init-parts", choices=["all", "encoder"])
    chosen, _ = first.parse_known_args(arguments)
    file = Config() if chosen.config is None else load_file(chosen.config, Config())
    specs = tuple(chosen.train or file.data.train)
    built_in = specs == (BUILT_IN,) and (chosen.train or not asks_help(arguments))
    preset = chosen.preset or (BUILT_IN if built_in else "vector")
    base = load_preset(preset)
    base = base if chosen.config is None else load_file(chosen.config, base)
    if chosen.init is None:
        return preset, base
    parts = chosen.init_parts or base.training.init_parts
    return preset, _as_run(chosen.init, base, whole=parts == "all")


def _as_run(run: Path, base: Config, *, whole: bool) -> Config:
    """Settings with what a run's weights need: model, tokenizer, sound, losses; and its languages.

    whole: all weights are taken. Of the encoder alone the target's language and tokenizer stay open.
    """
    of_run = load_file(run / "config.toml", Config())
    learned: dict[str, object] = {"tokenizer_from": str(run) if whole else None}
    learned |= {"add_tokens": base.tokenizer.add_tokens} | ({} if whole else {"shared": False})
    known = {"src": of_run.data.languages.source} | ({"tgt": of_run.data.languages.target} if whole else {})
    own = {name: code for name in known if (code := getattr(base.data, name)) is not None}
    sections = {
        "data": base.data.model_copy(update=known | own),
        "tokenizer": of_run.tokenizer.model_copy(update=learned),
        "model": of_run.model,
    }
    training: dict[str, object] = {"bag_of_words": of_run.training.bag_of_words}
    if of_run.speech.sound and not base.speech.sound:
        sections["speech"] = of_run.speech
        training["validation_metric"] = of_run.training.validation_metric
    elif of_run.speech.sound:
        heard = {name: getattr(of_run.speech, name) for name in ("sample_rate", "mel_bands")}
        sections["speech"] = base.speech.model_copy(update=heard)
    return base.model_copy(update=sections | {"training": base.training.model_copy(update=training)})


def _sections_of_train(arguments: Sequence[str]) -> Sequence[Section]:
    if {"--seed", "--seeds"} <= flags_of(arguments):
        raise UsageError("mt train: --seeds names all seeds: leave --seed out")
    _, base = _base(arguments)
    return TrainOptions(), *vars(base).values()


def _preset_note(arguments: Sequence[str]) -> str:
    preset, _ = _base(arguments)
    presets = (
        f"Presets: {', '.join(preset_names())}. The defaults below are of preset {preset}; "
        "--preset NAME changes them."
    )
    return textwrap.fill(presets, 80, break_on_hyphens=False)


def _train(options: TrainOptions, *sections: Section) -> Work:
    parts = dict(zip(Config.model_fields, sections, strict=True))
    try:
        config = lay_over(Config(), parts)
    except ConfigError as problem:
        raise UsageError(f"mt train: {problem}; see mt train --help") from None

    if options.seeds:
        from mt.commands.seeds import train_seeds

        return partial(train_seeds, config, options)

    from mt.commands.train import train

    return lambda console: train(config, options, console, began=console.began)


def _translate(options: TranslateOptions, search: SearchConfig) -> Work:
    if options.texts and options.input is not None:
        raise UsageError("mt translate: give texts or --input, not both")
    try:
        search.check_nbest(options.nbest)
    except ConfigError as problem:
        raise UsageError(f"mt translate: {problem}") from None

    if options.shard is not None or options.join or options.ray is not None:
        return _translate_shard(options, search)
    if options.actors is not None:
        raise UsageError("mt translate: --actors is for --ray; leave it out")

    from mt.commands.translate import translate

    return partial(translate, options, search)


def _translate_shard(options: TranslateOptions, search: SearchConfig) -> Work:
    if (options.shard is not None) + options.join + (options.ray is not None) > 1:
        raise UsageError("mt translate: give --shard for each part, then --join once, or --ray alone")
    if options.texts or options.input is None or options.output is None:
        raise UsageError("mt translate: --shard, --join and --ray need --input and --output, and no texts")
    if options.prefix is not None:
        raise UsageError("mt translate: --prefix cannot be sharded; leave --shard, --join and --ray out")
    documents = options.model_copy(update={"format": None}) if options.format == "lines" else options
    if given := changed(documents, DocumentOptions.model_fields):
        raise UsageError(
            f"mt translate: {given[0]} is for documents; leave it out, or --shard, --join and --ray"
        )
    if options.actors is not None and options.ray is None:
        raise UsageError("mt translate: --actors is for --ray; leave it out")

    if options.ray is not None:
        from mt.commands.ray_data import translate_on_ray

        return partial(translate_on_ray, options, search)

    from mt.commands.shards import join_shards, translate_shard

    return partial(join_shards, options) if options.join else partial(translate_shard, options, search)


def _tune(options: TuneOptions, search: SearchConfig) -> Work:
    if search.beam == 1:
        raise UsageError("mt evaluate --tune: greedy search has nothing to rank: give --beam 2 or more")
    return _named("tune")(options, search)


def _named(name: str) -> Callable[..., Work]:
    """The function of that name in the module of that name in mt.commands."""

    def prepare(options: Section, search: SearchConfig) -> Work:
        return partial(getattr(import_module(f"mt.commands.{name}"), name), options, search)

    return prepare


OF_DEVICE = ("device", "threads", "log_file")
OF_TEST = ("test", "test_set", "language_pair", "src", "tgt", "swap")


def _with_search(options: Section) -> Callable[[Sequence[str]], Sequence[Section]]:
    return lambda _: (options, SearchConfig())


TRAIN = Command(
    name="train",
    description=f"Train a translator on sentence pairs.\n\n{SPEC}",
    sections=_sections_of_train,
    prepare=_train,
    note=_preset_note,
    everyday=(
        *("out", "preset", "config", "time_budget", "seeds", "train", "validation", "src", "tgt", "swap"),
        *("vocab_size", "attention", "init", "max_epochs", "seed", *OF_DEVICE),
    ),
    examples="""\
  mt train                         the built-in corpus, in about two minutes
  mt train --train pairs.tsv --src zh --tgt en --out checkpoints/mine
  mt train --train train.de,train.en --validation dev.de,dev.en \\
           --src de --tgt en --preset attention --seeds 3""",
)
EVALUATE = Command(
    name="evaluate",
    description="Score a run or a file of translations by BLEU, chrF2++ and TER, as sacreBLEU\n"
    "computes them, with signatures.\n\n"
    "mt evaluate --tune finds the best length penalty on validation pairs, and the\n"
    "weight and temperature of a datastore. mt evaluate --calibrate fits the\n"
    "confidence of translations. Both have their own --help.",
    sections=_with_search(EvaluateOptions()),
    prepare=_named("evaluate"),
    everyday=(
        *(*OF_TEST, "model", "hypotheses", "against", "runs", "tokenize", "lowercase", "save"),
        *("as_json", "markdown", "latex", "beam", *OF_DEVICE),
    ),
    examples="""\
  mt evaluate -m checkpoints/mine --test test.tsv
  mt evaluate -m checkpoints/mine --against checkpoints/other --test test.tsv
  mt evaluate --runs checkpoints/a-1 checkpoints/a-2 --test test.tsv --latex
  mt evaluate --hypotheses out.txt -t multi30k/2016 -l en-de""",
)
TRANSLATE = Command(
    name="translate",
    description="Translate texts, or the lines of a file or of standard input: n lines in, n\nlines out.",
    sections=_with_search(TranslateOptions()),
    prepare=_translate,
    everyday=(
        *("texts", "input", "output", "model", "tgt", "nbest", "scores", "alignments", "as_json"),
        *("glossary", "beam", "length_penalty", "precision", "batch_tokens", "datastore"),
        *OF_DEVICE,
    ),
    examples="""\
  mt translate -m checkpoints/mine "我爱北京"
  mt translate -m checkpoints/mine -i article.zh -o article.en
  mt translate -m checkpoints/mine -i article.zh --glossary terms.tsv
  mt translate -m checkpoints/a -m checkpoints/b < article.zh > article.en""",
)
INSPECT = Command(
    name="inspect",
    description="Show how a sentence is read piece by piece, the vector it becomes, and how that\n"
    "is written out again.",
    sections=_with_search(InspectOptions()),
    prepare=_named("inspect"),
    everyday=(*("texts", "model", "tgt", "as_json", "npz", "picture", "by_hand", "beam", *OF_DEVICE),),
    examples="""\
  mt inspect -m checkpoints/mine "我爱北京"
  mt inspect -m checkpoints/mine --picture beijing.svg "我爱北京\"""",
)
NEIGHBOURS = Command(
    name="neighbours",
    description="Show the sentences of a corpus whose vectors are nearest to that of a text.",
    sections=_with_search(NeighboursOptions()),
    prepare=_named("neighbours"),
    without=(
        *(name for name in SearchConfig.model_fields if name not in ("precision", "batch_tokens")),
        *DatastoreConfig.model_fields,
    ),
    examples="""\
  mt neighbours -m checkpoints/mine --corpus train.tsv "我爱北京\"""",
)
REPORT = Command(
    name="report",
    description="Write an HTML page about a run on test pairs: scores, curves, behaviour by\n"
    "length, best and worst translations, a map of the sentence vectors.",
    sections=_with_search(ReportOptions()),
    prepare=_named("report"),
    everyday=(*OF_TEST, "model", "save", "beam", *OF_DEVICE),
    examples="""\
  mt report -m checkpoints/mine --test test.tsv""",
)
SERVE = Command(
    name="serve",
    description="Serve runs: a page, and an HTTP API that speaks LibreTranslate's protocol. The\n"
    "language pair of a request chooses the run.",
    sections=_with_search(ServeOptions()),
    prepare=_named("serve"),
    everyday=(
        *("model", "host", "port", "api_keys", "char_limit", "batch_limit", "rate_limit", "queue_limit"),
        *("log_requests", "beam", "precision", *OF_DEVICE),
    ),
    examples="""\
  mt serve -m checkpoints/zh-en -m checkpoints/en-zh --port 8000
  curl localhost:8000/translate -d q="我爱北京" -d source=zh -d target=en""",
)
TUNE = Command(
    name="evaluate --tune",
    description="Find the length penalty with the highest BLEU on validation pairs; the test\n"
    "stays unseen. One search serves all penalties. With a datastore also find its\n"
    "weight and temperature, by perplexity.",
    sections=_with_search(TuneOptions()),
    prepare=_tune,
    without=("length_penalty", "mbr", "datastore_weight", "datastore_temperature"),
    examples="""\
  mt evaluate --tune -m checkpoints/mine""",
)
CALIBRATE = Command(
    name="evaluate --calibrate",
    description="Fit the confidence of a run's translations on validation pairs, save it in the\n"
    "run, and show how far it can be trusted. mt translate --json and\n"
    "--min-confidence use it.",
    sections=_with_search(CalibrateOptions()),
    prepare=_named("calibrate"),
    without=tuple(DatastoreConfig.model_fields),
    examples="""\
  mt evaluate --calibrate -m checkpoints/mine
  mt translate -m checkpoints/mine --min-confidence 0.5 < in.txt""",
)
COMMANDS = {
    command.name: command for command in (TRAIN, EVALUATE, TRANSLATE, SERVE, INSPECT, NEIGHBOURS, REPORT)
}
FORMER_FLAGS = {"--report": (REPORT, "--test"), "--neighbours": (NEIGHBOURS, "--corpus")}
"""Flags of mt inspect that are commands now, and what names the corpus there."""


def find(name: str, arguments: list[str]) -> tuple[Command, list[str]]:
    """The command of that name and its arguments; former spellings are understood. Raises UsageError."""
    arguments = list(removed.current_flags(arguments))
    if name == "tune":
        return TUNE, arguments
    if name == "evaluate" and "--tune" in flags_of(arguments):
        return TUNE, [word for word in arguments if word != "--tune"]
    if name == "evaluate" and "--calibrate" in flags_of(arguments):
        return CALIBRATE, [word for word in arguments if word != "--calibrate"]
    if name == "inspect":
        for former, (command, flag) in FORMER_FLAGS.items():
            if former in flags_of(arguments):
                return command, [
                    flag + word.removeprefix(former) if word.split("=")[0] == former else word
                    for word in arguments
                ]
    if name in removed.COMMANDS:
        raise UsageError(f"mt {name} was removed in {removed.VERSION}: {removed.COMMANDS[name]}")
    if name not in COMMANDS:
        raise UsageError(f"there is no command {name!r}; choose one of: {', '.join(COMMANDS)}")
    return COMMANDS[name], arguments

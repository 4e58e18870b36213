"""From a command line to the work: the settings that flags change, and what must not be given together."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mt.commands.command import Work, asks_help, flags_of
from mt.config import BUILT_IN, Config, SearchConfig
from mt.config.fields import changed
from mt.config.files import FORMER_PRESETS, load_file, load_preset, preset_names
from mt.errors import ConfigError, RunError, UsageError
from mt.flags import Parser, lay_over
from mt.options import DocumentOptions, TrainOptions, TranslateOptions, ValidationOptions

if TYPE_CHECKING:
    from mt.config.fields import Section


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
    if not (run / "config.toml").exists():
        raise RunError(f"--init {run}: there is no config.toml in it; name the directory of a run")
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


def sections_of_train(arguments: Sequence[str]) -> Sequence[Section]:
    """The options of mt train, and the settings that its flags are laid over. Raises UsageError."""
    if {"--seed", "--seeds"} <= flags_of(arguments):
        raise UsageError("mt train: --seeds names all seeds: leave --seed out")
    _, base = _base(arguments)
    return TrainOptions(), *vars(base).values()


def preset_note(arguments: Sequence[str]) -> str:
    """What the help of mt train says of presets."""
    preset, _ = _base(arguments)
    presets = (
        f"Presets: {', '.join(preset_names())}. The defaults below are of preset {preset}; "
        "--preset NAME changes them."
    )
    return textwrap.fill(presets, 80, break_on_hyphens=False)


def prepare_train(options: TrainOptions, *sections: Section) -> Work:
    """One training, or one for each seed. Raises UsageError for settings that do not go together."""
    parts = dict(zip(Config.model_fields, sections, strict=True))
    try:
        given = lay_over(Config(), parts)
    except ConfigError as problem:
        raise UsageError(f"mt train: {problem}; see mt train --help") from None

    from mt.checkpoint import CHECKPOINTS

    config = given.model_copy(update={"data": given.data.settled()})
    run_dir = options.out or CHECKPOINTS / config.data.run_name
    if options.seeds:
        from mt.commands.seeds import train_seeds

        return partial(train_seeds, config, run_dir, options)

    from mt.commands.train import train

    return lambda console: train(config, run_dir, options, console, began=console.began)


def prepare_translate(options: TranslateOptions, search: SearchConfig) -> Work:
    """Translating here, in shards or on Ray. Raises UsageError."""
    if options.texts and options.input is not None:
        raise UsageError("mt translate: give texts or --input, not both")
    try:
        search.check_nbest(options.nbest)
    except ConfigError as problem:
        raise UsageError(f"mt translate: {problem}") from None

    if options.actors is not None and options.ray is None:
        raise UsageError("mt translate: --actors is for --ray; leave it out")
    if options.shard is not None or options.join or options.ray is not None:
        return _translate_shard(options, search)

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

    if options.ray is not None:
        from mt.commands.ray_data import translate_on_ray

        return partial(translate_on_ray, options, search)

    from mt.commands.shards import join_shards, translate_shard

    return partial(join_shards, options) if options.join else partial(translate_shard, options, search)


def prepare_tune(options: ValidationOptions, search: SearchConfig) -> Work:
    """Tuning. Raises UsageError for greedy search."""
    if search.beam == 1:
        raise UsageError("mt evaluate --tune: greedy search has nothing to rank: give --beam 2 or more")
    return named("tune")(options, search)


def named(name: str) -> Callable[..., Work]:
    """The function of that name in the module of that name in mt.commands."""

    def prepare(options: Section, search: SearchConfig) -> Work:
        return partial(getattr(import_module(f"mt.commands.{name}"), name), options, search)

    return prepare

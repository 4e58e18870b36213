"""The command line of each command: what its help says, which flags it has, whom they are handed to.

A command itself is imported when it runs: help needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mt.commands.command import Command, flags_of
from mt.commands.preparing import (
    named,
    prepare_train,
    prepare_translate,
    prepare_tune,
    preset_note,
    sections_of_train,
)
from mt.config import DatastoreConfig, SearchConfig, removed
from mt.errors import UsageError, did_you_mean
from mt.options import (
    CalibrateOptions,
    EvaluateOptions,
    InspectOptions,
    NeighboursOptions,
    ReportOptions,
    ServeOptions,
    TranslateOptions,
    ValidationOptions,
)

if TYPE_CHECKING:
    from mt.config.fields import Section

SPEC = """\
SPEC is a corpus: a file (.tsv .csv .jsonl .parquet .tmx .po), two aligned files
(train.zh,train.en), a folder of .po files, hub:org/name[:config][@split], or
phrasebook, which is built in. Files may be compressed (.gz .xz .zst)."""


OF_DEVICE = ("device", "threads", "log_file")
OF_TEST = ("test", "test_set", "language_pair", "src", "tgt", "swap")


def _with_search(options: Section) -> Callable[[Sequence[str]], Sequence[Section]]:
    return lambda _: (options, SearchConfig())


TRAIN = Command(
    name="train",
    description=f"Train a translator on sentence pairs.\n\n{SPEC}",
    sections=sections_of_train,
    prepare=prepare_train,
    note=preset_note,
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
    prepare=named("evaluate"),
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
    prepare=prepare_translate,
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
    description="Show how a sentence is read piece by piece, which vector it becomes, and how the\n"
    "translation is written from it. A run that reads sound takes recordings.",
    sections=_with_search(InspectOptions()),
    prepare=named("inspect"),
    everyday=(*("texts", "model", "tgt", "as_json", "npz", "picture", "by_hand", "beam", *OF_DEVICE),),
    examples="""\
  mt inspect -m checkpoints/mine "我爱北京"
  mt inspect -m checkpoints/mine --picture beijing.svg "我爱北京\"""",
)
NEIGHBOURS = Command(
    name="neighbours",
    description="Show the sentences of a corpus whose vectors are nearest to that of a text.",
    sections=_with_search(NeighboursOptions()),
    prepare=named("neighbours"),
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
    prepare=named("report"),
    everyday=(*OF_TEST, "model", "save", "beam", *OF_DEVICE),
    examples="""\
  mt report -m checkpoints/mine --test test.tsv""",
)
SERVE = Command(
    name="serve",
    description="Serve runs: a page, and an HTTP API that speaks LibreTranslate's protocol. The\n"
    "language pair of a request chooses the run.",
    sections=_with_search(ServeOptions()),
    prepare=named("serve"),
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
    sections=_with_search(ValidationOptions()),
    prepare=prepare_tune,
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
    prepare=named("calibrate"),
    without=tuple(DatastoreConfig.model_fields),
    examples="""\
  mt evaluate --calibrate -m checkpoints/mine
  mt translate -m checkpoints/mine --min-confidence 0.5 < in.txt""",
)
COMMANDS = {
    command.name: command for command in (TRAIN, EVALUATE, TRANSLATE, SERVE, INSPECT, NEIGHBOURS, REPORT)
}
OTHERS = ("completion", "--help", "--version")
"""What else may come after mt."""
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
        raise UsageError(f"mt {name} was removed: {removed.COMMANDS[name]}")
    if name not in COMMANDS:
        raise UsageError(
            f"there is no command {name!r}{did_you_mean(name, (*COMMANDS, *OTHERS))}; "
            f"choose one of: {', '.join(COMMANDS)}, {OTHERS[0]}"
        )
    return COMMANDS[name], arguments

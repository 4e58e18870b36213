"""Test pairs: from a SPEC, or a test set of sacreBLEU."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sacrebleu import DATASETS, get_reference_files, get_source_file

from mt.config import BUILT_IN, Config, DataConfig
from mt.config.speech import SpeechConfig
from mt.console import Console
from mt.data.cleaning import tidy
from mt.data.corpus import read_whole
from mt.errors import ConfigError, CorpusError, MTError
from mt.metrics import check_counts
from mt.options import EvaluateOptions, ReferenceOptions
from mt.speech.error_rates import Unit, unit_of
from mt.speech.layouts import read_utterances
from mt.text.languages import base_language, find_code, split_direction, split_pair, targets

if TYPE_CHECKING:
    from mt.speech.frames import Frames


@dataclass(frozen=True)
class TestSet:
    """N sources and streams of N references each; tgt is the target's code, stem is for file names."""

    name: str
    stem: str
    sources: Sequence[str]
    references: Sequence[Sequence[str]]
    tgt: str | None


@dataclass(frozen=True)
class SpokenTestSet(TestSet):
    """Recordings, whose names are the sources. unit: that errors are counted in; None for a translation.

    sounds (N): None where only texts are compared.
    """

    sounds: Frames | None
    unit: Unit | None


def read_spoken_test_set(options: EvaluateOptions, config: Config, console: Console) -> SpokenTestSet:
    """The recordings that --test names, with their texts. Raises MTError."""
    if options.test_set is not None:
        raise ConfigError("sacreBLEU's test sets are text, and the run reads sound: give --test SPEC")
    if not options.test:
        raise ConfigError("name recordings with their texts by --test SPEC")
    from mt.speech.recordings import read_sounds  # and torch with it

    data = config.data.model_copy(update={"on_bad_line": "stop"})
    speech = config.speech.model_copy(update=columns(options))
    corpus = read_sounds(options.test, data, speech, "test", console.progress)
    console.settle()
    for line in corpus.report.lines():
        console.note(f"test: {line}")
    own = data.languages
    languages = options.src or own.source, options.tgt or own.target
    names, texts = (corpus.dataset[side][:] for side in ("src", "tgt"))
    return _spoken(options, names, texts, languages, corpus.sounds)


def columns(options: EvaluateOptions) -> dict[str, str]:
    """The columns of a table of recordings that the options name."""
    return options.model_dump(include={"audio_column", "text_column"}, exclude_none=True)


def _spoken(
    options: ReferenceOptions,
    names: Sequence[str],
    texts: Sequence[str],
    languages: tuple[str | None, str | None],
    sounds: Frames | None,
) -> SpokenTestSet:
    """Of one language errors are counted; from one to another it is a translation."""
    src, tgt = languages
    recognised = not (src and tgt) or base_language(src) == base_language(tgt)
    return SpokenTestSet(
        name=" ".join(options.test),
        stem="+".join(map(_stem, options.test)),
        sources=names,
        references=[texts],
        tgt=tgt,
        sounds=sounds,
        unit=unit_of(tgt, texts[:100]) if recognised else None,
    )


def read_transcribed_test_set(options: EvaluateOptions) -> SpokenTestSet:
    """The texts of the recordings that --test names; the recordings need not be there. Raises CorpusError."""
    speech = SpeechConfig(sound=True).model_copy(update=columns(options))
    utterances = [one for spec in options.test for one in read_utterances(spec, speech, "test")]
    if bad := [one.bad for one in utterances if one.bad]:
        raise CorpusError(f"{bad[0]}; mend it")
    found = [(one.name, text) for one in utterances if (text := tidy(one.text))]
    if not found:
        raise CorpusError(f"{' '.join(options.test)}: holds no texts")
    names, texts = zip(*found, strict=True)
    return _spoken(options, names, texts, (options.src, options.tgt), None)


def read_test_set(options: ReferenceOptions, data: DataConfig, console: Console) -> TestSet:
    """The test pairs that the options name; `data` is what the run was trained on.

    Raises MTError where there are none, or where they cannot be read line for line.
    """
    if options.test_set is not None and options.language_pair is not None:
        return _read_built_in(
            options.test_set, options.language_pair, swap=bool(options.swap), data=data, console=console
        )
    specs = options.test or _own_test(data)
    codes = list(targets(specs))
    if options.tgt and find_code(options.tgt, codes) is None:
        codes = sorted({*codes, options.tgt})
    if len(codes) > 1:
        raise ConfigError(f"the test pairs are into {', '.join(codes)}: measure one language at a time")
    own = data.languages
    tgt = codes[0] if codes else own.target
    if tgt and own.target and base_language(tgt) != base_language(own.target):
        console.warn(f"the run translates into {own.target}, the test pairs are into {tgt}")
    swap = data.swap if options.swap is None else options.swap
    corpus = read_whole(specs, DataConfig(src=options.src or own.source, tgt=tgt, swap=swap))
    for line in corpus.report.lines():
        console.note(f"test: {line}")
    for warning in corpus.report.warnings:
        console.warn(warning)
    stem = "+".join(map(_stem, specs))
    return TestSet(" ".join(specs), stem, corpus.dataset["src"][:], [corpus.dataset["tgt"][:]], tgt)


def files_of(specs: Iterable[str]) -> list[Path]:
    """What may be the files of SPECs; none of them need exist."""
    names = [split_direction(spec)[1] for spec in specs]
    return [Path(part.strip()).expanduser() for name in names for part in (name, *name.split(","))]


def _own_test(data: DataConfig) -> tuple[str, ...]:
    """The test part of the corpus that a run was trained on."""
    if any(spec.partition("@")[0] != BUILT_IN for spec in data.train):
        raise ConfigError(
            f"the run was trained on {', '.join(data.train)}, which has no test part of its own; "
            "give --test SPEC, or one of sacreBLEU's test sets by -t and -l"
        )
    return (BUILT_IN,)


def _read_built_in(name: str, pair: str, *, swap: bool, data: DataConfig, console: Console) -> TestSet:
    """One of sacreBLEU's test sets; warns if the run translates between other languages."""
    langpairs = DATASETS[name].langpairs if name in DATASETS else {}
    pair, codes = split_pair(pair, list(langpairs)) or (pair, tuple(pair.split("-")))
    sources, references = built_in_test_set(name, pair)
    if swap:
        if len(references) > 1:
            raise ConfigError(
                f"--swap needs one reference, {name} {pair} has {len(references)}: leave it out"
            )
        sources, references, codes = references[0], [sources], codes[::-1]
    ours = (data.languages.source, data.languages.target)
    if any(own and base_language(own) != base_language(code) for code, own in zip(codes, ours, strict=True)):
        console.warn(f"the run translates {ours[0]} to {ours[1]}, the test set {' to '.join(codes)}")
    return TestSet(f"{name} {pair}", _stem(f"hub:{name}-{pair}"), sources, references, codes[1])


def _stem(spec: str) -> str:
    """A part of a file name for a SPEC: `data/test.zh.gz,data/test.en.gz` -> `test`."""
    if spec.startswith("hub:"):
        name = spec.removeprefix("hub:")
    else:
        path = Path(split_direction(spec)[1].split(",")[0].strip())
        name = (path.with_suffix("") if path.suffix in (".gz", ".xz", ".zst") else path).stem
    return re.sub(r"[^\w.]+", "-", name)[:60] or "test"


def built_in_test_set(name: str, pair: str) -> tuple[list[str], list[list[str]]]:
    """One of sacreBLEU's own test sets, such as "multi30k/2016" for "en-de": sources, reference streams.

    sacreBLEU downloads it on first use and keeps it under `$SACREBLEU` (~/.sacrebleu).
    Raises ConfigError for a name or pair that it does not have, MTError when it cannot be fetched.
    """
    if name not in DATASETS:
        near = [known for known in sorted(DATASETS) if name in known][:5] if name else []
        near = near or difflib.get_close_matches(name, DATASETS, n=5, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "there is nothing like it;"
        raise ConfigError(f"unknown test set {name!r}: {hint} `sacrebleu --list` shows all")
    if pair not in DATASETS[name].langpairs:
        known_pairs = ", ".join(sorted(DATASETS[name].langpairs))
        raise ConfigError(f"test set {name} has no language pair {pair!r}; it has {known_pairs}")
    with _captured_log() as log:
        try:
            sources = _lines(get_source_file(name, pair))
            references = [_lines(path) for path in get_reference_files(name, pair)]
        # A download, an archive and a parser behind one call, which on a wrong checksum exits.
        except (Exception, SystemExit) as error:
            cause = " ".join((log[0] if log else str(error) or type(error).__name__).split())
            raise MTError(
                f"test set {name} ({pair}) is not available: {cause}; sacreBLEU downloads it once: run this "
                "with internet, or give the files with --test"
            ) from error
    check_counts(sources, references)
    return sources, references


def _lines(path: str) -> list[str]:
    """Only a line feed ends a line, as for sacreBLEU: U+2028 or a lone CR inside one stays."""
    with Path(path).open(encoding="utf-8", newline="\n") as file:
        return [line.rstrip() for line in file]


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    """sacreBLEU's log lines go to the list instead of stderr: they hold the cause when it exits."""
    lines: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                lines.append(record.getMessage())

    logger, handler = logging.getLogger("sacrebleu"), Collect()
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate

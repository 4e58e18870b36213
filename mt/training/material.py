"""What a training is made of: corpora that are read, pieces that are learned, pairs that have become ids."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mt import checkpoint
from mt.config import Config
from mt.console import Console
from mt.data.encoded import PiecePairs
from mt.data.ragged import Ragged
from mt.errors import RunError
from mt.tokenizer import Tokenizer
from mt.training.arithmetic import Arithmetic, current, settle
from mt.training.clock import ENCODING, READING, TEACHERS, VOCABULARY, Clock
from mt.training.corpora import Corpora, cut_part, find_corpora, read_parts
from mt.training.distillation import load_teachers
from mt.training.loader import check_step
from mt.training.resuming import Begun, find_begun
from mt.training.starting import Start, load_start
from mt.training.state import RunFiles
from mt.training.vocabulary import learn_tokenizers, take_tokenizers
from mt.training.writer import Background, Writer

Tokenizers = tuple[Tokenizer, Tokenizer]


@dataclass(frozen=True)
class Material:
    """What there is once the pairs are ids: all that a model is built for and trained on.

    begun: the run that goes on; None for a new one. start: the run that --init names.
    """

    files: RunFiles
    begun: Begun | None
    computed: Arithmetic
    corpora: Corpora
    tokenizers: Tokenizers
    pairs: PiecePairs
    start: Start | None


def prepare(
    config: Config,
    run_dir: Path,
    where: torch.device,
    clock: Clock,
    console: Console,
    ranks: int,
    workers: int,
) -> Material:
    """Read the corpora, learn the tokenizers, make ids of the pairs; the run directory is begun by then."""
    begun = find_begun(run_dir, config)
    check_step(config.training, ranks, begun is not None, console)
    computed = settle(config.training.precision, where, begun.arithmetic if begun else {}, console, ranks)
    known = begun.tokenizers if begun else take_tokenizers(config.tokenizer, config.data.tags, console)
    start = load_start(config.training.init, config.data)
    teachers = load_teachers(config.training.teachers, config.data, known)
    corpora = read_parts(config, console, workers)
    fingerprints = corpora.fingerprints | ({"teachers": teachers.fingerprint} if teachers else {})
    fingerprints |= {"init": start.fingerprint} if start else {}
    if begun:
        begun.check_corpora(fingerprints)
    clock.lap(READING)
    tokenizers = known or learn_tokenizers(config.tokenizer, corpora.train, config.data.tags, console)
    clock.lap(VOCABULARY)
    identity = begun.identity if begun else checkpoint.identity(config, tokenizers, fingerprints)
    metadata = {"identity": identity, "corpora": fingerprints, "arithmetic": computed.as_dict()}
    checkpoint.save_setup(run_dir, config, tokenizers, metadata | corpora.metadata())
    pairs = cut_part(corpora.train, tokenizers, console, workers)
    console.settle()
    _report_tokens(console, pairs)
    for line in start.describe(corpora.train) if start and not begun else ():
        console.note(line)
    clock.lap(ENCODING)
    if teachers:
        pairs = teachers.annotate(pairs, where, computed.precision, console)
        clock.lap(TEACHERS)
    files = RunFiles(run_dir, config, identity, Background() if ranks > 1 else Writer())
    return Material(files, begun, computed, corpora, tokenizers, pairs, start)


def told_of(material: Material) -> dict[str, Any]:
    """What the other ranks have to know, in JSON, to have the same."""
    return {
        "arithmetic": material.computed.as_dict(),
        "fingerprints": material.corpora.fingerprints,
        "tokenizers": [b64encode(tokenizer.serialized).decode() for tokenizer in material.tokenizers],
    }


def follow(
    config: Config, run_dir: Path, where: torch.device, told: Mapping[str, Any], console: Console
) -> Material:
    """What rank 0 has prepared, from the cache, or prepared here too; only what differs here is said."""
    computed = current(where, told["arithmetic"]["precision"], told["arithmetic"]["ranks"])
    if others := computed.differences(told["arithmetic"], "rank 0:"):
        console.warn(f"rank {os.environ['RANK']} computes otherwise: {', '.join(others)}")
    console.hushed = True
    src, tgt = (Tokenizer(b64decode(text)) for text in told["tokenizers"])
    teachers = load_teachers(config.training.teachers, config.data, (src, tgt))
    start = load_start(config.training.init, config.data)
    found = None if config.speech.sound else find_corpora(config.data, told["fingerprints"])
    corpora = found or read_parts(config, console)
    if corpora.fingerprints != told["fingerprints"]:
        raise RunError("the pairs on this machine are not those of rank 0; give all machines the same files")
    pairs = cut_part(corpora.train, (src, tgt), console)
    if teachers:
        pairs = teachers.annotate(pairs, where, computed.precision, console)
    return Material(RunFiles(run_dir, config, ""), None, computed, corpora, (src, tgt), pairs, start)


def _report_tokens(console: Console, pairs: PiecePairs) -> None:
    unknown_src, unknown_tgt = pairs.unknown_rate()
    if not isinstance(pairs.src, Ragged):
        of_text = f"{pairs.tgt.lengths.mean():.1f} a text on average; unknown {100 * unknown_tgt:.2f} %"
        console.note(f"tokens: {of_text}")
        return
    console.note(
        f"tokens: {pairs.src.lengths.mean():.1f} a source and {pairs.tgt.lengths.mean():.1f} a target "
        f"sentence on average; unknown {100 * unknown_src:.2f} % and {100 * unknown_tgt:.2f} %"
    )

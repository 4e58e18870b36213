"""What a training is made of: corpora that are read, pieces that are learned, pairs that have become ids."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mt import checkpoint
from mt.config import TrainingConfig
from mt.config.speech import SpeechConfig
from mt.data.encoded import PiecePairs
from mt.errors import RunError
from mt.text.languages import Languages
from mt.tokenizer import Tokenizer, Tokenizers
from mt.training.arithmetic import Arithmetic, current, settle
from mt.training.clock import ENCODING, READING, TEACHERS, VOCABULARY
from mt.training.corpora import Corpora, Reader
from mt.training.distillation import Teachers, load_teachers
from mt.training.loader import BatchSampler, check_step
from mt.training.resuming import Begun, find_begun
from mt.training.session import Session
from mt.training.starting import Start, load_start
from mt.training.state import RunFiles
from mt.training.torchrun import check_gpus
from mt.training.validation import Validator, unigram_entropy
from mt.training.vocabulary import Vocabulary
from mt.training.writer import Background, Writer


@dataclass(frozen=True)
class Helpers:
    """Trained runs that a training learns from: the one it starts from, and its teachers."""

    training: TrainingConfig
    speech: SpeechConfig
    languages: Languages

    def load(self, tokenizers: Tokenizers | None) -> tuple[Start | None, Teachers | None]:
        """Both, for a model with these tokenizers. Raises RunError, ConfigError if they are not suited."""
        start = load_start(self.training, self.speech, self.languages)
        if start and tokenizers:
            start.check(tokenizers)
        return start, load_teachers(self.training.teachers, self.languages, tokenizers)


@dataclass(frozen=True)
class Stages:
    """What makes the material of a training. Each has its own section of the settings.

    files: begins the run directory, and has the settings of the run as a whole.
    """

    files: RunFiles
    reader: Reader
    vocabulary: Vocabulary
    helpers: Helpers


@dataclass(frozen=True)
class Material:
    """What there is once the pairs are ids: all that a model is built for and trained on.

    sampler: what makes each batch another one than in the epoch before, if anything does. start: the run that
    gives the first weights, if one does. begun: the run that goes on; None for a new one.
    """

    files: RunFiles
    computed: Arithmetic
    corpora: Corpora
    tokenizers: Tokenizers
    pairs: PiecePairs
    sampler: BatchSampler | None
    start: Start | None
    begun: Begun | None = None

    @property
    def loss_floor(self) -> float:
        """Nats a target token costs without having learned anything."""
        return unigram_entropy(self.pairs, self.tokenizers[1].vocab_size)

    def validator(self, batch_tokens: int) -> Validator:
        """What measures a model on the validation pairs, with so many tokens in a batch."""
        corpora = self.corpora
        return Validator(
            sources=corpora.validation.dataset["src"][:],
            references=corpora.validation.dataset["tgt"][:],
            pairs=corpora.encode_validation(self.tokenizers),
            tokenizer=self.tokenizers[1],
            languages=corpora.validation_languages,
            batch_tokens=batch_tokens,
            precision=self.computed.precision,
            unit=corpora.unit,
        )


def prepare(stages: Stages, session: Session) -> Material:
    """Read the corpora, learn the tokenizers, make ids of the pairs; the run directory is begun by then."""
    console, clock, files = session.console, session.clock, stages.files
    begun = find_begun(files.path, files.config)
    computed = _settle(files.config.training, begun, session)
    known = begun.tokenizers if begun else stages.vocabulary.take(console)
    start, teachers = stages.helpers.load(known)
    corpora = stages.reader.read(console, session.workers)
    learned_from = {"teachers": teachers, "init": start}
    fingerprints = corpora.fingerprints
    fingerprints |= {name: runs.fingerprint for name, runs in learned_from.items() if runs}
    if begun:
        begun.check_corpora(fingerprints)
    clock.lap(READING)
    if known is None:
        tokenizers = stages.vocabulary.learn(corpora.train, console, start)
    elif begun:
        tokenizers = known
    else:
        tokenizers = stages.vocabulary.extend(known, corpora.train, console, session.workers)
    clock.lap(VOCABULARY)
    identity = begun.identity if begun else checkpoint.identity(files.config, tokenizers, fingerprints)
    metadata = {"identity": identity, "corpora": fingerprints, "arithmetic": computed.as_dict()}
    checkpoint.save_setup(files.path, files.config, tokenizers, metadata | corpora.metadata())
    pairs = corpora.encode_train(tokenizers, console, session.workers)
    for line in start.describe(corpora.train, tokenizers) if start and not begun else ():
        console.note(line)
    clock.lap(ENCODING)
    if teachers:
        pairs = teachers.annotate(pairs, session.device, computed.precision, console)
        clock.lap(TEACHERS)
    files = replace(files, identity=identity, writer=Background() if session.ranks.count > 1 else Writer())
    sampler = corpora.sampler(stages.vocabulary.settings, pairs, tokenizers)
    return Material(files, computed, corpora, tokenizers, pairs, sampler, start, begun)


def _settle(training: TrainingConfig, begun: Begun | None, session: Session) -> Arithmetic:
    """How the run is computed. Raises ConfigError where its steps or the GPUs do not suit the ranks."""
    console, ranks = session.console, session.ranks.count
    check_step(training, ranks, begun is not None, console)
    if ranks > 1:
        check_gpus(session.device)
    return settle(training.precision, session.device, begun.arithmetic if begun else {}, console, ranks)


def told_of(material: Material) -> dict[str, Any]:
    """What the other ranks have to know, in JSON, to have the same."""
    return {
        "arithmetic": material.computed.as_dict(),
        "fingerprints": material.corpora.fingerprints,
        "tokenizers": [b64encode(tokenizer.serialized).decode() for tokenizer in material.tokenizers],
    }


def follow(stages: Stages, session: Session, told: Mapping[str, Any]) -> Material:
    """What rank 0 has prepared, from the cache, or prepared here too; only what differs here is said."""
    console = session.console
    computed = current(session.device, told["arithmetic"]["precision"], told["arithmetic"]["ranks"])
    if others := computed.differences(told["arithmetic"], "rank 0:"):
        console.warn(f"rank {os.environ['RANK']} computes differently: {', '.join(others)}")
    console.hushed = True
    src, tgt = (Tokenizer(b64decode(text)) for text in told["tokenizers"])
    start, teachers = stages.helpers.load((src, tgt))
    corpora = stages.reader.find(told["fingerprints"]) or stages.reader.read(console)
    if corpora.fingerprints != told["fingerprints"]:
        raise RunError("the pairs on this machine are not those of rank 0; give all machines the same files")
    pairs = corpora.encode_train((src, tgt), console)
    if teachers:
        pairs = teachers.annotate(pairs, session.device, computed.precision, console)
    sampler = corpora.sampler(stages.vocabulary.settings, pairs, (src, tgt))
    return Material(stages.files, computed, corpora, (src, tgt), pairs, sampler, start)

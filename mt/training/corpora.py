"""Stage one of a training: read, clean and report the pairs to learn from and those to validate on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mt.config import Config, DataConfig
from mt.console import Console
from mt.data.cache import find_pairs
from mt.data.corpus import Corpus, hold_out, overlap, read_train, read_validation
from mt.data.encoded import PiecePairs, cut
from mt.data.statistics import Report, SideReport, several_sentences
from mt.metrics import spaceless_note
from mt.speech.recordings import SoundCorpus, cut_texts, hold_out_sounds, read_sounds
from mt.text.languages import check_languages, is_code, languages_of, targets
from mt.tokenizer import Tokenizer


@dataclass(frozen=True)
class Corpora:
    """The pairs of both parts, and the languages that the settings name for them."""

    train: Corpus
    validation: Corpus
    data: DataConfig

    @property
    def fingerprints(self) -> dict[str, str]:
        """Digests by which a resumed run knows its pairs again."""
        return {"train": self.train.fingerprint, "validation": self.validation.fingerprint}

    @property
    def validation_languages(self) -> Sequence[str | None]:
        """What each validation source is to be translated into."""
        return languages_of(self.validation.dataset["src"][:], self.data.tgt)

    def metadata(self) -> dict[str, Any]:
        """What translating has to know of the training pairs, see `Run`."""
        return {
            "split_chars": max(30, 2 * self.train.report.src.p95),
            "several_sentences": several_sentences(self.train.dataset, self.data.source),
        }


@dataclass(frozen=True)
class SoundCorpora(Corpora):
    """Recordings of both parts."""

    train: SoundCorpus
    validation: SoundCorpus

    def metadata(self) -> dict[str, Any]:
        """What transcribing has to know of the training recordings."""
        return {"longest_seconds": round(float(self.train.sounds.seconds.max()), 2)}


def read_sound_corpora(config: Config, console: Console) -> SoundCorpora:
    """As `read_corpora`, of recordings."""
    data, speech = config.data, config.speech
    train = read_sounds(data.train, data, speech, "train", console.progress)
    console.settle()
    if data.validation:
        validation = read_sounds(data.validation, data, speech, "validation", console.progress)
        console.settle()
    else:
        count = min(data.validation_pairs, max(1, len(train.dataset) // 10))
        train, validation = hold_out_sounds(train, count, config.training.seed)
    corpora = SoundCorpora(train, validation, data)
    _report_parts(corpora, console)
    return corpora


def read_parts(config: Config, console: Console, workers: int = 1) -> Corpora:
    """The corpora of the settings, of text or of recordings."""
    if config.speech.sound:
        return read_sound_corpora(config, console)
    return read_corpora(config.data, config.training.seed, console, workers)


def cut_part(
    corpus: Corpus, tokenizers: tuple[Tokenizer, Tokenizer], console: Console, workers: int = 1
) -> PiecePairs:
    """The pairs of a part as ids, or as frames and ids."""
    if isinstance(corpus, SoundCorpus):
        return cut_texts(corpus, tokenizers[1])
    return cut(corpus, *tokenizers, console.progress, workers)


def read_corpora(data: DataConfig, seed: int, console: Console, workers: int = 1) -> Corpora:
    """Read both parts; where no validation pairs are named, the seed sets training pairs aside.

    workers: processes that read the training pairs.
    """
    check_languages(data.train, data.validation, "validation")
    train = read_train(data, console.progress, workers)
    console.settle()
    if data.validation:
        validation = read_validation(data)
    else:
        count = min(data.validation_pairs, max(1, len(train.dataset) // 10))
        train, validation = hold_out(train, count, seed)
    corpora = Corpora(train, validation, data)
    _report_languages(corpora, console)
    _report_parts(corpora, console)
    _report_overlap(corpora, console)
    return corpora


def _report_parts(corpora: Corpora, console: Console) -> None:
    for name, part in (("train", corpora.train), ("validation", corpora.validation)):
        for line in part.report.lines():
            console.note(f"{name}: {line}")
        for warning in part.report.warnings:
            console.warn(warning)


def find_corpora(data: DataConfig, fingerprints: Mapping[str, str]) -> Corpora | None:
    """The pairs of both parts, from the cache, without a report; None where they are not in it."""
    nothing = SideReport(0, 0, 0, 0, {})
    train, validation = (find_pairs(fingerprints[name]) for name in ("train", "validation"))
    if train is None or validation is None:
        return None
    report = Report((), len(train), nothing, nothing)
    parts = (
        Corpus(train, fingerprints["train"], report),
        Corpus(validation, fingerprints["validation"], report),
    )
    return Corpora(*parts, data)


def _report_languages(corpora: Corpora, console: Console) -> None:
    """Of target languages: a code that is none, and how BLEU counts words where none are separated."""
    data = corpora.data
    if data.tgt and not is_code(data.tgt):
        console.warn(f"{data.tgt} is no language code such as zh: validation BLEU knows nothing of its words")
    sample = corpora.validation.dataset[:100]["tgt"]
    for code in targets(data.train) or (data.tgt,):
        if note := spaceless_note(code, sample):
            console.note(f"validation: {note}")


def _report_overlap(corpora: Corpora, console: Console) -> None:
    shared = overlap(corpora.train, corpora.validation)
    total = len(corpora.validation.dataset)
    console.note(
        f"overlap: of {total:,} validation pairs {shared.src:,} sources, {shared.tgt:,} targets and "
        f"{shared.pairs:,} whole pairs occur in train"
    )
    if shared.pairs > 0.05 * total:
        console.warn("the validation pairs are partly known from training, so scores on them flatter")

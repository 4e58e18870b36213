"""Stage one of a training: read, clean and report the pairs to learn from and those to validate on.

`TextReader` and `Corpora` are for text; `sound_corpora` has the same for recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mt.config import DataConfig, TokenizerConfig
from mt.console import Console
from mt.data.cache import find_pairs
from mt.data.corpus import Corpus, hold_out, overlap, read_train, read_validation
from mt.data.encoded import PiecePairs, cut
from mt.data.sampling import make_sampler
from mt.data.spec import check_files
from mt.data.statistics import Report, SideReport, several_sentences
from mt.speech.error_rates import Unit
from mt.text.bleu_tokenizer import spaceless_note, tokenizer_for
from mt.text.counted import counted
from mt.text.languages import Languages, check_languages, is_code, languages_of
from mt.text.names import code_of
from mt.tokenizer import Tokenizers
from mt.training.loader import BatchSampler


@dataclass(frozen=True)
class Corpora:
    """The pairs of both parts, and their languages."""

    train: Corpus
    validation: Corpus
    languages: Languages

    @property
    def fingerprints(self) -> dict[str, str]:
        """Digests by which a resumed run knows its pairs again."""
        return {"train": self.train.fingerprint, "validation": self.validation.fingerprint}

    @property
    def validation_languages(self) -> Sequence[str | None]:
        """What each validation source is to be translated into."""
        return languages_of(self.validation.dataset["src"][:], self.languages.tgt)

    @property
    def unit(self) -> Unit | None:
        """What an error rate counts; None where translations have none."""
        return None

    def metadata(self) -> dict[str, Any]:
        """What translating has to know of the training pairs, see `Run`."""
        return {
            "split_chars": max(30, 2 * self.train.report.src.p95),
            "several_sentences": several_sentences(self.train.dataset, self.languages.source),
        }

    def encode_train(self, tokenizers: Tokenizers, console: Console, workers: int = 1) -> PiecePairs:
        """The training pairs as ids, by so many processes."""
        pairs = cut(self.train, *tokenizers, console.progress, workers)
        unknown_src, unknown_tgt = pairs.unknown_rate()
        console.settle()
        console.note(
            f"tokens: {pairs.src.lengths.mean():.1f} a source and {pairs.tgt.lengths.mean():.1f} a target "
            f"sentence on average; unknown {100 * unknown_src:.2f} % and {100 * unknown_tgt:.2f} %"
        )
        return pairs

    def encode_validation(self, tokenizers: Tokenizers) -> PiecePairs:
        """The validation pairs as ids."""
        return cut(self.validation, *tokenizers)

    def sampler(
        self, settings: TokenizerConfig, pairs: PiecePairs, tokenizers: Tokenizers
    ) -> BatchSampler | None:
        """What makes each batch another one than in the epoch before, if the settings ask for it."""
        return make_sampler(settings, pairs, tokenizers)


class Reader(Protocol):
    """Reads both parts."""

    def read(self, console: Console, workers: int = 1) -> Corpora: ...
    def find(self, fingerprints: Mapping[str, str]) -> Corpora | None: ...


@dataclass(frozen=True)
class TextReader:
    """Reads what the settings name; the seed chooses validation pairs where they name none."""

    data: DataConfig
    seed: int

    def read(self, console: Console, workers: int = 1) -> Corpora:
        """Read, clean and report both parts. workers: processes that read the training pairs.

        Raises ConfigError where SPECs do not name the same languages, and what `read_train` does.
        """
        data = self.data
        check_languages(data.train, data.validation, "validation")
        check_files((*data.train, *data.validation))
        train = read_train(data, console.progress, workers)
        console.settle()
        if data.validation:
            validation = read_validation(data)
        else:
            train, validation = hold_out(train, held_out(data, train), self.seed)
        corpora = Corpora(train, validation, data.languages)
        _report_languages(corpora, console)
        report_parts(corpora, console)
        _report_overlap(corpora, console)
        return corpora

    def find(self, fingerprints: Mapping[str, str]) -> Corpora | None:
        """Both parts from the cache, without a report; None where they are not in it."""
        train, validation = (_find(fingerprints[name]) for name in ("train", "validation"))
        if train is None or validation is None:
            return None
        return Corpora(train, validation, self.data.languages)


def _find(fingerprint: str) -> Corpus | None:
    dataset, nothing = find_pairs(fingerprint), SideReport(0, 0, 0, 0, {})
    return dataset and Corpus(dataset, fingerprint, Report((), len(dataset), nothing, nothing))


def held_out(data: DataConfig, train: Corpus) -> int:
    """How many training pairs are set aside for validation."""
    return min(data.validation_pairs, max(1, len(train.dataset) // 10))


def report_parts(corpora: Corpora, console: Console) -> None:
    """Say what was read of both parts, and warn of its faults."""
    for name, part in (("train", corpora.train), ("validation", corpora.validation)):
        for line in part.report.lines():
            console.note(f"{name}: {line}")
        for warning in part.report.warnings:
            console.warn(warning)


def _report_languages(corpora: Corpora, console: Console) -> None:
    """A code that is none, and how BLEU counts words of a target language where none are separated."""
    src, tgt = corpora.languages.src, corpora.languages.tgt
    for given, effect in ((src, "it is kept as a name"), (tgt, f"BLEU's tokeniser is {tokenizer_for(tgt)}")):
        if given and not is_code(given):
            console.warn(f"{given} is not a language code such as {code_of(given) or 'zh'}: {effect}")
    sample = corpora.validation.dataset[:100]["tgt"]
    for code in corpora.languages.targets or (tgt,):
        if note := spaceless_note(code, sample):
            console.note(f"validation: {note}")


def _report_overlap(corpora: Corpora, console: Console) -> None:
    shared = overlap(corpora.train, corpora.validation)
    total = len(corpora.validation.dataset)
    console.note(
        f"overlap: of {counted(total, 'validation pair')} {counted(shared.src, 'source')}, "
        f"{counted(shared.tgt, 'target')} and {counted(shared.pairs, 'whole pair')} occur in train"
    )
    if shared.pairs > 0.05 * total:
        console.warn("the validation pairs are partly known from training, so scores on them are too high")

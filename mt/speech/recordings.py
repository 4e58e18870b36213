"""SPECs of recordings with their texts -> a corpus of sounds, decoded once and memory-mapped from then on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice

import datasets
import numpy as np
import pyarrow as pa

from mt.config import DataConfig
from mt.config.speech import SpeechConfig
from mt.data.batches import Rows
from mt.data.cache import store_pairs
from mt.data.cleaning import tidy
from mt.data.corpus import Corpus
from mt.data.encoded import PiecePairs
from mt.data.formats.pairs import Split
from mt.data.ragged import Ragged, store_ragged
from mt.data.statistics import Report, SourceReport, describe
from mt.errors import CorpusError, SoundError
from mt.speech.features import Features
from mt.speech.frames import Frames
from mt.speech.layouts import Utterance, read_utterances
from mt.speech.sound import check_libraries
from mt.text.counted import counted
from mt.tokenizer import Tokenizer

BAD = "bad "
"""Before the problem of a recording that cannot be read."""
VERSION = "2"  # of what is stored
TOGETHER = 100  # recordings between two reports of progress
EXAMPLES = 5
COLUMNS = {"sound": np.int16} | dict.fromkeys(("name", "text", "digest", "problem"), np.uint8)
"""Samples, and bytes: of names, texts in UTF-8, digests of the samples, and why a recording is left out."""


@dataclass(frozen=True)
class SoundCorpus(Corpus):
    """Recordings and their texts. `src` of the data set names the recordings; sounds (N) are their frames."""

    sounds: Frames

    def take(self, rows: np.ndarray) -> SoundCorpus:
        """Some of the recordings (n,)."""
        sounds = replace(self.sounds, rows=self.sounds.rows[rows])
        names, texts = (self.dataset.select(rows.tolist())[side][:] for side in ("src", "tgt"))
        dataset, fingerprint = store_pairs([pa.record_batch([names, texts], names=["src", "tgt"])])
        return SoundCorpus(dataset, fingerprint, self.report, sounds)


def read_sounds(
    specs: Sequence[str],
    data: DataConfig,
    speech: SpeechConfig,
    split: Split,
    progress: Callable[[str], None] | None = None,
) -> SoundCorpus:
    """The recordings that SPECs name, as mono samples at the model's rate, in the cache of `datasets`.

    Of training recordings those that are too long are dropped; of all, those without text. A recording that
    cannot be read stops the reading, or is counted, as `data.on_bad_line` says. Raises CorpusError,
    SoundError.
    """
    check_libraries()
    of_specs = [list(read_utterances(spec, speech, split)) for spec in specs]
    utterances = [one for of_spec in of_specs for one in of_spec]
    if not utterances:
        raise CorpusError(f"{', '.join(specs)}: names no recordings")
    columns = _decode(utterances, speech, split, progress)
    names, texts, problems = (
        [columns[side][row].tobytes().decode("utf-8", "replace") for row in range(len(utterances))]
        for side in ("name", "text", "problem")
    )
    remaining = iter(problems)
    sources = tuple(
        _count(spec, list(islice(remaining, len(of_spec))), data, split)
        for spec, of_spec in zip(specs, of_specs, strict=True)
    )
    kept = [row for row, problem in enumerate(problems) if not problem]
    if not kept:
        raise CorpusError(f"{', '.join(specs)}: no recording is left; {_shown(sources)}")
    digest = blake2b(digest_size=16)
    for row in kept:
        digest.update(columns["digest"][row].tobytes() + f"{texts[row]}\n".encode())
    pairs = [[side[row] for row in kept] for side in (names, texts)]
    dataset, _ = store_pairs([pa.record_batch(pairs, names=["src", "tgt"])])
    sounds = Frames(columns["sound"], np.array(kept), Features(speech.sample_rate, speech.mel_bands))
    return SoundCorpus(dataset, digest.hexdigest(), _report(dataset, sources, sounds), sounds)


def cut_texts(corpus: SoundCorpus, tokenizer: Tokenizer) -> PiecePairs:
    """Frames and the ids of their texts, row by row."""
    texts = PiecePairs.of([[]] * len(corpus.dataset), tokenizer.encode(corpus.dataset["tgt"][:])).tgt
    return PiecePairs(corpus.sounds, texts)


def _decode(
    utterances: Sequence[Utterance],
    speech: SpeechConfig,
    split: Split,
    progress: Callable[[str], None] | None,
) -> dict[str, Ragged]:
    """The columns of `COLUMNS`, from the cache or decoded now, one recording at a time."""
    limit = speech.max_seconds if split == "train" else math.inf

    def batches() -> Iterator[dict[str, Rows]]:
        for number, one in enumerate(utterances):
            if progress is not None and number % TOGETHER == 0 < number:
                progress(f"decoding: {number:,} of {len(utterances):,} recordings")
            row = _row(one, speech.sample_rate, limit)
            yield {column: Rows.of([np.asarray(row[column])]) for column in COLUMNS}

    name = f"sound-{_name(utterances, speech.sample_rate, limit)}"
    return store_ragged(name, COLUMNS, batches)


def _name(utterances: Sequence[Utterance], rate: int, limit: float) -> str:
    """A digest of all that the stored table depends on: files by their sizes and times."""
    digest = blake2b(f"{VERSION} {rate} {limit}".encode(), digest_size=16)
    for one in utterances:
        line = "\t".join((one.identity(), one.where, one.bad, one.text))
        digest.update(f"{line}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _row(one: Utterance, rate: int, limit: float) -> dict[str, np.ndarray]:
    """A row of the columns. A recording that is left out has no samples, and `problem` says why."""
    text = tidy(one.text)
    samples, problem = np.zeros(0, np.int16), ""
    if one.bad:
        problem = f"{BAD}{one.bad}"
    elif not text:
        problem = "without text"
    else:
        try:
            samples = one.samples(rate)
        except SoundError as found:
            problem = f"{BAD}{one.where}: {found}" if one.where else f"{BAD}{found}"
    if len(samples) > limit * rate:
        samples, problem = samples[:0], f"longer than {limit:g} s"
    told = {"name": one.name, "text": text, "problem": problem}
    row = {side: np.frombuffer(words.encode("utf-8", "replace"), np.uint8) for side, words in told.items()}
    digest = blake2b(samples.tobytes(), digest_size=16).digest()
    return row | {"sound": samples, "digest": np.frombuffer(digest, np.uint8)}


def _count(spec: str, problems: Sequence[str], data: DataConfig, split: Split) -> SourceReport:
    bad = [problem.removeprefix(BAD) for problem in problems if problem.startswith(BAD)]
    dropped = Counter(problem for problem in problems if problem and not problem.startswith(BAD))
    if bad and data.on_bad_line == "stop":
        advice = "mend them" if split == "test" else "mend them or leave them out by --on-bad-line skip"
        raise CorpusError(f"{'; '.join(bad[:EXAMPLES])}; {advice}")
    read = len(problems) - len(bad)
    kept = read - dropped.total()
    return SourceReport(spec, read, kept, dict(dropped), {}, len(bad), tuple(bad[:EXAMPLES]))


def _shown(sources: Sequence[SourceReport]) -> str:
    reasons: Counter[str] = Counter()
    for source in sources:
        reasons.update(source.dropped)
        reasons["cannot be read"] += source.bad_lines
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count) or "all are empty"


@dataclass(frozen=True)
class SoundReport(Report):
    """The same of recordings, with their lengths."""

    hours: float = 0.0
    seconds: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Mean, 95th percentile and longest of a recording."""
    characters_per_second: float = 0.0

    def lines(self) -> list[str]:
        """The report for people."""
        mean, p95, longest = self.seconds
        *sources, _, text = super().lines()
        return [
            *sources,
            f"{counted(self.pairs, 'recording')}, {self.hours:.2f} hours: {mean:.1f} s on average, 95 % "
            f"up to {p95:.1f} s, "
            f"longest {longest:.1f} s; {self.characters_per_second:.1f} characters a second",
            text.strip().replace("target", "text"),
        ]


def _report(dataset: datasets.Dataset, sources: tuple[SourceReport, ...], sounds: Frames) -> SoundReport:
    src, tgt, seconds = describe(dataset, "src"), describe(dataset, "tgt"), sounds.seconds
    lengths = float(seconds.mean()), float(np.percentile(seconds, 95)), float(seconds.max())
    per_second = tgt.mean * len(dataset) / max(float(seconds.sum()), 1e-9)
    hours = float(seconds.sum() / 3600)
    return SoundReport(
        sources, len(dataset), src, tgt, hours=hours, seconds=lengths, characters_per_second=per_second
    )


def hold_out_sounds(corpus: SoundCorpus, count: int, seed: int) -> tuple[SoundCorpus, SoundCorpus]:
    """Split a corpus into (the rest, `count` recordings), the same for the same seed. Raises CorpusError."""
    total = len(corpus.dataset)
    if not 0 < count <= total // 2:
        raise CorpusError(
            f"too few recordings ({total:,}) to set {count:,} aside for validation; "
            "give --validation, or more recordings"
        )
    order = np.random.default_rng(seed).permutation(total)
    rest, held = (corpus.take(np.sort(rows)) for rows in (order[count:], order[:count]))
    return rest, replace(held, report=_report(held.dataset, (), held.sounds))

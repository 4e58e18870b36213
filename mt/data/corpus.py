"""Parallel text from SPECs to a memory-mapped data set of clean pairs, with a report of its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import datasets
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mt.config import DataConfig
from mt.data.cache import BATCH, SCHEMA, repeated, store_pairs
from mt.data.cleaning import Hashes, SeenHashes, hash_texts, why_drop
from mt.data.formats.pairs import Split
from mt.data.spec import Reading, Tally, WhyDrop, clean_pairs
from mt.data.statistics import Report, SourceReport, describe
from mt.errors import CorpusError
from mt.heap import give_back_memory
from mt.text.languages import split_weight, untagged


@dataclass(frozen=True)
class Corpus:
    """Pairs on disk.

    dataset: string columns `src` and `tgt`, memory-mapped from the cache of `datasets`.
    fingerprint: hex digest of the pairs in their order, wherever they were read.
    report: what was read and dropped, for people and for JSON.
    """

    dataset: datasets.Dataset
    fingerprint: str
    report: Report


@dataclass(frozen=True)
class Overlap:
    """How many rows of one corpus have their source, target, or both as a pair, in another, on any side."""

    src: int
    tgt: int
    pairs: int


class _Rule(NamedTuple):
    """Which pairs stay: `why_drop` names a reason against (source, target); pairs in `seen` go as well."""

    why_drop: WhyDrop
    seen: SeenHashes | None


def read_train(data: DataConfig, progress: Callable[[str], None] | None = None, workers: int = 1) -> Corpus:
    """The training pairs that the settings name, cleaned as they say, in so many processes.

    progress: is told how far it is. Both sides lose white space at their ends; line breaks inside become
    spaces. Sources of a SPEC that names its languages (`en-fr=…`) get the target's tag in front.
    Raises CorpusError where a source cannot be read, where lines are bad and are to stop it, and where
    nothing is left.
    """
    rule = _Rule(partial(why_drop, data), SeenHashes() if data.drop_duplicates else None)
    return _load(data.train, Reading(data, "train", True, progress, workers), rule)


def read_validation(data: DataConfig) -> Corpus:
    """As `read_train`, but of the validation pairs only those with an empty side are dropped."""
    return _load(data.validation, Reading(data, "validation", as_read=True), _Rule(_why_drop_empty, None))


def read_whole(specs: Sequence[str], data: DataConfig, split: Split = "test") -> Corpus:
    """Read sources in the languages of `data`, but keep every pair, also those with an empty side, untagged.

    For a test set that must stay line for line with its files: row n is the n-th pair read.
    Raises as `read_train` does.
    """
    return _load(specs, Reading(data, split, as_read=False), _Rule(_keep, None))


def _keep(src: str, tgt: str) -> None:
    """Drop nothing."""


def _why_drop_empty(src: str, tgt: str) -> str | None:
    return None if src and tgt else "empty side"


def _load(specs: Sequence[str], how: Reading, rule: _Rule) -> Corpus:
    tallies = [Tally(spec) for spec in specs]
    batches = (
        batch
        for tally in tallies
        for batch in repeated(_batches(tally, how, rule), split_weight(tally.spec)[1])
    )
    dataset, fingerprint = store_pairs(batches)
    for path in (path for tally in tallies for path in tally.kept):
        path.unlink(missing_ok=True)
    sources = tuple(tally.report() for tally in tallies)
    if len(dataset) == 0:
        raise CorpusError(_nothing_left(sources))
    report = Report(sources, len(dataset), describe(dataset, "src"), describe(dataset, "tgt"))
    give_back_memory()  # of the texts and their hashes
    return Corpus(dataset, fingerprint, report)


def _nothing_left(sources: Sequence[SourceReport]) -> str:
    names = ", ".join(source.spec for source in sources) or "no source"
    reasons: Counter[str] = Counter()
    for source in sources:
        reasons.update(source.dropped)
        reasons.update(source.skipped)
        reasons["bad lines"] += source.bad_lines
    causes = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common() if count)
    return (
        f"{names}: no pairs left{f' ({causes})' if causes else ''}; name a source with translated sentences"
    )


def _batches(tally: Tally, how: Reading, rule: _Rule) -> Iterator[pa.RecordBatch]:
    for cleaned in clean_pairs(tally, how, rule.why_drop):
        batch = pa.record_batch([cleaned.src, cleaned.tgt], schema=SCHEMA)
        if rule.seen is not None:
            new = rule.seen.add(cleaned.hashes)
            batch = batch.filter(pa.array(new))
        if len(batch) < len(cleaned.src):
            tally.dropped["duplicate"] += len(cleaned.src) - len(batch)
        yield batch


def _hash_sides(corpus: Corpus) -> tuple[Hashes, Hashes]:
    """Of the sources, without their tags, and of the targets."""
    src, tgt = zip(*_hash_chunks(corpus), strict=True)
    return np.concatenate(src), np.concatenate(tgt)


def _hash_chunks(corpus: Corpus) -> Iterator[tuple[Hashes, Hashes]]:
    for table in corpus.dataset.with_format("arrow").iter(batch_size=BATCH):
        src = hash_texts(map(untagged, table.column("src").to_pylist()))
        yield src, hash_texts(table.column("tgt").to_pylist())


def overlap(a: Corpus, b: Corpus) -> Overlap:
    """How many of b's sentences and pairs occur in a, by hashes of 8 bytes, without keeping a's."""
    sides = _hash_sides(b)
    wanted = (*sides, _hash_unordered(*sides))
    found = [np.zeros(len(hashes), dtype=bool) for hashes in wanted]
    for chunk in _hash_chunks(a):
        texts = np.concatenate(chunk)
        for known, hashes, there in zip(found, wanted, (texts, texts, _hash_unordered(*chunk)), strict=True):
            known |= np.isin(hashes, there)
    give_back_memory()
    return Overlap(*(int(known.sum()) for known in found))


def shared_pairs(corpus: Corpus, sources: Sequence[str], targets: Sequence[str]) -> int:
    """How many of N pairs occur in a corpus, either way round, by hashes of 8 bytes."""
    pairs = _hash_unordered(hash_texts(map(untagged, sources)), hash_texts(targets))
    return int(np.isin(pairs, _hash_unordered(*_hash_sides(corpus))).sum())


def _hash_unordered(src: Hashes, tgt: Hashes) -> Hashes:
    """A pair's hash from its sides' hashes, the same for the pair turned round."""
    # The odd factor lets no two fall together whose other side is the same.
    return np.minimum(src, tgt) * np.uint64(0x9E3779B97F4A7C15) + np.maximum(src, tgt)


def hold_out(corpus: Corpus, count: int, seed: int) -> tuple[Corpus, Corpus]:
    """Split a training corpus into (the rest, `count` pairs held out), the same for the same seed.

    Pairs that share no sentence with another, on either side, are taken first. If there are too few of them
    others follow, and what shares a sentence with those leaves the rest: no sentence is in both parts.
    Raises CorpusError if there are fewer than twice `count` pairs or if nothing would be left to train on.
    """
    total = len(corpus.dataset)
    if not 0 < count <= total // 2:
        raise CorpusError(
            f"too few pairs ({total:,}) to set {count:,} aside for validation; "
            "give --validation, or more pairs"
        )
    src, tgt = _hash_sides(corpus)
    order = np.random.default_rng(seed).permutation(total)
    lone = (_frequency(np.concatenate([src, tgt])) == 1).reshape(2, total).all(axis=0)
    chosen = np.concatenate([order[lone[order]], order[~lone[order]]])[:count]
    held = np.zeros(total, dtype=bool)
    held[chosen] = True
    taken = np.concatenate([src[held], tgt[held]])
    rest = ~(np.isin(src, taken) | np.isin(tgt, taken))
    if not rest.any():
        raise CorpusError(f"every pair shares a sentence with the {count:,} set aside; give --validation")
    sources = (SourceReport("held out of train", count, count, {}, {}, 0, ()),)
    held_out = _part(corpus, held, replace(corpus.report, sources=sources))
    related = total - count - int(rest.sum())
    return _part(corpus, rest, replace(corpus.report, set_aside=count, related=related)), held_out


def _frequency(hashes: Hashes) -> NDArray[np.int64]:
    """How often each element (N,) occurs among all."""
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse], dtype=np.int64)


def _part(corpus: Corpus, kept: NDArray[np.bool_], report: Report) -> Corpus:
    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for table in corpus.dataset.with_format("arrow").iter(batch_size=BATCH):
            part = table.select(["src", "tgt"]).filter(pa.array(kept[start : start + len(table)]))
            start += len(table)
            yield from (pa.record_batch(batch.columns, schema=SCHEMA) for batch in part.to_batches())

    dataset, fingerprint = store_pairs(batches())
    src, tgt = describe(dataset, "src"), describe(dataset, "tgt")
    return Corpus(dataset, fingerprint, replace(report, pairs=len(dataset), src=src, tgt=tgt))

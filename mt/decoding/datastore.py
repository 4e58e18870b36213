"""A datastore for nearest-neighbour machine translation (Khandelwal et al. 2021).

It holds every target position of some pairs. The key of a position is the decoder's readout there, its value
is the piece that came next. While a model translates, the values of the keys nearest to its own readout are
mixed into its prediction. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import isqrt, log1p
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from mt.checkpoint import Run
from mt.config import DatastoreConfig
from mt.console import Console
from mt.data.batches import Batch, IntArray, by_length
from mt.data.cache import BATCH, store_file
from mt.data.corpus import Corpus, read_train, shared_pairs
from mt.data.encoded import PiecePairs, cut
from mt.errors import MissingExtraError, RunError
from mt.model import Seq2Seq, fingerprint, nll_of
from mt.text.counted import counted
from mt.text.languages import check_languages
from mt.tokenizer import Tokenizer

_LAYOUT = 2  # of the files in the cache
_TOKENS = 4096  # read at once
_FEW = 20_000  # positions: fewer are all compared
_SAMPLE = 64  # positions for each cell, from which its centre is learned
_CELLS_LOOKED_AT = 16
_CANDIDATES = 4  # for each neighbour


@dataclass(frozen=True)
class Datastore:
    """M positions. index: of the keys, faiss'; pieces (M,): the piece that came next at each.

    starts (N,): the first position of each of N targets.
    """

    index: Any
    pieces: Tensor
    starts: IntArray

    def nearest(self, readouts: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` positions nearest to N readouts (N, F), and their squared distances, (N, K) both."""
        queries = normalize(readouts.float(), dim=1).cpu().numpy()
        distances, positions = self.index.search(queries, min(count, len(self.pieces)))
        # Where the cells looked at hold fewer, faiss gives position -1 at a distance beyond all others.
        return torch.from_numpy(positions), torch.from_numpy(distances)


class Recalling(Seq2Seq):
    """A trained model with a datastore beside it.

    p = (1 - w) · p_model + w · p_recalled, where w is `datastore_weight`. p_recalled of a piece is the total
    weight of the nearest positions at which it came next. The weights are a softmax of -distance² /
    temperature. Keys and readouts are scaled to length 1: distance² = 2 - 2 · cosine, and one temperature
    suits models of all sizes.
    """

    def __init__(self, model: Seq2Seq, datastore: Datastore, config: DatastoreConfig) -> None:
        super().__init__(model.encoder, model.decoder)
        self.datastore, self.config = datastore, config

    def log_probs(self, readouts: Tensor) -> Tensor:
        """Readouts (…, F) -> log-probabilities (…, V) of model and datastore together."""
        own = super().log_probs(readouts)
        rows, proportion = own.flatten(0, -2), self.config.datastore_weight
        positions, weights = self._recall(readouts.flatten(0, -2))
        pieces = self.datastore.pieces[positions].to(own.device)
        recalled = torch.zeros_like(rows).scatter_add_(1, pieces, weights).gather(1, pieces)
        # Of all V pieces only those that were recalled need an exponential.
        mixed = torch.log((1 - proportion) * rows.gather(1, pieces).exp() + proportion * recalled)
        return (rows + log1p(-proportion)).scatter(1, pieces, mixed).view_as(own)

    def _recall(self, readouts: Tensor) -> tuple[Tensor, Tensor]:
        """Readouts (N, F) -> positions (N, K), on the CPU, and what each counts (N, K), a sum of 1."""
        positions, distances = self.datastore.nearest(readouts, self.config.datastore_neighbours)
        weights = torch.softmax(-distances / self.config.datastore_temperature, dim=1)
        return positions, weights.to(readouts.device)

    def retrieved(self, readouts: Tensor, count: int) -> list[list[tuple[float, int, int]]]:
        """The heaviest positions for N readouts (N, F): (weight in the prediction, row, index in it)."""
        positions, weights = self._recall(readouts)
        best, order = weights.cpu().topk(min(count, weights.shape[1]), dim=1)
        chosen = positions.gather(1, order).numpy()
        rows = np.searchsorted(self.datastore.starts, chosen, side="right") - 1
        within = chosen - self.datastore.starts[rows]
        proportions = best * self.config.datastore_weight
        return [
            [found for found in zip(*step, strict=True) if found[1] >= 0]  # faiss may have found fewer
            for step in zip(proportions.tolist(), rows.tolist(), within.tolist(), strict=True)
        ]

    def nll(self, batch: Batch) -> Tensor:
        """As of any model, by way of all the logits."""
        return nll_of(self.predict(batch), batch.tgt_out)

    def chances(self, batch: Batch, temperatures: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of each of M target pieces: the model's (M,), and the one recalled (M, C).

        The latter at each of C temperatures. Of `config` only the number of neighbours counts.
        """
        real = batch.tgt_out != Tokenizer.pad_id
        readouts = self.readouts(batch.tgt_in, self.encode(batch.src, batch.src_lengths))[real]
        wanted = batch.tgt_out[real].unsqueeze(1)
        positions, distances = self.datastore.nearest(readouts, self.config.datastore_neighbours)
        pieces, distances = self.datastore.pieces[positions].to(wanted.device), distances.to(wanted.device)
        weights = torch.softmax(-distances.unsqueeze(2) / temperatures, dim=1)
        own = super().log_probs(readouts).gather(1, wanted).squeeze(1).exp()
        return own, (weights * (pieces == wanted).unsqueeze(2)).sum(dim=1)


def recalling(runs: Sequence[Run], config: DatastoreConfig, console: Console) -> tuple[list[Run], Corpus]:
    """The runs with a datastore of its own beside each model, and the pairs that are recalled.

    Raises ConfigError if the pairs are of other languages than the runs', CorpusError if they cannot be read,
    MissingExtraError without faiss.
    """
    _faiss()  # before minutes are spent
    data = runs[0].config.data
    check_languages(data.train, config.datastore, "datastore's")
    corpus = read_train(data.model_copy(update={"train": config.datastore}))
    for line in corpus.report.lines():
        console.note(f"datastore: {line}")
    for warning in corpus.report.warnings:
        console.warn(warning)
    pairs = cut(corpus, runs[0].src_tokenizer, runs[0].tgt_tokenizer)
    models = [Recalling(run.model, open_datastore(run, pairs, console), config).eval() for run in runs]
    return [replace(run, model=model) for run, model in zip(runs, models, strict=True)], corpus


def open_datastore(run: Run, pairs: PiecePairs, console: Console) -> Datastore:
    """A model's datastore of pairs: from the cache, or made now."""
    faiss = _faiss()
    key = f"{_LAYOUT} {pairs.name} {fingerprint([run.model])}"
    name = f"datastore-{blake2b(key.encode(), digest_size=16).hexdigest()}.faiss"
    file = store_file(name, lambda partial: _make(run, pairs, console, partial))
    try:
        # Mapped from the file: processes that read the same one share its memory.
        index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError:
        raise RunError(f"{file} is damaged; delete it, and it will be made again") from None
    if isinstance(index, faiss.IndexRefine):
        faiss.extract_index_ivf(index).nprobe = _CELLS_LOOKED_AT
        index.k_factor = _CANDIDATES
    console.note(f"datastore: {counted(index.ntotal, 'position')} in {counted(len(pairs), 'pair')}")
    sizes = pairs.tgt.lengths + 1
    return Datastore(index, _next_pieces(pairs), np.cumsum(sizes) - sizes)


def share_threads() -> None:
    """Let faiss use as many threads as torch does, in this process."""
    _faiss().omp_set_num_threads(torch.get_num_threads())


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingExtraError("--datastore needs faiss", "datastore") from None
    return faiss


def _make(run: Run, pairs: PiecePairs, console: Console, file: Path) -> None:
    """Write a datastore's index to a file.

    Of many positions only those in the cells around a readout are compared, by 4 bits for each two numbers of
    a key (product quantisation, Jégou et al. 2011; in registers, André et al. 2015), and the best of those by
    8 bits for each number. Measured beside 16 bits: references as likely, in a third of the time.
    """
    faiss = _faiss()
    positions = int(pairs.tgt.lengths.sum()) + len(pairs)
    cells = 2 * isqrt(positions) if positions > _FEW else 0
    size = run.model.decoder.output.in_features
    index = faiss.index_factory(size, _layout(size, cells))
    if cells:
        order = np.random.default_rng(0).permutation(len(pairs))
        until = np.searchsorted(np.cumsum(pairs.tgt.lengths[order] + 1), _SAMPLE * cells)
        sample = np.sort(order[: 1 + until])
        console.progress(
            f"datastore: reading {len(sample):,} of {len(pairs):,} pairs, to learn {cells:,} cells"
        )
        index.train(_keys(run.model, pairs, sample))
    for start in range(0, len(pairs), BATCH):
        rows = np.arange(start, min(start + BATCH, len(pairs)))
        index.add(_keys(run.model, pairs, rows))
        console.progress(f"datastore: {rows[-1] + 1:,} of {len(pairs):,} pairs")
    faiss.write_index(index, str(file))


def _layout(size: int, cells: int) -> str:
    """How keys of so many numbers are kept, as faiss' `index_factory` reads it."""
    pairs_of_numbers = size // (2 - size % 2)  # or single ones, of an odd size
    return f"IVF{cells},PQ{pairs_of_numbers}x4fs,Refine(SQ8)" if cells else "Flat"


def _keys(model: Seq2Seq, pairs: PiecePairs, rows: IntArray) -> NDArray[np.float32]:
    """What is read out at each position of some rows' targets, scaled to length 1, row after row: (M, F)."""
    device = next(model.parameters()).device
    targets = pairs.tgt.lengths[rows] + 1
    starts = np.cumsum(targets) - targets
    keys = np.empty((int(targets.sum()), model.decoder.output.in_features), np.float32)
    for indices in by_length(np.maximum(pairs.src.lengths[rows] + 1, targets), _TOKENS):
        batch = pairs.batch(rows[indices]).to(device)
        with torch.inference_mode():
            readouts = model.readouts(batch.tgt_in, model.encode(batch.src, batch.src_lengths))
            readouts = normalize(readouts, dim=2)
        for index, found in zip(indices, readouts.cpu().numpy(), strict=True):
            keys[starts[index] : starts[index] + targets[index]] = found[: targets[index]]
    return keys


def _next_pieces(pairs: PiecePairs) -> Tensor:
    """The piece that came next at each position of the targets, row after row: (M,)."""
    flat, lengths = pairs.tgt.take(np.arange(len(pairs)))
    return torch.from_numpy(np.insert(flat.astype(np.int64), np.cumsum(lengths), Tokenizer.eos_id))


def warn_of_known(
    recalled: Corpus | None, sources: Sequence[str], references: Sequence[Sequence[str]], console: Console
) -> None:
    """Say how many of N pairs, by any of the streams of references, are recalled: scores on those flatter."""
    if recalled is None:
        return
    found = max(shared_pairs(recalled, sources, stream) for stream in references)
    if found:
        pairs = counted(len(sources), "pair")
        console.warn(f"{found:,} of {pairs} to be scored occur in the datastore, so scores are too high")

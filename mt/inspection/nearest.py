"""The sentences of a corpus whose sentence vectors are nearest to that of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mt.console import Console
from mt.data.batches import by_length, collate_source
from mt.data.corpus import Corpus
from mt.search import EOS, PAD
from mt.text.characters import is_blank, readable
from mt.text.counted import counted
from mt.translator import Translator

CHUNK = 4096  # sentences whose vectors are held at once


@dataclass(frozen=True)
class Neighbour:
    """A pair of the corpus. similarity: the cosine of the angle between both vectors, 1 for the same one."""

    similarity: float
    source: str
    reference: str


def find_neighbours(
    translator: Translator,
    texts: Sequence[str],
    corpus: Corpus,
    *,
    count: int,
    tgt: str | None,
    console: Console,
) -> list[list[Neighbour]]:
    """For each of N texts the `count` nearest pairs, nearest first; of equals the earlier one first.

    A blank text has no neighbours, and a pair with a blank source is none.
    """
    total = len(corpus.dataset)
    wanted = sentence_vectors(translator, texts, tgt)
    best = wanted.new_zeros(len(texts), 0)
    rows = best.long()
    for start in range(0, total, CHUNK):
        sources = corpus.dataset[start : start + CHUNK]["src"]
        found = wanted @ sentence_vectors(translator, sources, tgt).T
        blank = torch.tensor([not text.strip() for text in sources], device=found.device)
        numbered = torch.arange(start, start + len(sources), device=rows.device).expand(len(texts), -1)
        similarity = torch.cat([best, found.masked_fill(blank, float("-inf"))], dim=1)
        order = similarity.argsort(dim=1, descending=True, stable=True)[:, :count]
        best, rows = similarity.gather(1, order), torch.cat([rows, numbered], dim=1).gather(1, order)
        console.progress(f"{start + len(sources):,} of {counted(total, 'sentence')}")
    return [
        [] if is_blank(text) else _pairs(corpus, indices, values)
        for text, indices, values in zip(texts, rows.tolist(), best.tolist(), strict=True)
    ]


def _pairs(corpus: Corpus, indices: list[int], similarities: list[float]) -> list[Neighbour]:
    found = corpus.dataset[indices]
    rows = zip(similarities, found["src"], found["tgt"], strict=True)
    return [Neighbour(*row) for row in rows if row[0] > float("-inf")]


def sentence_vectors(translator: Translator, texts: Sequence[str], tgt: str | None) -> Tensor:
    """The sentence vectors of N texts, each read whole: (N, D), scaled to length 1."""
    mark = translator.tag(tgt)
    sources = translator.run.src_tokenizer.encode([mark + readable(text).strip() for text in texts])
    vectors = torch.empty(len(texts), translator.run.model.encoder.vector_size, device=translator.device)
    lengths = np.fromiter((len(row) + 1 for row in sources), dtype=np.int64, count=len(sources))
    with torch.inference_mode():
        for rows in by_length(lengths, translator.config.batch_tokens):
            src, src_lengths = collate_source([sources[row] for row in rows], pad_id=PAD, eos_id=EOS)
            encoded = translator.run.model.encode(
                src.to(translator.device), src_lengths.to(translator.device)
            )
            vectors[torch.from_numpy(rows)] = encoded.sentence_vector.float()
        return torch.nn.functional.normalize(vectors, dim=1)

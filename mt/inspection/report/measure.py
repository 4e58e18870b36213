"""The measurements that a report shows, of a run on a test set."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mt.console import Console
from mt.evaluation.systems import System, all_scores, into, reference_perplexity
from mt.evaluation.test_sets import TestSet
from mt.inspection.floats import to_array
from mt.inspection.nearest import sentence_vectors
from mt.inspection.plane import Map, Plane
from mt.inspection.report.behaviour import Behaviour, behaviour
from mt.inspection.report.curves import Curves, read_curves
from mt.inspection.report.lengths import BucketScore, cut_by_length, score_buckets
from mt.metrics import Score, Scoring, check_tokenizer, sentence_scores
from mt.text.bleu_tokenizer import tokenizer_for, words
from mt.tokenizer import Tokenizer
from mt.training.logs import METRICS
from mt.translator import Translator

BOOTSTRAP = 1000
MOST_DOTS = 1000
LONGEST = 2000  # characters of a text that is shown


@dataclass(frozen=True)
class VectorMap:
    """Sentence vectors, scaled to length 1, on the plane on which they differ most.

    rows: (M,), which of the test's sentences; up to 1,000 from all over it.
    by_length: each axis's correlation with length.
    """

    rows: tuple[int, ...]
    map: Map
    by_length: tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """A run on a test of N pairs.

    lengths: (N,), the sources' pieces. chrf: (N,), each sentence's. ratios: (N,), words of the output over
    words of the reference. outputs, references: how either side behaves.
    unknown: the proportion of the sources' pieces that the model does not know. of_vector: its numbers, D.
    """

    test: TestSet
    hypotheses: tuple[str, ...]
    curves: Curves
    scores: tuple[Score, ...]
    perplexity: float
    lengths: tuple[int, ...]
    buckets: tuple[BucketScore, ...]
    outputs: Behaviour
    references: Behaviour
    ratios: tuple[float, ...]
    chrf: tuple[float, ...]
    vectors: VectorMap
    unknown: float
    src: str | None
    attends: bool
    of_vector: int

    @property
    def bleu(self) -> Score:
        """The whole test's."""
        return self.scores[0]

    @property
    def length_ratio(self) -> float:
        """All words of the outputs over all words of the references."""
        return self.outputs.words / max(1, self.references.words)

    @property
    def halved(self) -> float:
        """Proportion of outputs with less than half the words of their reference."""
        return sum(ratio < 0.5 for ratio in self.ratios) / len(self.ratios)

    @property
    def doubled(self) -> float:
        """Proportion of outputs with more than twice the words of their reference."""
        return sum(ratio > 2 for ratio in self.ratios) / len(self.ratios)

    def texts(self, row: int) -> dict[str, str]:
        """Source, reference and output of a row, cut where they are very long."""
        texts = self.test.sources[row], self.test.references[0][row], self.hypotheses[row]
        cut = (text[:LONGEST] for text in texts)
        return dict(zip(("source", "reference", "output"), cut, strict=True))


def measure(translator: Translator, test: TestSet, console: Console) -> Measured:
    """Translate the test and look at what came out. The model is unpacked afterwards."""
    run, tgt = translator.run, into(translator, test)
    tokenize = tokenizer_for(test.tgt, test.references[0])
    check_tokenizer(tokenize)
    scoring = Scoring(tokenize, bootstrap=BOOTSTRAP)
    hypotheses, _ = System(run.path, translator.name, translator).translate(test, console)
    mark = translator.tag(tgt)
    sources = run.src_tokenizer.encode([mark + text for text in test.sources])
    lengths = [max(1, len(ids)) for ids in sources]
    cut = [words(texts, tokenize) for texts in (hypotheses, test.references[0])]
    read = words(test.sources, tokenizer_for(run.languages.source, test.sources))
    return Measured(
        test=test,
        hypotheses=tuple(hypotheses),
        curves=read_curves(run.path / METRICS),
        scores=all_scores(hypotheses, test, console, scoring),
        perplexity=reference_perplexity(translator, test),
        lengths=tuple(lengths),
        buckets=tuple(score_buckets(cut_by_length(lengths), hypotheses, test.references, scoring)),
        outputs=behaviour(test.sources, hypotheses, read, cut[0]),
        references=behaviour(test.sources, test.references[0], read, cut[1]),
        ratios=tuple(len(ours) / max(1, len(theirs)) for ours, theirs in zip(*cut, strict=True)),
        chrf=tuple(sentence_scores(hypotheses, test.references)),
        vectors=map_vectors(translator, test, lengths),
        unknown=sum(ids.count(Tokenizer.unk_id) for ids in sources) / max(1, sum(map(len, sources))),
        src=run.languages.source,
        attends=translator.model.attends,
        of_vector=run.model.encoder.vector_size,
    )


def map_vectors(translator: Translator, test: TestSet, lengths: Sequence[int]) -> VectorMap:
    """Where the test's sentence vectors are; `lengths` (N,) are the sources'."""
    rows = np.unique(np.linspace(0, len(lengths) - 1, MOST_DOTS).round().astype(int)).tolist()
    texts = [test.sources[row] for row in rows]
    vectors = to_array(sentence_vectors(translator, texts, into(translator, test)))
    found = Plane.fit(vectors).map(vectors)
    counts = [lengths[row] for row in rows]
    first, second = (_correlation(axis.tolist(), counts) for axis in found.positions.T)
    return VectorMap(tuple(rows), found, (first, second))


def _correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Pearson's r; 0 where one of both is constant."""
    try:
        return statistics.correlation(xs, ys)
    except statistics.StatisticsError:
        return 0.0

"""Read the corpus, learn its pieces, begin the run, and write down the test sentences."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.bench_base import Columns, Settings, answer, as_tsv
from bench.bench_model import settings_of
from mt import checkpoint
from mt.config import DataConfig
from mt.console import Console
from mt.data.corpus import Corpus, read_whole
from mt.data.encoded import cut
from mt.training.corpora import TextReader
from mt.training.vocabulary import Vocabulary

SENTENCES = 1000


def main(settings: Settings, _: Sequence[str]) -> Columns:
    """The run's files but for the weights."""
    config, console = settings_of(settings), Console()
    began = time.perf_counter()
    corpora = TextReader(config.data, config.training.seed).read(console)
    read = time.perf_counter()
    src, tgt = Vocabulary(config.tokenizer, config.data.languages.tags).learn(corpora.train, console)
    learned = time.perf_counter()
    pairs = cut(corpora.train, src, tgt)
    ended = time.perf_counter()
    checkpoint.save_setup(
        settings.run,
        config,
        (src, tgt),
        {"corpora": corpora.fingerprints, "split_chars": 2 * corpora.train.report.src.p95},
    )
    write_pairs(settings, corpora.train)
    write_test(settings)
    return {
        "train": {
            "training pairs": len(pairs),
            "reading them, s": read - began,
            "learning the pieces, s": learned - read,
            "cutting into pieces, s": ended - learned,
            "tokens a source sentence": float(pairs.src.lengths.mean()),
            "pieces a target sentence": float(pairs.tgt.lengths.mean()),
        }
    }


def write_pairs(settings: Settings, corpus: Corpus) -> None:
    """The training pairs as one TSV file, for `bench_growth`."""
    text = as_tsv((row["src"], row["tgt"]) for row in corpus.dataset)
    settings.pairs.write_text(text, encoding="utf-8")


def write_test(settings: Settings) -> None:
    """The first sentences of the test part, and their references."""
    corpus = _test_corpus(settings)
    for file, column in zip(settings.test, ("src", "tgt"), strict=True):
        lines = corpus.dataset[column][: 100 if settings.quick else SENTENCES]
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _test_corpus(settings: Settings) -> Corpus:
    config, folder = settings_of(settings), settings.multi30k
    spec = f"{folder}/test_2016_flickr.en.gz,{folder}/test_2016_flickr.de.gz" if folder else "phrasebook"
    return read_whole([spec], DataConfig(src=config.data.src, tgt=config.data.tgt))


if __name__ == "__main__":
    answer(main)

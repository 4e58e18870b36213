"""A run's tokenizers: learned from its training pairs, or taken from another run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from mt import checkpoint
from mt.checkpoint import Run
from mt.config import TokenizerConfig
from mt.config.fields import flag
from mt.console import Console
from mt.data.cache import BATCH
from mt.data.corpus import Corpus
from mt.data.encoded import cut
from mt.errors import ConfigError, VocabularySizeError
from mt.heap import give_back_memory
from mt.speech.recordings import SoundCorpus
from mt.text.placeholders import masked
from mt.tokenizer import Tokenizer, Tokenizers
from mt.training.adding import with_more
from mt.training.starting import Start

MOST_PIECES, FEWEST_PIECES, PAIRS_A_PIECE = 8000, 1000, 8
SPARE_PIECES = 500  # beside the characters, where they alone are more than the size that no one asked for
_ATTEMPTS = 10  # to learn; two do unless the size changes what the text can fill

Column = Literal["src", "tgt"]


class Side(NamedTuple):
    """What one set of pieces is learned for: its name, its columns, and tags that it has as pieces."""

    name: str
    columns: tuple[Column, ...]
    tags: Sequence[str]


@dataclass(frozen=True)
class Vocabulary:
    """What decides a run's tokenizers.

    tags: texts that are one piece of the source wherever they occur.
    """

    settings: TokenizerConfig
    tags: Sequence[str] = ()

    def learn(self, corpus: Corpus, console: Console, start: Start | None = None) -> Tokenizers:
        """The pieces of both languages, or one set for both, from the training pairs.

        A size that the text does not allow gives way to the nearest one that it does; a note says so. start:
        a run whose encoder is taken, and the source tokenizer with it. Raises ConfigError if that is not
        suited.
        """
        if isinstance(corpus, SoundCorpus):
            both = _learn(self.settings, corpus, Side("text", ("tgt",), ()), console)
            return both, both
        sides = self._sides()
        if start is not None and not start.whole:
            return self._source(start.run, console), _learn(self.settings, corpus, sides[1], console)
        learned = [_learn(self.settings, corpus, side, console) for side in sides]
        return learned[0], learned[-1]

    def take(self, console: Console) -> Tokenizers | None:
        """The tokenizers of another run, if the settings name one.

        Raises RunError if it is not there, ConfigError if its pieces do not suit the settings.
        """
        if self.settings.tokenizer_from is None:
            return None
        other = Path(self.settings.tokenizer_from)
        of_other, metadata = checkpoint.read_config(other)
        src, tgt = checkpoint.read_tokenizers(other, of_other, metadata)
        if needed := _differences(of_other.tokenizer, self.settings, src.vocab_size):
            raise ConfigError(f"--tokenizer-from: the tokenizer of {other} needs {' '.join(needed)} here too")
        self._check_tags(src, f"--tokenizer-from: {other}")
        console.note(f"vocabulary of {other}: {src.vocab_size:,} and {tgt.vocab_size:,} tokens")
        return src, tgt

    def extend(self, tokenizers: Tokenizers, corpus: Corpus, console: Console, workers: int) -> Tokenizers:
        """Each tokenizer with the tokens that `add_tokens` asks for, learned from the training pairs."""
        number = self.settings.add_tokens
        if not number:
            return tokenizers
        size = max(_default_size(corpus), 2 * number)
        learned: dict[Column, Tokenizer] = {}
        for side in self._sides("new tokens of the "):
            settings = self.settings.model_copy(update={"vocab_size": size})
            learned |= dict.fromkeys(side.columns, _learn(settings, corpus, side, console))
        pairs = cut(corpus, learned["src"], learned["tgt"], console.progress, workers)
        console.settle()
        counts = {name: getattr(pairs, name).counts(learned[name].vocab_size) for name in learned}
        if self.settings.shared:
            both = with_more(tokenizers[0], learned["src"], counts["src"] + counts["tgt"], number)
            return both, both
        src, tgt = tokenizers
        return (
            with_more(src, learned["src"], counts["src"], number),
            with_more(tgt, learned["tgt"], counts["tgt"], number),
        )

    def _sides(self, name: str = "") -> tuple[Side, ...]:
        """What tokens are learned for, of text; name: comes before theirs."""
        if self.settings.shared:
            return (Side(f"{name}shared", ("src", "tgt"), self.tags),)
        return Side(f"{name}source", ("src",), self.tags), Side(f"{name}target", ("tgt",), ())

    def _source(self, run: Run, console: Console) -> Tokenizer:
        """The source tokenizer of that run."""
        source, markup = run.src_tokenizer, run.config.tokenizer.markup
        if markup != self.settings.markup:
            raise ConfigError(f"--init: {run.path} needs {flag('markup', markup)} here too")
        self._check_tags(source, f"--init: {run.path}")
        console.note(f"source vocabulary of {run.path}: {source.vocab_size:,} tokens")
        return source

    def _check_tags(self, source: Tokenizer, whose: str) -> None:
        for tag in self.tags:
            if tag not in source.pieces([tag])[0]:
                raise ConfigError(f"{whose} was not trained for {tag} and has no token for it")


def _differences(others: TokenizerConfig, settings: TokenizerConfig, learned: int) -> list[str]:
    """The flags by which settings would be another run's, whose tokenizer has that many tokens."""
    theirs, ours = others.model_dump(), settings.model_dump()
    if ours["vocab_size"] in (None, learned):
        ours["vocab_size"] = theirs["vocab_size"]  # which its text may not have allowed
    elif theirs["vocab_size"] is None:
        theirs["vocab_size"] = learned
    return [
        flag(name, value)
        for name, value in theirs.items()
        if name not in ("tokenizer_from", "sampling", "add_tokens") and value != ours[name]
    ]


def _learn(settings: TokenizerConfig, corpus: Corpus, side: Side, console: Console) -> Tokenizer:
    """With no size asked for, one that suits the number of pairs.

    Small corpora want small vocabularies (Sennrich & Zhang 2019): each piece must be seen often enough.
    """
    default = _default_size(corpus)

    def attempt(size: int) -> Tokenizer:
        sentences = _sentences(corpus, side.columns, mark=settings.markup)
        total = len(corpus.dataset) * len(side.columns)
        shown = _shown(sentences, f"{side.name} vocabulary", total, console)
        return Tokenizer.learn(shown, settings, size, side.tags)

    try:
        if settings.vocab_size is not None:
            tokenizer, why = _nearest(attempt, settings.vocab_size, spare=0)
        else:
            tokenizer, why = _nearest(attempt, default, spare=SPARE_PIECES)
    except ConfigError as problem:
        raise ConfigError(f"{side.name} vocabulary: {problem}") from None
    finally:
        console.settle()
    give_back_memory()  # of the sentences that were learned from, up to a million
    console.note(f"{side.name} vocabulary: {tokenizer.vocab_size:,} tokens ({settings.algorithm}){why}")
    return tokenizer


def _default_size(corpus: Corpus) -> int:
    return min(MOST_PIECES, max(FEWEST_PIECES, len(corpus.dataset) // PAIRS_A_PIECE))


def _nearest(attempt: Callable[[int], Tokenizer], wanted: int, *, spare: int) -> tuple[Tokenizer, str]:
    """Learn as many pieces as are wanted, or as near to it as the text allows; and why, if not so many.

    spare: how many more to have than the fewest that are possible, if the text allows them.
    """
    size, why = wanted, ""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt(size), why
        except VocabularySizeError as problem:
            if problem.nearest > size and not why:
                size = problem.nearest + spare
                why = f" instead of {wanted:,}: fewer than {problem.nearest:,} cannot spell its text"
            else:
                size = problem.nearest
                why = why or f" instead of {wanted:,}: its text fills no more"
    return attempt(size), why


def _sentences(corpus: Corpus, columns: tuple[Column, ...], *, mark: bool) -> Iterator[str]:
    for rows in corpus.dataset.with_format("arrow").iter(batch_size=BATCH):
        for column in columns:
            texts = rows.column(column).to_pylist()
            yield from masked(texts, rows.column("src").to_pylist()) if mark else texts


def _shown(sentences: Iterator[str], name: str, total: int, console: Console) -> Iterator[str]:
    """Pass sentences on, and show how many of a large corpus have been."""
    for number, sentence in enumerate(sentences):
        if number % BATCH == 0 < number:
            console.progress(f"{name}: {number:,} of {total:,} sentences read")
        yield sentence
    if total > BATCH:
        console.progress(f"{name}: {total:,} sentences read, now learning the vocabulary")

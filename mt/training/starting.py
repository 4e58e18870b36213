"""Starting from a trained run: its weights, which of them are frozen, and how it spells the new text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from mt import checkpoint
from mt.checkpoint import Run
from mt.config import TrainingConfig
from mt.config.fields import flag
from mt.config.speech import SpeechConfig
from mt.data.corpus import Corpus
from mt.errors import ConfigError
from mt.model import Seq2Seq, fingerprint
from mt.text.languages import Languages
from mt.tokenizer import Tokenizer, Tokenizers
from mt.training.adding import with_rows

SAMPLE = 2000  # texts
MANY = 4  # tokens of a word that is spelt badly
SHOWN = 5
PARTS = {
    "encoder": ("encoder.",),
    "decoder": ("decoder.",),
    "embeddings": ("encoder.embedding.", "decoder.embedding."),
}
"""What can be frozen, and how the names of its weights begin. Tied weights are the embeddings'."""

COLUMNS = {"source": "src", "target": "tgt"}
ROWS = {
    "source": ("encoder.embedding.weight",),
    "target": ("decoder.embedding.weight", "decoder.output.weight", "decoder.output.bias"),
}
"""The weights that have a row for each token, by side. Tied ones have the source's name."""


@dataclass(frozen=True)
class Start:
    """The run that a training starts from.

    fingerprint: of its weights. whole: they are all taken; else those of the encoder alone, with the source
    tokenizer.
    """

    run: Run
    fingerprint: str
    whole: bool = True

    @property
    def tokenizers(self) -> dict[str, Tokenizer]:
        """Those of its tokenizers that its weights belong to, by side."""
        found = {"source": self.run.src_tokenizer, "target": self.run.tgt_tokenizer}
        taken = {"source": not self.run.config.speech.sound, "target": self.whole}
        return {side: tokenizer for side, tokenizer in found.items() if taken[side]}

    def check(self, tokenizers: Tokenizers) -> None:
        """Raises ConfigError if these are others than its weights belong to."""
        given = dict(zip(COLUMNS, tokenizers, strict=True))
        for side, tokenizer in self.tokenizers.items():
            if not given[side].extends(tokenizer):
                raise ConfigError(
                    f"--init: {self.run.path} has another {side} tokenizer; leave --tokenizer-from out"
                )

    def give_weights(self, model: Seq2Seq, tokenizers: Tokenizers) -> None:
        """Copy its weights into a model of these tokenizers, which may have more tokens than its own.

        Raises RunError if the model has another shape.
        """
        ours, theirs = (model, self.run.model) if self.whole else (model.encoder, self.run.model.encoder)
        weights: dict[str, torch.Tensor] = dict(theirs.named_parameters())
        given = dict(zip(COLUMNS, tokenizers, strict=True))
        for side, old in self.tokenizers.items():
            new = given[side]
            for name in ROWS[side] if new.vocab_size > old.vocab_size else ():
                if name in weights and len(weights[name]) == old.vocab_size:
                    weights[name] = with_rows(weights[name], old, new)
        checkpoint.assign(ours, weights, self.run.path / checkpoint.MODEL)

    def describe(self, corpus: Corpus, tokenizers: Tokenizers) -> list[str]:
        """What is taken if not all of it is, and how its tokenizers spell the new pairs, a line for each.

        tokenizers: those of the training; more lines say how they do, where they have more tokens.
        """
        rows = corpus.dataset[: min(SAMPLE, len(corpus.dataset))]
        lines = []
        if not self.whole:
            count = sum(weights.numel() for weights in self.run.model.encoder.parameters())
            lines.append(f"the encoder of {self.run.path} is the start ({count:,} weights); the rest is new")
        given = dict(zip(COLUMNS, tokenizers, strict=True))
        for side, old in self.tokenizers.items():
            texts = rows[COLUMNS[side]]
            lines.append(f"{side} in the tokens of {self.run.path}: {spelling(old, texts)}")
            if more := given[side].vocab_size - old.vocab_size:
                lines.append(f"{side} with {more:,} tokens more: {spelling(given[side], texts)}")
        return lines


def load_start(training: TrainingConfig, speech: SpeechConfig, languages: Languages) -> Start | None:
    """The run that these settings name, for training in these languages; None if they name none.

    Raises RunError if it cannot be loaded, ConfigError if it reads another kind of source or translates
    between other languages. The encoder alone may start any other language.
    """
    if training.init is None:
        return None
    run, whole = checkpoint.load_run(Path(training.init), torch.device("cpu")), training.init_parts == "all"
    of_run = run.config.speech
    if of_run.sound != speech.sound:
        kinds = ("sound", "text") if of_run.sound else ("text", "sound")
        raise ConfigError(f"--init: {run.path} reads {kinds[0]}, this training {kinds[1]}")
    for name in ("sample_rate", "mel_bands"):
        if getattr(of_run, name) != getattr(speech, name):
            raise ConfigError(f"--init: {run.path} needs {flag(name, getattr(of_run, name))} here too")
    if whole and (problem := languages.difference(run.languages)):
        raise ConfigError(
            f"--init: {run.path} cannot be the start: {problem}; --init-parts encoder takes its encoder alone"
        )
    return Start(run, fingerprint([run.model]), whole)


def freeze(model: Seq2Seq, parts: Sequence[str]) -> None:
    """Let these parts of a model stay as they are. Raises ConfigError if nothing is left to learn."""
    prefixes = tuple(prefix for part in parts for prefix in PARTS[part])
    for name, weights in model.named_parameters():
        if prefixes and name.startswith(prefixes):
            weights.requires_grad_(False)
    if not any(weights.requires_grad for weights in model.parameters()):
        raise ConfigError(f"--freeze {' '.join(parts)} leaves nothing to learn")


def spelling(tokenizer: Tokenizer, texts: Sequence[str]) -> str:
    """How many tokens the words of texts take, and which ones take many."""
    words = dict.fromkeys(word for text in texts for word in text.split())
    cut = dict(zip(words, map(len, tokenizer.encode(list(words))), strict=True))
    counts = [cut[word] for text in texts for word in text.split()]
    bad = [word for word in words if cut[word] >= MANY]
    proportion = sum(count >= MANY for count in counts) / max(1, len(counts))
    shown = f", such as {', '.join(islice(bad, SHOWN))}" if bad else ""
    mean = sum(counts) / max(1, len(counts))
    return f"{mean:.2f} a word; {100 * proportion:.1f} % of the words take {MANY} or more{shown}"

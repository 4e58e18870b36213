"""Starting from a trained run: its weights, which of them are frozen, and how it spells the new text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from mt import checkpoint
from mt.checkpoint import Run
from mt.data.corpus import Corpus
from mt.errors import ConfigError
from mt.model import Seq2Seq, fingerprint
from mt.text.languages import Languages
from mt.tokenizer import Tokenizer

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


@dataclass(frozen=True)
class Start:
    """The run that a training starts from; fingerprint: of its weights."""

    run: Run
    fingerprint: str

    def give_weights(self, model: Seq2Seq) -> None:
        """Copy its weights into a model. Raises RunError if the model has another shape."""
        checkpoint.assign(model, dict(self.run.model.named_parameters()), self.run.path / checkpoint.MODEL)

    def describe(self, corpus: Corpus) -> list[str]:
        """How its tokenizers spell the new pairs, a line for each side."""
        rows = corpus.dataset[: min(SAMPLE, len(corpus.dataset))]
        tokenizers = {"source": self.run.src_tokenizer, "target": self.run.tgt_tokenizer}
        if self.run.config.speech.sound:
            del tokenizers["source"]
        return [
            f"{side} in the tokens of {self.run.path}: {spelling(tokenizer, rows[COLUMNS[side]])}"
            for side, tokenizer in tokenizers.items()
        ]


def load_start(name: str | None, languages: Languages) -> Start | None:
    """The run of that name, for training in these languages; None if there is no name.

    Raises RunError if it cannot be loaded, ConfigError if it translates between other languages.
    """
    if name is None:
        return None
    run = checkpoint.load_run(Path(name), torch.device("cpu"))
    if problem := languages.difference(run.languages):
        raise ConfigError(f"--init: {run.path} cannot be the start: {problem}")
    return Start(run, fingerprint([run.model]))


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

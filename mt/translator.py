"""A trained run, ready to translate: lists of texts in, lists of translations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mt import device
from mt.checkpoint import Run, load_run, newest_run
from mt.config import SearchConfig
from mt.console import Console
from mt.errors import ConfigError
from mt.options import RunOptions
from mt.search import Hypothesis, search
from mt.sentences import split

CHECKPOINTS = Path("checkpoints")

# What ends a line somewhere, or shifts a column; none of it may come out inside a translation.
_ONE_LINE = {ord(mark): " " for mark in "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029\0"}


def one_line(text: str) -> str:
    """The text with every line break, TAB and NUL as a space."""
    return text.translate(_ONE_LINE)


@dataclass(frozen=True)
class Translation:
    """A source and what was found for it, best first.

    scores are log-probabilities after length normalisation, in nats; of a text translated in parts, the
    mean over the parts. A blank source has the one blank hypothesis, of score 0.
    """

    source: str
    hypotheses: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def text(self) -> str:
        """The best hypothesis."""
        return self.hypotheses[0]

    @property
    def score(self) -> float:
        """Its score."""
        return self.scores[0]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        hypotheses = [
            {"translation": text, "score": score}
            for text, score in zip(self.hypotheses, self.scores, strict=True)
        ]
        return {
            "source": self.source,
            "translation": self.text,
            "score": self.score,
            "hypotheses": hypotheses,
        }


class Translator:
    """Translates with one run. Keeps no state between calls.

    n texts in give n translations out, in order; blank stays blank; a text much longer than the
    sentences of the training corpus is split at sentence ends, translated in parts and joined; no
    translation holds a line break.
    """

    def __init__(self, run: Run, config: SearchConfig, where: torch.device) -> None:
        self.run, self.config, self.device = run, config, where

    def translate(self, texts: Sequence[str]) -> list[str]:
        """The best translation of each text."""
        return [translation.text for translation in self.search(texts, nbest=1)]

    def search(self, texts: Sequence[str], *, nbest: int) -> list[Translation]:
        """Up to `nbest` translations of each text. Raises ConfigError if the beam is smaller than that."""
        if isinstance(texts, str):
            raise TypeError("texts is a list of strings, not one string")
        if nbest > self.config.beam:
            raise ConfigError(f"--nbest {nbest} needs --beam {nbest} or more (it is {self.config.beam})")
        language, limit = self.run.config.data.src, self.run.split_chars
        splits = [split(one_line(text), language=language, max_chars=limit) for text in texts]
        parts = [part for pieces in splits for part in pieces.texts]
        found = iter(search(self.run.model, self.run.src_tokenizer.encode(parts), self.config, self.device))
        translations = []
        for text, pieces in zip(texts, splits, strict=True):
            if not pieces.texts:
                translations.append(Translation(text, ("",), (0.0,)))
                continue
            of_parts = [next(found)[:nbest] for _ in pieces.texts]
            ranks = range(max(len(hypotheses) for hypotheses in of_parts))
            # A part with fewer hypotheses than the others contributes its last one again.
            rows = [[hypotheses[min(rank, len(hypotheses) - 1)] for hypotheses in of_parts] for rank in ranks]
            joined = tuple(
                one_line(pieces.join(self._decode(row), tgt=self.run.config.data.tgt)) for row in rows
            )
            scores = tuple(sum(hypothesis.score for hypothesis in row) / len(row) for row in rows)
            translations.append(Translation(text, joined, scores))
        return translations

    def _decode(self, hypotheses: Sequence[Hypothesis]) -> list[str]:
        return self.run.tgt_tokenizer.decode([hypothesis.ids for hypothesis in hypotheses])


def open_translator(options: RunOptions, config: SearchConfig, console: Console) -> Translator:
    """The run that a command's options name, or the newest one, on the device they name."""
    where = device.choose(options.device, options.threads)
    path = options.model or newest_run(CHECKPOINTS)
    run = load_run(path, where)
    console.note(f"model: {path}; {device.describe(where, 'fp32')}")
    return Translator(run, config, where)

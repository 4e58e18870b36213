"""Recordings -> what is said in them, by a run that reads sound."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mt.checkpoint import Run
from mt.decoding.translation import Candidate, HeardPart, Translation, heard
from mt.search import Hypothesis, Model, search
from mt.translator.candidates import CandidateWriter

if TYPE_CHECKING:
    from mt.speech.features import Features
    from mt.speech.listening import Part, Recording


def features_of(run: Run) -> Features | None:
    """How the frames of sound are computed; None where the source is text."""
    speech = run.config.speech
    if not speech.sound:
        return None
    from mt.speech.features import Features

    return Features(speech.sample_rate, speech.mel_bands)


@dataclass(frozen=True)
class Transcriber:
    """Cuts recordings into parts, searches them in groups and joins what was heard."""

    model: Model
    features: Features
    writer: CandidateWriter

    def transcribe(
        self,
        recordings: Iterable[Recording],
        nbest: int,
        progress: Callable[[float], None] | None,
        total: int,
    ) -> list[Translation]:
        """As `Translator.transcribe`."""
        from mt.speech.listening import cut, groups

        writer = self.writer
        longest, found = float(writer.run.metadata["longest_seconds"]), list[Translation]()
        for group in groups(recordings, self.features.rate):
            parts = [cut(one.samples, self.features, longest) for one in group]
            frames = [part.frames for of_one in parts for part in of_one]
            searched = iter(search(self.model, frames, writer.config, writer.device))
            for one, of_one in zip(group, parts, strict=True):
                found.append(self._heard(one, of_one, [next(searched) for _ in of_one], nbest))
            if progress is not None:
                progress(len(found) / max(total, len(found)))
        return found

    def _heard(
        self, recording: Recording, parts: Sequence[Part], searched: Sequence[list[Hypothesis]], nbest: int
    ) -> Translation:
        if recording.problem:
            logging.getLogger("mt").warning(recording.problem)
            return replace(heard(recording.name, (), (), None), problem=recording.problem)
        found = []
        for rows in searched:
            ranked = self.writer.rank(rows)[:nbest]
            texts = self.writer.decode(ranked)
            found.append(
                [
                    Candidate(text.strip(), row.score, row.log_prob)  # a text may end after a space
                    for text, row in zip(texts, ranked, strict=True)
                ]
            )
        told = [
            HeardPart(round(part.start, 3), round(part.end, 3), rows[0].text, rows[0].score)
            for part, rows in zip(parts, found, strict=True)
        ]
        return heard(recording.name, told, found, self.writer.run.languages.target)

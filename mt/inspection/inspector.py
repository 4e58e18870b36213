"""Looking inside a run."""

from __future__ import annotations

import math
import threading
from functools import partial

import torch

from mt.decoding.constraints import MarkerConstraint
from mt.decoding.pausing import Pause, no_pause
from mt.errors import ConfigError
from mt.inspection.floats import to_array
from mt.inspection.reading import read_sentence
from mt.inspection.result import Inspection, ModelSummary, SearchResult
from mt.inspection.retrieval import retrieved_tokens
from mt.inspection.source import MOST_PIECES, cut_source
from mt.inspection.state_sample import StateSample, fit_state_sample, sample_of_one
from mt.inspection.trace import trace
from mt.inspection.writing import write_translation
from mt.search import Hypothesis, length_limit
from mt.text.characters import one_line
from mt.text.sentences import Split
from mt.translator import Translator

SLICE = 256  # pieces that the encoder reads between two pauses


class Inspector:
    """Looks inside one run. May be used by several threads; looks at the validation pairs once, when needed.

    Raises ConfigError for an ensemble: several models have no one vector.
    """

    def __init__(self, translator: Translator) -> None:
        if translator.model is not translator.run.model:
            raise ConfigError(
                f"{translator.name} translate together and have a vector each: name one of them with -m"
            )
        self.translator = translator
        self._lock = threading.Lock()
        self._state_sample: StateSample | None = None
        self._fitted = False

    def fit(self, pause: Pause = no_pause) -> StateSample | None:
        """The sample of states, which the first call makes; None where the validation pairs are gone."""
        with self._lock:
            if not self._fitted:
                translator = self.translator
                self._state_sample = fit_state_sample(
                    translator.run, translator.device, min(translator.config.batch_tokens, SLICE), pause
                )
                self._fitted = True
            return self._state_sample

    def inspect(
        self, text: str, tgt: str | None = None, *, most_pieces: int = MOST_PIECES, pause: Pause = no_pause
    ) -> Inspection:
        """See one text from inside; `tgt` chooses the language of a model of several.

        `pause` is called between steps, none of which takes longer than some thousand of the encoder's.
        Raises ConfigError for a blank text, one of more than `most_pieces`, and a language it does not know.
        """
        run, config, device = self.translator.run, self.translator.config, self.translator.device
        source = cut_source(self.translator, text, tgt, most_pieces)
        known = self.fit(pause)
        with torch.inference_mode():
            read = read_sentence(
                run.model.encoder,
                source.ids,
                batch_tokens=min(config.batch_tokens, SLICE),
                device=device,
                pause=pause,
            )
            limit = length_limit(torch.tensor([len(source.ids)], device=device), config)
            constraint = MarkerConstraint.of([source.ids], run.tgt_tokenizer.markers, device)
            spell = partial(run.tgt_tokenizer.spell, source=source.whole.texts[0])
            traced = trace(run.model, read.encoded, limit, config, constraint, spell, pause)
            ranked = self.translator.writer.rank(traced.hypotheses)
            other = torch.zeros_like(read.encoded.sentence_vector[0]) if known is None else known.other_vector
            written = write_translation(run.model, read.encoded, ranked[0], other, spell, pause)
            recalled = retrieved_tokens(self.translator, written.readouts)
        state_sample = known or sample_of_one(read.readings, written.states, other)
        found = self._found(ranked, source.whole, tgt)
        return Inspection(
            source=text,
            translation=found[0].translation,
            parts=source.parts,
            model=self._model_summary(tgt),
            pieces=source.pieces,
            unknown=source.unknown,
            readings=read.readings,
            maps=state_sample.maps(read.readings),
            vector=to_array(read.encoded.sentence_vector[0]),
            vector_dependence=read.vector_dependence,
            steps=written.steps,
            recalled=recalled,
            decoder_states=written.states,
            decoder_map=state_sample.decoder_plane.map(written.states),
            state_sample=state_sample,
            trace=traced,
            hypotheses=found,
        )

    def _found(self, ranked: list[Hypothesis], whole: Split, tgt: str | None) -> tuple[SearchResult, ...]:
        texts = self.translator.run.tgt_tokenizer.decode(
            [hypothesis.ids for hypothesis in ranked], list(whole.texts) * len(ranked)
        )
        into = tgt or self.translator.run.languages.target
        return tuple(
            SearchResult(
                one_line(whole.join([text], tgt=into)), row.score, row.log_prob, math.exp(row.log_prob)
            )
            for text, row in zip(texts, ranked, strict=True)
        )

    def _model_summary(self, tgt: str | None) -> ModelSummary:
        config = self.translator.run.config
        return ModelSummary(
            name=self.translator.name,
            cell=config.model.cell,
            attention=config.model.attention,
            src=self.translator.run.languages.source,
            tgt=tgt or self.translator.run.languages.target,
            vector_size=self.translator.run.model.encoder.vector_size,
            encoder_layers=config.model.encoder_layers,
            decoder_layers=config.model.decoder_layers,
            bidirectional=config.model.bidirectional,
        )

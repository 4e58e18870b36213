"""One sentence seen from inside a run: how it was read, the vector it became, how that was written out.

Shapes as in `model`: S pieces of the source with its eos, H numbers in a state of one direction (or of the
decoder), D in the sentence vector, T pieces of the translation with its eos, K hypotheses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mt.inspection.floats import Arrays, FloatArray, short
from mt.inspection.plane import Map
from mt.inspection.reading import DEPENDENCE_METHOD, Reading
from mt.inspection.retrieval import RetrievedToken, retrieval_arrays
from mt.inspection.state_sample import StateSample
from mt.inspection.trace import Trace
from mt.inspection.writing import Step, step_arrays

AS_THEY_ARE = (
    *("source", "translation", "parts", "model", "pieces", "unknown", "vector", "vector_dependence"),
    *("steps", "decoder_states", "hypotheses"),
)
"""Parts of an inspection that its JSON holds as they are."""


@dataclass(frozen=True)
class ModelSummary:
    """What the run is: its directory, shape and languages."""

    name: str
    cell: str
    attention: str
    src: str | None
    tgt: str | None
    vector_size: int
    encoder_layers: int
    decoder_layers: int
    bidirectional: bool


@dataclass(frozen=True)
class SearchResult:
    """A finished hypothesis: score is its log-probability after length normalisation."""

    translation: str
    score: float
    log_prob: float
    probability: float


@dataclass(frozen=True)
class Inspection:
    """All there is to see of one sentence.

    source: as given. translation: what `mt translate` gives, but for a text that it would cut into several
    `parts`: that is read whole here.
    pieces: (S,), eos included, in the order of the text. unknown: the indices of those the model does not
    know. readings: one for each direction, with its states on paper in maps.
    vector: (D,). vector_dependence: (S,), the proportion of it that depends on each piece; sums to 1.
    steps: (T,). recalled: at each step up to 3 tokens of the datastore, the most first; None without one.
    decoder_states: (T, H), on paper in decoder_map.
    state_sample: what the paths are drawn on.
    trace: the hypotheses that search kept at each step. hypotheses: up to K, best first.
    """

    source: str
    translation: str
    parts: int
    model: ModelSummary
    pieces: tuple[str, ...]
    unknown: tuple[int, ...]
    readings: tuple[Reading, ...]
    maps: tuple[Map, ...]
    vector: FloatArray
    vector_dependence: FloatArray
    steps: tuple[Step, ...]
    recalled: tuple[tuple[RetrievedToken, ...], ...] | None
    decoder_states: FloatArray
    decoder_map: Map
    state_sample: StateSample
    trace: Trace
    hypotheses: tuple[SearchResult, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: arrays as nested lists, row by row, numbers with 6 significant digits."""
        return {
            **{name: short(getattr(self, name)) for name in AS_THEY_ARE},
            "readings": [
                reading.as_dict() | {"trajectory": short(on_paper.positions)}
                for reading, on_paper in zip(self.readings, self.maps, strict=True)
            ],
            "dependence_method": DEPENDENCE_METHOD,
            **({} if self.recalled is None else {"recalled": short(self.recalled)}),
            "influence_method": self.state_sample.influence_method,
            "decoder_trajectory": short(self.decoder_map.positions),
            "pca": self.state_sample.as_dict(),
            "beam": short(self.trace.steps),
        }

    def arrays(self) -> Arrays:
        """For npz: every array by name; none of objects.

        source, translation (); pieces (S,); unknown (S,) of bool; vector (D,); vector_dependence (S,)
        for each direction, as `states_left_to_right`: order (S,), states (S, H), moves (S,),
        dependence (S, S) with 0 above the diagonal, trajectory (S, 2), explained (2,), background (N, 2)
        step_pieces, probabilities, influence (T,); runners_up, runners_up_probabilities (T, 4), empty and 0
        where there are fewer; attention (T, S), with attention only; recalled_proportion, recalled_source,
        recalled_target, recalled_before, recalled_piece (T, 3), with a datastore only; decoder_states (T, H),
        decoder_trajectory (T, 2), decoder_explained (2,)
        beam_pieces, beam_parents, beam_log_probs, beam_ended (steps, widest), padded with an empty text, -1,
        -inf, False; hypotheses, scores, log_probs, probabilities_of_hypotheses (K,)
        """
        return {
            "source": np.array(self.source),
            "translation": np.array(self.translation),
            "pieces": np.array(self.pieces),
            "unknown": np.isin(np.arange(len(self.pieces)), self.unknown),
            "vector": self.vector,
            "vector_dependence": self.vector_dependence,
            **self._reading_arrays(),
            **step_arrays(self.steps),
            **({} if self.recalled is None else retrieval_arrays(self.recalled)),
            "decoder_states": self.decoder_states,
            "decoder_trajectory": self.decoder_map.positions,
            "decoder_explained": self.decoder_map.explained,
            **self.trace.arrays(),
            "hypotheses": np.array([found.translation for found in self.hypotheses]),
            "scores": np.array([found.score for found in self.hypotheses]),
            "log_probs": np.array([found.log_prob for found in self.hypotheses]),
            "probabilities_of_hypotheses": np.array([found.probability for found in self.hypotheses]),
        }

    def _reading_arrays(self) -> Arrays:
        arrays: Arrays = {}
        for reading, on_paper in zip(self.readings, self.maps, strict=True):
            of_one = reading.arrays() | {
                "trajectory": on_paper.positions,
                "explained": on_paper.explained,
                "background": on_paper.background,
            }
            direction = reading.direction.replace("-", "_")
            arrays |= {f"{name}_{direction}": array for name, array in of_one.items()}
        return arrays

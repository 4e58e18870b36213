"""Hypotheses of search, as ids -> candidates, as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mt.checkpoint import Run
from mt.config import SearchConfig
from mt.decoding.alignment import align
from mt.decoding.ensemble import Ensemble
from mt.decoding.translation import NOT_ALIGNED, Aligned, Candidate
from mt.model import Seq2Seq
from mt.search import Hypothesis


@dataclass(frozen=True)
class CandidateWriter:
    """Ranks hypotheses, writes them as texts and aligns them with their sources."""

    model: Seq2Seq | Ensemble
    run: Run
    config: SearchConfig
    device: torch.device

    def candidates(
        self,
        parts: Sequence[str],
        sources: list[list[int]],
        found: list[list[Hypothesis]],
        *,
        aligned: bool,
    ) -> list[list[Candidate]]:
        """The hypotheses of each part as texts. sources: the parts as ids."""
        looks = (
            self._align(parts, sources, found) if aligned else [[NOT_ALIGNED] * len(rows) for rows in found]
        )
        return [
            [
                Candidate(text, row.score, row.log_prob, look)
                for text, row, look in zip(self.decode(rows, [part] * len(rows)), rows, of_rows, strict=True)
            ]
            for part, rows, of_rows in zip(parts, found, looks, strict=True)
        ]

    def rank(self, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """As search ranked them, or by minimum Bayes risk."""
        if self.config.mbr == "none":
            return hypotheses
        from mt.decoding.mbr import rank  # and sacreBLEU with it, which nothing else here needs

        order = rank(self.decode(hypotheses), [row.log_prob for row in hypotheses], self.config.mbr)
        return [hypotheses[index] for index in order]

    def _align(
        self, texts: Sequence[str], sources: list[list[int]], found: list[list[Hypothesis]]
    ) -> list[list[Aligned]]:
        """Each source's hypotheses, aligned; the sources as texts and as ids."""
        flat = [
            (source, rows.ids) for source, found_of in zip(sources, found, strict=True) for rows in found_of
        ]
        pairs = iter(
            align(
                self.model,
                [source for source, _ in flat],
                [ids for _, ids in flat],
                batch_tokens=self.config.batch_tokens,
                device=self.device,
            )
        )
        src, tgt = self.run.src_tokenizer, self.run.tgt_tokenizer
        return [
            [
                Aligned(tuple(src.spell(ids, text)), tuple(tgt.spell(rows.ids, text)), next(pairs))
                for rows in found_of
            ]
            for text, ids, found_of in zip(texts, sources, found, strict=True)
        ]

    def decode(self, hypotheses: Sequence[Hypothesis], sources: Sequence[str] | None = None) -> list[str]:
        """The hypotheses (N) as texts. Without sources (N) markers remain in the text."""
        return self.run.tgt_tokenizer.decode([hypothesis.ids for hypothesis in hypotheses], sources)

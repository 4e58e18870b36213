"""The worst and the best segments."""

from __future__ import annotations

from mt.inspection.report.measure import Measured

SHOWN = 10


def worst(measured: Measured) -> list[int]:
    """The rows of lowest chrF among those that are not right to the letter."""
    order = sorted(range(len(measured.chrf)), key=measured.chrf.__getitem__)
    streams = measured.test.references
    wrong = [row for row in order if measured.hypotheses[row] not in (stream[row] for stream in streams)]
    return wrong[:SHOWN]


def best(measured: Measured) -> list[int]:
    """The rows of highest chrF; of equal ones the longest, which say most."""
    scores, lengths = measured.chrf, measured.lengths
    return sorted(range(len(scores)), key=lambda row: (-round(scores[row], 1), -lengths[row]))[:SHOWN]

"""The worst and the best segments, their differences marked."""

from __future__ import annotations

from mt.inspection.report.difference import mark_difference
from mt.inspection.report.html import Markup, element, section
from mt.inspection.report.measure import Measured

SHOWN = 10
LONGEST = 2000  # characters of a text


def worst(measured: Measured) -> Markup:
    """The segments of lowest chrF among those that are not right to the letter."""
    order = sorted(range(len(measured.chrf)), key=measured.chrf.__getitem__)
    wrong = [row for row in order if measured.hypotheses[row] not in _references(measured, row)]
    how = (
        "By sentence chrF (0 to 100), the worst first: struck through is what the output lacks, marked what "
        "it has instead; look whether it loses names, numbers, the end of the sentence, or everything."
    )
    if not wrong:
        return section("Worst segments", how, element("p", None, "Every output equals its reference."))
    return section("Worst segments", how, *(_segment(measured, row) for row in wrong[:SHOWN]))


def best(measured: Measured) -> Markup:
    """The segments of highest chrF; of equal ones the longest, which say most."""
    order = sorted(
        range(len(measured.chrf)), key=lambda row: (-round(measured.chrf[row], 1), -measured.lengths[row])
    )
    return section(
        "Best segments",
        "By sentence chrF, of equal ones the longest source first: what they share is what the model has "
        "learned, and long ones among them say that it does not fail by length alone.",
        *(_segment(measured, row) for row in order[:SHOWN]),
    )


def _references(measured: Measured, row: int) -> list[str]:
    return [stream[row] for stream in measured.test.references]


def _segment(measured: Measured, row: int) -> Markup:
    source = measured.test.sources[row][:LONGEST]
    wanted, got = mark_difference(_references(measured, row)[0][:LONGEST], measured.hypotheses[row][:LONGEST])
    texts = (
        ("source", source, measured.src),
        ("reference", wanted, measured.test.tgt),
        ("output", got, measured.test.tgt),
    )
    entries = []
    for name, text, language in texts:
        spoken = {"dir": "auto"} | ({"lang": language} if language else {})
        entries += [element("dt", None, name), element("dd", spoken, text or "(empty)")]
    head = f"segment {row + 1:,} · chrF {measured.chrf[row]:.1f} · {measured.lengths[row]} pieces"
    return element("article", None, element("h3", None, head), element("dl", None, *entries))

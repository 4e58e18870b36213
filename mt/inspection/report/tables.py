"""The parts of the report that are words and tables: what stands out, scores, how outputs behave."""

from __future__ import annotations

from collections.abc import Sequence

from mt.inspection.report.html import Markup, element, section, table
from mt.inspection.report.measure import Measured
from mt.metrics import Score


def notable(found: Sequence[str]) -> Markup:
    """What stands out, for a first look."""
    how = "Found by fixed rules; each names a usual cause, which the sections below let you check."
    if not found:
        nothing = "Nothing: no rule of this report found fault with curves, lengths or outputs."
        return section("What stands out", how, element("p", None, nothing))
    return section(
        "What stands out", how, element("ul", None, *(element("li", None, text) for text in found))
    )


def scores(measured: Measured) -> Markup:
    """The whole test's scores."""
    rows: list[list[str]] = [
        [row.name, with_interval(row), element("code", None, row.signature)] for row in measured.scores
    ]
    rows.append(
        ["perplexity", f"{measured.perplexity:.2f}", "per target piece of the references, teacher-forced"]
    )
    return section(
        "Scores",
        "BLEU and chrF2++ run from 0 to 100, more is better; TER counts edits and perplexity doubt, less is "
        "better; in brackets 95 % bootstrap intervals, within which a difference may be chance.",
        table(("metric", "value", "signature"), rows, "scores"),
    )


def with_interval(score: Score) -> str:
    """`41.2 [39.0, 43.1]`."""
    between = "" if score.interval is None else f" [{score.interval[0]:.1f}, {score.interval[1]:.1f}]"
    return f"{score.value:.1f}{between}"


def behaviour(measured: Measured) -> Markup:
    """Copying, repeating, length: the outputs beside the references."""
    ours, theirs, ratios = measured.outputs, measured.references, measured.ratios
    shares = (
        ("sentences that equal their source", ours.copies, theirs.copies),
        ("words that stand in the source too", ours.copied_words, theirs.copied_words),
        ("sentences that say a phrase twice in a row", ours.loops, theirs.loops),
        ("words said earlier in the same sentence", ours.repeated_words, theirs.repeated_words),
        ("sentences given for several sources", ours.same, theirs.same),
        ("empty sentences", ours.empty, theirs.empty),
    )
    halved = sum(ratio < 0.5 for ratio in ratios) / len(ratios)
    doubled = sum(ratio > 2 for ratio in ratios) / len(ratios)
    rows = [
        *([name, f"{output:.1%}", f"{reference:.1%}"] for name, output, reference in shares),
        ["words, all together", f"{ours.words:,}", f"{theirs.words:,}"],
        ["length ratio: output words for each reference word", f"{measured.length_ratio:.3f}", "–"],
        ["sentences with less than half the reference's words", f"{halved:.1%}", "–"],
        ["sentences with more than twice the reference's words", f"{doubled:.1%}", "–"],
    ]
    return section(
        "Copies, repetitions, lengths",
        "Compare the two columns: a rate well above the references' own is a fault of the model, one near it "
        "lies in the language or in the text.",
        table(("", "outputs", "references"), rows, "numbers"),
    )

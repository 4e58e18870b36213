"""What stands out in a report, by fixed rules, and its usual cause."""

from __future__ import annotations

from collections.abc import Iterator

from mt.inspection.report.curves import Curves
from mt.inspection.report.measure import Measured


def hints(measured: Measured) -> list[str]:
    """A sentence for each thing that stands out."""
    return [
        *_of_curves(measured.curves),
        *_of_length(measured),
        *_of_outputs(measured),
        *_of_pieces(measured),
    ]


def _of_curves(curves: Curves) -> Iterator[str]:
    validated = curves.validated
    if len(validated) < 2:
        return
    lowest = min(validated, key=lambda point: point.perplexity)
    last, before = validated[-1], validated[-2]
    if last.perplexity > 1.1 * lowest.perplexity:
        yield (
            f"Validation perplexity rose from {lowest.perplexity:.2f} (step {lowest.step:,.0f}) to "
            f"{last.perplexity:.2f}: the model went on to learn its pairs by heart. More pairs, more dropout "
            "or a smaller model help."
        )
    elif last.best and last.bleu > before.bleu + 1:
        yield (
            f"It was still getting better when training stopped (the last validation gained "
            f"{last.bleu - before.bleu:.1f} BLEU): train longer before changing anything else."
        )


def _of_length(measured: Measured) -> Iterator[str]:
    buckets = measured.buckets
    best = max(buckets, key=lambda scored: scored.bleu.value)
    longest = buckets[-1]
    if best.bleu.interval is None or longest.bleu.interval is None:
        return
    if longest.bleu.value < 0.75 * best.bleu.value and longest.bleu.interval[1] < best.bleu.interval[0]:
        yield (
            f"Long sentences fail: BLEU is {longest.bleu.value:.1f} at {longest.bucket} pieces and "
            f"{best.bleu.value:.1f} at {best.bucket}. "
            + (
                "With attention that mostly comes from too few long pairs in training."
                if measured.attends
                else f"One vector of {measured.of_vector:,} numbers may be too small for them: try a larger "
                "one, several pooled heads, or attention."
            )
        )


def _of_outputs(measured: Measured) -> Iterator[str]:
    ours, theirs, ratio = measured.outputs, measured.references, measured.length_ratio
    if ours.copies > theirs.copies + 0.02:
        yield (
            f"{ours.copies:.1%} of the outputs are their source, word for word (references: "
            f"{theirs.copies:.1%}): look in the training text for pairs with the same language on both sides."
        )
    if ours.loops > theirs.loops + 0.02:
        yield (
            f"{ours.loops:.1%} of the outputs say a phrase twice in a row (references: {theirs.loops:.1%}): "
            "the decoder loses track of what it has said, as undertrained models and small vectors do."
        )
    if ours.empty > theirs.empty + 0.005:
        yield f"{ours.empty:.1%} of the outputs are empty (references: {theirs.empty:.1%})."
    if ours.same > theirs.same + 0.05:
        yield (
            f"{ours.same:.1%} of the outputs were given for several sources (references: {theirs.same:.1%}): "
            "the vector does not tell these sources apart, or the decoder does not listen to it."
        )
    if not 0.9 <= ratio <= 1.1:
        yield (
            f"Outputs have {ratio:.2f} times as many words as the references: "
            + ("parts are left out, " if ratio < 1 else "things are added, ")
            + "or the length penalty does not suit the model (`mt evaluate --tune`)."
        )


def _of_pieces(measured: Measured) -> Iterator[str]:
    if measured.unknown > 0.005:
        yield (
            f"{measured.unknown:.1%} of the sources' tokens are unknown to the model: the test uses "
            "characters that training never showed (`--byte-fallback` reads them all)."
        )

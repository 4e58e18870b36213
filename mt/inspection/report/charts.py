"""The parts of the report that are drawn: curves of training, BLEU by length, the map of vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mt.console import duration
from mt.inspection.report.curves import Curves, Validated
from mt.inspection.report.html import Markup, element, section, table
from mt.inspection.report.measure import Measured
from mt.inspection.report.svg import TONES, Bar, Dot, Line, bar_chart, dot_map, line_chart
from mt.inspection.report.tables import with_interval

LONGEST_TITLE = 100  # characters of a text that hovering shows


def training(curves: Curves) -> Markup:
    """Loss, perplexity and BLEU over steps, the time below."""
    how = (
        "Both losses should fall and flatten: where validation turns up while training still falls, the "
        "model learns its pairs by heart; where neither has flattened, it wants more time. (Training is "
        "measured with dropout, so its line may lie above.)"
    )
    if not curves.learned and not curves.validated:
        nothing = "This run has no metrics.jsonl: only what translating needs was kept."
        return section("Training", how, element("p", None, nothing))
    drawn = [_curve(curves, "Loss, nats per piece", _losses(curves), logarithmic=False)]
    if curves.validated:
        for name, value, logarithmic in (
            ("Validation perplexity", _perplexity, True),
            ("Validation BLEU, greedy", _bleu, False),
        ):
            drawn.append(_curve(curves, name, [_validation(curves, value)], logarithmic=logarithmic))
    return section("Training", how, element("div", {"class": "charts"}, *drawn))


def by_length(measured: Measured) -> Markup:
    """BLEU of short and of long sources."""
    reads = (
        "this model may look back at every piece (attention), so the bars should stay level"
        if measured.attends
        else f"one vector of {measured.of_vector:,} numbers must hold a sentence of any length, so bars that "
        "drop to the right say that it is too small, or that training had too few long sentences"
    )
    bars, rows = [], []
    for scored in measured.buckets:
        count, bleu = f"{len(scored.bucket.rows):,}", with_interval(scored.bleu)
        title = f"{scored.bucket} pieces, {count} sentences: BLEU {bleu}"
        bars.append(Bar(str(scored.bucket), f"n={count}", scored.bleu.value, scored.bleu.interval, title))
        rows.append([str(scored.bucket), count, bleu, f"{scored.chrf.value:.1f}"])
    return section(
        "BLEU by source length",
        f"Here {reads}; whiskers are 95 % bootstrap intervals, the dashed line is the whole test's BLEU.",
        element(
            "div",
            {"class": "beside"},
            _figure(
                "BLEU by the source's length in pieces",
                bar_chart(bars, label="BLEU by the source's length in pieces", level=measured.bleu.value),
            ),
            table(("pieces", "sentences", "BLEU", "chrF2++"), rows, "numbers"),
        ),
    )


def vectors(measured: Measured) -> Markup:
    """The map of sentence vectors."""
    rows = measured.vectors.rows
    lengths = sorted(measured.lengths[row] for row in rows)
    bounds = [lengths[len(rows) * tone // TONES] for tone in range(1, TONES)]
    poor = sorted(measured.chrf[row] for row in rows)[len(rows) // 10]
    dots = [
        Dot(
            x,
            y,
            sum(measured.lengths[row] > bound for bound in bounds),
            measured.chrf[row] < poor,
            _dot_title(measured, row),
        )
        for row, (x, y) in zip(rows, measured.vectors.places.tolist(), strict=True)
    ]
    first, second = measured.vectors.explained
    label = "The test's sentence vectors on the two axes along which they differ most, coloured by length"
    chart = dot_map(
        dots, label=label, axes=(f"first axis, {first:.0%} of the variance", f"second axis, {second:.0%}")
    )
    along = max(measured.vectors.by_length, key=abs)
    ordinal = ("first", "second")[measured.vectors.by_length.index(along)]
    return section(
        "Map of sentence vectors",
        "Each dot is a sentence of the test, hover to read it: neighbours should mean similar things, "
        "colours in order mean that the vector spends itself on counting length, and rings that crowd "
        "together show a kind of sentence that fails.",
        element("figure", {"class": "map"}, _legend(lengths), chart),
        element(
            "p",
            {"class": "faint"},
            f"The {ordinal} axis correlates with length by r = {along:+.2f}. Both axes together show "
            f"{first + second:.0%} of how the vectors differ: dots far apart are apart, near ones need not "
            "be near.",
        ),
    )


def _losses(curves: Curves) -> list[Line]:
    learned = Line([(point.step, point.loss) for point in curves.learned], "training")
    return [line for line in (learned, _validation(curves, _nats)) if line.points]


def _nats(point: Validated) -> float:
    return math.log(max(1.0, point.perplexity))


def _perplexity(point: Validated) -> float:
    return max(1.0, point.perplexity)


def _bleu(point: Validated) -> float:
    return point.bleu


def _validation(curves: Curves, value: Callable[[Validated], float]) -> Line:
    titles = [
        f"step {point.step:,.0f}, {duration(point.seconds)}: {value(point):.2f}"
        + (" (best so far)" if point.best else "")
        for point in curves.validated
    ]
    return Line([(point.step, value(point)) for point in curves.validated], "validation", titles)


def _curve(curves: Curves, title: str, lines: Sequence[Line], *, logarithmic: bool) -> Markup:
    def below(step: float) -> tuple[str, str]:
        return f"{step:,.0f}", duration(curves.seconds_at(step)) if step else "steps"

    # A single curve is named by the title.
    named = lines if len(lines) > 1 else ()
    names = [element("span", {"class": f"name {line.css}"}, line.css) for line in named]
    chart = line_chart(lines, label=title, logarithmic=logarithmic, below=below)
    return _figure(title, chart, *names)


def _figure(title: str, chart: Markup, *names: Markup) -> Markup:
    return element("figure", None, element("figcaption", None, title, *names), chart)


def _legend(lengths: Sequence[int]) -> Markup:
    def swatch(css: str) -> Markup:
        circle = element("circle", {"cx": 6, "cy": 6, "r": 4, "class": f"point {css}"})
        return element("svg", {"viewBox": "0 0 12 12", "class": "swatch", "aria-hidden": "true"}, circle)

    tones = [swatch(f"tone{tone}") for tone in range(TONES)]
    return element(
        "figcaption",
        None,
        f"{lengths[0]} pieces ",
        *tones,
        f" {lengths[-1]} pieces; ",
        swatch("tone0 marked"),
        " the tenth with the lowest chrF",
    )


def _dot_title(measured: Measured, row: int) -> str:
    texts = (measured.test.sources[row], measured.hypotheses[row])
    cut = (text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}…" for text in texts)
    return "\n".join([*cut, f"{measured.lengths[row]} pieces, chrF {measured.chrf[row]:.0f}"])

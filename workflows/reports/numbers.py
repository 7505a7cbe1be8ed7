"""What the report of a map of a number says."""

from aether_core import charts
from aether_core.charts.breaks import number_text
from aether_core.report import Block, Figure, Heading, KeyFigure, KeyFigures, Paragraph, Table
from aether_core.tasks.kinds.numbers import NUMBERS, NumberFindings, advice
from aether_core.tasks.testing.splits import SPLITS
from aether_core.tasks.values.transform import LOG1P
from workflows.reports.maps import map_figure
from workflows.reports.subject import REPORT_BODIES, Subject, figure, interval, percent
from workflows.reports.tested import SPLIT_NAMES, accuracy_table, method_section, where_not


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    found = subject.layer.measured(NumberFindings)
    outside = percent(found.test.applicability.outside, 1)
    return [
        *_in_short(subject, found),
        Heading("The maps"),
        map_figure(
            subject,
            found.field,
            caption=f"Estimated {_named(found)} of each {subject.city.unit.one}.",
        ),
        *_accuracy(subject, found),
        *where_not(
            found,
            f"{outside} of {subject.city.unit.several} lie outside the area of applicability: "
            "unlike any of the places with a known number. Accuracy also varies across the city:",
            NUMBERS.error,
        ),
        *method_section(subject, found, f"on {found.used:,} places with a known number"),
    ]


def _named(found: NumberFindings) -> str:
    return f"{found.field} {found.unit}".strip()


def _in_short(subject: Subject, found: NumberFindings) -> list[Block]:
    split = found.test.calibrated_on
    score, covered = found.test.accuracy[split], found.test.coverage[split]
    where = SPLITS[split].in_short
    least, most, mean = (number_text(one) for one in (found.least, found.most, found.mean))
    scale = (
        " It was fitted on the logarithm: an estimate is the typical number of such a place, not "
        "the mean, which few large numbers pull up."
        if found.transform == LOG1P.name
        else ""
    )
    return [
        KeyFigures(
            (
                KeyFigure("R²", figure(score["r2"].mean), f"{interval(score['r2'])}, {where}"),
                KeyFigure("mean absolute error", number_text(score["mae"].mean), where),
                KeyFigure(
                    f"coverage of intervals, target {percent(subject.level)}",
                    percent(covered.share, 1),
                    f"of known numbers lie in their interval, {where}",
                ),
                KeyFigure("places used", f"{found.used:,}", "each held out when estimated"),
            )
        ),
        Paragraph(
            f"The map estimates {_named(found)}. Known numbers run from {least} to {most}, with a "
            f"mean of {mean}; no estimate leaves that range.{scale}"
        ),
        *([Paragraph(said)] if (said := advice(found)) else []),
    ]


def _accuracy(subject: Subject, found: NumberFindings) -> list[Block]:
    pairs = found.test.pairs
    scatter = charts.numbers_scatter(
        pairs.truth, pairs.predicted, _named(found), logarithmic=found.transform == LOG1P.name
    )
    return [
        Heading("Accuracy"),
        accuracy_table(found.test.accuracy),
        Figure(
            charts.to_svg(scatter, width=420, height=320),
            alt=f"Observed and estimated {_named(found)} of held-out places",
        ),
        Table(
            ("Intervals tested on", "Hold the truth", "95 % interval", "Mean width"),
            tuple(
                (
                    SPLIT_NAMES[split],
                    percent(one.share, 1),
                    f"{percent(one.lo, 1)} to {percent(one.hi, 1)}",
                    number_text(one.mean_width),
                )
                for split, one in found.test.coverage.items()
            ),
            caption=f"Intervals with a target coverage of {percent(subject.level)}, each "
            "calibrated on other places.",
            align="lrrr",
        ),
    ]


REPORT_BODIES[NUMBERS.name] = body

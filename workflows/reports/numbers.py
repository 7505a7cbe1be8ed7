"""What the report of a map of a number says."""

from aether_core import charts, language
from aether_core.charts.breaks import number_text
from aether_core.language import _
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
        Heading(_("The maps")),
        map_figure(
            subject,
            found.field,
            caption=_(
                "Estimated {named} of each {one}.",
                named=_named(found),
                one=_(subject.city.unit.one),
            ),
        ),
        *_accuracy(subject, found),
        *where_not(
            found,
            _(
                "{outside} of {several} lie outside the area of applicability: unlike any of "
                "the places with a known number. Accuracy also varies across the city:",
                outside=outside,
                several=_(subject.city.unit.several),
            ),
            NUMBERS.error,
        ),
        *method_section(
            subject, found, _("on {used:,} places with a known number", used=found.used)
        ),
    ]


def _named(found: NumberFindings) -> str:
    return f"{found.field} {found.unit}".strip()


def _in_short(subject: Subject, found: NumberFindings) -> list[Block]:
    split = found.test.calibrated_on
    score, covered = found.test.accuracy[split], found.test.coverage[split]
    where = SPLITS[split].in_short
    least, most, mean = (number_text(one) for one in (found.least, found.most, found.mean))
    scale = (
        _(
            "It was fitted on the logarithm: an estimate is the typical number of such a place, "
            "not "
            "the mean, which few large numbers pull up."
        )
        if found.transform == LOG1P.name
        else ""
    )
    return [
        KeyFigures(
            (
                KeyFigure("R²", figure(score["r2"].mean), f"{interval(score['r2'])}, {where}"),
                KeyFigure(_("mean absolute error"), number_text(score["mae"].mean), where),
                KeyFigure(
                    _("coverage of intervals, target {level}", level=percent(subject.level)),
                    percent(covered.share, 1),
                    _("of known numbers lie in their interval, {where}", where=where),
                ),
                KeyFigure(
                    _("places used"),
                    language.figure(found.used, ","),
                    _("each held out when estimated"),
                ),
            )
        ),
        Paragraph(
            _(
                "The map estimates {named}. Known numbers run from {least} to {most}, with a "
                "mean of {mean}; no estimate leaves that range.{scale}",
                named=_named(found),
                least=least,
                most=most,
                mean=mean,
                scale=scale,
            )
        ),
        *([Paragraph(said)] if (said := advice(found)) else []),
    ]


def _accuracy(subject: Subject, found: NumberFindings) -> list[Block]:
    pairs = found.test.pairs
    scatter = charts.numbers_scatter(
        pairs.truth, pairs.predicted, _named(found), logarithmic=found.transform == LOG1P.name
    )
    return [
        Heading(_("Accuracy")),
        accuracy_table(found.test.accuracy),
        Figure(
            charts.to_svg(scatter, width=420, height=320),
            alt=_("Observed and estimated {named} of held-out places", named=_named(found)),
        ),
        Table(
            (_("Intervals tested on"), _("Hold the truth"), _("95 % interval"), _("Mean width")),
            tuple(
                (
                    _(SPLIT_NAMES[split]),
                    percent(one.share, 1),
                    _("{low} to {high}", low=percent(one.lo, 1), high=percent(one.hi, 1)),
                    number_text(one.mean_width),
                )
                for split, one in found.test.coverage.items()
            ),
            caption=_(
                "Intervals with a target coverage of {level}, each calibrated on other places.",
                level=percent(subject.level),
            ),
            align="lrrr",
        ),
    ]


REPORT_BODIES[NUMBERS.name] = body

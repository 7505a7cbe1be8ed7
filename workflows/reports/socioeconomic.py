"""What the report of a socioeconomic map says."""

from aether_core import charts, language
from aether_core.language import _
from aether_core.report import (
    Block,
    Figure,
    FigureRow,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Table,
)
from aether_core.tasks.areas.given import NUMBER_KINDS
from aether_core.tasks.kinds.shares import SHARES, ShareFindings
from aether_core.tasks.testing.splits import SPLITS
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import REPORT_BODIES, Subject, percent
from workflows.reports.tested import SPLIT_NAMES, accuracy_table, method_section, where_not

_SCATTERS = 4
_MAPS = 2
_MAP_MM = 95


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    found = subject.layer.measured(ShareFindings)
    return [
        *_in_short(subject, found),
        *_maps(subject, found),
        *_fields(subject, found),
        *_accuracy(found),
        *where_not(found, _where_not(subject, found), SHARES.error),
        *method_section(subject, found, _("on the shares of {used:,} areas", used=found.used)),
    ]


def _in_short(subject: Subject, found: ShareFindings) -> list[Block]:
    split = found.test.calibrated_on
    score = found.test.accuracy[split]
    covered = [one.share for one in found.test.coverage[split].values()]
    where = SPLITS[split].in_short
    error = score["l1"]
    ends = _("{low:.1f} to {high:.1f}", low=found.points(error.lo), high=found.points(error.hi))
    return [
        KeyFigures(
            (
                KeyFigure(
                    _("typical error of a share, in percentage points"),
                    f"{found.points(error.mean):.1f}",
                    f"{ends}, {where}",
                ),
                KeyFigure(
                    _("coverage of intervals, target {level}", level=percent(subject.level)),
                    percent(sum(covered) / len(covered), 1),
                    _("of shares lie in their interval, {where}", where=where),
                ),
                KeyFigure(
                    _("areas used"),
                    language.figure(found.used, ","),
                    _("each held out when predicted"),
                ),
            )
        ),
        Paragraph(
            _(
                "The map predicts the shares of {outcomes} groups: {outcomes2}. They were "
                "given as {given} of {used:,} areas.",
                outcomes=len(found.outcomes),
                outcomes2=", ".join(found.outcomes),
                given=found.given,
                used=found.used,
            )
        ),
    ]


def _maps(subject: Subject, found: ShareFindings) -> list[Block]:
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    fields = sorted(found.outcomes, key=lambda name: -float(values[name].std()))
    by_area = subject.layer.by_area
    unit = _("area, held out when predicted") if by_area else subject.city.unit.one
    blocks: list[Block] = [
        Heading(_("The maps")),
        map_figure(
            subject,
            "dominant",
            tallest_mm=_MAP_MM,
            caption=_("Group with the largest share of each {unit}.", unit=unit),
        ),
    ]
    blocks += [
        map_figure(
            subject,
            name,
            tallest_mm=_MAP_MM,
            caption=_("Predicted share of {name} of each {unit}.", name=name, unit=unit),
        )
        for name in fields[:_MAPS]
    ]
    return blocks


def _fields(subject: Subject, found: ShareFindings) -> list[Block]:
    split = found.test.calibrated_on
    coverage = found.test.coverage[split]
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    rows = [
        (
            name,
            percent(found.mean_shares[name], 1),
            percent(float(values[name].mean()), 1),
            percent(coverage[name].share, 1),
            f"±{percent(coverage[name].mean_width / 2, 1)}",
        )
        for name in found.outcomes
    ]
    blocks: list[Block] = [
        Heading(_("What the fields mean")),
        Table(
            (_("Field"), _("Mean observed"), _("Mean predicted"), _("Coverage"), _("Interval")),
            tuple(rows),
            caption=_(
                "Intervals with a target coverage of {level}, checked on {split}.",
                level=percent(subject.level),
                split=_(SPLIT_NAMES[split]),
            ),
            align="lrrrr",
        ),
    ]
    if subject.layer.by_area:
        scatters = [
            Figure(
                charts.to_svg(
                    charts.shares_scatter(values[f"{name}_observed"], values[name], name),
                    width=300,
                    height=270,
                ),
                alt=_("Observed and predicted share of {name}", name=name),
            )
            for name in found.outcomes[:_SCATTERS]
        ]
        blocks += [FigureRow(tuple(scatters[at : at + 2])) for at in range(0, len(scatters) - 1, 2)]
    return blocks


def _accuracy(found: ShareFindings) -> list[Block]:
    return [
        Heading(_("Accuracy")),
        accuracy_table(found.test.accuracy),
        Paragraph(
            _(
                "KL divergence, Chebyshev and L1 distance are errors: 0 is perfect. Cosine "
                "similarity "
                "is 1 where predicted and observed shares agree."
            )
        ),
    ]


def _where_not(subject: Subject, found: ShareFindings) -> str:
    outside = found.test.applicability.outside
    minimum = subject.layer.parameters["minimum_count"]
    counted = (
        _(" Areas with fewer than {minimum:g} people were left out.", minimum=minimum)
        if NUMBER_KINDS[found.given].has_totals
        else ""
    )
    return _(
        "{outside} of {several} lie outside the area of applicability: unlike any area "
        "used. Cell shares are derived from areas many times larger; use them to see "
        "variation within an area, not as counts.{counted} Accuracy varies across the "
        "city:",
        outside=percent(outside, 1),
        several=_(subject.city.unit.several),
        counted=counted,
    )


REPORT_BODIES[SHARES.name] = body

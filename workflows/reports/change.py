"""What the report of a kept change says."""

import numpy as np
from numpy.typing import NDArray

from aether_core import charts
from aether_core.city.units import UnitKind
from aether_core.language import _, figure
from aether_core.report import Block, Callout, Figure, Heading, KeyFigure, KeyFigures, Paragraph
from aether_core.search.change import CHANCE, ChangeFindings, YearNoise
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.search import validation
from workflows.reports.subject import REPORT_BODIES, Subject, percent

_MAP_MM = 125
_CHART_PX = 620


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked, found = subject.layer.parameters, subject.layer.measured(ChangeFindings)
    noise, unit = found.noise, subject.city.unit
    first, second = asked["from"], asked["to"]
    without = _(", but not {minus}", minus=asked["minus"]) if asked.get("minus") else ""
    lacking = found.lacking
    left_out = (
        _(" {units} without data in one of the years.", units=unit.counted(lacking))
        if lacking
        else ""
    )
    return [
        KeyFigures(
            (
                KeyFigure(
                    _("within noise"),
                    percent(found.share_below_noise, 1),
                    _("of {units}", units=_(unit.several)),
                ),
                KeyFigure(
                    _("towards"),
                    figure(found.towards, ","),
                    _("{several} beyond noise", several=_(unit.several)),
                ),
                KeyFigure(
                    _("away"),
                    figure(found.away, ","),
                    _("{several} beyond noise", several=_(unit.several)),
                ),
            )
        ),
        Paragraph(
            _(
                "Change towards: {query}{without}. The map compares {first} and {second}, "
                "scored with the same model.{left_out}",
                query=asked["query"],
                without=without,
                first=first,
                second=second,
                left_out=left_out,
            )
        ),
        Heading(_("The map")),
        map_figure(
            subject,
            "change",
            tallest_mm=_MAP_MM,
            caption=_(
                "Score of {second} minus score of {first}. Palest: within the usual difference "
                "between years.",
                second=second,
                first=first,
            ),
        ),
        Callout("caution", found.caution, title=_("How to read it")),
        Heading(_("Noise level")),
        Paragraph(
            _(
                "Two years of the same place never agree exactly. Noise is measured as the "
                "change of this score in the {units} ({stable_share}) whose embedding changed "
                "least: all but {chance} of them are between {low:+.3f} and {high:+.3f}. "
                "{false}",
                units=unit.counted(noise.stable),
                stable_share=percent(noise.stable_share),
                chance=percent(CHANCE),
                low=noise.low,
                high=noise.high,
                false=_false(noise, unit, subject.layer.features),
            )
        ),
        Figure(
            charts.to_svg(
                charts.change_histogram(_change(subject), noise.low, noise.high, unit.several),
                width=_CHART_PX,
                height=240,
            ),
            caption=_(
                "{several} by change in score; changes between the dashed lines are noise.",
                several=_(unit.several).capitalize(),
            ),
            alt=_("Histogram of change with the noise band"),
        ),
        Heading(_("Model accuracy")),
        Paragraph(validation(subject)),
    ]


def _false(noise: YearNoise, unit: UnitKind, number: int) -> str:
    """How many units would be called changed without a change; layers from before cannot tell."""
    if not noise.tested:
        return _("The false-positive rate was not measured.")
    low, high = noise.false_low, noise.false_high
    return _(
        "Tested against noise bands from other parts of the city, {false_share} of "
        "these {several} ({low} to {high}) are false positives: of {units} "
        "{number:,.0f} to {number2:,.0f} would be flagged without any change.",
        false_share=percent(noise.false_share, 1),
        several=_(unit.several),
        low=percent(low, 1),
        high=percent(high, 1),
        units=unit.counted(number),
        number=low * number,
        number2=high * number,
    )


def _change(subject: Subject) -> NDArray[np.float32]:
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    return np.asarray(values["change"], dtype=np.float32)


REPORT_BODIES["change"] = body

"""A layer's map as reports show it."""

from aether_core.charts.breaks import PERCENTILES
from aether_core.charts.palette import AMBER, BLUE
from aether_core.language import _, mark
from aether_core.report import LegendEntry, MapFigure
from aether_core.report.map_picture import MapOutline
from workflows.layers.pictures import LayerPicture, layer_picture
from workflows.reports.subject import Subject, percent

_WIDTH_PX = 1600
_OWN_WORDS = frozenset(
    {
        mark("percentile"),
        mark("score"),
        mark("% of the city's cells that score lower"),
        mark("match (cosine), -1 to 1"),
        *PERCENTILES.names,
    }
)
_PART_SHOWN = mark("The map shows a part of the city; shares in the legend are of that part.")


def map_figure(
    subject: Subject,
    field: str | None = None,
    *,
    caption: str = "",
    tallest_mm: float = 150.0,
) -> MapFigure:
    """Draw the layer in one of its fields, with legend and scale, at most so high."""
    marked = list(zip(subject.districts, (BLUE, AMBER), strict=False))
    drawn = layer_picture(
        subject.store,
        subject.city.slug,
        subject.layer.layer,
        field,
        width_px=_WIDTH_PX,
        view=subject.view,
        outlines=[MapOutline(one.geometry, colour) for one, colour in marked],
    )
    legend = _legend(drawn) + tuple(
        LegendEntry(one.name, colour, outlined=True) for one, colour in marked
    )
    if subject.view is not None:
        caption = f"{caption} {_(_PART_SHOWN)}".strip()
    return MapFigure(
        picture=drawn.picture,
        legend=legend,
        legend_title=f"{_said(drawn.field)}: {_said(drawn.unit)}"
        if drawn.unit
        else _said(drawn.field),
        caption=caption,
        tallest_mm=tallest_mm,
        alt=_(
            "Map of {name}: {title}, {field}",
            name=subject.city.name,
            title=subject.layer.title,
            field=drawn.field,
        ),
    )


def _said(words: str) -> str:
    """This app's own words in the reader's language; a user's field or class as it is."""
    return _(words) if words in _OWN_WORDS else words


def _legend(drawn: LayerPicture) -> tuple[LegendEntry, ...]:
    """As the screen has it: numbers by size, classes by how much of the map they take."""
    told = list(zip(drawn.entries, drawn.strength, drawn.share, strict=True))
    if not drawn.ordered:
        told.sort(key=lambda one: -one[2])
    entries = [
        LegendEntry(_said(label), colour, percent(share), strength=strength)
        for (colour, label), strength, share in told
        if share > 0
    ]
    if drawn.untrusted > 0:
        entries.append(LegendEntry(_("unreliable"), note=percent(drawn.untrusted), hatched=True))
    return tuple(entries)

"""A layer's map as reports show it."""

from aether_core.report import LegendEntry, MapFigure
from workflows.layers.pictures import LayerPicture, layer_picture
from workflows.reports.subject import Subject, percent

_WIDTH_PX = 1600


def map_figure(
    subject: Subject,
    field: str | None = None,
    *,
    caption: str = "",
    tallest_mm: float = 150.0,
) -> MapFigure:
    """Draw the layer in one of its fields, with legend and scale, at most so high."""
    drawn = layer_picture(
        subject.store,
        subject.city.slug,
        subject.layer.layer,
        field,
        width_px=_WIDTH_PX,
    )
    return MapFigure(
        picture=drawn.picture,
        legend=_legend(drawn),
        legend_title=f"{drawn.field}: {drawn.unit}" if drawn.unit else drawn.field,
        caption=caption,
        tallest_mm=tallest_mm,
        alt=f"Map of {subject.city.name}: {subject.layer.title}, {drawn.field}",
    )


def _legend(drawn: LayerPicture) -> tuple[LegendEntry, ...]:
    """As the screen has it: numbers by size, classes by how much of the map they take."""
    told = list(zip(drawn.entries, drawn.share, strict=True))
    if not drawn.ordered:
        told.sort(key=lambda one: -one[1])
    entries = [
        LegendEntry(label, colour, percent(share)) for (colour, label), share in told if share > 0
    ]
    if drawn.untrusted > 0:
        entries.append(LegendEntry("unreliable", note=percent(drawn.untrusted), hatched=True))
    return tuple(entries)

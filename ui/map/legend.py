"""What the colours of a map mean, with the unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from aether_core.charts.breaks import PERCENTILES, names_between
from aether_core.language import _, mark
from ui.map.ramp import Colour, Steps, css
from ui.shell.text import worded

UNTRUSTED: Final = mark("unreliable")
PERCENTILE_NAMES: Final = PERCENTILES.names


@dataclass(frozen=True)
class Entry:
    """One colour of a legend.

    Attributes:
        colour: As CSS.
        name: What it means.
        figure: A short number beside it; "" for none.
        place: Position of the class on the map, whose shapes are counted; None counts nothing.
    """

    colour: str
    name: str
    figure: str = ""
    place: int | None = None


@dataclass(frozen=True)
class Legend:
    """A legend, in the order it is read.

    Attributes:
        title: What is shown.
        unit: What the values count, such as `percentile of the city's cells`.
        entries: The colours.
        ordered: The classes have an order, lowest first: they are drawn as one bar.
    """

    title: str
    unit: str
    entries: tuple[Entry, ...]
    ordered: bool = False


def of_steps(
    title: str,
    unit: str,
    steps: Steps,
    *,
    names: Sequence[str] | None = None,
    grey: Colour | None = None,
) -> Legend:
    """The legend of numbers.

    Args:
        title: What is shown.
        unit: What the numbers count.
        steps: Classes and colours.
        names: Class labels, lowest first; the limits when left out.
        grey: Colour of what is not to be trusted, where some of it is grey.
    """
    labels = [*map(worded(*PERCENTILES.names), names or names_between(steps.edges))]
    entries = [
        Entry(css(colour), label, place=at)
        for at, (colour, label) in enumerate(zip(steps.colours, labels, strict=True))
    ]
    return Legend(title, unit, (*entries, *_untrusted(grey, len(entries))), ordered=True)


def of_categories(
    title: str,
    unit: str,
    entries: Sequence[tuple[Colour, str, str]],
    *,
    grey: Colour | None = None,
) -> Legend:
    """The legend of classes without an order.

    Args:
        title: What is shown.
        unit: What it is, in a few words.
        entries: Colour, name and a short figure of each class.
        grey: Colour of what is not to be trusted, where some of it is grey.
    """
    found = [Entry(css(colour), name, figure) for colour, name, figure in entries]
    return Legend(title, unit, (*found, *_untrusted(grey, None)))


def as_html(legend: Legend) -> str:
    """A legend beside a map that draws none of its own."""
    entries = "".join(
        f'<li><i style="background:{escape(entry.colour)}"></i>{escape(entry.name)}</li>'
        for entry in legend.entries
    )
    head = f"<b>{escape(legend.title)}</b> {escape(legend.unit)}"
    return f'<div class="map-legend"><p>{head}</p><ul>{entries}</ul></div>'


def _untrusted(grey: Colour | None, place: int | None) -> tuple[Entry, ...]:
    return (Entry(css(grey), _(UNTRUSTED), place=place),) if grey else ()

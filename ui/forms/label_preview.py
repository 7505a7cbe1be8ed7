"""Labels before anything is fitted: on the map, counted by class, and what was left out."""

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from aether_core.charts import class_counts
from aether_core.charts.class_colours import class_colours
from aether_core.language import _
from aether_core.tasks.labels.count import LabelCount
from aether_core.tasks.labels.read import Labels
from ui.map import map as city_map
from ui.map.map import MapLayer
from ui.map.shapes import ShapeValues
from ui.maps import views
from ui.shell import chart
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary

MAP_HEIGHT: Final = 420
_DRAWN: Final = 8_000
_LINE: Final = 26
_LONG_LINE: Final = 36
_LONG_NAME: Final = 26


def preview_labels(city: CitySummary, labels: Labels, found: LabelCount, key: str) -> None:
    """Show labels in the city on its map, and how many each class has in the same colours.

    Args:
        labels: In the city, of 2 to 60 classes.
        found: How many of them count.
    """
    counts = found.by_class
    names = sorted(labels.counts)  # the order, and so the colours, of the map to come
    colours = dict(zip(names, class_colours(names), strict=True))
    _map(city, labels, found, colours, key)
    _said(labels, found)
    line = _LINE if max(map(len, counts)) <= _LONG_NAME else _LONG_LINE
    chart.show_chart(
        class_counts(counts, colours),
        f"{key}-counts",
        height=90 + line * len(counts),
        alt=_("Number of labels per class"),
    )


def _map(
    city: CitySummary, labels: Labels, found: LabelCount, colours: dict[str, str], key: str
) -> None:
    every = max(1, -(-len(labels) // _DRAWN))
    some = np.arange(0, len(labels), every)
    values = pd.Series(labels.value[some])
    shown = views.categories(values, list(colours), list(colours.values()))
    city_map.draw_map(
        city,
        key=f"{key}-labels-map",
        height=MAP_HEIGHT,
        alt=_("Map of {labels} by class", labels=count(found.used, "label")),
        layers=[MapLayer(areas=ShapeValues(labels.geometry[some], shown))],
    )
    if every > 1:
        st.caption(_("Every {every}th label is drawn.", every=every))


def _said(labels: Labels, found: LabelCount) -> None:
    """How many there are, what was mended, what was left out and why."""
    parts = [
        _("{labels} from {source}", labels=count(found.used, "label"), source=plain(labels.source))
    ]
    if labels.repaired:
        parts.append(_("{polygons} repaired", polygons=count(labels.repaired, "polygon")))
    parts += [
        _("{number:,} left out: {why}", number=number, why=plain(why))
        for why, number in found.left_out.items()
    ]
    st.caption(" · ".join(parts))

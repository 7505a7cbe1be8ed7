"""Which labels are held out together: the fold map, and why the blocks are as large as they are."""

from typing import Final

import numpy as np
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS
from aether_core.language import _, figure
from aether_core.tasks.findings import BlockFigures, Folds, ValidationDesign
from ui.map import legend
from ui.map import map as city_map
from ui.map.coloured import Categories, Shown, rgba
from ui.map.map import MapLayer
from ui.map.shapes import dots
from ui.shell import state
from ui.shell.chart import show_chart
from ui.shell.palette import ground as ground_colours
from ui.shell.text import facts
from workflows.cities.cities import CitySummary

MAP_HEIGHT: Final = 400
_COLOURS: Final = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6BB1", "#7F5539",
    "#B3C95A", "#3D5A80",
)  # fmt: skip


def draw_folds(city: CitySummary, held_out: ValidationDesign, key: str) -> None:
    """Draw the fold map beside the variogram.

    Args:
        city: The city.
        held_out: Folds, variogram and blocks.
        key: Start of the widgets' names.
    """
    picture, why = st.columns([3, 2], gap="large")
    blocks = held_out.blocks
    with picture:
        _map(city, held_out.folds, key)
    with why:
        show_chart(
            charts.variogram(held_out.variogram, block_m=blocks.side_m if blocks else None),
            key=f"{key}-variogram",
            height=300,
            alt=_("Variogram of the labels"),
        )
        if blocks:
            _say_blocks(blocks)


def _map(city: CitySummary, folds: Folds, key: str) -> None:
    splits = list(folds.by_split)
    split = splits[-1]
    if len(splits) > 1:
        split = st.segmented_control(
            _("Map of the folds"),
            splits,
            default=split,
            required=True,
            format_func=lambda name: _(SPLITS.get(name, name)),
            key=f"{key}-split",
        )
    numbers = np.asarray(folds.by_split[split], dtype=np.float32)
    names = tuple(_("fold {number}", number=at + 1) for at in range(int(numbers.max()) + 1))
    colours = tuple(rgba(_COLOURS[at % len(_COLOURS)], 235) for at in range(len(names)))
    shown = Shown(numbers, Categories(names, colours), _("fold"), note=_("fold"))
    lonlat = np.asarray(folds.lonlat, dtype=np.float64)
    layer = dots(lonlat, shown, ground_colours(dark=state.is_dark()), layer_id=f"{key}-dots")
    counts = np.bincount(numbers.astype(int), minlength=len(names))
    city_map.draw_map(
        city,
        key=f"{key}-map",
        height=MAP_HEIGHT,
        alt=_("Map of the folds: {split}", split=_(SPLITS.get(split, split))),
        layers=[
            MapLayer(
                overlays=[layer],
                legend=legend.of_categories(
                    _(SPLITS.get(split, split)).capitalize(),
                    _("n = {numbers:,} samples shown, first seed", numbers=len(numbers)),
                    [
                        (colour, name, figure(n, ","))
                        for colour, name, n in zip(colours, names, counts, strict=True)
                    ],
                ),
            )
        ],
    )


def _say_blocks(blocks: BlockFigures) -> None:
    """How large the blocks are, and why."""
    found = blocks.range_m
    lines = {
        _("Block size"): _(
            "{side_m:,.0f} m, chosen by {chosen_by}",
            side_m=blocks.side_m,
            chosen_by=blocks.chosen_by,
        ),
        _("Variogram range"): f"{found:,.0f} m" if found else _("no range found"),
        _("Blocks with labels"): figure(blocks.occupied, ","),
    }
    facts(lines)
    if blocks.limited:
        st.caption(
            _(
                "The city is too small for blocks as large as that range: neighbouring blocks are "
                "still somewhat similar, so the figures for spatial blocks are slightly "
                "optimistic too."
            )
        )

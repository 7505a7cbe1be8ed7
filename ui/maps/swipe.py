"""Two sets of colours on one map, on either side of a divider."""

from collections.abc import Sequence
from dataclasses import replace

from aether_core.language import _
from ui.map import map as city_map
from ui.map.map import MapLayer
from workflows.cities.cities import CitySummary


def show_swipe(
    city: CitySummary,
    pair: Sequence[MapLayer],
    names: tuple[str, str],
    *,
    key: str,
) -> None:
    """Draw both; where they have one scale, its legend stands once.

    Args:
        city: The city.
        pair: What is seen on the left, and on the right.
        names: What each is called; they must differ.
        key: Stable name of the map.
    """
    left, right = pair
    same = (
        left.legend is not None
        and right.legend is not None
        and left.legend.ordered
        and replace(left.legend, title="") == replace(right.legend, title="")
    )
    if same and left.legend is not None:
        left = replace(left, legend=replace(left.legend, title=" | ".join(names)))
        right = replace(right, legend=None)
    city_map.draw_map(
        city,
        key=key,
        alt=_(
            "Map of {name}: left {names}, right {names2}",
            name=city.name,
            names=names[0],
            names2=names[1],
        ),
        layers=[
            replace(left, name=names[0], side="left"),
            replace(right, name=names[1], side="right"),
        ],
    )

"""Places of two sources as one table, each place once."""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from aether_core.language import OTHER_NAMES, names_kept, other_names
from aether_core.poi.merging.same_place import Pair, same_places
from aether_core.progress import Progress, silent


@dataclass(frozen=True)
class Merged:
    """Places of two sources, each once.

    Attributes:
        frame: The kept places (`aether_core.poi.frame`): those of the first source in their order,
            then those of the second that the first lacks.
        duplicates: Places of the second source that the first has, too.
        pairs: Row of the first and row of the second source of each duplicate.
    """

    frame: gpd.GeoDataFrame
    duplicates: int
    pairs: list[Pair]


def merge_places(
    first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, *, progress: Progress = silent
) -> Merged:
    """Put the places of two sources together without duplicates (`same_place`).

    Of a duplicate the record is kept that tells more of what the place is, category and group; the
    first source's where both tell as much. What only the other one knows it as in other languages
    is kept with it.

    Args:
        first: A POI table (`aether_core.poi.frame`).
        second: Another.
        progress: Told of the places of the second compared so far.

    Returns:
        The places, and how many were duplicates.
    """
    pairs = same_places(first, second, progress=progress)
    ours, theirs = _telling(first), _telling(second)
    order = list(range(len(first)))
    for row, other in pairs:
        if order[row] == row and theirs[other] > ours[row]:
            order[row] = len(first) + other
    duplicates = {other for _, other in pairs}
    order += [len(first) + row for row in range(len(second)) if row not in duplicates]
    both = pd.concat([first, second[first.columns]], ignore_index=True)
    named = both[OTHER_NAMES].tolist()
    for row, other in pairs:
        _add_names(named, order[row], row, len(first) + other)
    both[OTHER_NAMES] = named
    return Merged(
        frame=gpd.GeoDataFrame(both.iloc[order].reset_index(drop=True), crs=first.crs),
        duplicates=len(pairs),
        pairs=pairs,
    )


def _add_names(named: list[str], kept: int, *alike: int) -> None:
    """Give a place the other names of those it is alike, its own before theirs."""
    if any(named[row] for row in alike):
        known = [names_kept(named[row]) for row in (kept, *alike)]
        named[kept] = other_names(pair for one in known for pair in one.items())


def _telling(places: gpd.GeoDataFrame) -> list[int]:
    """How many of category and group each record tells; "amenity" tells nothing."""
    groups = ~places["group"].isin(["", "amenity"])
    return [int(count) for count in (places["category"] != "").astype(int) + groups.astype(int)]

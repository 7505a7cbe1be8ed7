"""What people know near a point: the nearest place that has a name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree

from aether_core.language import PlaceName
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.longitudes import Bounds, running_on
from ui.shell import state
from workflows.cities.cities import CitySummary, city_points
from workflows.home.shared_results import computed_once
from workflows.home.store import Store


@dataclass(frozen=True, eq=False)
class _Places:
    """A city's places, whether any has a name, and the languages in which names are known."""

    frame: pd.DataFrame
    named: bool
    languages: frozenset[str]


@computed_once(8)
def _places(
    store: Store,
    slug: str,
    created: datetime,  # noqa: ARG001 - a city added anew under the same slug is another city
) -> _Places:
    frame = city_points(store, slug)
    # Of 20,000 it takes 3 ms to see, and every rerun asks.
    return _Places(frame, bool((frame["name"] != "").any()), languages_of(frame["name"]))


def _places_of(city: CitySummary) -> _Places:
    return _places(state.store(), city.slug, city.created)


def has_names(city: CitySummary) -> bool:
    """Whether any of the city's places has a name."""
    return _places_of(city).named


def places_of(city: CitySummary) -> pd.DataFrame:
    """The city's places: lon, lat, name, category, group; a name is a `PlaceName`.

    All visitors are given the same frame, read once a city: it is not to be changed.
    """
    return _places_of(city).frame


def place_languages(city: CitySummary) -> frozenset[str]:
    """The languages in which some of the city's places are known beside their main names."""
    return _places_of(city).languages


def languages_of(names: Iterable[PlaceName]) -> frozenset[str]:
    """The languages in which some of the names are known beside their main ones."""
    return frozenset().union(*(name.others for name in names))


def nearest_names(city: CitySummary, lonlat: npt.NDArray[np.float64]) -> Sequence[PlaceName]:
    """Name of the nearest named place of each point; empty where the city has none.

    Args:
        city: The city.
        lonlat: WGS84, float64 [n, 2].
    """
    frame = places_of(city)
    named = frame[frame["name"] != ""]
    if not len(named):
        return [PlaceName("")] * len(lonlat)
    scale = metres_a_degree((city.bbox[1] + city.bbox[3]) / 2)
    tree = KDTree(_running_on(named[["lon", "lat"]].to_numpy(), city.bbox) * scale)
    _, index = tree.query(_running_on(lonlat, city.bbox) * scale)
    return list(named["name"].iloc[index])


def spread_out(lonlat: npt.NDArray[np.float64], metres: float, most: int) -> list[int]:
    """Positions of the first points that lie at least so far from every one chosen before.

    Args:
        lonlat: WGS84 in order of preference, float64 [n, 2].
        metres: Least distance between two chosen points.
        most: Number of points wanted; fewer where there is no room.
    """
    away = lonlat - lonlat[0]
    away[:, 0] = (away[:, 0] + 180) % 360 - 180  # the short way, across the 180th meridian, too
    flat = away * metres_a_degree(lonlat[0, 1])
    chosen: list[int] = []
    free = np.ones(len(flat), dtype=bool)
    while len(chosen) < most and free.any():
        index = int(np.argmax(free))
        chosen.append(index)
        free &= np.hypot(*(flat - flat[index]).T) >= metres
        free[index] = False
    return chosen


def _running_on(lonlat: npt.NDArray[np.float64], bounds: Bounds) -> npt.NDArray[np.float64]:
    return np.column_stack([running_on(lonlat[:, 0], bounds), lonlat[:, 1]])

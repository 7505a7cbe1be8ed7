"""Cleaning against the plain double loop, and what is dropped for what reason."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.errors import InputError
from aether_core.poi.clean import clean_pois
from aether_core.poi.frame import poi_frame
from tests.errors import fault

GEOD = pyproj.Geod(ellps="WGS84")


def pois_at(rows: list[tuple[str, str, float, float]]) -> gpd.GeoDataFrame:
    return poi_frame(
        {"name": [r[0] for r in rows], "category": [r[1] for r in rows]},
        np.array([shapely.Point(r[2:]) if r[2] is not None else None for r in rows], dtype=object),
    )


def brute_force(rows: list[tuple[str, str, float, float]], box: shapely.Polygon) -> list[str]:
    """The reason each POI goes, "" when it stays: every pair looked at, distances on the geoid."""
    reasons: list[str] = []
    for i, (name, category, lon, lat) in enumerate(rows):
        if lon is None:
            reasons.append("no geometry")
        elif not box.intersects(shapely.Point(lon, lat)):
            reasons.append("outside the boundary")
        elif not name and not category:
            reasons.append("no category and no name")
        elif any(
            not reasons[j]
            and rows[j][:2] == (name, category)
            and GEOD.inv(lon, lat, rows[j][2], rows[j][3])[2] <= 10
            for j in range(i)
        ):
            reasons.append("duplicate")
        else:
            reasons.append("")
    return reasons


@st.composite
def cities(draw: st.DrawFn) -> tuple[list[tuple], shapely.Polygon]:
    """POIs on a grid of 1.37 m somewhere on Earth, so that none is within float error of 10 m."""
    lon = draw(st.floats(75, 170))  # so that no swapped place could be meant
    lat = draw(st.floats(-70, 70))
    steps = st.integers(-30, 30)
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["", "A", "B"]),
                st.sampled_from(["", "cafe"]),
                st.one_of(st.none(), st.tuples(steps, steps)),
            ),
            min_size=1,
            max_size=40,
        )
    )
    metres = 111_320 * np.cos(np.radians(lat))
    placed = [
        (n, c, lon + at[0] * 1.37 / metres, lat + at[1] * 1.37 / 110_574)
        if at
        else (n, c, None, None)
        for n, c, at in rows
    ]
    return placed, shapely.box(lon - 25 / metres, lat - 1, lon + 1, lat + 1)


@settings(max_examples=50)
@given(city=cities())
def test_cleaning_is_the_double_loop(city: tuple[list[tuple], shapely.Polygon]) -> None:
    rows, box = city
    expected = brute_force(rows, box)
    result = clean_pois(pois_at(rows), box)
    kept = [(r[0], r[1], r[2], r[3]) for r, why in zip(rows, expected, strict=True) if not why]
    columns = (result.pois["name"], result.pois["category"])
    points = (result.pois.geometry.x, result.pois.geometry.y)
    assert list(zip(*columns, *points, strict=True)) == kept
    assert result.dropped == {why: expected.count(why) for why in set(expected) - {""}}
    assert list(result.pois.index) == list(range(len(kept)))


def test_a_chain_keeps_every_second() -> None:
    step = 7 / 111_320
    rows = [("A", "cafe", i * step, 0.0) for i in range(5)]
    result = clean_pois(pois_at(rows), shapely.box(-1, -1, 1, 1))
    assert list(np.round(result.pois.geometry.x / step)) == [0, 2, 4]


def test_a_pile_of_the_same_place_is_one() -> None:
    rows = [("A", "cafe", 0.1, 0.1)] * 20_000
    result = clean_pois(pois_at(rows), shapely.box(0, 0, 1, 1))
    assert len(result.pois) == 1
    assert result.dropped == {"duplicate": 19_999}


def test_the_edge_of_the_boundary_is_inside() -> None:
    result = clean_pois(pois_at([("A", "", 1.0, 0.5)]), shapely.box(0, 0, 1, 1))
    assert result.dropped == {}


def test_swapped_coordinates_are_named() -> None:
    rows = [(str(i), "cafe", 60.17 + i / 1000, 24.94) for i in range(5)]
    with pytest.raises(InputError, check=fault("coordinates-swapped", "60.17", "24.94")):
        clean_pois(pois_at(rows), shapely.box(24.9, 60.1, 25.0, 60.2))


def test_places_elsewhere_are_only_counted() -> None:
    result = clean_pois(pois_at([("A", "", 5.0, 5.0)]), shapely.box(24.9, 60.1, 25.0, 60.2))
    assert result.pois.empty
    assert result.dropped == {"outside the boundary": 1}

"""Names on the map: what has one, where it is written, and which of them the search offers."""

import geopandas as gpd
import pytest
import shapely

from aether_core.language import speaking
from tests.ui.map.named_streets import EAST, NAMED
from ui.map.names import in_readers_language, names_of


def test_streets_and_parks_are_named_along_and_inside() -> None:
    found = {spot["t"]: spot for spot in names_of(NAMED)}
    assert set(found) == {"Long Road", "Side Lane", "A Park"}
    road, lane, park = found["Long Road"], found["Side Lane"], found["A Park"]
    assert [road["n"], lane["n"], park["n"]] == ["Street", "Street", "Park"]
    assert [road["a"], lane["a"], park["a"]] == [0, 90, 0]
    # Both parts of the road are one stretch, whose name stands in the middle.
    assert road["p"] == pytest.approx([24.94 + 45 * EAST, 60.17], abs=1e-4)
    # 896, 122 and 66 m long or wide; a park's name may reach somewhat beyond it, a street's hardly.
    assert [road["l"], lane["l"], park["l"]] == pytest.approx([986, 134, 99], abs=4)
    assert list(found) == ["Long Road", "Side Lane", "A Park"]


def test_names_are_written_and_found_as_the_reader_says_them() -> None:
    others = ['{"sv": "Långgatan"}', '{"sv": "Stora vägen", "fi": "Pitkätie"}', "", "", "", ""]
    spots = names_of(NAMED.assign(other_names=others))
    with speaking("fi"):
        told = {spot["t"]: spot for spot in in_readers_language(spots)}
    assert set(told) == {"Pitkätie", "Side Lane", "A Park"}
    road = told["Pitkätie"]
    assert (road["n"], road["o"]) == ("Katu", ["Long Road", "Långgatan"])  # of the first piece
    assert "o" not in told["A Park"]
    assert [spot["t"] for spot in in_readers_language(spots)] == [spot["t"] for spot in spots]


def test_a_name_far_away_is_another_thing_to_be_found() -> None:
    """Two High Streets of two villages, and a third stretch near the first."""
    starts = [24.9, 24.9 + 40 * EAST, 25.2]
    frame = gpd.GeoDataFrame(
        {"kind": "road", "name": "High Street"},
        index=range(3),
        geometry=[shapely.LineString([(x, 60.1), (x + 20 * EAST, 60.1)]) for x in starts],
        crs="EPSG:4326",
    )
    assert sorted((spot["p"][0] > 25, spot["f"]) for spot in names_of(frame)) == [
        (False, False),
        (False, True),
        (True, True),
    ]


def test_no_name_is_written_upside_down_and_points_have_none() -> None:
    west = shapely.LineString([(24.95, 60.17), (24.94, 60.169)])
    frame = gpd.GeoDataFrame(
        {"kind": ["road", "road", "water"], "name": ["Hill", "Dot", "Spring"]},
        geometry=[west, shapely.Point(24.9, 60.1), shapely.Point(24.9, 60.1)],
        crs="EPSG:4326",
    )
    (spot,) = names_of(frame)
    assert spot["t"] == "Hill"
    assert spot["a"] == pytest.approx(11, abs=1)
    assert names_of(frame.iloc[:0]) == []

"""What can be a city's outline, and what is refused with words."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.city_boundary import (
    area_km2,
    box_boundary,
    check_city_boundary,
    read_city_boundary,
)
from aether_core.errors import InputError

LIMIT = 20_000.0
BOW_TIE = shapely.Polygon([(24, 60), (25, 61), (25, 60), (24, 61)])


def refused(geometry: shapely.Geometry | None) -> str:
    with pytest.raises(InputError) as raised:
        check_city_boundary(geometry, limit_km2=LIMIT)
    return str(raised.value)


def test_a_plain_outline_passes_as_a_multipolygon_without_heights() -> None:
    outline = shapely.Polygon([(24, 60, 7), (25, 60, 7), (25, 61, 7), (24, 61, 7)])
    whole = check_city_boundary(outline, limit_km2=LIMIT)
    assert whole.geom_type == "MultiPolygon"
    assert not whole.has_z
    assert whole.equals(shapely.box(24, 60, 25, 61))


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "boundary is empty"),
        (shapely.Polygon(), "boundary is empty"),
        (shapely.LineString([(24, 60), (25, 61)]), "must be an area: a line"),
        (shapely.Point(24, 60), "must be an area: a Point"),
        (shapely.Polygon([(24, 60), (25, 61), (24, 60)]), "no area"),
        (shapely.Polygon([(24, 60), (25, float("inf")), (24, 61)]), "no number"),
        (BOW_TIE, "crosses itself: at longitude 24"),
        (shapely.box(60, 110, 61, 111), "probably swapped"),
        (shapely.box(385_000, 6_671_000, 386_000, 6_672_000), "not in degrees"),
        (shapely.box(179.5, -17, 180.5, -16), "180th meridian"),
        (shapely.box(-179.9, -17, 179.9, -16), "180th meridian"),
        (shapely.box(20, 83.9, 20.5, 84.1), "80° S to 84° N"),
        (shapely.box(20, -80.1, 20.5, -79.9), "80° S to 84° N"),
        (shapely.box(24.9, 60.1, 24.9005, 60.1003), "under a hectare"),
        (
            shapely.union(shapely.box(2, 48, 2.1, 48.1), shapely.box(166, -22, 166.1, -21.9)),
            "parts of the boundary lie more than 500 km apart",
        ),
    ],
)
def test_what_no_city_can_have_is_refused(geometry: shapely.Geometry | None, words: str) -> None:
    assert words in refused(geometry)


def test_a_country_is_refused_with_its_size_the_limit_and_the_batch_way() -> None:
    message = refused(shapely.box(20, 60, 30, 70))
    size = f"{area_km2(shapely.box(20, 60, 30, 70)):,.0f} km²"
    assert size in message
    assert "20,000 km²" in message
    assert "at least 27 cities and fetch them as a batch" in message


def test_the_area_is_that_of_the_ellipsoid_whichever_way_the_ring_turns() -> None:
    # A quarter degree at the equator: 27.83 km east-west, 27.64 km north-south.
    square = shapely.box(10, 0, 10.25, 0.25)
    assert area_km2(square) == pytest.approx(27.83 * 27.64, rel=1e-3)
    assert area_km2(square.reverse()) == pytest.approx(area_km2(square))


def test_a_tiny_defect_of_a_real_outline_is_repaired() -> None:
    spike = shapely.Polygon([(24, 60), (25, 60), (25.2, 60), (25, 60), (25, 61), (24, 61)])
    assert not spike.is_valid
    whole = check_city_boundary(spike, limit_km2=LIMIT)
    assert whole.is_valid
    assert whole.area == pytest.approx(1.0)


def test_overlapping_parts_are_one_area() -> None:
    parts = shapely.MultiPolygon([shapely.box(24, 60, 24.6, 61), shapely.box(24.4, 60, 25, 61)])
    assert not parts.is_valid
    assert check_city_boundary(parts, limit_km2=LIMIT).area == pytest.approx(1.0)


def test_a_box_keeps_its_edges() -> None:
    assert box_boundary(24, 60, 25, 61).bounds == (24, 60, 25, 61)


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ((25, 60, 24, 61), "180th meridian, or west and east are exchanged"),
        ((170, -20, 190, -10), "180th meridian"),
        ((24, 61, 25, 60), "no area"),
        ((24, 60, 24, 61), "no area"),
        ((60, 124, 61, 125), "outside ±90"),
        ((24, 60, float("nan"), 61), "four numbers"),
        ((385_000, 60, 386_000, 61), "outside ±180"),
    ],
)
def test_a_box_that_is_none_is_refused(edges: tuple[float, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        box_boundary(*edges)


def test_the_swapped_hint_is_given_for_boxes() -> None:
    with pytest.raises(InputError, match="probably swapped"):
        box_boundary(60, 124, 61, 125)


def test_a_file_is_read_and_checked_outline_by_outline(tmp_path: Path) -> None:
    file = tmp_path / "city.geojson"
    halves = [shapely.box(24, 60, 24.5, 60.1), shapely.box(24.5, 60, 25, 60.1)]
    gpd.GeoDataFrame(geometry=halves, crs="EPSG:4326").to_file(file)
    whole = read_city_boundary(file, limit_km2=LIMIT)
    assert whole.equals(shapely.box(24, 60, 25, 60.1))


def test_a_file_with_a_crossing_outline_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bow_tie.geojson"
    gpd.GeoDataFrame(geometry=[BOW_TIE], crs="EPSG:4326").to_file(file)
    with pytest.raises(InputError, match="crosses itself"):
        read_city_boundary(file, limit_km2=LIMIT)

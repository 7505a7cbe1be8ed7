"""What can be a city's outline, and what is refused with words."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import shapely.affinity

from aether_core.city.outline import (
    area_km2,
    box_boundary,
    check_city_boundary,
    read_city_boundary,
)
from aether_core.errors import InputError
from tests.errors import fault

LIMIT = 20_000.0
BOW_TIE = shapely.Polygon([(24, 60), (25, 61), (25, 60), (24, 61)])


def refused(geometry: shapely.Geometry | None, code: str, *facts: object) -> None:
    with pytest.raises(InputError, check=fault(code, *facts)):
        check_city_boundary(geometry, limit_km2=LIMIT)


def test_a_plain_outline_passes_as_a_multipolygon_without_heights() -> None:
    outline = shapely.Polygon([(24, 60, 7), (25, 60, 7), (25, 61, 7), (24, 61, 7)])
    whole = check_city_boundary(outline, limit_km2=LIMIT)
    assert whole.geom_type == "MultiPolygon"
    assert not whole.has_z
    assert whole.equals(shapely.box(24, 60, 25, 61))


@pytest.mark.parametrize(
    ("geometry", "code", "facts"),
    [
        (None, "boundary-empty", []),
        (shapely.Polygon(), "boundary-empty", []),
        (shapely.LineString([(24, 60), (25, 61)]), "boundary-not-an-area", ["line"]),
        (shapely.Point(24, 60), "boundary-not-an-area", ["Point"]),
        (shapely.Polygon([(24, 60), (25, 61), (24, 60)]), "boundary-without-area", []),
        (
            shapely.Polygon([(24, 60), (25, float("inf")), (24, 61)]),
            "boundary-corner-not-finite",
            [],
        ),
        (BOW_TIE, "boundary-crosses-itself", ["longitude 24"]),
        (shapely.box(60, 110, 61, 111), "coordinates-swapped", []),
        (shapely.box(385_000, 6_671_000, 386_000, 6_672_000), "coordinates-not-degrees", []),
        (shapely.box(20, 83.9, 20.5, 84.1), "boundary-outside-data-latitudes", ["80° S", "84° N"]),
        (
            shapely.box(20, -80.1, 20.5, -79.9),
            "boundary-outside-data-latitudes",
            ["80° S", "84° N"],
        ),
        (shapely.box(24.9, 60.1, 24.9005, 60.1003), "boundary-too-small", []),
        (
            shapely.union(shapely.box(2, 48, 2.1, 48.1), shapely.box(166, -22, 166.1, -21.9)),
            "boundary-parts-too-far-apart",
            ["500 km"],
        ),
    ],
)
def test_what_no_city_can_have_is_refused(
    geometry: shapely.Geometry | None, code: str, facts: list[str]
) -> None:
    refused(geometry, code, *facts)


def test_a_country_is_refused_with_its_size_the_limit_and_the_batch_way() -> None:
    country = shapely.box(20, 60, 30, 70)
    size = f"{area_km2(country):,.0f} km²"
    refused(country, "boundary-too-large", size, "20,000 km²", "27 cities", "batch")


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
    ("edges", "code"),
    [
        ((25, 60, 24, 61), "box-edges-swapped"),
        ((24, 61, 25, 60), "box-without-area"),
        ((24, 60, 24, 61), "box-without-area"),
        ((124, 95, 125, 96), "box-latitude-out-of-range"),
        ((24, 60, float("nan"), 61), "box-not-four-numbers"),
        ((385_000, 60, 386_000, 61), "box-longitude-out-of-range"),
    ],
)
def test_a_box_that_is_none_is_refused(edges: tuple[float, ...], code: str) -> None:
    with pytest.raises(InputError, check=fault(code)):
        box_boundary(*edges)


@pytest.mark.parametrize("edges", [(179.5, -17, -179.7, -16), (179.5, -17, 180.3, -16)])
def test_a_box_across_the_180th_meridian_has_two_parts(edges: tuple[float, ...]) -> None:
    whole = box_boundary(*edges)
    parts = {tuple(round(edge, 9) for edge in part.bounds) for part in whole.geoms}
    assert parts == {(179.5, -17, 180, -16), (-180, -17, -179.7, -16)}
    assert check_city_boundary(whole, limit_km2=LIMIT).equals(whole)


@pytest.mark.parametrize(
    "across",
    [
        shapely.box(179.9, -17, 180.1, -16.9),
        shapely.box(-180.1, -17, -179.9, -16.9),
        # Corners that jump: as a plain polygon it would reach around the world.
        shapely.Polygon([(179.9, -17), (-179.9, -17), (-179.9, -16.9), (179.9, -16.9)]),
    ],
)
def test_an_outline_across_the_180th_meridian_is_cut_at_it(across: shapely.Geometry) -> None:
    whole = check_city_boundary(across, limit_km2=LIMIT)
    assert len(whole.geoms) == 2
    assert area_km2(whole) == pytest.approx(area_km2(shapely.box(10, -17, 10.2, -16.9)))


def test_an_outline_that_crosses_itself_on_the_meridian_is_refused() -> None:
    refused(shapely.affinity.translate(BOW_TIE, 155.5), "boundary-crosses-itself")


def test_the_swapped_hint_is_given_for_boxes() -> None:
    with pytest.raises(InputError, check=fault("coordinates-swapped")):
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
    with pytest.raises(InputError, check=fault("boundary-crosses-itself")):
        read_city_boundary(file, limit_km2=LIMIT)

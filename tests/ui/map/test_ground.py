"""The map's ground: small enough to send, and placed where it lies."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ui.map import ground, nearby
from ui.map.thumbnail import Frame


def base_map() -> gpd.GeoDataFrame:
    square = shapely.box(24.9, 60.1, 24.91, 60.11)
    street = shapely.LineString([(24.9, 60.1), (24.95, 60.15)])
    return gpd.GeoDataFrame(
        {"kind": ["water", "water", "road", "building", "road"], "name": ""},
        geometry=[
            square,
            shapely.MultiPolygon([shapely.box(24.92, 60.1, 24.93, 60.11)]),
            street,
            shapely.box(24.9000001, 60.12, 24.901, 60.121),
            shapely.Point(24.9, 60.1).buffer(0.001),
        ],
        crs="EPSG:4326",
    )


def test_one_feature_a_kind_with_only_fitting_shapes() -> None:
    shapes = ground.simplified(base_map())
    assert set(shapes) == {"water", "road", "building"}
    water = shapely.geometry.shape(shapes["water"]["features"][0]["geometry"])
    assert water.area == pytest.approx(2e-4)
    road = shapely.geometry.shape(shapes["road"]["features"][0]["geometry"])
    assert road.geom_type == "MultiLineString"
    assert len(road.geoms) == 1


def test_coordinates_are_cut_to_a_tenth_of_a_metre() -> None:
    geometry = ground.simplified(base_map())["building"]["features"][0]["geometry"]
    numbers = shapely.get_coordinates(shapely.geometry.shape(geometry))
    assert np.array_equal(numbers, numbers.round(6))


def test_what_orients_least_goes_first_when_there_is_too_much() -> None:
    assert set(ground.simplified(base_map(), budget=12)) == {"water", "road"}
    assert ground.simplified(base_map(), budget=3) == {}


def test_a_thumbnail_keeps_the_city_inside_its_frame() -> None:
    box = (24.9, 60.1, 24.96, 60.2)
    path = Frame(box).path(shapely.MultiPolygon([shapely.box(*box)]))
    numbers = np.array(re.findall(r"[\d.]+", path), dtype=float).reshape(-1, 2)
    assert numbers.min() >= 7.9
    assert numbers[:, 0].max() <= 312.1
    assert numbers[:, 1].max() == pytest.approx(142, abs=0.1)


def test_spots_lie_apart_and_the_best_comes_first() -> None:
    lonlat = np.array([[24.9, 60.1], [24.9001, 60.1], [24.91, 60.1], [24.9, 60.2]])
    assert nearby.spread_out(lonlat, 100, 3) == [0, 2, 3]
    assert nearby.spread_out(lonlat, 100, 2) == [0, 2]
    assert nearby.spread_out(lonlat, 600, 9) == [0, 3]
    across = np.array([[179.9999, 0], [-179.9999, 0], [179.99, 0]])  # 22 m, then 1.1 km apart
    assert nearby.spread_out(across, 100, 3) == [0, 2]
    assert nearby.spread_out(across, 0, 3) == [0, 1, 2]

"""The city's outline."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.city.boundary import polygons_of, read_boundary, working_crs
from aether_core.errors import InputError
from aether_core.vector import Limits
from tests.errors import fault


def written(folder: Path, *shapes: shapely.Geometry) -> Path:
    path = folder / "boundary.geojson"
    gpd.GeoDataFrame({"name": ["x"] * len(shapes)}, geometry=list(shapes), crs=4326).to_file(path)
    return path


def test_polygons_become_one(tmp_path: Path) -> None:
    path = written(tmp_path, shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1))
    boundary = read_boundary(path).shape
    assert boundary.geom_type == "MultiPolygon"
    assert boundary.equals(shapely.box(0, 0, 2, 1))


def test_a_bow_tie_is_repaired(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    boundary = read_boundary(written(tmp_path, bow_tie)).shape
    assert boundary.is_valid
    assert boundary.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    "shape", [shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])], ids=["point", "line"]
)
def test_points_and_lines_are_refused(tmp_path: Path, shape: shapely.Geometry) -> None:
    with pytest.raises(InputError, check=fault("boundary-not-an-area", shape.geom_type)):
        read_boundary(written(tmp_path, shapely.box(0, 0, 1, 1), shape))


def test_a_polygon_without_area_is_refused(tmp_path: Path) -> None:
    flat = shapely.Polygon([(0, 0), (1, 1), (0.5, 0.5)])
    with pytest.raises(InputError, check=fault("boundary-without-area")):
        read_boundary(written(tmp_path, flat))


def test_too_many_corners_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, shapely.Point(0, 0).buffer(1, quad_segs=500))
    with pytest.raises(InputError, check=fault("file-too-large", "1,000")):
        read_boundary(path, limits=Limits(vertices=1000))


def test_polygons_of_a_mixture() -> None:
    square = shapely.box(0, 0, 1, 1)
    mixture = shapely.GeometryCollection(
        [shapely.Point(5, 5), shapely.MultiPolygon([square]), shapely.box(2, 2, 3, 3)]
    )
    assert len(polygons_of(mixture).geoms) == 2
    assert polygons_of(shapely.Point(1, 1)).is_empty


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (24.94, 60.17, "EPSG:32635"),
        (-0.12, 51.5, "EPSG:32630"),
        (-122.4, 37.8, "EPSG:32610"),
        (151.2, -33.9, "EPSG:32756"),
        (179.99, 10, "EPSG:32660"),
        (-179.99, -10, "EPSG:32701"),
        (0.0, 0.0, "EPSG:32631"),
    ],
)
def test_utm_zones(lon: float, lat: float, crs: str) -> None:
    assert working_crs(shapely.Point(lon, lat).buffer(0.005)) == crs


def test_genuine_boroughs(shared: Path) -> None:
    boundary = read_boundary(shared / "real" / "london" / "boroughs.gpkg").shape
    assert boundary.is_valid
    assert working_crs(boundary) == "EPSG:32630"
    area = gpd.GeoSeries([boundary], crs=4326).to_crs(27700).area.iloc[0] / 1e6
    assert area == pytest.approx(1572, rel=0.03)  # Greater London in square kilometres

"""GeoJSON as RFC 7946 has it."""

import json
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pyogrio
import pytest
import shapely

from aether_core.export import write_layer


def written(folder: Path, *shapes: shapely.Geometry, **metadata: object) -> dict:
    frame = gpd.GeoDataFrame({"cell": ["x"] * len(shapes)}, geometry=list(shapes), crs=4326)
    path = folder / "a.geojson"
    write_layer(frame, path, metadata=metadata, force=True)
    assert len(pyogrio.read_dataframe(path)) == len(shapes)
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def rings(geometry: dict) -> list[np.ndarray]:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [np.array(ring, dtype=float) for polygon in polygons for ring in polygon]


def signed_area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


@pytest.mark.parametrize("clockwise", [True, False])
def test_exteriors_run_counterclockwise_and_holes_clockwise(
    tmp_path: Path, clockwise: bool
) -> None:
    ring = shapely.box(24, 60, 25, 61).difference(shapely.box(24.2, 60.2, 24.4, 60.4))
    ring = shapely.orient_polygons(ring, exterior_cw=clockwise)
    multi = shapely.MultiPolygon([ring, shapely.box(26, 60, 27, 61, ccw=not clockwise)])
    document = written(tmp_path, ring, multi)
    first, second = (feature["geometry"] for feature in document["features"])
    assert [np.sign(signed_area(r)) for r in rings(first)] == [1, -1]
    assert [np.sign(signed_area(r)) for r in rings(second)] == [1, -1, 1]
    assert all((r[0] == r[-1]).all() for r in rings(second))


def test_longitude_first_with_seven_decimals(tmp_path: Path) -> None:
    circle = shapely.Point(24.941, 60.171).buffer(0.001 / 3)
    geometry = written(tmp_path, circle)["features"][0]["geometry"]
    coordinates = geometry["coordinates"][0]
    assert all(-number.as_tuple().exponent <= 7 for pair in coordinates for number in pair)
    assert max(-number.as_tuple().exponent for pair in coordinates for number in pair) == 7
    assert all(24 < lon < 25 and 60 < lat < 61 for lon, lat in coordinates)
    assert shapely.hausdorff_distance(shapely.Polygon(rings(geometry)[0]), circle) < 1e-7


def test_members_of_the_collection(tmp_path: Path) -> None:
    document = written(tmp_path, shapely.box(0, 0, 1, 1), query="é", attribution=["a", "b"])
    assert list(document) == ["type", "query", "attribution", "features"]
    assert document["type"] == "FeatureCollection"
    assert set(document["features"][0]) == {"type", "properties", "geometry"}
    assert "note" not in document


@pytest.mark.parametrize("key", ["features", "properties", "crs", "bbox", "coordinates"])
def test_members_with_a_meaning_of_their_own_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        written(tmp_path, shapely.box(0, 0, 1, 1), **{key: "x"})
    assert list(tmp_path.iterdir()) == []


def test_cells_on_the_antimeridian_are_cut(tmp_path: Path) -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(-16.8, 180.0, 8), 2))
    shapes = [shapely.Polygon([(x, y) for y, x in h3.cell_to_boundary(cell)]) for cell in cells]
    crossing = [shape.bounds[2] - shape.bounds[0] > 180 for shape in shapes]
    assert any(crossing)
    document = written(tmp_path, *shapes)
    for cell, crosses, feature in zip(cells, crossing, document["features"], strict=True):
        geometry = shapely.from_geojson(json.dumps(feature["geometry"], default=float))
        assert (geometry.geom_type == "MultiPolygon") == crosses
        assert geometry.is_valid
        metres = gpd.GeoSeries([geometry], crs=4326).to_crs("ESRI:54034").area.iloc[0]
        assert metres == pytest.approx(h3.cell_area(cell, unit="m^2"), rel=0.02)

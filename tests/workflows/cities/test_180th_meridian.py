"""A city on both sides of the 180th meridian, from files as they come, to its exports."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from aether_core.city.boundary import read_boundary, working_crs
from aether_core.city.cells import cells_of
from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding import open_embedding
from aether_core.export.formats import write_layer
from aether_core.poi.read import read_pois
from aether_core.spatial.hexagons import cell_polygons
from aether_core.spatial.longitudes import extent_of
from aether_core.vector import read_vector
from tests.aether_core.eo.brute_force import Scene, unit_vectors, write_scene
from ui.map.ground import _joined
from ui.map.thumbnail import Frame
from workflows.cities.add import AddCity, add_city
from workflows.home.store import Store

MIDDLE = (180.0, -16.8)
HALF = 0.03


def lonlat(count: int = 400, seed: int = 0) -> np.ndarray:
    """Points around the meridian, in -180 to 180."""
    rng = np.random.default_rng(seed)
    lon = MIDDLE[0] + rng.uniform(-HALF, HALF, count)
    lat = MIDDLE[1] + rng.uniform(-HALF, HALF, count)
    return np.column_stack([np.where(lon > 180, lon - 360, lon), lat])


def places(folder: Path, *, to_360: bool = False) -> Path:
    where = lonlat()
    lon = where[:, 0] % 360 if to_360 else where[:, 0]
    table = pd.DataFrame({"name": [f"p{at}" for at in range(len(lon))], "category": "cafe"})
    path = folder / "places.csv"
    table.assign(lon=lon, lat=where[:, 1]).to_csv(path, index=False)
    return path


def samples(folder: Path) -> Path:
    steps = np.arange(-HALF, HALF, 0.001)
    lon, lat = (part.ravel() for part in np.meshgrid(MIDDLE[0] + steps, MIDDLE[1] + steps))
    vectors = unit_vectors(np.random.default_rng(1), 1, len(lon), "float32")[0]
    table = pd.DataFrame(vectors, columns=list(BAND_NAMES))
    table["longitude"], table["latitude"] = np.where(lon > 180, lon - 360, lon), lat
    path = folder / "samples.csv"
    table.to_csv(path, index=False)
    return path


def raster(folder: Path) -> Path:
    """In the zone of 177° E, whose grid runs on over the meridian."""
    x, y = (
        gpd.GeoSeries.from_xy([MIDDLE[0]], [MIDDLE[1]], crs=4326)
        .to_crs(32760)
        .get_coordinates()
        .iloc[0]
    )
    vectors = unit_vectors(np.random.default_rng(1), 600, 600, "int8")
    return write_scene(folder / "city.tif", Scene("EPSG:32760", x - 3000, y + 3000, 10, vectors))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], Path]], Path]:
    """A file by what makes it, once for the module."""
    folder = tmp_path_factory.mktemp("made")
    return cache(lambda make: make(folder))


def boundary(folder: Path, kind: str) -> Path:
    west, south, east, north = 180 - HALF, MIDDLE[1] - HALF, 180 + HALF, MIDDLE[1] + HALF
    shapes = {
        "running on": shapely.box(west, south, east, north),
        "jumping": shapely.Polygon(
            [(west, south), (east - 360, south), (east - 360, north), (west, north)]
        ),
        "cut": shapely.MultiPolygon(
            [shapely.box(west, south, 180, north), shapely.box(-180, south, east - 360, north)]
        ),
        "in UTM": gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326)
        .segmentize(0.01)
        .to_crs(32760)
        .iloc[0],
    }
    path = folder / "boundary.gpkg"
    crs = 32760 if kind == "in UTM" else 4326
    gpd.GeoDataFrame(geometry=[shapes[kind]], crs=crs).to_file(path)
    return path


@pytest.mark.parametrize("kind", ["running on", "jumping", "cut", "in UTM"])
def test_a_boundary_across_is_read_alike_however_it_is_given(tmp_path: Path, kind: str) -> None:
    whole = read_boundary(boundary(tmp_path, kind)).shape
    assert len(whole.geoms) == 2
    assert max(abs(edge) for edge in (whole.bounds[0], whole.bounds[2])) <= 180
    extent = extent_of(whole)
    assert extent == pytest.approx(
        (180 - HALF, MIDDLE[1] - HALF, 180 + HALF, MIDDLE[1] + HALF), abs=1e-3
    )
    assert working_crs(whole) in {"EPSG:32760", "EPSG:32701"}


def test_longitudes_to_360_are_brought_back_and_said(tmp_path: Path) -> None:
    read = read_pois(places(tmp_path, to_360=True))
    np.testing.assert_allclose(read.frame.geometry.x, lonlat()[:, 0], atol=1e-9)
    assert any("±180" in note for note in read.report.notes)
    assert not read_pois(places(tmp_path)).report.notes
    cut = read_vector(boundary(tmp_path, "jumping")).report
    assert any("180th meridian" in note for note in cut.notes)


def test_zones_are_those_of_the_true_middle() -> None:
    east = shapely.points([177.0, -178.0], [-18.0, -17.0])
    assert working_crs(shapely.multipoints(east)) == "EPSG:32760"
    west = shapely.points([179.0, -176.0], [18.0, 17.0])
    assert working_crs(shapely.multipoints(west)) == "EPSG:32601"


@pytest.mark.parametrize("make", [samples, raster])
def test_what_an_embedding_covers_is_on_both_sides(made, make) -> None:  # noqa: ANN001
    footprint = open_embedding([made(make)]).footprint
    assert footprint.is_valid
    west, _, east, _ = extent_of(footprint)
    assert 179.9 < west < 180 < east < 180.1
    assert footprint.contains(shapely.Point(179.99, MIDDLE[1]))
    assert footprint.contains(shapely.Point(-179.99, MIDDLE[1]))
    assert not footprint.contains(shapely.Point(0, MIDDLE[1]))


@pytest.mark.parametrize(("make", "bounded"), [(samples, "no"), (raster, "no"), (raster, "cut")])
def test_a_city_across_keeps_both_its_sides(
    store: Store,
    tmp_path: Path,
    made,  # noqa: ANN001
    make,  # noqa: ANN001
    bounded: str,
) -> None:
    request = AddCity(
        "fiji",
        "Fiji",
        [made(make)],
        2024,
        made(places),
        boundary=None if bounded == "no" else boundary(tmp_path, bounded),
        radius_m=100,
        cell_resolution=9,
    )
    city = add_city(store, request)
    assert city.pois > 300
    assert city.crs in {"EPSG:32760", "EPSG:32701"}
    # 6.4 x 6.6 km, or 6 x 6 km: about 0.105 square kilometres a cell.
    assert 300 < city.cells < 480
    west, south, east, north = city.bbox
    assert 179.96 < west < 180 < east < 180.04
    path = Frame(city.bbox).path(shapely.geometry.shape(city.boundary))
    across = [float(part.split()[0]) for part in path.replace("M", "L").split("L")[1:]]
    assert max(across) - min(across) < 400
    # One line around it, and none along the meridian.
    joined = shapely.geometry.shape(_joined(city, city.boundary))
    assert joined.geom_type == "Polygon"
    assert joined.contains(shapely.Point(180, MIDDLE[1]))
    assert (south, north) == pytest.approx((MIDDLE[1] - HALF, MIDDLE[1] + HALF), abs=0.01)


@pytest.mark.parametrize("suffix", [".geojson", ".csv", ".tif", ".gpkg", ".parquet"])
def test_exports_are_as_narrow_as_the_city(tmp_path: Path, suffix: str) -> None:
    cells = cells_of(read_boundary(boundary(tmp_path, "cut")).shape, 9)
    frame = gpd.GeoDataFrame(
        {"cell": [f"{cell:x}" for cell in cells.h3.tolist()], "score": np.float32(0.5)},
        geometry=cell_polygons(cells.h3),
        crs=4326,
    )
    path = tmp_path / f"layer{suffix}"
    write_layer(frame, path, metadata={"attribution": "nobody"})
    if suffix == ".tif":
        with rasterio.open(path) as opened:
            assert opened.crs.to_epsg() in {32760, 32701}
            assert opened.width * opened.res[0] < 8000
            assert np.isfinite(opened.read(1)).mean() > 0.7
    elif suffix == ".csv":
        table = pd.read_csv(path)
        assert table["lon"].abs().between(179.9, 180).all()
    else:
        shapes = read_vector(path).frame.geometry.to_numpy()
        bounds = shapely.bounds(shapes)
        assert (np.abs(bounds[:, [0, 2]]) <= 180).all()
        west, _, east, _ = extent_of(shapes)
        assert 179.9 < west < 180 < east < 180.1
        assert {shapely.get_num_geometries(one) for one in shapes} == {1, 2}

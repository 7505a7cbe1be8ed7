"""Layers of areas in every format, read back by pyogrio, pyarrow, pandas and rasterio."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rio_cogeo.cogeo import cog_validate

from aether_core.export import FORMATS, write_layer

METADATA = {"attribution": ["© Crown copyright"], "layer": "shares", "simulated": True}


def area_layer() -> gpd.GeoDataFrame:
    """Three areas: one of two parts, one that encloses the third."""
    hole = shapely.box(24.94, 60.172, 24.945, 60.175)
    parts = shapely.MultiPolygon([shapely.box(24.90, 60.16, 24.91, 60.165), hole])
    outer = shapely.box(24.93, 60.17, 24.96, 60.18).difference(hole)
    far = shapely.box(24.96, 60.17, 24.965, 60.18)
    return gpd.GeoDataFrame(
        {
            "area": ["E01 é", 'E02 "b", c', "E03"],
            "young": np.array([0.25, 0.5, np.nan]),
            "young_lo": np.array([0.1, 0.4, 0.0], np.float32),
            "cell": [1, 2, 3],
            "applicable": [True, False, True],
            "set": [["young"], [], ["young", "old"]],
        },
        geometry=[parts, shapely.MultiPolygon([outer]), shapely.MultiPolygon([far])],
        crs="EPSG:4326",
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("areas")
    for suffix in FORMATS:
        write_layer(area_layer(), folder / f"areas{suffix}", metadata=METADATA)
    return folder


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet"])
def test_vector_files_hold_the_areas(written: Path, suffix: str) -> None:
    path = written / f"areas{suffix}"
    read = gpd.read_parquet(path) if suffix == ".parquet" else gpd.read_file(path)
    expected = area_layer()
    for name in ("area", "cell", "applicable"):
        assert read[name].tolist() == expected[name].tolist()
    for name in ("young", "young_lo"):
        assert np.allclose(read[name], expected[name], equal_nan=True)
    assert set(read.geom_type) == {"MultiPolygon"}
    assert read.crs == "EPSG:4326"
    assert shapely.equals_exact(
        read.geometry.to_numpy(), expected.geometry.to_numpy(), 1e-7, normalize=True
    ).all()
    assert read.geometry.is_valid.all()


def test_table_has_a_point_inside_each_area(written: Path) -> None:
    read = pd.read_csv(written / "areas.csv")
    assert list(read.columns[:4]) == ["area", "lon", "lat", "young"]
    expected = area_layer()
    assert read["area"].tolist() == expected["area"].tolist()
    assert shapely.contains_xy(expected.geometry.to_numpy(), read["lon"], read["lat"]).all()
    assert [json.loads(text) for text in read["set"]] == expected["set"].tolist()
    assert set(read["note"]) == {"simulated embedding"}


def test_raster_takes_the_area_at_each_pixels_centre(written: Path) -> None:
    path = written / "areas.tif"
    assert cog_validate(path, strict=True)[0]
    with rasterio.open(path) as raster:
        assert raster.descriptions == ("young", "young_lo", "cell", "applicable")
        assert raster.res == (10.0, 10.0)
        assert raster.crs == "EPSG:32635"
        assert raster.tags()["note"] == "simulated embedding"
        bands = raster.read()
        rows, columns = np.mgrid[: raster.height, : raster.width]
        x, y = raster.transform @ np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    to_degrees = Transformer.from_crs("EPSG:32635", "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    expected = np.full(len(lon), np.nan)
    for number, shape in enumerate(area_layer().geometry, start=1):
        expected[shapely.contains_xy(shape, lon, lat)] = number
    # A straight edge in degrees is a hair off the straight edge in metres between its corners.
    same = np.isclose(bands[2].ravel(), expected, equal_nan=True)
    assert same.mean() > 0.999
    assert np.isnan(bands[0][bands[2] == 3]).all()
    assert set(bands[3][bands[2] == 2]) == {0.0}


@pytest.mark.parametrize(("width", "bands", "pixel"), [(0.2, 1, 10), (0.6, 6, 20), (3.0, 8, 100)])
def test_raster_of_a_wide_region_has_coarser_pixels(
    tmp_path: Path, width: float, bands: int, pixel: int
) -> None:
    wide = gpd.GeoDataFrame(
        {"area": ["a"], **{f"n{band}": [float(band)] for band in range(bands)}},
        geometry=[shapely.box(8.0, 50.0, 8.0 + width, 50.0 + width / 2)],
        crs="EPSG:4326",
    )
    write_layer(wide, tmp_path / "a.tif", metadata={})
    with rasterio.open(tmp_path / "a.tif") as raster:
        assert raster.res == (pixel, pixel)
        found = raster.read(bands)
        area = np.count_nonzero(found == bands - 1) * pixel**2
    assert area == pytest.approx(wide.to_crs("EPSG:32632").area[0], rel=0.01)


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_field_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    write_layer(area_layer(), path, metadata=METADATA, only_field="cell")
    if suffix == ".tif":
        with rasterio.open(path) as raster:
            assert raster.descriptions == ("cell",)
        return
    read = {".csv": pd.read_csv, ".parquet": gpd.read_parquet}.get(suffix, gpd.read_file)(path)
    fields = set(read.columns) - {"lon", "lat", "attribution", "note", "geometry"}
    assert fields == {"area", "cell"}
    assert read["cell"].tolist() == [1, 2, 3]
